from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from tests.support.every import for_each
from tests.unit.health.facts import audit_of, finding, metric_of

from poetry_aiops.health.advisory import Advisory, Severity
from poetry_aiops.health.gate import GateFacts, Rules, counts, judge
from poetry_aiops.health.metric import METRICS, weighted
from poetry_aiops.health.score import Score
from poetry_aiops.health.signals import Signal, SignalKind


if TYPE_CHECKING:
    from poetry_aiops.health.metric import MetricName
    from poetry_aiops.health.policy import FailOn
    from poetry_aiops.project.model import PackageKey


KEY = ("apple", "1.0", ("", "", ""))
YANKED = Signal(KEY, SignalKind.YANKED, "1.0 was yanked: oops")


def score(value: float | None, coverage: float = 100.0) -> Score:
    return Score(value, coverage, MappingProxyType({}))


@dataclass(frozen=True)
class Forgetful:
    """A package of a metric that says nothing about its source."""

    name: str = "apple"
    score: float | None = 100.0
    reason: str = "it forgot to say"
    applicable: bool = True
    answered: bool = False
    direct: bool = True

    @property
    def key(self) -> PackageKey:
        return (self.name, "1.0", ("", "", ""))


@for_each("name", METRICS)
def test_an_open_question_of_any_metric_keeps_the_gate_from_passing(name: MetricName) -> None:
    open_metric = weighted(name, [Forgetful(), Forgetful("pear", answered=True)], {})
    gate = judge(Rules(), GateFacts((open_metric,), ()))
    assert (gate.passed, gate.exit_code) == (False, 3)
    assert gate.incomplete == (f"{name}: 1 of 2 packages: it forgot to say",)
    known = weighted(name, [Forgetful(score=None, answered=True), Forgetful("pear", applicable=False)], {})
    assert judge(Rules(), GateFacts((known,), ())).exit_code == 0


def test_a_lock_that_is_not_the_project_s_is_open() -> None:
    gate = judge(Rules(), GateFacts((), (), lock_problems=("poetry.lock is stale",)))
    assert (gate.exit_code, gate.incomplete) == (3, ("poetry.lock is stale",))


def test_a_clean_and_complete_audit_passes() -> None:
    gate = judge(Rules(), GateFacts((metric_of(audit_of()),), ()))
    assert (gate.passed, gate.exit_code) == (True, 0)


def test_a_finding_fails_by_default() -> None:
    found = finding()
    gate = judge(Rules(), GateFacts((metric_of(audit_of(found)),), (found,)))
    assert (gate.passed, gate.exit_code) == (False, 1)
    assert gate.violations[0].message == "apple 1.0: GHSA-1 (high)"


@for_each(
    ("fail_on", "failing"),
    [
        ("any", {"unknown", "low", "medium", "high", "critical"}),
        ("low", {"unknown", "low", "medium", "high", "critical"}),
        ("medium", {"unknown", "medium", "high", "critical"}),
        ("high", {"unknown", "high", "critical"}),
        ("critical", {"unknown", "critical"}),
    ],
)
def test_an_unknown_severity_never_counts_as_good(fail_on: FailOn, failing: set[str]) -> None:
    assert {str(level) for level in Severity if counts(level, fail_on)} == failing


def test_with_fixable_only_an_unknown_fix_is_open() -> None:
    bounded = replace(finding("apple", "GHSA-1", Severity.HIGH), bounded=(Advisory("GHSA-1"),))
    rules = Rules(fixable_only=True, fail_on="high")
    assert judge(rules, GateFacts((), (bounded,))).exit_code == 3
    assert judge(rules, GateFacts((), (replace(bounded, bounded=()),))).exit_code == 0
    assert judge(rules, GateFacts((), (replace(bounded, severity=Severity.LOW),))).exit_code == 0
    assert judge(rules, GateFacts((), (replace(bounded, fixed_in=("2.0",)),))).exit_code == 1


def test_the_gravest_finding_comes_first() -> None:
    found = (finding("a", severity=Severity.LOW), finding("b", severity=Severity.CRITICAL), finding("c"))
    gate = judge(Rules(), GateFacts((metric_of(audit_of(*found)),), found))
    assert [violation.package for violation in gate.violations] == ["b", "c", "a"]


def test_an_incomplete_audit_does_not_pass() -> None:
    gate = judge(Rules("critical"), GateFacts((metric_of(audit_of(failed=("fig",))),), ()))
    assert (gate.passed, gate.exit_code, gate.violations) == (False, 3, ())
    assert "could not be audited" in gate.incomplete[0]


def test_an_input_that_cannot_be_read_is_an_open_question() -> None:
    gate = judge(Rules(), GateFacts((metric_of(audit_of()),), (), unread=("history.jsonl cannot be read",)))
    assert gate.exit_code == 3
    assert gate.incomplete == ("history.jsonl cannot be read",)


def test_a_violation_is_certain_even_when_something_is_open() -> None:
    found = finding()
    gate = judge(Rules(), GateFacts((metric_of(audit_of(found, failed=("fig",))),), (found,)))
    assert gate.exit_code == 1
    assert gate.incomplete


def test_signals_fail_only_when_the_policy_says_so() -> None:
    facts = GateFacts((metric_of(audit_of()),), (), (YANKED,))
    assert judge(Rules(), facts).passed
    gate = judge(Rules(fail_on_signals=frozenset({SignalKind.YANKED})), facts)
    assert [(violation.kind, violation.id, violation.package) for violation in gate.violations] == [
        ("signal", "yanked", "apple")
    ]


def test_unseen_signals_do_not_pass_a_policy_on_signals() -> None:
    facts = GateFacts((metric_of(audit_of()),), (), unseen=("fig", "plum"))
    assert judge(Rules(), facts).passed
    gate = judge(Rules(fail_on_signals=frozenset({SignalKind.YANKED}), signals_required=True), facts)
    assert gate.exit_code == 3
    assert "2 packages (fig, plum)" in gate.incomplete[0]


@for_each(
    ("given", "code"),
    [
        (score(70), 0),
        (score(69.9), 1),
        (score(69.9, 10.0), 1),
        (score(90, 79.9), 3),
        (score(None, 0.0), 3),
        (None, 3),
    ],
)
def test_the_score_counts_when_it_is_asked_for(given: Score | None, code: int) -> None:
    facts = GateFacts((metric_of(audit_of()),), (), score=given)
    assert judge(Rules(), facts).exit_code == 0
    assert judge(Rules(min_score=70), facts).exit_code == code


def test_without_an_audit_only_the_rest_is_judged() -> None:
    assert judge(Rules(), GateFacts((), ())).passed
