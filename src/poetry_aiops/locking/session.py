"""Poetry's own commands in a project with hardware variants: prepared, refused, or verified."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cleo.io.null_io import NullIO
from packaging.utils import canonicalize_name
from poetry.console.commands.installer_command import InstallerCommand

from poetry_aiops.cli.output import Output
from poetry_aiops.cli.terminal import accept_every_sign, outlive_readers
from poetry_aiops.errors import AiopsError, LockConflictError, NegativeAnswerError, UsageError
from poetry_aiops.locking.compatibility import check_poetry
from poetry_aiops.locking.declaration import check_declaration, provided_directly, variant_kind
from poetry_aiops.locking.gate import LockGuard, locked_by, machines_for, verify_locked
from poetry_aiops.locking.installer import LockPlan, exchange_installer
from poetry_aiops.locking.notes import (
    lock_report,
    note_missing_provided,
    note_vanished_variants,
    note_what_sync_removes,
)
from poetry_aiops.locking.ordinary import asked_of, flag
from poetry_aiops.locking.selection import refuse_several_variants
from poetry_aiops.locking.verify import every_extra, every_installation
from poetry_aiops.project.lockfile import read_lock
from poetry_aiops.project.pyproject import read_project


if TYPE_CHECKING:
    from cleo.events.console_command_event import ConsoleCommandEvent
    from cleo.events.console_terminate_event import ConsoleTerminateEvent
    from cleo.io.io import IO
    from poetry.poetry import Poetry

    from poetry_aiops.config import HardwareConfig
    from poetry_aiops.locking.declaration import VariantKind
    from poetry_aiops.locking.verify import Installed
    from poetry_aiops.project.model import Lock, Project
    from poetry_aiops.project.targets import Target


_LOCKING = frozenset({"add", "lock", "remove", "update"})
_PACKAGE_NAME = re.compile(r"^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?![:/A-Za-z0-9._+-])")


@dataclass
class VariantSession:
    """One command in a project with variants, from its preparation to its end."""

    io: IO
    poetry: Poetry
    project: Project
    hardware: HardwareConfig
    guard: LockGuard | None = None

    @property
    def output(self) -> Output:
        return Output(self.io)

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
        """Return the lock as it is now, None without one; raises InputError with the line that is wrong."""
        return locked_by(self.poetry.locker)

    @cached_property
    def targets(self) -> tuple[Target, ...]:
        return machines_for(self.poetry.package.python_versions)


def prepare(
    event: ConsoleCommandEvent, poetry: Poetry, hardware: HardwareConfig, *, verifies: bool
) -> VariantSession:
    """Make the command ready for the project's variants; raises errors of ours where it must not run.

    ``verifies``: the command takes a selection of packages out of poetry.lock, which is verified first.
    """
    accept_every_sign(event.io)
    outlive_readers(event.io)  # elsewhere a closed pipe is Poetry's own matter
    project = read_project(poetry.pyproject_path)
    check_declaration(hardware, project)
    session = VariantSession(event.io, poetry, project, hardware)
    asked = asked_of(event, poetry)
    _check_lock_is_readable(event, session)
    _refuse_second_variant(event, session, asked)
    _refuse_provided_package(event, session)
    _verify_checked_lock(event, session)
    if verifies:
        verify_locked(session.locked(), [asked])
    _exchange_solver(event, session, asked)
    return session


def finish(event: ConsoleTerminateEvent, session: VariantSession) -> None:
    """After a successful command, make sure that its lock was verified, and say what else is worth knowing."""
    if event.exit_code != 0:
        return
    try:
        if session.guard is not None and event.command.name in _LOCKING:
            session.guard.conclude()
        _after_success(event, session)
    except UsageError as error:
        Output(event.io).error(error)
        event.set_exit_code(error.exit_code)
    except AiopsError as error:
        Output(event.io).error(error)


def _after_success(event: ConsoleTerminateEvent, session: VariantSession) -> None:
    name = event.command.name
    if name in {"install", "sync"} and isinstance(event.command, InstallerCommand):
        note_missing_provided(session, frozenset(event.command.activated_groups))
    elif name == "remove":
        note_vanished_variants(session)


def verify_lock(session: VariantSession) -> None:
    """Verify everything that can be installed from the lock; raises LockConflictError. No solve, no network."""
    every = (
        every_extra(session.variants, frozenset(session.project.groups))
        if session.kind == "extras"
        else every_installation(session.variants, session.base_groups)
    )
    verify_locked(session.locked(), every)


# -- preparing ----------------------------------------------------------------------------------------


def _check_lock_is_readable(event: ConsoleCommandEvent, session: VariantSession) -> None:
    """Refuse a poetry.lock that cannot be parsed, with the line; `lock --regenerate` does not read it."""
    if not session.poetry.locker.is_locked() or flag(event.io, "regenerate"):
        return
    try:
        session.poetry.locker.lock_data  # noqa: B018 - Poetry keeps what it parsed, so this costs nothing
    except RuntimeError:
        read_lock(session.poetry.locker.lock)


def _refuse_second_variant(event: ConsoleCommandEvent, session: VariantSession, asked: Installed) -> None:
    if event.command.name in {"lock", "show"}:
        return
    if event.command.name == "hw-install" and (flag(event.io, "all-groups") or flag(event.io, "all-extras")):
        return  # there it means all of them and the one variant that fits
    if session.kind == "extras":
        refuse_several_variants(session.variants, asked.extras, "--extras")
    else:
        refuse_several_variants(session.variants, asked.groups, "--with")


def _refuse_provided_package(event: ConsoleCommandEvent, session: VariantSession) -> None:
    """Refuse `poetry add torch` into a shared group beside variants that provide torch."""
    if event.command.name != "add" or session.kind == "extras":
        return
    group = "dev" if flag(event.io, "dev") else canonicalize_name(event.io.input.option("group") or "main")
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


def _exchange_solver(event: ConsoleCommandEvent, session: VariantSession, asked: Installed) -> None:
    command = event.command
    if isinstance(command, InstallerCommand):
        note_what_sync_removes(command, session, asked.groups | asked.extras)
        use_variant_installer(command, session)


def use_variant_installer(command: InstallerCommand, session: VariantSession) -> None:
    """Give a command the installer that knows this project's variants; raises UsageError for a foreign Poetry."""
    quiet = NullIO()
    if warning := check_poetry(quiet, command.installer, session.poetry.locker, session.poetry.file):
        session.output.warning(warning)
    session.guard = LockGuard(session.poetry.locker)
    plan = LockPlan(
        variants=session.variants,
        provides=session.hardware.provides,
        targets=session.targets,
        quiet_io=quiet,
        report=lambda agreement, solution: lock_report(session, agreement, solution),
        fail=session.output.error,
        guard=session.guard,
        extras=session.kind == "extras",
    )
    exchange_installer(command, session.io, plan)
