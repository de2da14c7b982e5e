"""Poetry's own commands in a project with hardware variants: prepared, refused, or verified."""

from __future__ import annotations

import re

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from typing import Any
from typing import Protocol
from typing import runtime_checkable

from cleo.exceptions import CleoError
from cleo.io.null_io import NullIO
from packaging.utils import canonicalize_name
from poetry.console.commands.installer_command import InstallerCommand
from poetry.core.constraints.version import Version

from poetry_aiops.adapters.solving.compatibility import check_poetry
from poetry_aiops.adapters.solving.installer import LockPlan
from poetry_aiops.adapters.solving.installer import exchange_installer
from poetry_aiops.config import read_config
from poetry_aiops.errors import AiopsError
from poetry_aiops.errors import LockConflictError
from poetry_aiops.errors import NegativeAnswerError
from poetry_aiops.errors import UsageError
from poetry_aiops.hardware.groups import names_in_extras
from poetry_aiops.hardware.groups import names_in_groups
from poetry_aiops.locking.declaration import check_declaration
from poetry_aiops.locking.declaration import provided_directly
from poetry_aiops.locking.declaration import variant_kind
from poetry_aiops.locking.model import placements_of
from poetry_aiops.locking.propose import propose
from poetry_aiops.locking.selection import refuse_several_variants
from poetry_aiops.locking.verify import check_extras
from poetry_aiops.locking.verify import check_merged
from poetry_aiops.project.lockfile import lock_from
from poetry_aiops.project.lockfile import read_lock
from poetry_aiops.project.pyproject import read_project
from poetry_aiops.project.targets import targets
from poetry_aiops.runs.locking.notes import announce_inference
from poetry_aiops.runs.locking.notes import lock_report
from poetry_aiops.runs.locking.notes import note_missing_provided
from poetry_aiops.runs.locking.notes import note_vanished_variants
from poetry_aiops.runs.locking.notes import note_what_sync_removes
from poetry_aiops.runs.terminal import accept_every_sign
from poetry_aiops.runs.terminal import outlive_readers
from poetry_aiops.runs.terminal import print_error
from poetry_aiops.runs.terminal import print_warning


if TYPE_CHECKING:
    from collections.abc import Mapping

    from cleo.events.console_command_event import ConsoleCommandEvent
    from cleo.events.console_terminate_event import ConsoleTerminateEvent
    from cleo.io.io import IO
    from poetry.poetry import Poetry

    from poetry_aiops.config import HardwareConfig
    from poetry_aiops.locking.declaration import VariantKind
    from poetry_aiops.project.model import Lock
    from poetry_aiops.project.model import Project
    from poetry_aiops.project.targets import Target


_SOLVING = frozenset({"add", "hw-install", "install", "lock", "remove", "sync", "update"})
_PACKAGE_NAME = re.compile(r"^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?![:/A-Za-z0-9._+-])")


@runtime_checkable
class TakesSession(Protocol):
    """A command of ours that works on the project's variants itself, and tells its own errors."""

    def use_session(self, session: VariantSession | AiopsError | None) -> None:
        """Take the variants, or the error that reading them gave."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A command that was told no before it began."""

    exit_code: int


@dataclass
class VariantSession:
    """One command in a project with variants, from its preparation to its end."""

    io: IO
    poetry: Poetry
    project: Project
    hardware: HardwareConfig
    inferred: bool = False

    @cached_property
    def kind(self) -> VariantKind:
        return variant_kind(self.hardware, self.project)

    @property
    def variants(self) -> tuple[str, ...]:
        return tuple(variant.group for variant in self.hardware.variants)

    @property
    def base_groups(self) -> frozenset[str]:
        return frozenset(self.project.groups) - frozenset(self.variants)

    def locked(self) -> Lock | None:
        """Return the lock as it lies there now, None without one; raises InputError with the line that is wrong.

        Poetry keeps what it parsed until it writes the lock, so the file is not parsed a second time.
        """
        locker = self.poetry.locker
        if not locker.is_locked():
            return None
        try:
            return lock_from(locker.lock_data, locker.lock)
        except RuntimeError:
            return read_lock(locker.lock)

    @cached_property
    def targets(self) -> tuple[Target, ...]:
        constraint = self.poetry.package.python_constraint
        return targets(lambda python: constraint.allows(Version.parse(python)))


def prepare(
    event: ConsoleCommandEvent, poetry: Poetry, table: Mapping[str, object] | None
) -> VariantSession | Refusal | None:
    """Read the declaration and make the command ready for it, or refuse the command in words."""
    accept_every_sign(event.io)
    try:
        session = _session(event, poetry, table)
        if session is not None and not session.inferred:
            outlive_readers(event.io)  # elsewhere a closed pipe is Poetry's own matter
        if session is not None:
            _check_lock_is_readable(event, session)
            _refuse_second_variant(event, session)
            _refuse_provided_package(event, session)
            _verify_checked_lock(event, session)
            _exchange_solver(event, session)
    except AiopsError as error:
        if isinstance(event.command, TakesSession):
            event.command.use_session(error)
            return None
        outlive_readers(event.io)
        print_error(event.io, error)
        event.disable_command()
        return Refusal(error.exit_code)
    if isinstance(event.command, TakesSession):
        event.command.use_session(session)
    return session


def finish(event: ConsoleTerminateEvent, session: VariantSession | Refusal) -> None:
    """Set the exit code of a refused command; after a successful one, say what else is worth knowing."""
    if isinstance(session, Refusal):
        event.set_exit_code(session.exit_code)
    elif event.exit_code == 0:
        try:
            _after_success(event, session)
        except AiopsError as error:
            print_error(event.io, error)


