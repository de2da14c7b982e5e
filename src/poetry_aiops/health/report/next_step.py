"""What a person does next about a health report: one command, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.cli.escape import for_terminal
from poetry_aiops.health.gate import LACKS
from poetry_aiops.health.metric import METRICS
from poetry_aiops.health.report.cases import cases as cases_of
from poetry_aiops.health.severity import is_malware
from poetry_aiops.system.record import Record
from poetry_aiops.system.text import FEW, few


if TYPE_CHECKING:
    from poetry_aiops.health.report.model import HealthReport


class NextStep(Record):
    """A command to copy, and what it does about the verdict."""

    command: str
    why: str


_DETAILS = NextStep("poetry health -v", "shows every metric and source, and what each is based on")


def next_step(report: HealthReport) -> NextStep | None:
    """Return the most useful next command; None where nothing has to be done or the fixes are shown already."""
    if report.gate.passed or report.fixes:
        return None
    failing = {(one.package, one.id) for one in report.gate.violations if one.kind == "advisory"}
    cases = [case for case in cases_of(report) if case.finding.identity in failing]
    attacks = dict.fromkeys(case.finding.package for case in cases if is_malware(case.finding.names))
    if attacks:
        return NextStep(
            f"poetry graph --why {for_terminal(next(iter(attacks)), 100)}",
            f"shows what needs {_names(list(attacks))}, which is malware: remove it, and look at every machine that installed it",
        )
    if any("run `poetry lock`" in question or LACKS in question for question in report.gate.incomplete):
        return NextStep("poetry lock", "completes poetry.lock, and makes it match pyproject.toml")
    fixable = dict.fromkeys(case.finding.package for case in cases if case.finding.fixed_in)
    if fixable:
        return NextStep(
            "poetry health --fix --dry-run",
            f"shows how poetry.lock gets fixed versions of {_names(list(fixable))}; without --dry-run it is written",
        )
    if cases:
        worst = for_terminal(cases[0].finding.package, 100)
        return NextStep(
            f"poetry graph --why {worst}",
            f"shows what needs {worst}, for which no fix is known; replace it, or ignore the advisory with a reason"
            " in [tool.poetry-aiops.health]",
        )
    return _without_advisory(report)


def _without_advisory(report: HealthReport) -> NextStep:
    refused = next((one for one in report.gate.violations if one.kind == "licence"), None)
    if refused is not None:
        package = for_terminal(refused.package, 100)
        return NextStep(
            f"poetry graph --why {package}",
            f"shows what needs {package}, whose licence is not accepted; replace it, or write the licence that applies"
            " under `known` in [tool.poetry-aiops.health.licenses]",
        )
    if report.gate.violations:
        return _DETAILS
    if report.audit is not None and report.audit.failed:
        why = "fetches advisories and compares all packages on this machine, without sending a name"
        if not all(source.reachable for source in report.audit.sources):
            why = (
                "fetches the advisory database from another address and compares it on this machine; behind a proxy"
                " set HTTPS_PROXY, with a mirror or a file give --advisories URL or osv.zip"
            )
        return NextStep("poetry health --update-advisories", why)
    silent = next((use for use in report.indexes if use.failed), None)
    if silent is not None:
        return NextStep(
            "poetry health --metric security",
            "judges vulnerabilities, for which no index is read; for the rest see whether"
            f" {for_terminal(silent.address or silent.source, 200)} answers here, behind a proxy set HTTPS_PROXY",
        )
    if any(question.startswith("popularity: ") for question in report.gate.incomplete):
        return NextStep(
            f"poetry health {' '.join(f'--metric {one}' for one in METRICS if one != 'popularity')}",
            "judges without the list of downloads; POETRY_AIOPS_TOP_PACKAGES_URL names another one, or `none`",
        )
    why = "shows which list does not answer; set HTTPS_PROXY, POETRY_AIOPS_KEV_URL or POETRY_AIOPS_EPSS_URL"
    unlisted = any("are exploited" in question for question in report.gate.incomplete)
    return NextStep(_DETAILS.command, why) if unlisted else _DETAILS


def _names(names: list[str]) -> str:
    shown = few([for_terminal(name, 60) for name in names])
    return shown if len(names) <= FEW else f"{len(names)} packages ({shown})"
