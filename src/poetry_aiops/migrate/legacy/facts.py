"""The dated facts of ``data/legacy_commands.toml``: what of Poetry's commands is gone, and what replaces it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal


if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class OldForm:
    """An option, a subcommand or a setting that is gone; ``instead`` are the words that replace it.

    ``commands`` are the commands of an option, ``value`` limits it to one value, ``joined`` glues its value to the
    last word of ``instead``, ``subcommand`` replaces the command's last word. ``keep_rest`` leaves a subcommand its
    arguments, ``plugin`` would bring it back. ``inverted``: the new setting means the opposite. ``since`` is the
    first Poetry with this ``fate``, ``tried`` says whether it was run, ``source`` where it is written.
    """

    name: str
    instead: tuple[str, ...]
    fate: Literal["removed", "deprecated", "ignored"]
    source: str
    tried: bool
    since: str | None = None
    note: str = ""
    commands: tuple[str, ...] = ()
    subcommand: str | None = None
    joined: bool = False
    value: str | None = None
    keep_rest: bool = True
    plugin: str | None = None
    inverted: bool = False

    @property
    def variable(self) -> str:
        """The environment variable of a setting."""
        return "POETRY_" + self.name.upper().replace(".", "_").replace("-", "_")


@dataclass(frozen=True, slots=True)
class LegacyFacts:
    """All of the file; ``newest`` is the newest Poetry that was tried."""

    newest: str
    options: tuple[OldForm, ...]
    subcommands: tuple[OldForm, ...]
    settings: tuple[OldForm, ...]
    pip: Mapping[str, frozenset[str]]
    """Options of pip by what they are: ``places``, ``folders``, ``with_value``, ``dropped``."""
    wrappers: frozenset[str]


@cache
def load_legacy_facts() -> LegacyFacts:
    """Return the facts that come with the package."""
    path = Path(__file__).parent.parent.parent / "data" / "legacy_commands.toml"
    document = tomllib.loads(path.read_text(encoding="utf-8"))

    def forms(table: str, name: str) -> tuple[OldForm, ...]:
        return tuple(_form(row, name, document["sources"]) for row in document[table])

    return LegacyFacts(
        newest=document["newest"],
        options=(*forms("options", "option"), *forms("values", "option")),
        subcommands=forms("commands", "command"),
        settings=forms("settings", "setting"),
        pip={name: frozenset(options) for name, options in document["pip"].items()},
        wrappers=frozenset(document["programs"]["wrappers"]),
    )


def _form(row: Mapping[str, Any], name: str, sources: Mapping[str, str]) -> OldForm:
    instead = row["instead"]
    words = tuple(instead) if isinstance(instead, list) else (instead,)
    if "value" in row:
        words = (row["option"], *words)
    rest = {key: value for key, value in row.items() if key not in {name, "instead", "source", "commands"}}
    return OldForm(
        name=row[name],
        instead=words,
        source=sources[row["source"]],
        commands=tuple(row.get("commands", ())),
        **rest,
    )
