"""Where the facts of a health report came from: advisories, indexes and download figures in one form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from poetry_aiops.cli.document import stamp
from poetry_aiops.system.record import Record
from poetry_aiops.system.text import counted


if TYPE_CHECKING:
    from collections.abc import Iterator

    from poetry_aiops.cli.styled import Style
    from poetry_aiops.health.advisory import AdvisorySource
    from poetry_aiops.health.report.model import HealthReport
    from poetry_aiops.index.release_records import IndexUse


SourceKind = Literal["advisories", "index", "downloads"]
_SHOWN_GAPS = 5


class SourceRow(Record):
    """One source; ``date`` is the age of its facts, None where unknown, ``in_words`` says what came from it."""

    kind: SourceKind
    name: str
    date: str | None
    sha256: str | None
    reachable: bool
    in_words: str
    problems: tuple[str, ...] = ()
    address: str | None = None

    @property
    def state(self) -> tuple[str, Style]:
        """What is wrong with it, if anything, and how that looks."""
        if self.reachable and not self.problems:
            return "in order", "good"
        return "; ".join(self.problems) or "not reachable", "warn"


def sources_of(report: HealthReport) -> tuple[SourceRow, ...]:
    """Return the sources: advisories first, then indexes, then download figures."""
    advisories = report.audit.sources if report.audit else ()
    return (*map(_advisories, advisories), *map(_index, report.indexes), *_downloads(report))


def _advisories(source: AdvisorySource) -> SourceRow:
    parts = [
        "advisories",
        f"as of {source.date}" if source.date else "of unknown age",
        counted(source.records, "record") if source.records is not None else "",
        f"sha256 {source.sha256[:12]}" if source.sha256 else "",
        "" if source.reachable else "not reachable",
    ]
    gaps = source.gaps[:_SHOWN_GAPS]
    more = [f"{len(source.gaps) - len(gaps)} more gaps"] if len(source.gaps) > len(gaps) else []
    problems = (*([source.problem] if source.problem else []), *gaps, *more)
    return SourceRow(
        "advisories",
        source.name,
        source.date,
        source.sha256,
        source.reachable,
        ", ".join(filter(None, parts)),
        problems,
    )


def _index(use: IndexUse) -> SourceRow:
    parts = [
        "index",
        f"{use.asked} asked now",
        f"{use.from_cache} from the cache",
        f"{use.failed} failed" if use.failed else "",
        f"oldest record {stamp(use.oldest)}" if use.oldest else "",
    ]
    date = stamp(use.oldest) if use.oldest else None
    problems = (use.problem,) if use.problem else ()
    reachable = not (use.failed and use.failed >= use.asked)
    return SourceRow(
        "index", use.source, date, None, reachable, ", ".join(filter(None, parts)), problems, use.address
    )


def _downloads(report: HealthReport) -> Iterator[SourceRow]:
    found: dict[tuple[str, str], int] = {}
    for row in report.packages:
        one = row.popularity
        if one and one.source:
            found[one.source, one.date] = found.get((one.source, one.date), 0) + 1
    for (name, date), count in sorted(found.items()):
        words = f"downloads of {counted(count, 'package')}, {f'as of {date}' if date else 'of unknown age'}"
        yield SourceRow("downloads", name, date or None, None, reachable=True, in_words=words)
