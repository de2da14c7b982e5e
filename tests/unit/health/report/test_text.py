from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.support.every import for_each
from tests.support.styled import as_text
from tests.unit.health.facts import metric_of
from tests.unit.health.health_sample import audited, blind, clean, finding, package, rated, sample

from poetry_aiops.cli.styled import cells_wide
from poetry_aiops.health.advisory import AdvisorySource, Audit, Severity, Status
from poetry_aiops.health.exploits import with_exploits
from poetry_aiops.health.gate import Gate, GateFacts, Rules, Violation, judge
from poetry_aiops.health.report.text import SCREEN, TextView, health_lines
from poetry_aiops.index.release_records import IndexUse


if TYPE_CHECKING:
    from poetry_aiops.health.report.model import HealthReport


def text_of(width: int = 80, *, every: bool = False) -> str:
    return as_text(health_lines(sample(), TextView(width, every=every)))


@for_each("width", [40, 60, 72, 80, 100, 120, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = text_of(width).splitlines()

    assert [line for line in lines if cells_wide(line) > width] == []


def test_the_first_screen_says_the_verdict_what_to_do_and_one_row_for_each_package() -> None:
    lines = text_of(100).splitlines()

    assert lines[0].startswith("Gate failed: 5 violations")
    assert "  poetry health --fix --dry-run" in as_text(health_lines(replace(sample(), fixes=())))
    rows = [line.split() for line in lines if line.startswith(("  torch ", "  jinja2 "))]
    assert rows[0][:6] == ["torch", "2.1.0+cu126", "critical", "GHSA-53q9-r3pm-6pq6", "2.6.0", "direct"]
    assert " ".join(rows[1][2:]) == "high GHSA-h75v-3vvj-5mfj and 1 more 3.1.4 for 1 of 2 flask (main)"


def of_many(count: int, reason: str = "") -> HealthReport:
    """Return a report with a finding in each of many packages, or none audited for one reason."""
    status = Status.FAILED if reason else Status.AUDITED
    made = []
    for number in range(count):
        locked = package(f"p{number}", "1.0")
        found = () if reason else (finding(locked, f"PYSEC-{number}", Severity.LOW, fixed_in=("2.0",)),)
        made.append(rated(locked, audited(locked, *found, status=status, reason=reason)))
    audit = Audit(tuple(row.audit for row in made if row.audit), ())
    gate = judge(Rules(), GateFacts((metric_of(audit),), audit.findings))
    return replace(clean(), packages=tuple(made), audit=audit, gate=gate)


@for_each(
    ("fixes", "said"),
    [((("1.9",), ("1.10",)), "1.10"), (((), ("1.10",)), "1.10 for 1 of 2"), (((), ()), "no fix known")],
)
def test_a_row_names_the_fix_that_is_known_and_for_how_many(
    fixes: tuple[tuple[str, ...], ...], said: str
) -> None:
    builds = [package("wheel", version) for version in ("1.0", "1.1")]
    rows = tuple(
        rated(one, audited(one, finding(one, f"PYSEC-{one.version}", Severity.LOW, fixed_in=fixed)))
        for one, fixed in zip(builds, fixes, strict=True)
    )
    audit = Audit(tuple(row.audit for row in rows if row.audit), ())
    report = replace(of_many(1), packages=rows, audit=audit)
    line = next(
        line for line in as_text(health_lines(report, TextView(120))).splitlines() if "  wheel " in line
    )
    assert f" and 1 more  {said}  " in line


def test_what_to_do_about_malware_is_to_remove_it() -> None:
    locked = package("trap", "1.0")
    found = finding(locked, "MAL-2026-9", Severity.CRITICAL, fixed_in=("2.0",))
    report = of_many(3)
    rows = (*report.packages, rated(locked, audited(locked, found)))
    audit = Audit(tuple(row.audit for row in rows if row.audit), ())
    gate = judge(Rules(), GateFacts((), audit.findings))
    text = as_text(health_lines(replace(report, packages=rows, audit=audit, gate=gate)))

    assert "poetry graph --why trap\n" in text
    assert "malware: remove it" in text


@for_each("width", [80, 120])
@for_each("report", [sample(), clean(), blind(), of_many(90), of_many(90, "a private index " * 9)])
def test_the_first_screen_has_25_lines(report: HealthReport, width: int) -> None:
    assert len(health_lines(report, TextView(width))) <= SCREEN


def test_one_reason_of_many_packages_is_one_line() -> None:
    text = as_text(health_lines(of_many(44, "it comes from a private index")))

    assert "44 packages: it comes from a private index" in text
    assert "p17" not in text
    assert "p17 1.0" in " ".join(as_text(health_lines(of_many(44, "x"), TextView(every=True))).split())


def test_what_to_do_follows_from_the_verdict() -> None:
    unreachable = as_text(health_lines(blind()))
    assert "poetry health --update-advisories" in unreachable
    assert "HTTPS_PROXY" in unreachable
    stale = replace(clean(), gate=Gate(incomplete=("poetry.lock does not match; run `poetry lock`",)))
    found = replace(sample(), fixes=(), gate=sample().gate._replace(incomplete=stale.gate.incomplete))
    for report in (stale, found):  # --fix refuses a lock that is not the one of pyproject.toml
        assert "  poetry lock" in as_text(health_lines(report)).splitlines()
    silent = IndexUse("house", "https://house.example/simple", 3, 0, 3, None, "house: it cannot be reached")
    open_index = replace(
        clean(), indexes=(silent,), gate=Gate(incomplete=("currency: 3 of 3 packages: house",))
    )
    shown = " ".join(as_text(health_lines(open_index)).split())
    assert "poetry health --metric security judges" in shown
    assert "https://house.example/simple answers here" in shown
    violation = Violation("licence", "GPL-3.0-only", "plum 1.0: refused", "plum", "1.0")
    licence = as_text(health_lines(replace(clean(), gate=Gate((violation,)))))
    assert "  poetry graph --why plum" in licence.splitlines()
    unlisted = replace(
        clean(), gate=Gate(incomplete=("popularity: 3 of 3 packages: it could not be fetched",))
    )
    assert "POETRY_AIOPS_TOP_PACKAGES_URL" in as_text(health_lines(unlisted))
    assert "What to do now" not in as_text(health_lines(clean()))


def test_what_is_unknown_is_said_and_never_looks_good() -> None:
    lines = health_lines(blind(), TextView(every=True))
    text = as_text(lines)

    assert "Score    unknown" in text
    assert "Found    unknown" in text
    assert "no known vulnerability" not in text
    assert "inconclusive" in text
    assert "connection refused" in text
    assert [span for line in lines for span in line if span.style == "good"] == []


def test_a_score_from_too_few_checks_is_not_shown() -> None:
    assert "not enough data (79 % of the checks ran)" in text_of()


def test_a_project_without_fault_says_so_and_where_that_comes_from() -> None:
    text = as_text(health_lines(clean(), TextView(120, every=True)))

    assert "no known vulnerability" in text
    assert "OSV     advisories, as of 2026-07-01T12:00:00Z, 3 records" in text
    assert "Gate passed" in text


def test_who_holds_a_package_back_stands_beside_it() -> None:
    lines = text_of(120, every=True).splitlines()
    row = next(line for line in lines if line.strip().startswith("starlette 0.36.3") and "0.48.0" in line)

    assert " ".join(row.split()).endswith("0.36.3 0.48.0 1.9 y fastapi 0.110.0 >=0.36.3,<0.37.0")


def test_a_narrowed_report_says_that_it_is_not_the_whole_lock() -> None:
    text = as_text(health_lines(replace(clean(), scope="only dev")))

    assert "only dev (not the whole lock)" in text


def test_a_terminal_without_unicode_gets_plain_signs() -> None:
    assert as_text(health_lines(sample(), TextView(every=True, unicode=False))).isascii()


def test_without_security_nobody_is_told_that_nothing_was_found() -> None:
    text = as_text(health_lines(replace(clean(), audit=None), TextView(every=True)))

    assert "vulnerabilities were not checked" in text
    assert "None known" not in text


def test_a_reason_that_the_sources_problem_says_already_is_said_once() -> None:
    report = of_many(90, "All connection attempts failed")
    assert report.audit is not None
    source = AdvisorySource("OSV", reachable=False, problem="All connection attempts failed")
    dead = replace(report, audit=replace(report.audit, sources=(source,)))

    assert "Not audited" in as_text(health_lines(report))
    assert "Not audited" not in as_text(health_lines(dead))
    assert "unknown: nothing could be audited" in as_text(health_lines(dead))


def test_of_a_long_chain_the_first_screen_shows_the_ends() -> None:
    via = ("a-package-with-a-long-name", "another-one-of-them", "one-more-of-them")
    report = of_many(1)
    rows = tuple(row._replace(direct=False, via=via) for row in report.packages)

    screen = as_text(health_lines(replace(report, packages=rows), TextView(200)))
    assert "a-package-with-a-long-name > ... > one-more-of-them" in screen
    assert " > ".join(via) in as_text(health_lines(replace(report, packages=rows), TextView(200, every=True)))


def test_a_list_of_exploited_vulnerabilities_that_does_not_answer_has_a_next_step() -> None:
    locked = package("p", "1.0")
    known = audited(locked, finding(locked, "CVE-2026-1", Severity.LOW))
    audit = with_exploits(Audit((known,), ()), None, {}, now=datetime(2026, 1, 1, tzinfo=UTC), offline=True)
    gate = judge(Rules(fail_on="critical"), GateFacts((metric_of(audit),), audit.findings))
    shown = " ".join(as_text(health_lines(replace(clean(), audit=audit, gate=gate), TextView(80))).split())

    assert not gate.violations
    assert "set HTTPS_PROXY, POETRY_AIOPS_KEV_URL or POETRY_AIOPS_EPSS_URL" in shown
