"""The gate around Poetry's own commands: a cheap look decides whether hardware variants concern them at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from poetry.console.commands.self.self_command import SelfCommand


if TYPE_CHECKING:
    from collections.abc import Mapping

    from cleo.events.console_command_event import ConsoleCommandEvent
    from cleo.events.console_terminate_event import ConsoleTerminateEvent
    from poetry.core.packages.project_package import ProjectPackage
    from poetry.poetry import Poetry

    from poetry_aiops.locking.session import Refusal, VariantSession


def before(event: ConsoleCommandEvent) -> VariantSession | Refusal | None:
    """Prepare a command for the project's variants; None when they do not concern it."""
    poetry = _poetry(event)
    if poetry is None:
        return None
    table = _table(poetry)
    if table is None and not _may_hold_alternatives(poetry.package):
        return None
    from poetry_aiops.locking.session import prepare

    return prepare(event, poetry, table)


def after(event: ConsoleTerminateEvent, session: VariantSession | Refusal) -> None:
    """Finish what ``before`` began: set the exit code of a refused command, or add what is worth knowing."""
    from poetry_aiops.locking.session import finish

    finish(event, session)


def _poetry(event: ConsoleCommandEvent | ConsoleTerminateEvent) -> Poetry | None:
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


def _may_hold_alternatives(package: ProjectPackage) -> bool:
    every = package.dependency_group_names(include_optional=True)
    return len(every) - len(package.dependency_group_names()) > 1 or len(package.extras) > 1


def keep_in_step(event: ConsoleTerminateEvent) -> None:
    """After a command that locked, write the exported files anew where the project asks for it (``auto``).

    Silent when nothing changes; whatever goes wrong is a warning, for the command itself was done.
    """
    poetry = _poetry(event)
    if poetry is None or event.exit_code != 0:
        return
    from poetry_aiops.export.settings import wants_auto

    if not wants_auto(_table(poetry)):
        return
    from poetry_aiops.export.sync_cache import is_remembered

    if not is_remembered(poetry):
        from poetry_aiops.export.automatic import keep_files_in_step

        keep_files_in_step(event.io, poetry)
