"""One run of ``poetry migrate-reqs --rollback`` or ``--list-backups``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from poetry_aiops.migrate.report import row
from poetry_aiops.system.signals import undoing_when_ended
from poetry_aiops.system.transaction.migration import list_backups, rollback
from poetry_aiops.system.transaction.store import locked


if TYPE_CHECKING:
    from pathlib import Path

    from poetry_aiops.cli.output import Output
    from poetry_aiops.system.transaction.migration import BackupInfo, RollbackResult


_FIELDS = ("id", "created", "note", "state", "now", "undoes", "files", "damage")


@dataclass(frozen=True, slots=True)
class RestoreRequest:
    """Which backup to put back (the last one by default), or to list them all."""

    root: Path
    backup: str | None
    lists: bool
    force: bool


def restore(request: RestoreRequest, output: Output) -> int:
    """Return the exit code; errors leave every file as it is."""
    content: dict[str, Any]
    if request.lists:
        backups = list_backups(request.root)
        _show_backups(output, backups)
        content = {"backups": [row(backup, *_FIELDS) for backup in backups]}
    else:
        now = datetime.now(UTC)
        with undoing_when_ended(), locked(request.root, now):
            result = rollback(request.root, request.backup, now=now, force=request.force)
        _show_result(output, result)
        content = row(result, "restored", "removed", "kept")
        content |= {"backup": result.backup_id, "undo": result.undo_id}
    output.document("migrate-reqs-backups", content)
    return 0


def _show_backups(output: Output, backups: list[BackupInfo]) -> None:
    if not backups:
        output.line("There are no backups in this project.")
    for backup in backups:
        what = backup.damage or f"{backup.state}, files now: {backup.now}"
        output.line(f"{backup.id}  {backup.note}  {', '.join(backup.files)}  ({what})")


def _show_result(output: Output, result: RollbackResult) -> None:
    if result.kept:
        kept = ", ".join(result.kept)
        output.line(
            f"Not restored: {kept}, edited since; the migration only read them. --force restores them."
        )
    if result.already:
        what = "Everything else" if result.kept else "Everything"
        output.line(f"{what} is already as it was before {result.backup_id}.")
        return
    for word, files in (("Restored", result.restored), ("Removed", result.removed)):
        if files:
            output.line(f"{word} {', '.join(files)}.")
    if result.undo_id:
        output.line(
            f"The replaced files are kept: `poetry migrate-reqs --backup {result.undo_id}` restores them."
        )
