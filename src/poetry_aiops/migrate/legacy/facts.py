"""The dated facts of ``data/legacy_commands.toml``: what of Poetry's commands is gone, and what stands for it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal


if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date


Fate = Literal["removed", "deprecated", "ignored"]


@dataclass(frozen=True, slots=True)
class Fact:
    """What became of something: since which version, whether it was tried, and where it is written."""

    fate: Fate
    since: str | None
    tried: bool
    note: str
    source: str


@dataclass(frozen=True, slots=True)
class OldOption:
    """An option of some commands; ``instead`` replaces it, ``subcommand`` replaces the command's last word.

    ``joined`` glues the option's value to the last word of ``instead``. ``value`` limits it to that value.
    """

    commands: tuple[str, ...]
    option: str
    instead: tuple[str, ...]
    fact: Fact
    subcommand: str | None = None
    joined: bool = False
    value: str | None = None


@dataclass(frozen=True, slots=True)
class OldSubcommand:
    """A command that is gone; ``plugin`` is what would bring it back."""

    command: str
    instead: str
    keep_rest: bool
    plugin: str | None
    fact: Fact


@dataclass(frozen=True, slots=True)
class OldSetting:
    """A key of ``poetry config``; ``instead`` is ``""`` where nothing has to be set any more."""

    setting: str
    instead: str
    inverted: bool
    fact: Fact

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return variable_of(self.setting)


@dataclass(frozen=True, slots=True)
class LegacyFacts:
    """All of the file; ``newest`` is the newest Poetry among the ``tried_on``."""

    as_of: date
    tried_on: tuple[str, ...]
    newest: str
    options: tuple[OldOption, ...]
    subcommands: tuple[OldSubcommand, ...]
    settings: tuple[OldSetting, ...]


def variable_of(setting: str) -> str:
    """Return the environment variable of a setting of Poetry."""
    return "POETRY_" + setting.upper().replace(".", "_").replace("-", "_")


@cache
def load_legacy_facts() -> LegacyFacts:
    """Return the facts that come with the package."""
    path = Path(__file__).parent.parent.parent / "data" / "legacy_commands.toml"
    return parse_legacy_facts(tomllib.loads(path.read_text(encoding="utf-8")))


def parse_legacy_facts(document: Mapping[str, Any]) -> LegacyFacts:
    """Return the facts of a parsed file."""
    sources = document["sources"]
    values = [_value(row, sources) for row in document["values"]]
    return LegacyFacts(
        as_of=document["as_of"],
        tried_on=tuple(document["tried_on"]),
        newest=document["newest"],
        options=(*(_option(row, sources) for row in document["options"]), *values),
        subcommands=tuple(_subcommand(row, sources) for row in document["commands"]),
        settings=tuple(_setting(row, sources) for row in document["settings"]),
    )


def _fact(row: Mapping[str, Any], sources: Mapping[str, str]) -> Fact:
    return Fact(row["fate"], row.get("since"), row["tried"], row.get("note", ""), sources[row["source"]])


def _option(row: Mapping[str, Any], sources: Mapping[str, str]) -> OldOption:
    return OldOption(
        commands=tuple(row["commands"]),
        option=row["option"],
        instead=tuple(row["instead"]),
        fact=_fact(row, sources),
        subcommand=row.get("subcommand"),
        joined=row.get("joined", False),
    )


def _value(row: Mapping[str, Any], sources: Mapping[str, str]) -> OldOption:
    instead = (row["option"], row["instead"])
    return OldOption(tuple(row["commands"]), row["option"], instead, _fact(row, sources), value=row["value"])


def _subcommand(row: Mapping[str, Any], sources: Mapping[str, str]) -> OldSubcommand:
    return OldSubcommand(
        row["command"], row["instead"], row.get("keep_rest", True), row.get("plugin"), _fact(row, sources)
    )


def _setting(row: Mapping[str, Any], sources: Mapping[str, str]) -> OldSetting:
    return OldSetting(row["setting"], row["instead"], row.get("inverted", False), _fact(row, sources))
