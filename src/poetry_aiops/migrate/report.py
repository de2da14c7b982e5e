"""A migration as text and as the content of its JSON document; nothing leaves here without ``redact``."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from poetry_aiops.cli.document import picked
from poetry_aiops.migrate.planning.ledger import tally
from poetry_aiops.project.model import MAIN
from poetry_aiops.system.addresses import redact


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from poetry_aiops.migrate.legacy.model import OldCommand
    from poetry_aiops.migrate.model import Problem, ReadRequirement
    from poetry_aiops.migrate.planning.convert import OldPin
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
    width, second = (max(len(one[column]) for one in rows) for column in (0, 1))
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
    of_role = ("file", "kind", "group", "backend", "optional", "reason")
    return {
        "roles": [row(role, *of_role) for role in plan.roles.values()],
        "lines": [
            row(one, "file", "line", "kind", "outcome", "to", "message")
            | {"raw": redact(one.raw.rstrip("\r\n"))}
            for one in plan.outcomes
        ],
        "tally": dict(Counter(one.outcome for one in plan.outcomes)),
        "requirements": [_requirement(one, group) for one, group in plan.requirements],
        "constraints": [_requirement(one, group) for one, group in plan.constraints],
        "errors": [_problem(problem) for problem in plan.errors],
        "warnings": [_problem(problem) for problem in plan.problems if problem.severity != "error"],
        "sources": [row(one, "name", "url", "priority") for one in plan.edits.sources],
        "settings": [{"key": one.key, "value": _plain(one.value)} for one in plan.edits.settings],
        "credentials": [row(one, "source", "variables", *_PLACE) for one in plan.credentials],
    }


def proof_content(proof: Proof | None, pins: Sequence[OldPin]) -> dict[str, Any]:
    """Return the comparison for the JSON document; without a lock every count of kept pins is null."""
    return {
        "pins_total": proof.total if proof else len(pins),
        "pins_kept": proof.kept if proof else None,
        "differences": [
            row(one, "name", "old", "new", "cause", *_PLACE) for one in (proof.differences if proof else ())
        ],
        "constraints_total": proof.constraints if proof else None,
        "constraints_broken": [
            row(one, "name", "cause", *_PLACE) | {"constraint": one.old, "locked": one.new}
            for one in (proof.broken if proof else ())
        ],
        "hashes_total": proof.hashes_total if proof else None,
        "foreign_hashes": [
            row(one, "name", "version", "hash", *_PLACE) for one in (proof.foreign_hashes if proof else ())
        ],
        "installs": [
            row(install, "file", "command", "by", "packages")
            | {
                "differences": [
                    row(one, "name", "old", "new", "cause", "targets") for one in install.differences
                ]
            }
            for install in proof.installs
        ]
        if proof
        else None,
    }


def old_command_content(commands: Iterable[OldCommand]) -> list[dict[str, Any]]:
    """Return the old commands for the JSON document."""
    return [
        row(one, "text", "why", "confidence", "rule", "rewritten", *_PLACE) | {"today": one.today}
        for one in commands
    ]


_PLACE = ("place.file", "place.line")


def row(one: object, *fields: str) -> dict[str, Any]:
    """Return fields of a record as an object of JSON, each under its last name."""
    return {name: _plain(value) for name, value in picked(one, " ".join(fields)).items()}


def _plain(value: object) -> object:
    """Return a value as JSON has it, a text without credentials."""
    if isinstance(value, str):
        return redact(value)
    return list(value) if isinstance(value, tuple) else value


def _requirement(one: ReadRequirement, group: str) -> dict[str, Any]:
    fields = ("name", "name_guessed", "extras", "specifier", "marker", "editable", "hashes", *_PLACE)
    return row(one, *fields) | {"url": redact(one.url) if one.url else None, "group": group}


def _problem(problem: Problem) -> dict[str, Any]:
    found = row(problem, *_PLACE, "severity", "what", "why", "suggestion", "fixed")
    return found | {"last": problem.last or problem.place.line}
