"""The dated facts of ``data/legacy_commands.toml``: what of old commands and settings is gone, and what replaces it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

from poetry_aiops.project.toml import packaged_facts


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from poetry_aiops.migrate.legacy.model import Confidence


@dataclass(frozen=True, slots=True)
class OldForm:
    """An option (``name`` may hold its value), a subcommand or a setting that is gone; ``instead`` replaces it.

    ``commands`` are the commands of an option, ``subcommand`` replaces the last word of the command. ``keep_rest``
    leaves a subcommand its arguments, ``plugin`` would bring it back. ``inverted``: the new setting means the
    opposite. ``since`` is the first Poetry with this ``fate``, ``tried`` says whether it was run, ``source`` where
    it is written.
    """

    name: str
    instead: str
    fate: Literal["removed", "deprecated", "ignored"]
    source: str
    tried: bool
    since: str | None = None
    note: str = ""
    commands: Sequence[str] = ()
    subcommand: str | None = None
    keep_rest: bool = True
    plugin: str | None = None
    inverted: bool = False

    @property
    def confidence(self) -> Confidence:
        """``certain`` for what was run."""
        return "certain" if self.tried else "likely"

    def why(self, what: str) -> str:
        """Return the sentence that says what became of ``what``."""
        since = f" since Poetry {self.since}" if self.since else " in Poetry 2"
        fate = {
            "removed": f"{what} is gone{since}: the command ends with an error",
            "deprecated": f"{what} is deprecated{since}: it works with a warning",
            "ignored": f"{what} has no effect any more{since}",
        }[self.fate]
        tried = "" if self.tried else f" (not tested; {self.source})"
        return fate + (f"; {self.note}" if self.note else "") + tried


@dataclass(frozen=True, slots=True)
class OldSetting:
    """A line of a file that is no command and still names a requirements file or an old Poetry.

    ``pattern`` is searched in lines, or, with ``of_key``, in ``path/of/keys: value``; its group ``file`` must name
    migrated files. ``path`` is the pattern of the files that it is about, ``id`` the ``id`` of its list entry. ``why``
    and ``today`` are templates.
    """

    rule: str
    pattern: str
    why: str
    today: str
    path: str = ""
    of_key: bool = False
    id: str = ""
    confidence: Confidence = "likely"


@dataclass(frozen=True, slots=True)
class LegacyFacts:
    """All of the file; ``newest`` is the newest Poetry that was tried, ``lowest`` the minor of Python 3 that it needs."""

    newest: str
    lowest: Mapping[str, int]
    options: Sequence[OldForm]
    commands: Sequence[OldForm]
    settings: Sequence[OldForm]
    lines: Sequence[OldSetting]
    pip: Mapping[str, frozenset[str]]
    """Options of pip by what they are: ``places``, ``folders``, ``with_value``, ``dropped``."""
    wrappers: frozenset[str]


@cache
def load_legacy_facts() -> LegacyFacts:
    """Return the facts that come with the package."""
    document = packaged_facts("legacy_commands.toml")
    options, commands, settings = (
        [OldForm(**{**row, "source": document["sources"][row["source"]]}) for row in document[table]]
        for table in ("options", "commands", "settings")
    )
    return LegacyFacts(
        document["newest"],
        document["lowest"],
        options,
        commands,
        settings,
        [OldSetting(**row) for row in document["lines"]],
        {name: frozenset(names) for name, names in document["pip"].items()},
        frozenset(document["wrappers"]),
    )
