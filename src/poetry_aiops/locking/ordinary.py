"""What the plugin does in a project without variants: a warning, a proposal, and nothing else.

Nothing here imports Poetry's private parts, so that no other Poetry can break these projects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cleo.exceptions import CleoError

from poetry_aiops.accelerators.groups import names_in_extras, names_in_groups
from poetry_aiops.cli.output import Output
from poetry_aiops.cli.terminal import accept_every_sign
from poetry_aiops.errors import AiopsError, LockConflictError
from poetry_aiops.locking.gate import locked_by, verify_locked
from poetry_aiops.locking.propose import as_toml, propose
from poetry_aiops.locking.verify import Installed
from poetry_aiops.project.pyproject import read_project


if TYPE_CHECKING:
    from cleo.events.console_command_event import ConsoleCommandEvent
    from cleo.io.io import IO
    from poetry.poetry import Poetry


def warn_of_doubles(event: ConsoleCommandEvent, poetry: Poetry) -> None:
    """Warn where a command of Poetry's would take two builds of one package out of the lock of a project without variants."""
    accept_every_sign(event.io)
    try:
        verify_locked(locked_by(poetry.locker), [asked_of(event, poetry)])
    except LockConflictError as error:
        Output(event.io).warning("\n".join(error.lines()))
    except AiopsError:
        return  # what is wrong with its lock, Poetry says itself


def show_proposal(io: IO, poetry: Poetry) -> None:
    """Print the table that lets groups which plain Poetry cannot lock together share one lock; nothing is changed."""
    try:
        hardware = propose(read_project(poetry.pyproject_path))
    except AiopsError:
        return  # what is wrong with it, Poetry says itself
    if hardware is not None:
        accept_every_sign(io)
        output = Output(io)
        output.warning(
            "Poetry cannot lock these groups together. Where they are builds for different hardware, this table in"
            " pyproject.toml lets them share one poetry.lock; `poetry hw-add --from-groups` writes it and locks:",
        )
        output.remark(as_toml(hardware))


def flag(io: IO, name: str) -> bool:
    try:
        return bool(io.input.option(name))
    except (CleoError, ValueError):
        return False


def asked_of(event: ConsoleCommandEvent, poetry: Poetry) -> Installed:
    """Return the groups and extras that the options of a command of Poetry's select, as Poetry reads them."""
    io, package = event.io, poetry.package
    only, added, removed = (names_in_groups(option(io, name)) for name in ("only", "with", "without"))
    if flag(io, "all-groups"):
        added = frozenset(package.dependency_group_names(include_optional=True))
    defaults = frozenset(getattr(event.command, "default_groups", ()))
    groups = only or (defaults | added) - removed
    extras = frozenset(package.extras) if flag(io, "all-extras") else names_in_extras(option(io, "extras"))
    return Installed.of(frozenset() if flag(io, "only-root") else groups, extras)


def option(io: IO, name: str) -> list[str]:
    try:
        given: Any = io.input.option(name)
    except (CleoError, ValueError):
        return []
    return list(given or ())
