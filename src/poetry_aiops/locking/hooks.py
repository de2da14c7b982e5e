"""What happens around Poetry's own commands: a cheap look decides whether hardware variants concern them at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

from poetry.console.commands.self.self_command import SelfCommand


if TYPE_CHECKING:
    from collections.abc import Mapping

    from cleo.events.console_command_event import ConsoleCommandEvent
    from cleo.events.console_error_event import ConsoleErrorEvent
    from cleo.events.console_terminate_event import ConsoleTerminateEvent
    from poetry.poetry import Poetry

    from poetry_aiops.errors import AiopsError
    from poetry_aiops.locking.session import VariantSession


ACTING: Final = frozenset({"export", "install", "sync"})
"""Poetry's commands that take a selection of packages out of poetry.lock."""


@runtime_checkable
class TakesSession(Protocol):
    """A command of ours that works on the project's variants itself, and reports its own errors."""

    def use_session(self, session: VariantSession | AiopsError | None) -> None:
        """Take the variants, or the error that reading them gave."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A command that does not run, with its exit code."""

    exit_code: int


def before(event: ConsoleCommandEvent) -> VariantSession | Refusal | None:
    """Prepare a command for the project's variants; None when they do not concern it."""
    poetry = poetry_of(event)
    if poetry is None:
        return None
    table = _table(poetry)
    if table is None:
        _warn_of_doubles(event, poetry)
        return None
    from poetry_aiops.cli.output import Output
    from poetry_aiops.cli.terminal import outlive_readers
    from poetry_aiops.errors import AiopsError

    try:
        session = _prepared(event, poetry, table)
    except AiopsError as error:
        if isinstance(event.command, TakesSession):
            event.command.use_session(error)
            return None
        outlive_readers(event.io)
        Output(event.io).error(error)
        event.disable_command()
        return Refusal(error.exit_code)
    if isinstance(event.command, TakesSession):
        event.command.use_session(session)
    return session


def after(event: ConsoleTerminateEvent, session: VariantSession | Refusal) -> None:
    """Finish what ``before`` began: set the exit code of a refused command, or add what is worth knowing."""
    if isinstance(session, Refusal):
        event.set_exit_code(session.exit_code)
        return
    from poetry_aiops.locking.session import finish

    finish(event, session)


def propose(event: ConsoleErrorEvent) -> None:
    """After plain locking failed: show the table that would let the groups in conflict share one lock, if there is one."""
    poetry = poetry_of(event)
    if poetry is not None:
        from poetry_aiops.locking.ordinary import show_proposal

        show_proposal(event.io, poetry)


def _prepared(
    event: ConsoleCommandEvent, poetry: Poetry, table: Mapping[str, object]
) -> VariantSession | None:
    from poetry_aiops.config import read_config

    hardware = read_config(table).hardware
    if hardware is None:
        _warn_of_doubles(event, poetry)
        return None
    try:
        from poetry_aiops.locking.session import prepare
    except ImportError as error:
        from poetry_aiops.cli.known_poetry import foreign_poetry

        raise foreign_poetry(str(error)) from error
    return prepare(event, poetry, hardware, verifies=event.command.name in ACTING)


def _warn_of_doubles(event: ConsoleCommandEvent, poetry: Poetry) -> None:
    """Look closer only where a command installs or exports from a lock that has one name twice."""
    if event.command.name not in ACTING or not poetry.locker.is_locked():
        return
    try:
        names = [package["name"] for package in poetry.locker.lock_data["package"]]
    except (RuntimeError, LookupError, TypeError, OSError):
        return  # what is wrong with its lock, Poetry says itself
    if len(set(names)) < len(names):
        from poetry_aiops.locking.ordinary import warn_of_doubles

        warn_of_doubles(event, poetry)


def poetry_of(event: ConsoleCommandEvent | ConsoleErrorEvent | ConsoleTerminateEvent) -> Poetry | None:
    """Return the project of the command; None where there is none or it is broken: the command says so."""
    command: Any = event.command
    if isinstance(command, SelfCommand):
        return None
    try:
        poetry: Poetry = command.poetry
    except (RuntimeError, ValueError):
        return None
    return poetry


def _table(poetry: Poetry) -> Mapping[str, object] | None:
    table: Mapping[str, object] | None = poetry.pyproject.data.get("tool", {}).get("poetry-aiops")
    return table
