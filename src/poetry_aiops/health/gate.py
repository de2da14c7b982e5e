"""The gate: findings and policy decide, the score only when it is requested, and what is unknown never passes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from poetry_aiops.health.advisory import Severity
from poetry_aiops.health.severity import is_malware
from poetry_aiops.health.signals import FAILING
from poetry_aiops.system.record import Record
from poetry_aiops.system.text import counted, few


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from poetry_aiops.health.advisory import Finding
    from poetry_aiops.health.licence_policy import RefusedLicence
    from poetry_aiops.health.metric import Metric, OpenQuestion
    from poetry_aiops.health.policy import FailOn
    from poetry_aiops.health.score import Score
    from poetry_aiops.health.signals import Signal, SignalKind


PASSED: Final = 0
FAILED: Final = 1
INCOMPLETE: Final = 3

LACKS: Final = "lacks required packages"
"""How messages and open questions call a lock with gaps, which `poetry lock` fills."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What fails the gate: findings from a severity on, supply-chain signals, a score below ``min_score``.

    With ``fixable_only`` a vulnerability without a fixed version does not; malware does, as removing it is the fix.
    ``signals_required``: the project named the signals, so that every package must be checked for them.
    """

    fail_on: FailOn = "any"
    min_score: float | None = None
    fail_on_signals: frozenset[SignalKind] = FAILING
    fixable_only: bool = False
    signals_required: bool = False


@dataclass(frozen=True, slots=True)
class GateFacts:
    """What is judged: every metric that was requested, with its open questions.

    ``findings`` are those that no ignore covers. ``unseen`` are the packages whose index gave no record, so that
    nothing is known of their signals, as ``name version``. ``unread`` says which inputs of the project could not be read, and why. ``lock_problems`` say why the lock may not be
    what pyproject.toml requires. ``licences`` are those that the policy refuses, ``unknown_licences`` those that it
    cannot judge.
    """

    metrics: tuple[Metric, ...]
    findings: tuple[Finding, ...]
    signals: tuple[Signal, ...] = ()
    unseen: tuple[str, ...] = ()
    score: Score | None = None
    unread: tuple[str, ...] = ()
    lock_problems: tuple[str, ...] = ()
    licences: tuple[RefusedLicence, ...] = ()
    unknown_licences: tuple[OpenQuestion, ...] = ()


class Violation(Record):
    """One reason for which the gate fails; ``id`` is an advisory, a kind of signal, a licence, or ``min-score``."""

    kind: Literal["advisory", "signal", "licence", "score"]
    id: str
    message: str
    package: str = ""
    version: str = ""
    severity: Severity | None = None


class Gate(Record):
    """The judgement: violations, and what is unknown, so that passing would be a guess."""

    violations: tuple[Violation, ...] = ()
    incomplete: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.violations and not self.incomplete

    @property
    def exit_code(self) -> int:
        """1 for a violation: that answer is certain; 3 when something is open; else 0."""
        if self.violations:
            return FAILED
        return INCOMPLETE if self.incomplete else PASSED


def judge(rules: Rules, facts: GateFacts) -> Gate:
    """Return the judgement of the rules on the facts; the findings with the highest severity come first."""
    violations = [
        *_of_findings(rules, facts.findings),
        *_of_signals(rules, facts.signals),
        *_of_licences(facts.licences),
        *_of_score(rules, facts.score),
    ]
    open_questions = [
        *facts.lock_problems,
        *(question.text for metric in facts.metrics for question in metric.open_questions),
        *(question.text for question in facts.unknown_licences),
        *_unseen(rules, facts),
        *_open_score(rules, facts),
        *_open_fixes(rules, facts.findings),
        *facts.unread,
    ]
    return Gate(tuple(violations), tuple(dict.fromkeys(open_questions)))


def counts(severity: Severity, fail_on: FailOn) -> bool:
    """Say whether a severity fails the gate; an unknown one always does, because it may be the worst."""
    if fail_on == "any" or severity is Severity.UNKNOWN:
        return True
    return severity.rank >= Severity(fail_on).rank


def _of_findings(rules: Rules, findings: Sequence[Finding]) -> Iterator[Violation]:
    for finding in sorted(findings, key=lambda one: (-one.severity.rank, one.package, one.id)):
        if not counts(finding.severity, rules.fail_on) and not finding.exploited:
            continue
        if rules.fixable_only and not finding.fixed_in and not is_malware(finding.names):
            continue
        level = "of unknown severity" if finding.severity is Severity.UNKNOWN else str(finding.severity)
        level += f", known to be exploited since {finding.exploited}" if finding.exploited else ""
        message = f"{finding.package} {finding.version}: {finding.id} ({level})"
        yield Violation("advisory", finding.id, message, finding.package, finding.version, finding.severity)


def _of_signals(rules: Rules, signals: Sequence[Signal]) -> Iterator[Violation]:
    for signal in signals:
        if signal.kind in rules.fail_on_signals:
            name, version, _ = signal.key
            yield Violation("signal", str(signal.kind), f"{name}: {signal.message}", name, version)


def _of_licences(refused: Sequence[RefusedLicence]) -> Iterator[Violation]:
    for one in refused:
        message = f"{one.package} {one.version}: the licence {one.expression} is not accepted"
        yield Violation("licence", one.expression, message, one.package, one.version)


def _of_score(rules: Rules, score: Score | None) -> Iterator[Violation]:
    if (
        rules.min_score is not None
        and score is not None
        and score.value is not None
        and score.value < rules.min_score
    ):
        yield Violation(
            "score", "min-score", f"the score is {score.value:.1f}, {rules.min_score:g} is required"
        )


def _unseen(rules: Rules, facts: GateFacts) -> Iterator[str]:
    if rules.signals_required and rules.fail_on_signals and facts.unseen:
        many = counted(len(facts.unseen), "package")
        yield f"no index record for {many} ({few(facts.unseen)}), so their signals are unknown"


def _open_fixes(rules: Rules, findings: Sequence[Finding]) -> Iterator[str]:
    """Yield the findings that would count if a fixed version were out, which no index said."""
    for finding in findings if rules.fixable_only else ():
        if finding.is_fix_unknown and (counts(finding.severity, rules.fail_on) or finding.exploited):
            yield f"{finding.package} {finding.version}: it is unknown whether a version without {finding.id} was released"


def _open_score(rules: Rules, facts: GateFacts) -> Iterator[str]:
    if rules.min_score is None:
        return
    if facts.score is None or facts.score.value is None:
        yield "there is no score to compare with the required one"
    elif not facts.score.is_sufficient:
        yield f"the score is based on {facts.score.coverage:.0f} % of the facts, too few to compare it"
