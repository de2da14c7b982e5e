"""Locking from within a command of ours, exactly as ``poetry lock`` would in the same project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry.console.commands.lock import LockCommand
from poetry.console.exceptions import PoetryRuntimeError
from poetry.installation.installer import Installer
from poetry.puzzle.exceptions import SolverProblemError
from poetry.repositories.installed_repository import InstalledRepository
from poetry.utils.env import NullEnv
from poetry.utils.password_manager import PoetryKeyring

from poetry_aiops.config import read_config
from poetry_aiops.errors import IncompleteError
from poetry_aiops.errors import NegativeAnswerError
from poetry_aiops.project.pyproject import aiops_table
from poetry_aiops.project.pyproject import read_project
from poetry_aiops.runs.locking.variants import VariantSession
from poetry_aiops.runs.locking.variants import use_variant_installer


if TYPE_CHECKING:
    from pathlib import Path

    from cleo.io.io import IO
    from poetry.console.commands.command import Command
    from poetry.poetry import Poetry


def lock_staged(command: Command, poetry: Poetry, scratch: Path) -> int:
    """Lock a project that is not the command's own, without an environment; ``scratch`` is for its sources.

    Returns the exit code of Poetry's installer. Raises NegativeAnswerError when no versions fit together,
    IncompleteError when an index cannot be read.
    """
    io = command.io
    lock = LockCommand()
    lock.set_application(command.get_application())
    lock.set_poetry(poetry)
    lock.set_env(NullEnv(scratch))
    installer = Installer(
        io,
        lock.env,
        poetry.package,
        poetry.locker,
        poetry.pool,
        poetry.config,
        installed=InstalledRepository(),
        disable_cache=poetry.disable_cache,
    )
    lock.set_installer(installer)
    return _run(lock, io, poetry)


def _run(lock: LockCommand, io: IO, poetry: Poetry) -> int:
    PoetryKeyring.preflight_check(io, poetry.config)
    hardware = read_config(aiops_table(poetry.pyproject.data)).hardware
    session = None
    if hardware is not None:
        session = VariantSession(io, poetry, read_project(poetry.pyproject_path), hardware)
        use_variant_installer(lock, session)
    lock.installer.lock(update=False)
    try:
        code = lock.installer.run()
    except SolverProblemError as error:
        raise NegativeAnswerError(
            "no versions fit together",
            details=tuple(str(error).splitlines()),
            hint="Widen or remove one of the requirements named above, then run this again.",
        ) from error
    except PoetryRuntimeError as error:
        raise IncompleteError(
            "a package index could not be read",
            details=tuple(str(error).splitlines()),
            hint="Check the network and the sources in pyproject.toml, then run this again.",
        ) from error
    if code == 0 and session is not None and session.guard is not None:
        session.guard.conclude()
    return code
