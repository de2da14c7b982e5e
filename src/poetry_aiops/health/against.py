"""What a change brings: the facts about a lock that those about its base do not hold already.

The base is the merge base with a revision. Its policy counts, or a pull request could silence its own gate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from poetry_aiops.config import read_config
from poetry_aiops.errors import AiopsError
from poetry_aiops.health.policy import NO_POLICY, Policy, read_policy
from poetry_aiops.health.signals import SignalKind
from poetry_aiops.project.lockfile import lock_from
from poetry_aiops.project.pyproject import aiops_table, project_from
from poetry_aiops.project.toml import toml_at
from poetry_aiops.system.git import file_at, former_folder, has_file, merge_base
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Sequence

    from poetry_aiops.health.advisory import Finding
    from poetry_aiops.health.gate import GateFacts, Rules
    from poetry_aiops.health.ignores import Sorted
    from poetry_aiops.health.metric import OpenQuestion
    from poetry_aiops.health.score import Score
    from poetry_aiops.health.signals import Signal
    from poetry_aiops.project.model import Lock, Project


OPTION: Final = "--against"
_EMPTY_LOCK: Final = {"package": [], "metadata": {"lock-version": "2.1", "python-versions": "*"}}
_OF_PROJECTS: Final = frozenset(
    {SignalKind.QUARANTINED, SignalKind.ARCHIVED, SignalKind.DEPRECATED, SignalKind.INACTIVE}
)
"""Signals about a project, which another release of it does not change."""


class BaseRevision(Record):
    """What a change started from: the commit, and what its files say.

    A project that was moved is compared with what it was. A file that the commit does not hold, or that cannot be read there, is empty, so that everything counts as new;
    ``notes`` say which cannot be read.
    """

    revision: str
    commit: str
    project: Project
    lock: Lock
    policy: Policy
    variants: frozenset[str]
    files: tuple[bytes, bytes]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FindingChanges:
    """The findings that count, by what a change has to do with them; ``revision`` is the base's name as requested."""

    revision: str
    commit: str
    new: tuple[Finding, ...]
    fixed: tuple[Finding, ...]
    still: tuple[Finding, ...]

    def __str__(self) -> str:
        counts = f"{len(self.new)} new, {len(self.fixed)} fixed, {len(self.still)} still there"
        return f"{counts} since {self.revision} ({self.commit[:7]})"


def base_of(pyproject: Path, revision: str) -> BaseRevision:
    """Return the base of the project's lock; raises UsageError for a revision without a common commit here."""
    folder = pyproject.parent
    commit = merge_base(folder, revision, OPTION)
    names = ("pyproject.toml", "poetry.lock")
    former = "." if has_file(folder, commit, names[1]) else former_folder(folder, commit, names[1])
    paths = [f"{former}/{name}" for name in names]
    files = [file_at(folder, commit, path) if has_file(folder, commit, path) else b"" for path in paths]
    notes = (
        []
        if former == "."
        else [f"{names[1]} is compared with {paths[1]} of {revision}, from where it was moved"]
    )
    project_file, lock_file = (Path(f"{name} of {revision}") for name in names)
    try:
        document = toml_at(revision, names[0], files[0])
        project = project_from(document, project_file)
        table = aiops_table(document)
        hardware, policy = read_config(table).hardware, read_policy(table)
    except AiopsError as error:
        notes.append(_unreadable(names[0], revision, error))
        project, hardware, policy = project_from({}, project_file), None, NO_POLICY
    try:
        lock = lock_from(toml_at(revision, names[1], files[1]) or _EMPTY_LOCK, lock_file)
    except AiopsError as error:
        notes.append(_unreadable(names[1], revision, error))
        lock = lock_from(_EMPTY_LOCK, lock_file)
    variants = frozenset(one.group for one in hardware.variants) if hardware else frozenset()
    return BaseRevision(revision, commit, project, lock, policy, variants, (files[0], files[1]), tuple(notes))


def change_of(base: BaseRevision, now: Sorted, before: Sorted) -> FindingChanges:
    """Return which findings are new, fixed and still there; one is the same in every version of its package."""
    known, left = ([*one.active, *(each.finding for each in one.ignored)] for one in (before, now))
    new = tuple(one for one in now.active if not _is_among(one, known))
    return FindingChanges(
        base.revision,
        base.commit,
        new=new,
        fixed=tuple(one for one in before.active if not _is_among(one, left)),
        still=tuple(one for one in now.active if one not in new),
    )


def brought(head: GateFacts, base: GateFacts, change: FindingChanges) -> GateFacts:
    """Return those of the facts that a change brings; what is open about the whole run stays open."""
    metrics = tuple(
        replace(
            metric, open_questions=_new_questions(metric.open_questions, _open_packages(base, metric.name))
        )
        for metric in head.metrics
    )
    known = {_identity(signal) for signal in base.signals}
    return replace(
        head,
        metrics=metrics,
        findings=change.new,
        signals=tuple(signal for signal in head.signals if _identity(signal) not in known),
        unseen=tuple(name for name in head.unseen if name not in base.unseen),
        licences=tuple(one for one in head.licences if one not in base.licences),
        unknown_licences=_new_questions(
            head.unknown_licences, frozenset(name for one in base.unknown_licences for name in one.packages)
        ),
        lock_problems=tuple(problem for problem in head.lock_problems if problem not in base.lock_problems),
    )


def rules_for_change(rules: Rules, head: Score | None, base: Score | None) -> Rules:
    """Return the rules without the required score where the change did not lower it."""
    if head is None or base is None or base.value is None:
        return rules
    is_lower = head.value is None or head.value < base.value or head.is_sufficient < base.is_sufficient
    return rules if is_lower else replace(rules, min_score=None)


def _unreadable(name: str, revision: str, error: AiopsError) -> str:
    return f"{name} of {revision} cannot be read, so its findings count as new: {error.lines()[0]}"


def _is_among(finding: Finding, others: Sequence[Finding]) -> bool:
    return any(one.package == finding.package and not one.names.isdisjoint(finding.names) for one in others)


def _identity(signal: Signal) -> tuple[str, str, str]:
    name, version, _ = signal.key
    return name, "" if signal.kind in _OF_PROJECTS else version, signal.kind


def _open_packages(facts: GateFacts, metric: str) -> frozenset[str]:
    questions = (question for one in facts.metrics if one.name == metric for question in one.open_questions)
    return frozenset(name for question in questions for name in question.packages)


def _new_questions(questions: Sequence[OpenQuestion], known: frozenset[str]) -> tuple[OpenQuestion, ...]:
    """Return the questions about the run, and those about packages of which the base had not the same one."""
    found = []
    for question in questions:
        new = question.packages - known
        if new and new != question.packages:
            text = f"{question.text}; the change brings {', '.join(sorted(new))}"
            found.append(replace(question, text=text, packages=new))
        elif new or not question.packages:
            found.append(question)
    return tuple(found)
