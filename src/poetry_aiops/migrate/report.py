"""A migration as text and as the content of its JSON document; nothing leaves here without ``redact``."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from poetry_aiops.migrate.planning.ledger import tally
from poetry_aiops.project.model import MAIN
from poetry_aiops.system.addresses import redact


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from poetry_aiops.migrate.legacy.model import OldCommand
    from poetry_aiops.migrate.model import Problem, ReadRequirement
    from poetry_aiops.migrate.planning.convert import OldPin
    from poetry_aiops.migrate.planning.entry import Identity
    from poetry_aiops.migrate.planning.ledger import LineOutcome
    from poetry_aiops.migrate.planning.plan import MigrationPlan
    from poetry_aiops.migrate.planning.roles import Role
    from poetry_aiops.migrate.planning.sources import Credentials
    from poetry_aiops.migrate.writing.installs import InstallProof
    from poetry_aiops.migrate.writing.proof import Proof


_UNKNOWN = "reason unknown"
_SHOWN = 12


def role_lines(roles: Iterable[Role]) -> list[str]:
    """Return one line for each file: what it becomes, and why."""
    rows = [(role.file, _becomes(role), role.reason) for role in roles]
    if not rows:
        return []
    width = max(len(row[0]) for row in rows)
    second = max(len(row[1]) for row in rows)
    return [f"  {file:<{width}}  {becomes:<{second}}  {reason}" for file, becomes, reason in rows]


def _becomes(role: Role) -> str:
    if role.kind == "main":
        return "main"
    if role.kind == "seed":
        return f"pins for {'main' if role.group == MAIN else role.group}"
    if role.kind == "variant":
        return f"variant {role.group} ({role.backend})"
    return f"{'optional ' if role.optional else ''}group {role.group}"


def problem_lines(problems: Sequence[Problem]) -> list[str]:
    """Return each problem as ``file:line: what``, then why and what to do, indented."""
    found = []
    for problem in problems:
        span = f"-{problem.last}" if problem.last and problem.last != problem.place.line else ""
        found.append(redact(f"{problem.place}{span}: {problem.what}"))
        found += [f"  {redact(text)}" for text in (problem.why, problem.suggestion) if text]
        if problem.fixed is not None:
            found += [
                f"  --fix writes: {redact(line)}" for line in problem.fixed.splitlines() or ["(no line)"]
            ]
    return found


def ledger_line(outcomes: Sequence[LineOutcome]) -> str:
    """Return the account in one line: all lines and what became of them."""
    counts = ", ".join(f"{count} {outcome}" for outcome, count in tally(outcomes).items() if count)
    return f"{len(outcomes)} line{'' if len(outcomes) == 1 else 's'}: {counts or 'nothing'}"


def proof_lines(proof: Proof) -> list[str]:
    """Return the comparison of the old pins with the lock."""
    found = [f"{proof.kept} of {proof.total} old pins are in poetry.lock as they were"]
    if proof.hashes_total:
        held = proof.hashes_total - len(proof.foreign_hashes)
        found.append(f"{held} of {proof.hashes_total} old hashes match locked files")
    if proof.constraints:
        held = proof.constraints - len(proof.broken)
        found.append(f"{held} of {proof.constraints} constraints on locked packages hold")
    found += [
        f"  {one.name} {one.old}, but {one.new} is locked: {one.cause or _UNKNOWN} ({one.place})"
        for one in proof.broken
    ]
    for difference in proof.differences:
        new = difference.new or "not locked"
        cause = difference.cause or _UNKNOWN
        found.append(f"  {difference.name} {difference.old} -> {new}: {cause} ({difference.place})")
    for install in proof.installs:
        found += _install_lines(install)
    return found


def _install_lines(install: InstallProof) -> list[str]:
    """Return what one old file installs beside its command today."""
    who = "pip selects here" if install.by == "pip" else "its lines select alone"
    kept = install.packages - len({one.name for one in install.differences if one.old is not None})
    found = [f"{install.file}: `{install.command}` installs {kept} of {install.packages} packages as {who}"]
    for one in install.differences:
        where = one.targets[0] + (f" and {len(one.targets) - 1} more" if len(one.targets) > 1 else "")
        change = f"{one.old or 'not selected'} -> {one.new or 'not installed'}"
        found.append(f"  {one.name} {change}: {one.cause or _UNKNOWN} ({where})")
    return found


def credential_lines(credentials: Iterable[Credentials]) -> list[str]:
    """Return what to do about users and passwords that stood in the files."""
    found = []
    for one in credentials:
        name = one.source.upper().replace("-", "_").replace(".", "_")
        found.append(f"{one.place}: the credentials of {one.source} were left out of pyproject.toml")
        found.append(f"  For yourself: `poetry config http-basic.{one.source} USER PASSWORD`")
        of = f" from {', '.join(one.variables)}" if one.variables else ""
        found.append(
            f"  For CI: set POETRY_HTTP_BASIC_{name}_USERNAME and POETRY_HTTP_BASIC_{name}_PASSWORD{of}"
        )
    return found


def old_command_lines(commands: Sequence[OldCommand]) -> list[str]:
    """Return the commands elsewhere in the repository that should change, the first of them."""
    found = []
    for command in commands[:_SHOWN]:
        found.append(f"  {command.place}: {command.text}")
        found.append(f"    {command.why}")
        found += [f"    -> {line}" for line in command.today.splitlines() or ["(remove the line)"]]
    if len(commands) > _SHOWN:
        found.append(f"  ... and {len(commands) - _SHOWN} more; --format json lists them all")
    return found


def plan_content(plan: MigrationPlan) -> dict[str, Any]:
    """Return the parts of the JSON document that a plan has."""
    return {
        "roles": [
            {
                "file": role.file,
                "kind": role.kind,
                "group": role.group,
                "backend": role.backend,
                "optional": role.optional,
                "reason": role.reason,
            }
            for role in plan.roles.values()
        ],
        "lines": [
            {
                "file": one.file,
                "line": one.line,
                "raw": redact(one.raw.rstrip("\r\n")),
                "kind": one.kind,
                "outcome": one.outcome,
                "to": one.to,
                "message": redact(one.message),
            }
            for one in plan.outcomes
        ],
        "tally": dict(Counter(one.outcome for one in plan.outcomes)),
        "requirements": [_requirement(one, group) for one, group in plan.requirements],
        "constraints": [_requirement(one, group) for one, group in plan.constraints],
        "errors": [_problem(problem) for problem in plan.errors],
        "warnings": [_problem(problem) for problem in plan.problems if problem.severity != "error"],
        "sources": [
            {"name": one.name, "url": redact(one.url), "priority": one.priority} for one in plan.edits.sources
        ],
        "settings": [
            {"key": one.key, "value": one.value if isinstance(one.value, str) else list(one.value)}
            for one in plan.edits.settings
        ],
        "credentials": [
            {
                "source": one.source,
                "file": one.place.file,
                "line": one.place.line,
                "variables": list(one.variables),
            }
            for one in plan.credentials
        ],
    }


def identity_content(identity: Identity | None) -> dict[str, Any] | None:
    """Return what the JSON document says about the project."""
    if identity is None:
        return None
    return {
        "name": identity.name,
        "version": identity.version,
        "requires_python": identity.requires_python,
        "reason": identity.reason,
        "package_mode": identity.package_mode,
    }


def proof_content(proof: Proof | None, pins: Sequence[OldPin]) -> dict[str, Any]:
    """Return the comparison for the JSON document; without a lock every count of kept pins is null."""
    return {
        "pins_total": proof.total if proof else len(pins),
        "pins_kept": proof.kept if proof else None,
        "differences": [
            {
                "name": one.name,
                "old": one.old,
                "new": one.new,
                "cause": one.cause,
                "file": one.place.file,
                "line": one.place.line,
            }
            for one in (proof.differences if proof else ())
        ],
        "constraints_total": proof.constraints if proof else None,
        "constraints_broken": [
            {
                "name": one.name,
                "constraint": one.old,
                "locked": one.new,
                "cause": one.cause,
                "file": one.place.file,
                "line": one.place.line,
            }
            for one in (proof.broken if proof else ())
        ],
        "hashes_total": proof.hashes_total if proof else None,
        "foreign_hashes": [
            {
                "name": one.name,
                "version": one.version,
                "hash": one.hash,
                "file": one.place.file,
                "line": one.place.line,
            }
            for one in (proof.foreign_hashes if proof else ())
        ],
        "installs": [_install_content(one) for one in proof.installs] if proof else None,
    }


def old_command_content(commands: Iterable[OldCommand]) -> list[dict[str, Any]]:
    """Return the old commands for the JSON document."""
    return [
        {
            "file": one.place.file,
            "line": one.place.line,
            "text": redact(one.text),
            "why": one.why,
            "today": one.today,
            "confidence": one.confidence,
            "rule": one.rule,
            "rewritten": one.rewritten,
        }
        for one in commands
    ]


def _install_content(install: InstallProof) -> dict[str, Any]:
    return {
        "file": install.file,
        "command": install.command,
        "by": install.by,
        "packages": install.packages,
        "differences": [
            {
                "name": one.name,
                "old": one.old,
                "new": one.new,
                "cause": one.cause,
                "targets": list(one.targets),
            }
            for one in install.differences
        ],
    }


def _requirement(one: ReadRequirement, group: str) -> dict[str, Any]:
    return {
        "name": one.name,
        "name_guessed": one.name_guessed,
        "extras": list(one.extras),
        "specifier": one.specifier,
        "marker": one.marker,
        "url": redact(one.url) if one.url else None,
        "editable": one.editable,
        "hashes": list(one.hashes),
        "file": one.place.file,
        "line": one.place.line,
        "group": group,
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "file": problem.place.file,
        "line": problem.place.line,
        "last": problem.last or problem.place.line,
        "severity": problem.severity,
        "what": redact(problem.what),
        "why": redact(problem.why),
        "suggestion": redact(problem.suggestion),
        "fixed": None if problem.fixed is None else redact(problem.fixed),
    }
