"""Every command with its usage, arguments and options, from the definitions that cleo reads."""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING

from poetry.console.commands.install import InstallCommand
from scripts.reference_text import MADE, code, table

from poetry_aiops.plugin import COMMANDS


if TYPE_CHECKING:
    from collections.abc import Iterator

    from cleo.io.inputs.argument import Argument
    from cleo.io.inputs.option import Option
    from poetry.console.commands.command import Command


HEAD = f"""\
# Every option

What `poetry help <command>` says about each command of this plugin. What scripts can rely on, exit codes and the fields of documents
are in [Commands](cli.md). Beside these, Poetry's own options work with every command: `--quiet`, `--verbose`, `--no-interaction`,
`--directory`, `--project` and others.

{MADE.format(source="the commands' definitions")}
"""
_TAG = re.compile(r"<(?:comment|info|c1)>(.*?)</(?:comment|info|c1)?>")
_EXAMPLE = re.compile(r"^<info>(?P<command>.*?)</info>\s*(?P<remark>.*)$")
_COLUMNS = re.compile(r"^([\w-]+) {2,}(\S.*)$")


def page() -> str:
    """Return the page."""
    return "\n".join([HEAD, *(_command(_load(target)) for _, target in sorted(COMMANDS.items()))])


def _load(target: str) -> Command:
    module, _, name = target.partition(":")
    command: Command = getattr(import_module(module), name)()
    return command


def _command(command: Command) -> str:
    own = [given for given in command.options if given not in InstallCommand.options]
    parts = [f"## poetry {command.name}\n", f"{_plain(command.description)}\n", *_help(command.help)]
    if isinstance(command, InstallCommand):
        parts.append("It takes every option of `poetry install`, and:\n")
    if command.arguments:
        parts.append(table(("Argument", "Meaning"), map(_argument, command.arguments)))
    parts.append(table(("Option", "Meaning"), map(_option, sorted(own, key=lambda one: one.name))))
    return "\n".join(parts)


def _argument(argument: Argument) -> tuple[str, str]:
    notes = ["needed"] if argument.is_required() else ["may be left out"]
    notes += ["several"] if argument.is_list() else []
    return code(argument.name), f"{_plain(argument.description)} ({', '.join(notes)})"


def _option(given: Option) -> tuple[str, str]:
    name = f"--{given.name} VALUE" if given.accepts_value() else f"--{given.name}"
    notes = [_plain(given.description)]
    if given.is_list() and "several" not in given.description:
        notes.append("May be given several times.")
    if given.accepts_value() and given.default not in (None, []):
        notes.append(f"Default: {code(given.default)}.")
    return code(name), " ".join(notes)


def _plain(text: str) -> str:
    """Return cleo's marked-up text as Markdown."""
    return _TAG.sub(lambda found: code(found[1]), " ".join(text.split()))


def _help(text: str) -> Iterator[str]:
    """Yield the paragraphs of a command's help; lines of examples become a console block, columns a list."""
    for paragraph in text.strip().split("\n\n"):
        examples = [_EXAMPLE.match(line) for line in paragraph.splitlines()]
        if all(examples):
            commands = [f"$ {found['command']}" for found in examples if found]
            yield "\n".join(["```console", *commands, "```\n"])
        elif all(columns := [_COLUMNS.match(line) for line in paragraph.splitlines()]):
            yield "\n".join(f"- {code(found[1])}: {_plain(found[2])}" for found in columns if found) + "\n"
        else:
            yield f"{_plain(paragraph)}\n"
