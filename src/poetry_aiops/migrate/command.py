"""``poetry migrate-reqs``: requirements files become a Poetry project, with a proof and a way back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from cleo.helpers import argument, option
from poetry.console.commands.command import Command

from poetry_aiops.cli.base import AiopsCommand, format_option


if TYPE_CHECKING:
    from cleo.io.inputs.argument import Argument
    from cleo.io.inputs.option import Option


class MigrateReqsCommand(AiopsCommand, Command):
    """Reads requirements files, writes pyproject.toml and poetry.lock, and can put everything back."""

    name = "migrate-reqs"
    description = "Moves a project from requirements files to Poetry, with a proof and a way back."
    formats: ClassVar[tuple[str, ...]] = ("text", "json")
    arguments: ClassVar[list[Argument]] = [
        argument("files", "The files; without any, those at the usual places.", optional=True, multiple=True)
    ]
    options: ClassVar[list[Option]] = [
        option("dry-run", None, "Show the changes of every file; write and lock nothing."),
        option(
            "group",
            None,
            "Put a file into a group: <comment>NAME=FILE</>; main, a hardware variant or any name.",
            flag=False,
            multiple=True,
        ),
        option(
            "pins",
            None,
            "What becomes of ==: <comment>keep</> leaves it in pyproject.toml; <comment>relax</> writes >= there,"
            " <comment>caret</> the range of ^, and the lock keeps the version.",
            flag=False,
            default="keep",
        ),
        option(
            "python", None, "The Python versions to lock for, such as <comment>>=3.11,<3.14</>.", flag=False
        ),
        option(
            "rewrite",
            None,
            "Change the old commands of Dockerfiles, workflows, Makefiles and shell scripts where the new form is certain.",
        ),
        option("lock", None, "With --dry-run: lock and compare as well, beside the project."),
        option("no-lock", None, "Write pyproject.toml, but leave poetry.lock alone."),
        option(
            "prove",
            None,
            "Ask pip what it would install here from each file, and compare; pip may build packages for that.",
        ),
        option("fix", None, "Repair lines that pip refuses, where the intent is clear."),
        option(
            "force",
            None,
            "Continue even if files changed since the migration, or the index has other hashes.",
        ),
        option("rollback", None, "Restore what the last migration changed."),
        option("backup", None, "The backup to restore; --list-backups shows them.", flag=False),
        option("list-backups", None, "List the backups of this project."),
        format_option(*formats),
    ]
    help = """\
Reads requirements files as pip does, shows what each of them becomes, and writes pyproject.toml and
poetry.lock. The files themselves stay. At the end every line is accounted for and every old pin is compared
with the lock. Anything that cannot be read stops it with file and line, and nothing is written.

<info>poetry migrate-reqs --dry-run</info>
<info>poetry migrate-reqs requirements.txt requirements-dev.txt</info>
<info>poetry migrate-reqs --group ml-cu126=requirements-gpu.txt --group lint=tools.txt</info>
<info>poetry migrate-reqs --rewrite</info>
<info>poetry migrate-reqs --rollback</info>

Everything that changes is first copied to <comment>.migration_backup/</>, with a restore.sh that needs no Python.
"""
    loggers: ClassVar[list[str]] = ["poetry.repositories.pypi_repository"]

    def handle(self) -> int:
        output, root = self.make_output(), self._root()
        force = bool(self.option("force"))
        if self.option("rollback") or self.option("backup") or self.option("list-backups"):
            from poetry_aiops.migrate.restoring import RestoreRequest, restore

            wanted = RestoreRequest(root, self.option("backup"), bool(self.option("list-backups")), force)
            return restore(wanted, output)
        from poetry_aiops.locking.api import PoetryProject
        from poetry_aiops.migrate.request import MigrationRequest
        from poetry_aiops.migrate.run import migrate

        request = MigrationRequest(
            root=root,
            files=tuple(self.argument("files")),
            groups=tuple(self.option("group")),
            pins=self.option("pins"),
            python=self.option("python"),
            dry_run=bool(self.option("dry-run")),
            lock=not self.option("no-lock") and (bool(self.option("lock")) or not self.option("dry-run")),
            fix=bool(self.option("fix")),
            force=force,
            rewrite=bool(self.option("rewrite")),
            prove=bool(self.option("prove")),
        )
        return migrate(request, output, PoetryProject(output, self.get_application()))

    def _root(self) -> Path:
        """Return the folder of ``-P``, else the working directory; a pyproject.toml of a parent does not count.

        Poetry keeps the text of ``-C`` as it was given while it works in that folder, so it is not looked up again.
        """
        named = self.io.input.option("project") is not None
        return (self.get_application().project_directory if named else Path.cwd()).resolve()
