"""Locking from within a command of ours, exactly as ``poetry lock`` would in the same project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry.console.commands.lock import LockCommand
from poetry.console.exceptions import PoetryRuntimeError
from poetry.puzzle.exceptions import SolverProblemError
from poetry.utils.env import EnvManager
from poetry.utils.password_manager import PoetryKeyring

from poetry_aiops.commands.variants import VariantSession
from poetry_aiops.commands.variants import use_variant_installer
from poetry_aiops.config import read_config
from poetry_aiops.errors import IncompleteError
from poetry_aiops.errors import NegativeAnswerError
from poetry_aiops.project.pyproject import aiops_table
from poetry_aiops.project.pyproject import read_project


if TYPE_CHECKING:
    from poetry.console.commands.command import Command


def lock_variants(command: Command) -> int:
    """Lock the project of ``command`` as its pyproject.toml now is; returns the exit code of Poetry's installer.

    Raises NegativeAnswerError when no versions fit together, IncompleteError when an index cannot be read. Call
    ``command.reset_poetry()`` first when pyproject.toml was changed in this process.
    """
    application, io, poetry = command.get_application(), command.io, command.poetry
    PoetryKeyring.preflight_check(io, poetry.config)
    lock = LockCommand()
    lock.set_application(application)
    lock.set_env(EnvManager(poetry, io=io).create_venv())
    application.configure_installer_for_command(lock, io)
    hardware = read_config(aiops_table(poetry.pyproject.data)).hardware
    if hardware is not None:
        session = VariantSession(io, poetry, read_project(poetry.pyproject_path), hardware)
        use_variant_installer(lock, session)
    lock.installer.lock(update=False)
    try:
        return lock.installer.run()
    except SolverProblemError as error:
        raise NegativeAnswerError(
            "no versions fit together", details=tuple(str(error).splitlines())
        ) from error
    except PoetryRuntimeError as error:
        raise IncompleteError(
            "a package index could not be read", details=tuple(str(error).splitlines())
        ) from error
