"""Ignored advisories: each with a reason and an end, and reported when that end has come or nothing needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from poetry_aiops.health.metric import OpenQuestion
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from poetry_aiops.health.advisory import Finding


class Ignore(Record):
    """One entry of ``[[tool.poetry-aiops.health.ignores]]``.

    ``id`` is the advisory's id or one of its aliases. ``packages`` limits it to these, empty for any. ``expires`` is
    the last day on which it holds. ``until_fixed`` ends it when a fixed version is known. ``key_path`` is where it
    is written.
    """

    id: str
    reason: str
    owner: str = ""
    expires: date | None = None
    until_fixed: bool = False
    packages: frozenset[str] = frozenset()
    key_path: str = ""

    def names(self, finding: Finding) -> bool:
        """Say whether this entry is about a finding, whatever its terms are."""
        known = {name.casefold() for name in finding.names}
        return self.id.casefold() in known and (not self.packages or finding.package in self.packages)


class Ignored(Record):
    """A finding that does not count, and why."""

    finding: Finding
    ignore: Ignore


@dataclass(frozen=True, slots=True)
class IdleIgnore:
    """An entry that does nothing any more, and why; ``is_lapsed`` when it did: then its findings count again."""

    ignore: Ignore
    why: str
    is_lapsed: bool

    def __str__(self) -> str:
        return f"{self.ignore.key_path} {self.ignore.id}: {self.why}"


class Sorted(Record):
    """Findings that count, those that are ignored, and the entries that do nothing."""

    active: tuple[Finding, ...]
    ignored: tuple[Ignored, ...] = ()
    idle: tuple[IdleIgnore, ...] = ()

    @property
    def open_questions(self) -> tuple[OpenQuestion, ...]:
        """The findings that are ignored until a fix is released, which no index said or denied."""
        return tuple(
            OpenQuestion(
                f"{one.package} {one.version}: {one.id} is ignored until a fix is released; it is unknown whether one was",
                frozenset({one.package}),
            )
            for one, ignore in ((each.finding, each.ignore) for each in self.ignored)
            if ignore.until_fixed and one.is_fix_unknown
        )


def apply_ignores(
    findings: Sequence[Finding], ignores: Sequence[Ignore], today: date, *, complete: bool
) -> Sorted:
    """Sort findings by the ignores.

    An entry that no finding needs is only reported as unused when the audit was ``complete``: else the finding may be
    one that could not be seen.
    """
    active: list[Finding] = []
    ignored: list[Ignored] = []
    for finding in findings:
        holding = next(
            (one for one in ignores if one.names(finding) and not _why_over(one, [finding], today)), None
        )
        if holding is None:
            active.append(finding)
        else:
            ignored.append(Ignored(finding, holding))
    idle = [one for ignore in ignores if (one := _idle(ignore, findings, today, complete=complete))]
    return Sorted(tuple(active), tuple(ignored), tuple(idle))


def _idle(ignore: Ignore, findings: Sequence[Finding], today: date, *, complete: bool) -> IdleIgnore | None:
    matching = [finding for finding in findings if ignore.names(finding)]
    over = _why_over(ignore, matching, today)
    if over:
        return IdleIgnore(ignore, over, is_lapsed=bool(matching))
    if not matching and complete:
        return IdleIgnore(
            ignore, "no locked package has this advisory any more; remove the entry", is_lapsed=False
        )
    return None


def _why_over(ignore: Ignore, matching: Sequence[Finding], today: date) -> str:
    """Return why an entry has ended, the empty text when it holds."""
    if ignore.expires is not None and today > ignore.expires:
        return f"it expired on {ignore.expires.isoformat()}"
    fixed = [f"{one.package} {one.fixed_in[0]}" for one in matching if one.fixed_in]
    if ignore.until_fixed and fixed:
        return f"it ended when a fix was released: {', '.join(dict.fromkeys(fixed))}"
    return ""
