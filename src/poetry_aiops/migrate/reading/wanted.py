"""One requirement of a line on its way to a ReadRequirement: what was written, and where problems with it go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from poetry_aiops.migrate.model import ReadRequirement
from poetry_aiops.migrate.reading.named import canonical


if TYPE_CHECKING:
    from poetry_aiops.migrate.model import Option, Origin, Place
    from poetry_aiops.migrate.reading.notes import Notes


_INDEXES = frozenset({"index-url", "extra-index-url"})


@dataclass(frozen=True, slots=True)
class LineRemainder:
    """What is in a line besides the requirement itself.

    ``rest`` is what follows the requirement in the line (marker, options, comment), for suggested lines.
    """

    place: Place
    notes: Notes
    marker: str = ""
    editable: bool = False
    options: tuple[Option, ...] = ()
    via: tuple[str, ...] | None = None
    comments: tuple[str, ...] = ()
    rest: str = ""

    @property
    def line(self) -> int:
        return self.place.line

    def error(self, what: str, why: str = "", suggestion: str = "", *, fixed: str | None = None) -> None:
        """Remember what keeps the line from migrating."""
        self.notes.error(self.line, what, why, suggestion, fixed=fixed)

    def warning(self, what: str, why: str = "", suggestion: str = "") -> None:
        """Remember what is to be shown about the line."""
        self.notes.warning(self.line, what, why, suggestion)

    def note(self, what: str, why: str = "", suggestion: str = "") -> None:
        """Remember what the report says about the line."""
        self.notes.note(self.line, what, why, suggestion)

    def fixed(self, requirement: str) -> str:
        """Return the whole line with another requirement in it."""
        return f"{'-e ' if self.editable else ''}{requirement}{self.rest}"

    def fixed_several(self, requirements: list[str]) -> str | None:
        """Return a line for each requirement; an index behind them stands behind each, anything else gets its own.

        None where a marker or hashes stand behind them: a machine cannot know whose they are.
        """
        if self.marker or any(option.name == "hash" for option in self.options):
            return None
        indexes = [option for option in self.options if option.name in _INDEXES]
        end = "".join(f" --{option.name} {option.value}" for option in indexes)
        others = [
            f"--{option.name}" if option.value is None else f"--{option.name} {option.value}"
            for option in self.options
            if option not in indexes
        ]
        return "\n".join([*others, *(requirement + end for requirement in requirements)])

    def read(  # noqa: PLR0913 - the fields of a ReadRequirement
        self,
        name: str,
        *,
        origin: Origin = "index",
        extras: tuple[str, ...] = (),
        specifier: str = "",
        url: str | None = None,
        revision: str | None = None,
        subdirectory: str | None = None,
        path: str | None = None,
        name_guessed: bool = False,
        hashes: tuple[str, ...] = (),
        link: str | None = None,
        direct: bool = False,
    ) -> ReadRequirement:
        """Return the requirement with everything that the line says about it; ``extras`` are as written, sorted."""
        given = tuple(option.value or "" for option in self.options if option.name == "hash")
        return ReadRequirement(
            place=self.place,
            name=canonical(name),
            pretty_name=name,
            origin=origin,
            extras=tuple(sorted({canonical(extra) for extra in extras})) if extras else (),
            specifier=specifier,
            marker=self.marker,
            url=url,
            revision=revision,
            subdirectory=subdirectory,
            path=path,
            editable=self.editable,
            name_guessed=name_guessed,
            hashes=given + hashes,
            options=self.options,
            via=self.via,
            comments=self.comments,
            link=link,
            direct=direct,
            pretty_extras=extras,
        )
