"""What the plugin costs people who call another command: modules, counted in a fresh process."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from poetry_aiops.plugin import COMMANDS


HEAVY = ("networkx", "httpx", "jinja2", "pip_audit", "tomlkit.items")
PROBE = """
import json, sys
from poetry.console.application import Application
application = Application()
application.auto_exits(False)
before = set(sys.modules)
application.run()
print("MODULES " + json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def modules_after(*arguments: str) -> set[str]:
    program = f"import sys; sys.argv = {['poetry', *arguments]!r}\n{PROBE}"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL
    )
    listing = next(line for line in done.stderr.splitlines() if line.startswith("MODULES "))
    return set(json.loads(listing.removeprefix("MODULES ")))


def ours(modules: set[str]) -> set[str]:
    return {name for name in modules if name.partition(".")[0] == "poetry_aiops"}


def test_poetry_version_loads_two_modules_of_ours() -> None:
    assert ours(modules_after("--version")) == {"poetry_aiops", "poetry_aiops.plugin"}


def test_poetry_list_loads_the_base_and_one_module_for_each_command() -> None:
    shared = {"poetry_aiops", "poetry_aiops.plugin"}
    if COMMANDS:
        shared |= {"poetry_aiops.cli", "poetry_aiops.cli.base"}
    each = {target.partition(":")[0] for target in COMMANDS.values()}
    shared |= {module.rpartition(".")[0] for module in each}
    assert ours(modules_after("list")) == shared | each


@pytest.mark.parametrize("arguments", [("--version",), ("list",), ("help", "lock"), ("config", "--list")])
def test_no_heavy_library_is_loaded_for_other_commands(arguments: tuple[str, ...]) -> None:
    loaded = modules_after(*arguments)
    assert [name for name in HEAVY[:4] if name in loaded] == []


def test_what_runs_in_projects_without_variants_imports_no_private_part_of_poetry() -> None:
    program = "import sys, poetry_aiops.locking.ordinary; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    private = ("poetry.puzzle", "poetry.installation", "poetry.packages", "poetry.mixology")
    assert [name for name in done.stdout.split() if name.startswith(private)] == []
