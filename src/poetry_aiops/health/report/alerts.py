"""What a code host shows at a line of a file: every reason to fail the gate, and what is worth a look beside them.

GitHub's annotations and SARIF's results are made of these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from poetry_aiops.health.report import words
from poetry_aiops.health.report.cases import cases, ignored_cases, signalled
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Iterator

    from poetry_aiops.health.report.cases import FindingRows
    from poetry_aiops.health.report.model import HealthReport, PackageRow


class Alert(Record):
    """One message; ``id`` is an advisory, a kind of signal, or the rule of the gate itself.

    ``subject`` is the package with its version; it is empty for a rule about the whole project, which has no ``rows``.
    ``fails`` says that the gate fails for it. ``case`` is the finding of an advisory.
    """

    kind: Literal["advisory", "signal", "licence", "score"]
    id: str
    subject: str
    message: str
    fails: bool
    rows: tuple[PackageRow, ...] = ()
    case: FindingRows | None = None


def alerts(report: HealthReport) -> Iterator[Alert]:
    """Yield the findings, ignored ones last, then the signals that are severe, and every other reason to fail."""
    failing = {(one.package, one.id) for one in report.gate.violations}
    for case in (*cases(report), *ignored_cases(report)):
        finding = case.finding
        fixed = f"fixed in {finding.fixed_in[0]}" if finding.fixed_in else "no fix known"
        message = f"{finding.summary or finding.id} ({finding.severity} severity; {fixed}; pulled in: {words.via_in_words(case.row)})"
        fails = finding.identity in failing and case.ignore is None
        subject = f"{finding.package} {finding.version}"
        yield Alert("advisory", finding.id, subject, message, fails, case.rows, case)
    shown = set()
    for row, signal in signalled(report):
        identity = (row.package.name, str(signal.kind))
        if identity in failing or signal.kind.is_grave:
            shown.add(identity)
            subject = f"{row.package.name} {row.package.version}"
            yield Alert("signal", signal.kind, subject, signal.message, identity in failing, (row,))
    rows = {(row.package.name, row.package.version): (row,) for row in report.packages}
    for one in report.gate.violations:
        if one.kind != "advisory" and (one.package, one.id) not in shown:
            concerned = rows.get((one.package, one.version), ())
            subject = f"{one.package} {one.version}".strip()
            message = one.message.removeprefix(f"{subject}: ").removeprefix(f"{one.package}: ")
            name = one.kind if one.kind == "licence" else one.id
            yield Alert(one.kind, name, subject, message, fails=True, rows=concerned)
