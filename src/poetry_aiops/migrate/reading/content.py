"""One line with content -> Line: a requirement, an include, a constraint file, or options."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from poetry_aiops.migrate.model import Line, Option, Place, ReadRequirement
from poetry_aiops.migrate.reading.named import canonical, parse_plain
from poetry_aiops.migrate.reading.option_problems import (
    tell_bad_options,
    tell_leftover,
    tell_options,
    tell_requirement_options,
)
from poetry_aiops.migrate.reading.options import parse_options, split_arguments, split_hashes
from poetry_aiops.migrate.reading.requirement_line import (
    is_unremarkable,
    plain_marker,
    read_marker,
    read_requirement,
    split_marker,
)
from poetry_aiops.migrate.reading.wanted import LineRemainder
from poetry_aiops.project.checks import has_long_number


if TYPE_CHECKING:
    from poetry_aiops.migrate.model import LineKind
    from poetry_aiops.migrate.reading.notes import Notes
    from poetry_aiops.migrate.reading.options import LineOptions
    from poetry_aiops.migrate.reading.text import LogicalLine


def read_content(
    line: LogicalLine, notes: Notes, via: tuple[str, ...] | None, comments: tuple[str, ...]
) -> Line:
    """Return a line that is neither blank nor a comment; what pip refuses in it goes to ``notes``."""
    if has_long_number(line.text):
        notes.error(
            line.number,
            "a number of hundreds of digits",
            "No version has one, and pip cannot read it either.",
            "Correct the line, or take it out.",
        )
        return Line(line.number, line.last, line.raw, "requirement", line.comment or "", None, None, ())
    plain = _plain(line, notes, via, comments)
    if plain is not None:
        return plain
    arguments, option_text = split_arguments(line.text)
    options = parse_options(option_text)
    place = Place(notes.file, line.number)
    given = tuple(Option(option.name, option.value, place) for option in options.given)
    if options.bad:
        tell_bad_options(line, arguments, options, notes)
    behind = () if via is not None or not line.comment else (line.comment,)
    kind, target = _kind(arguments, options)
    if kind != "requirement":
        tell_options(line, kind, options, notes)
        return Line(line.number, line.last, line.raw, kind, line.comment or "", None, target, given)
    if options.given or options.leftover:
        tell_requirement_options(line, arguments, options, notes)
    rest = (f" {option_text}" if option_text else "") + (f"  # {line.comment}" if line.comment else "")
    wanted = LineRemainder(
        place=place,
        notes=notes,
        options=given,
        via=via,
        comments=comments + behind,
        rest=rest if arguments else "",
    )
    requirement = _requirement(arguments, options, wanted, line)
    return Line(line.number, line.last, line.raw, kind, line.comment or "", requirement, None, given)


def _plain(
    line: LogicalLine, notes: Notes, via: tuple[str, ...] | None, comments: tuple[str, ...]
) -> Line | None:
    """Return a plain ``name==version ; marker --hash=...`` line, about which there is nothing to report."""
    text, hashes = split_hashes(line.text)
    if "-" in text and (text.startswith("-") or " -" in text):
        return None
    marker: str | None = ""
    if ";" in text:
        text, _, marker_text = text.partition(";")
        marker = plain_marker(marker_text.strip())
    named = parse_plain(text.strip()) if marker is not None else None
    if named is None or marker is None or not is_unremarkable(named):
        return None
    place = Place(notes.file, line.number)
    options = tuple(Option("hash", one, place) for one in hashes)
    requirement = ReadRequirement(
        place=place,
        name=canonical(named.name),
        pretty_name=named.name,
        extras=tuple(sorted({canonical(extra) for extra in named.extras})) if named.extras else (),
        specifier=named.specifier,
        marker=marker,
        hashes=hashes,
        options=options,
        via=via,
        comments=comments if via is not None or not line.comment else (*comments, line.comment),
        pretty_extras=named.extras,
    )
    return Line(
        line.number, line.last, line.raw, "requirement", line.comment or "", requirement, None, options
    )


def _kind(arguments: str, options: LineOptions) -> tuple[LineKind, str | None]:
    if arguments or options.values("editable"):
        return "requirement", None
    includes, constraints = options.values("requirement"), options.values("constraint")
    if includes:
        return "include", includes[0]
    if constraints:
        return "constraint", constraints[0]
    return ("option", None) if options.given or not options.leftover else ("requirement", None)


def _requirement(
    arguments: str, options: LineOptions, wanted: LineRemainder, line: LogicalLine
) -> ReadRequirement | None:
    if not arguments:
        return _editable(options, wanted, line)
    text, marker_text = split_marker(arguments)
    end = f" ; {marker_text}" if marker_text else ""
    marker = read_marker(marker_text, text, wanted) if marker_text else ""
    if marker is None:
        return None
    if marker:
        wanted = replace(wanted, marker=marker, rest=end + wanted.rest)
    return read_requirement(text, wanted)


def _editable(options: LineOptions, wanted: LineRemainder, line: LogicalLine) -> ReadRequirement | None:
    values = options.values("editable")
    if not values:
        tell_leftover(line, options, wanted.notes)
        return None
    if options.leftover:
        tell_leftover(line, options, wanted.notes)
    editable = replace(wanted, editable=True)
    text, marker_text = values[0].strip(), ""
    if " ;" in text or "; " in text:
        text, _, marker_text = (part.strip() for part in text.partition(";"))
    marker = read_marker(marker_text, text, editable) if marker_text else ""
    return None if marker is None else read_requirement(text, replace(editable, marker=marker))
