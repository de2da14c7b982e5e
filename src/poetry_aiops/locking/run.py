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
from poetry_aiops.errors import IncompleteError, NegativeAnswerError
from poetry_aiops.locking.session import VariantSession, use_variant_installer, verify_lock
from poetry_aiops.project.pyproject import aiops_table, read_project


if TYPE_CHECKING:
    from poetry.console.application import Application
    from poetry.poetry import Poetry

    from poetry_aiops.cli.output import Output
    from poetry_aiops.locking.staged_project import StagedProject


def lock_staged(staged: StagedProject, output: Output, application: Application) -> int:
    """Lock a staged project without an environment; returns the exit code of Poetry's installer.

    Raises NegativeAnswerError when no versions fit together, IncompleteError when an index cannot be read.
    """
    poetry = staged.poetry
    lock = LockCommand()
    lock.set_application(application)
    lock.set_poetry(poetry)
    lock.set_env(NullEnv(staged.scratch))
    installer = Installer(
        output.io,
        lock.env,
        poetry.package,
        poetry.locker,
        poetry.pool,
        poetry.config,
        installed=InstalledRepository(),
        disable_cache=poetry.disable_cache,
    )
    lock.set_installer(installer)
    return _run(lock, output, poetry)


def verify_staged(staged: StagedProject, output: Output) -> None:
    """Verify everything that can be installed from a staged project's lock; raises LockConflictError."""
    session = _session(output, staged.poetry)
    if session is not None:
        verify_lock(session)


def _session(output: Output, poetry: Poetry) -> VariantSession | None:
    """Return the session of a project with variants, None for one without."""
    hardware = read_config(aiops_table(poetry.pyproject.data)).hardware
    if hardware is None:
        return None
    return VariantSession(output, poetry, read_project(poetry.pyproject_path), hardware)


def _run(lock: LockCommand, output: Output, poetry: Poetry) -> int:
    PoetryKeyring.preflight_check(output.io, poetry.config)
    session = _session(output, poetry)
    if session is not None:
        use_variant_installer(lock, session)
    lock.installer.lock(update=False)
    try:
        code = lock.installer.run()
    except SolverProblemError as error:
        raise NegativeAnswerError(
            "no versions fit together",
            details=tuple(output.without_styles(str(error)).splitlines()),
            hint="Widen or remove one of the requirements named above, then run this again.",
        ) from error
    except PoetryRuntimeError as error:
        raise IncompleteError(
            "a package index could not be read",
            details=tuple(str(error).splitlines()),
            hint="Check the network and the sources in pyproject.toml, then run this again.",
        ) from error
    if code == 0 and session is not None:
        session.guard.conclude()
    return code
