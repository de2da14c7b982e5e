"""``poetry completions``: real shells take the script and complete our commands and options with it."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from poetry_aiops.plugin import COMMANDS


if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.poetry_program import PoetryProgram


# The two helpers come from the package bash-completion, which not every machine has.
BASH = r"""
_get_comp_words_by_ref() { cur="${COMP_WORDS[COMP_CWORD]}"; words=("${COMP_WORDS[@]}"); }
__ltrim_colon_completions() { :; }
source "$1"
shift
COMP_WORDS=(poetry "$@")
COMP_CWORD=$#
"$(complete -p poetry | sed 's/.* -F \([^ ]*\) .*/\1/')"
printf '%s\n' "${COMPREPLY[@]}"
"""
FISH = 'source $argv[1]; complete --do-complete "poetry $argv[2]"'
# What the script offers is handed to `_describe` as an array; here it prints the names.
ZSH = r"""
compdef() { :; }
_arguments() { :; }
_describe() { local each; for each in "${(@P)2}"; do print -r -- "${each%%:*}"; done; }
words=(poetry ${=2})
CURRENT=${#words}
source "$1"
"""


def completed(
    shell: str, script: str, poetry: PoetryProgram, folder: Path, *words: str, typed: str | None = None
) -> list[str]:
    """Return what a shell offers after ``poetry WORDS``; skips where the shell is not installed."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    file = folder / f"completion.{shell}"
    file.write_text(poetry.must(folder, "completions", shell).stdout, "utf-8")
    flags = {"bash": ["--norc", "-c"], "zsh": ["-f", "-c"], "fish": ["--no-config", "-c"]}[shell]
    name = [] if shell == "fish" else [shell]
    given = list(words) if typed is None else [typed]
    done = subprocess.run(
        [program, *flags, script, *name, str(file), *given],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == "", done.stderr
    return [line.split("\t")[0] for line in done.stdout.splitlines()]


def test_bash_completes_our_commands_and_options(poetry: PoetryProgram, tmp_path: Path) -> None:
    assert completed("bash", BASH, poetry, tmp_path, "hw-") == ["hw-add", "hw-info", "hw-install"]
    assert completed("bash", BASH, poetry, tmp_path, "hw-info", "--ta") == ["--target", "--target-file"]


def test_fish_completes_our_commands_and_options(poetry: PoetryProgram, tmp_path: Path) -> None:
    assert completed("fish", FISH, poetry, tmp_path, typed="hw-") == ["hw-add", "hw-info", "hw-install"]
    assert completed("fish", FISH, poetry, tmp_path, typed="hw-info --ta") == ["--target", "--target-file"]


def test_zsh_is_offered_our_commands_and_options(poetry: PoetryProgram, tmp_path: Path) -> None:
    assert set(COMMANDS) <= set(completed("zsh", ZSH, poetry, tmp_path, typed="h"))
    assert "--target-file" in completed("zsh", ZSH, poetry, tmp_path, typed="hw-info --ta")
