"""What happens around Poetry's own commands: a cheap look decides whether hardware variants concern them at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

from cleo.exceptions import CleoError
from poetry.console.commands.self.self_command import SelfCommand


if TYPE_CHECKING:
    from collections.abc import Mapping

    from cleo.events.console_command_event import ConsoleCommandEvent
    from cleo.events.console_error_event import ConsoleErrorEvent
    from cleo.events.console_terminate_event import ConsoleTerminateEvent
    from cleo.io.io import IO
    from poetry.poetry import Poetry

    from poetry_aiops.cli.output import Output
    from poetry_aiops.errors import AiopsError
    from poetry_aiops.locking.session import PoetryCall, VariantSession
    from poetry_aiops.locking.verify import Installed


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
    from poetry_aiops.errors import AiopsError

    try:
        session = _prepared(event, poetry, table)
    except AiopsError as error:
        if isinstance(event.command, TakesSession):
            event.command.use_session(error)
            return None
        _output(event.io).error(error)
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
    if event.exit_code != 0:
        return
    from poetry_aiops.errors import AiopsError, UsageError
    from poetry_aiops.locking.session import finish

    try:
        finish(event.command.name or "", event.command, session)
    except AiopsError as error:
        session.output.error(error)
        if isinstance(error, UsageError):
            event.set_exit_code(error.exit_code)


def propose(event: ConsoleErrorEvent) -> None:
    """After plain locking failed: show the table that would let the groups in conflict share one lock, if there is one."""
    poetry = poetry_of(event)
    if poetry is not None:
        from poetry_aiops.locking.ordinary import show_proposal

        show_proposal(_output(event.io, outlives=False), poetry)


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
    call = _call(event, poetry)
    return prepare(call, _output(event.io), poetry, hardware, verifies=call.name in ACTING)


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

        warn_of_doubles(_output(event.io, outlives=False), poetry, _selected(event, poetry))


def _output(io: IO, *, outlives: bool = True) -> Output:
    """Return what we write to beside one of Poetry's commands, which then survives a reader that goes away.

    Not with ``outlives=False``: in a project without variants a closed pipe is Poetry's own matter.
    """
    from poetry_aiops.cli.output import Output
    from poetry_aiops.cli.terminal import accept_every_sign, outlive_readers

    accept_every_sign(io)
    if outlives:
        outlive_readers(io)
    return Output(io)


def _call(event: ConsoleCommandEvent, poetry: Poetry) -> PoetryCall:
    from packaging.utils import canonicalize_name

    from poetry_aiops.locking.session import PoetryCall

    io, name = event.io, event.command.name or ""
    group = "dev" if _flag(io, "dev") else canonicalize_name(_option(io, "group") or "main")
    return PoetryCall(
        name,
        event.command,
        _selected(event, poetry),
        selects_all=_flag(io, "all-groups") or _flag(io, "all-extras"),
        regenerates=_flag(io, "regenerate"),
        added=tuple(io.input.argument("name")) if name == "add" else (),
        added_to=group,
    )


def _selected(event: ConsoleCommandEvent, poetry: Poetry) -> Installed:
    """Return the groups and extras that the options of a command of Poetry's select, as Poetry reads them."""
    from poetry_aiops.accelerators.groups import names_in_extras, names_in_groups
    from poetry_aiops.locking.verify import Installed

    io, package = event.io, poetry.package
    only, added, removed = (names_in_groups(_option(io, name) or []) for name in ("only", "with", "without"))
    if _flag(io, "all-groups"):
        added = frozenset(package.dependency_group_names(include_optional=True))
    defaults = frozenset(getattr(event.command, "default_groups", ()))
    groups = only or (defaults | added) - removed
    extras = (
        frozenset(package.extras) if _flag(io, "all-extras") else names_in_extras(_option(io, "extras") or [])
    )
    return Installed.of(frozenset() if _flag(io, "only-root") else groups, extras)


def _flag(io: IO, name: str) -> bool:
    return bool(_option(io, name))


def _option(io: IO, name: str) -> Any:  # noqa: ANN401 - a flag, a text or a list
    """Return what an option is given; None for one that the command does not have."""
    try:
        return io.input.option(name)
    except (CleoError, ValueError):
        return None


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