def _after_success(event: ConsoleTerminateEvent, session: VariantSession) -> None:
    name = event.command.name
    if name in {"install", "sync"} and isinstance(event.command, InstallerCommand):
        note_missing_provided(session, frozenset(event.command.activated_groups))
    elif name == "remove":
        note_vanished_variants(session)


def verify_lock(session: VariantSession) -> None:
    """Run rule 2 on the lock as it lies there; raises LockConflictError. No solve, no network."""
    lock = session.locked()
    if lock is None:
        return
    placements = placements_of(lock)
    if session.kind == "extras":
        check_extras(placements, session.variants, frozenset(session.project.groups), session.targets)
    else:
        check_merged(placements, session.variants, session.base_groups, session.targets)


# -- preparing ----------------------------------------------------------------------------------------


def _session(
    event: ConsoleCommandEvent, poetry: Poetry, table: Mapping[str, object] | None
) -> VariantSession | None:
    """Return the session for declared variants, or for inferred ones where the command may solve."""
    hardware = read_config(table or {}).hardware
    if hardware is None and event.command.name not in _SOLVING:
        return None
    project = read_project(poetry.pyproject_path)
    if hardware is not None:
        check_declaration(hardware, project)
        return VariantSession(event.io, poetry, project, hardware)
    proposal = propose(project)
    return VariantSession(event.io, poetry, project, proposal, inferred=True) if proposal else None


def _check_lock_is_readable(event: ConsoleCommandEvent, session: VariantSession) -> None:
    """Refuse a poetry.lock that cannot be parsed, with the line; `lock --regenerate` does not read it."""
    if session.inferred or not session.poetry.locker.is_locked() or _flag(event.io, "regenerate"):
        return
    try:
        session.poetry.locker.lock_data  # noqa: B018 - Poetry keeps what it parsed, so this costs nothing
    except RuntimeError:
        read_lock(session.poetry.locker.lock)


def _refuse_second_variant(event: ConsoleCommandEvent, session: VariantSession) -> None:
    if session.inferred or event.command.name in {"lock", "show"}:
        return
    if event.command.name == "hw-install" and (
        _flag(event.io, "all-groups") or _flag(event.io, "all-extras")
    ):
        return  # there it means all of them and the one variant that fits
    if session.kind == "extras":
        asked = (
            set(session.project.extras)
            if _flag(event.io, "all-extras")
            else names_in_extras(_option(event.io, "extras"))
        )
        refuse_several_variants(session.variants, asked, "--extras")
    else:
        refuse_several_variants(session.variants, _asked_groups(event.io, session), "--with")


def _refuse_provided_package(event: ConsoleCommandEvent, session: VariantSession) -> None:
    """Refuse `poetry add torch` into a shared group beside variants that provide torch."""
    if event.command.name != "add" or session.inferred or session.kind == "extras":
        return
    group = "dev" if _flag(event.io, "dev") else canonicalize_name(event.io.input.option("group") or "main")
    if group in session.variants:
        return
    provided = provided_directly(session.hardware, session.project)
    for argument in event.io.input.argument("name"):
        match = _PACKAGE_NAME.match(argument)
        name = canonicalize_name(match[1]) if match else ""
        if name in provided:
            backends = {variant.group: variant.backend for variant in session.hardware.variants}
            chosen = ",".join(backends[holder] for holder in provided[name])
            change = "" if match is None or match[0] == argument else " --replace"
            raise UsageError(
                f"{name} is provided by the hardware variants {', '.join(provided[name])};"
                f" in the group {group} it would have to be the same build on every machine",
                where=f"poetry add {argument}",
                hint=f"To change the builds of the variants: `poetry hw-add {argument} --variants {chosen}{change}`.",
            )


def _verify_checked_lock(event: ConsoleCommandEvent, session: VariantSession) -> None:
    """For ``poetry check``: a lock that doubles a package is the answer no, before Poetry says "All set!"."""
    if event.command.name != "check":
        return
    try:
        verify_lock(session)
    except LockConflictError as error:
        raise NegativeAnswerError(error.what, details=error.details, hint=error.hint) from error


def _exchange_solver(event: ConsoleCommandEvent, session: VariantSession) -> None:
    command = event.command
    if not isinstance(command, InstallerCommand):
        return
    note_what_sync_removes(
        command, session, _asked_groups(event.io, session) | names_in_extras(_option(event.io, "extras"))
    )
    use_variant_installer(command, session)


def use_variant_installer(command: InstallerCommand, session: VariantSession) -> None:
    """Give a command the installer that knows this project's variants; raises UsageError for a foreign Poetry."""
    if warning := check_poetry():
        print_warning(session.io, warning)
    plan = LockPlan(
        variants=session.variants,
        provides=session.hardware.provides,
        targets=session.targets,
        quiet_io=NullIO(),
        report=lambda agreement, solution: lock_report(session, agreement, solution),
        fail=lambda error: print_error(session.io, error),
        on_trial=session.inferred,
        extras=session.kind == "extras",
        announce_inference=lambda: announce_inference(session),
    )
    exchange_installer(command, session.io, plan)


# -- reading the input of a command of Poetry's --------------------------------------------------------


def _flag(io: IO, name: str) -> bool:
    try:
        return bool(io.input.option(name))
    except (CleoError, ValueError):
        return False


def _asked_groups(io: IO, session: VariantSession) -> set[str]:
    """Return the groups that ``--with``, ``--only`` and ``--all-groups`` name; an update alone names none."""
    if _flag(io, "all-groups"):
        return set(session.project.groups)
    only, added, removed = (names_in_groups(_option(io, name)) for name in ("only", "with", "without"))
    return set(only or added - removed)


def _option(io: IO, name: str) -> list[str]:
    try:
        given: Any = io.input.option(name)
    except (CleoError, ValueError):
        return []
    return list(given or ())
