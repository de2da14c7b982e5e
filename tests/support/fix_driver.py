"""A program that runs the fixes of ``poetry health`` in the project around it and prints what they did as JSON.

Usage: ``python fix_driver.py ADVISORIES [--dry-run] [--propose] [--changed-meanwhile]``. It is for tests that look at
values rather than at the report. ``--propose`` stops before the solver; ``--changed-meanwhile`` lets another program
change the lock during the solve.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any


SOURCES = Path(__file__).parents[2] / "src"
sys.path.insert(0, str(SOURCES))

from poetry.console.application import Application  # noqa: E402 - the sources of this checkout come first
from poetry.console.commands.command import Command  # noqa: E402

from poetry_aiops.cli.output import Output  # noqa: E402
from poetry_aiops.errors import AiopsError  # noqa: E402
from poetry_aiops.health import fix_solving  # noqa: E402
from poetry_aiops.health.advisories.snapshot import SnapshotAge as Age  # noqa: E402
from poetry_aiops.health.advisories.snapshot import open_snapshot  # noqa: E402
from poetry_aiops.health.certificate import Ground  # noqa: E402
from poetry_aiops.health.fix_solving import FixCase  # noqa: E402
from poetry_aiops.health.fixing import (  # noqa: E402
    apply_fixes,
    outcome_lines,
    propose_fixes,
)
from poetry_aiops.health.security import Feeds, audit  # noqa: E402
from poetry_aiops.index.records import IndexAccess, cache_folder, cooldown_of  # noqa: E402
from poetry_aiops.locking.api import PoetryProject  # noqa: E402
from poetry_aiops.project.lockfile import read_lock  # noqa: E402
from poetry_aiops.project.pyproject import read_project  # noqa: E402


if TYPE_CHECKING:
    from collections.abc import Sequence

    from poetry_aiops.health.advisory import Audit
    from poetry_aiops.health.fixes import ProposedFix
    from poetry_aiops.project.model import Package


class FixDriver(Command):
    """The fixes, with what they are asked for taken from the command line."""

    name = "fix-driver"

    def handle(self) -> int:
        folder, *flags = ARGUMENTS
        try:
            print(json.dumps(self._done(Path(folder), flags)), file=sys.stdout)  # noqa: T201 - a program
        except AiopsError as error:
            print("\n".join(error.lines()), file=sys.stderr)  # noqa: T201
            return error.exit_code
        return 0

    def _done(self, folder: Path, flags: Sequence[str]) -> dict[str, Any]:
        now = datetime.now(UTC)
        feeds = Feeds(snapshot=open_snapshot(folder, Age(now)))

        def audit_of(packages: Sequence[Package]) -> Audit:
            return audit(packages, feeds)

        poetry = self.poetry
        lock = read_lock(poetry.locker.lock)
        found = audit_of(lock.packages).findings
        access = IndexAccess(poetry.pool, poetry.config, cache_folder(poetry.config))
        case = FixCase(
            poetry,
            read_project(poetry.pyproject_path),
            lock,
            found,
            audit_of,
            access,
            cooldown_of(poetry.config),
            now,
        )
        started = time.perf_counter()
        fixes = propose_fixes(case)
        proposed = time.perf_counter() - started
        if "--propose" in flags:
            return {
                "findings": len(found),
                "fixes": [dataclasses.asdict(one) for one in fixes],
                "propose_s": proposed,
                "certificate_ms": _certificate_ms(case, fixes),
            }
        if "--changed-meanwhile" in flags:
            _change_lock_after_the_solve(lock.path)
        outcome = apply_fixes(
            PoetryProject(Output(self.io), self.get_application()), case, fixes, dry_run="--dry-run" in flags
        )
        after = outcome.after.findings if outcome.after else found
        return {
            "findings": len(found),
            "fixes": [dataclasses.asdict(one) for one in outcome.fixes],
            "changes": [str(one) for one in outcome.changes],
            "reasons": {one.package: one.why for one in outcome.changes},
            "refreshed": list(outcome.refreshed),
            "left": sorted({f"{one.package} {one.id}" for one in after}),
            "written": outcome.written,
            "solves": outcome.solves,
            "propose_s": proposed,
            "text": list(outcome_lines(outcome, dry_run="--dry-run" in flags)),
        }


def _certificate_ms(case: FixCase, fixes: Sequence[ProposedFix]) -> float:
    """Return the mean time of a certificate, with the requirements at hand."""
    ground = Ground(case.lock, case.project)
    packages = {package.key: package for package in case.lock.packages}
    started = time.perf_counter()
    for one in fixes:
        ground.certify(packages[one.key], one.to_version or one.from_version, ())
    return 1000 * (time.perf_counter() - started) / max(1, len(fixes))


def _change_lock_after_the_solve(path: Path) -> None:
    solve = fix_solving.FixSolver.attempt

    def attempt(self: fix_solving.FixSolver, *given: Any) -> Any:
        answer = solve(self, *given)
        path.write_bytes(path.read_bytes() + b"\n# somebody else\n")
        return answer

    fix_solving.FixSolver.attempt = attempt  # type: ignore[assignment,method-assign]  # it only passes on


if __name__ == "__main__":
    ARGUMENTS = sys.argv[1:]
    application = Application()
    application.add(FixDriver())
    sys.argv = ["poetry", "fix-driver", "-n"]
    sys.exit(application.run())
