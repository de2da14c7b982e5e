"""``poetry list``, ``poetry help X`` and ``poetry X --help``: complete, alike, and in one voice."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from poetry_aiops.plugin import COMMANDS


if TYPE_CHECKING:
    from collections.abc import Iterator


# Every help text in one process: `poetry` itself takes a second for each.
PROBE = """
import json, sys
from cleo.io.inputs.argv_input import ArgvInput
from cleo.io.outputs.buffered_output import BufferedOutput
from poetry.console.application import Application

def shown(*args):
    application, output, errors = Application(), BufferedOutput(), BufferedOutput()
    application.auto_exits(False)
    code = application.run(ArgvInput(["poetry", *args]), output, errors)
    return {"code": code, "output": output.fetch(), "errors": errors.fetch()}

def options(name):
    application = Application()
    application._load_plugins(application.create_io())
    command = application.find(name)
    return {"description": command.description, "options": {o.name: o.description for o in command.definition.options}}

names = sys.argv[1:]
print(json.dumps({
    "list": shown("list"),
    "help": {name: shown("help", name) for name in names},
    "option": {name: shown(name, "--help") for name in names},
    "said": {name: options(name) for name in names},
}))
"""
TAG = re.compile(r"</?(?:info|comment|error|warning)?>")
LONGEST_DESCRIPTION = 100
LONGEST_OPTION = 170
# What hw-install inherits from `poetry install` keeps Poetry's words; what means another thing in another command, too.
OTHER_MEANINGS = {
    "compile",
    "dry-run",
    "extras",
    "fix",
    "force",
    "format",
    "hardware",
    "only",
    "output",
    "python",
    "target",
    "without",
}


@dataclass(frozen=True, slots=True)
class Texts:
    """What the program shows about our commands."""

    listed: str
    by_help: dict[str, dict[str, Any]]
    by_option: dict[str, dict[str, Any]]
    descriptions: dict[str, str]
    options: dict[str, dict[str, str]]

    def own_options(self) -> Iterator[tuple[str, str, str]]:
        """Yield command, option and description of every option that is not Poetry's own."""
        for command, options in self.options.items():
            for name, description in options.items():
                if command != "hw-install" or name not in POETRYS_INSTALL:
                    yield command, name, description


POETRYS_INSTALL = {
    "all-extras",
    "all-groups",
    "compile",
    "dry-run",
    "extras",
    "no-directory",
    "no-root",
    "only",
    "only-root",
    "with",
    "without",
}


@pytest.fixture(scope="module")
def texts() -> Texts:
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *COMMANDS], capture_output=True, text=True, check=True, timeout=180
    )
    reported = json.loads(done.stdout)
    assert reported["list"]["code"] == 0, reported["list"]
    said = reported["said"]
    return Texts(
        reported["list"]["output"],
        reported["help"],
        reported["option"],
        {name: said[name]["description"] for name in said},
        {name: said[name]["options"] for name in said},
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_is_shown_and_is_the_same_both_ways(texts: Texts, name: str) -> None:
    shown = texts.by_help[name]

    assert (shown["code"], shown["errors"]) == (0, "")
    assert texts.descriptions[name] in shown["output"]
    assert f"  poetry {name} " in shown["output"] or f"  {name} " in shown["output"], (
        "an example or the usage"
    )
    assert shown["output"] == texts.by_option[name]["output"]
    assert [option for option in texts.options[name] if f"--{option}" not in shown["output"]] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_help_holds_an_example_and_no_markup(texts: Texts, name: str) -> None:
    output = texts.by_help[name]["output"]

    assert re.search(rf"^\s+(?:\S+ \| )?poetry {name}\b", output, re.MULTILINE), output
    assert TAG.findall(output) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_has_each_with_its_description(texts: Texts, name: str) -> None:
    assert re.search(rf"^  {name} +{re.escape(texts.descriptions[name])}$", texts.listed, re.MULTILINE)


@pytest.mark.parametrize("name", COMMANDS)
def test_descriptions_say_what_the_command_does_in_one_short_sentence(texts: Texts, name: str) -> None:
    description = texts.descriptions[name]

    assert re.fullmatch(r"[A-Z][a-z]+s .*[^.]\.", description), description
    assert len(description) <= LONGEST_DESCRIPTION


def test_options_are_described_in_sentences_of_a_readable_length(texts: Texts) -> None:
    plain = [(command, name, TAG.sub("", text)) for command, name, text in texts.own_options()]

    assert [one for one in plain if not re.fullmatch(r"[A-Z].*[^.]\.", one[2])] == []
    assert [one for one in plain if len(one[2]) > LONGEST_OPTION] == []
    assert [one for one in plain if "?" in one[2]] == [], "an option is described, not asked"


def test_one_name_of_an_option_means_one_thing(texts: Texts) -> None:
    said: dict[str, set[str]] = {}
    for _command, name, text in texts.own_options():
        said.setdefault(name, set()).add(text)

    assert {
        name: words for name, words in said.items() if len(words) > 1 and name not in OTHER_MEANINGS
    } == {}
