"""One run of ``poetry migrate-reqs --rollback`` or ``--list-backups``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from poetry_aiops.cli.terminal import plain
from poetry_aiops.migrate.request import project_root
from poetry_aiops.system.signals import undoing_when_ended
from poetry_aiops.system.transaction.migration import list_backups, locked, rollback


if TYPE_CHECKING:
    from poetry_aiops.migrate.command import MigrateReqsCommand
    from poetry_aiops.system.transaction.migration import RollbackResult
    from poetry_aiops.system.transaction.model import BackupInfo


@dataclass
class Restoring:
    """The run; errors leave every file as it is."""

    command: MigrateReqsCommand

    def run(self) -> int:
        """Return the exit code."""
        asked_format = self.command.asked_format
        root = project_root(self.command)
        content: dict[str, Any]
        if self.command.option("list-backups"):
            backups = list_backups(root)
            self._show_backups(backups)
            content = {"backups": [_content(backup) for backup in backups]}
        else:
            identifier = self.command.option("backup")
            now = datetime.now(UTC)
            with undoing_when_ended(), locked(root, now):
                result = rollback(root, identifier, now=now, force=bool(self.command.option("force")))
            self._show_result(result)
            content = {
                "backup": result.backup_id,
                "restored": list(result.restored),
                "removed": list(result.removed),
                "kept": list(result.kept),
                "undo": result.undo_id,
            }
        if asked_format == "json":
            self.command.write_document("migrate-reqs-backups", content)
        return 0

    def _show_backups(self, backups: list[BackupInfo]) -> None:
        if not backups:
            self.command.line("There are no backups in this project.")
        for backup in backups:
            what = backup.damage or f"{backup.state}, files now: {backup.now}"
            self.command.line(plain(f"{backup.id}  {backup.note}  {', '.join(backup.files)}  ({what})"))

    def _show_result(self, result: RollbackResult) -> None:
        if result.kept:
            kept = ", ".join(result.kept)
            self.command.line(
                plain(
                    f"Left as they are: {kept}, edited since; the migration only read them. --force restores them."
                )
            )
        if result.already:
            what = "Everything else" if result.kept else "Everything"
            self.command.line(plain(f"{what} is already as it was before {result.backup_id}."))
            return
        for word, files in (("Restored", result.restored), ("Removed", result.removed)):
            if files:
                self.command.line(plain(f"{word} {', '.join(files)}."))
        if result.undo_id:
            self.command.line(
                plain(
                    f"What was replaced is kept: `poetry migrate-reqs --backup {result.undo_id}` brings it back."
                )
            )


def _content(backup: BackupInfo) -> dict[str, Any]:
    return {
        "id": backup.id,
        "created": backup.created,
        "note": backup.note,
        "state": backup.state,
        "now": backup.now,
        "undoes": backup.undoes,
        "files": list(backup.files),
        "damage": backup.damage,
    }
