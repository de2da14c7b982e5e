"""Poetry's own commands in a project with hardware variants: prepared, refused, or verified."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from poetry.console.commands.installer_command import InstallerCommand

from poetry_aiops.errors import LockConflictError, NegativeAnswerError, UsageError
from poetry_aiops.locking.compatibility import check_poetry
from poetry_aiops.locking.declaration import (
    check_declaration,
    provided_directly,
    refuse_several_variants,
    variant_kind,
)
from poetry_aiops.locking.gate import LockGuard, locked_by, verify_locked, verify_project
from poetry_aiops.locking.installer import exchange_installer
from poetry_aiops.locking.model import placements_of
from poetry_aiops.locking.notes import (
    note_beyond,
    note_missing_provided,
    note_vanished_variants,
    note_what_sync_removes,
)
from poetry_aiops.locking.verify import Installed, Terms
from poetry_aiops.project.lockfile import read_lock
from poetry_aiops.project.pyproject import read_project
from poetry_aiops.project.targets import machines_for


if TYPE_CHECKING:
    from poetry.poetry import Poetry

    from poetry_aiops.cli.output import Output
    from poetry_aiops.config import HardwareConfig
    from poetry_aiops.locking.declaration import VariantKind
    from poetry_aiops.project.model import Lock, Project
    from poetry_aiops.project.targets import Target


_STALE = "pyproject.toml has changed since poetry.lock was written: run `poetry lock` first."
_LOCKING = frozenset({"add", "lock", "remove", "update"})
_PACKAGE_NAME = re.compile(r"^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?![:/A-Za-z0-9._+-])")


@dataclass(frozen=True, slots=True)
class PoetryCall:
    """A command of Poetry's, or one of ours built on it, and what its options select."""

    name: str
    command: object
    selected: Installed
    selects_all: bool = False
    """Every group or every extra is requested."""
    regenerates: bool = False
    """The lock is made anew, whatever the old one holds."""
    added: tuple[str, ...] = ()
    """What ``poetry add`` adds, as it was written, and the group for it."""
    added_to: str = "main"


@dataclass
class VariantSession:
    """One command in a project with variants, from its preparation to its end."""

    output: Output
    poetry: Poetry
    project: Project
    hardware: HardwareConfig
    selected: Installed = field(default_factory=lambda: Installed.of(()))
    """What the command's options select."""
    guard: LockGuard = field(init=False)

    def __post_init__(self) -> None:
        self.guard = LockGuard(self.poetry.locker)

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
    def terms(self) -> Terms:
        return Terms.of(self.project, self.hardware)

    @cached_property
    def targets(self) -> tuple[Target, ...]:
        return machines_for(self.poetry.package.python_versions)


def prepare(
    call: PoetryCall, output: Output, poetry: Poetry, hardware: HardwareConfig, *, verifies: bool
) -> VariantSession:
    """Make the command ready for the project's variants; raises errors of ours where it must not run.

    ``verifies``: the command takes a selection of packages out of poetry.lock, which is verified first.
    """
    project = read_project(poetry.pyproject_path)
    check_declaration(hardware, project)
    session = VariantSession(output, poetry, project, hardware, selected=call.selected)
    if not call.regenerates:
        _check_lock_is_readable(session)
    _refuse_second_variant(call, session)
    _refuse_provided_package(call, session)
    if call.name == "check" or verifies:
        _verify_before(call, session)
    if isinstance(call.command, InstallerCommand):
        note_what_sync_removes(call.command, session, call.selected.groups | call.selected.extras)
        use_variant_installer(call.command, session)
    return session


def finish(name: str, command: object, session: VariantSession) -> None:
    """After a successful command, make sure that its lock was verified, and say what else is worth knowing.

    Raises UsageError where poetry.lock was written past the verification, and other errors of ours for files that
    cannot be read.
    """
    if name in _LOCKING:
        session.guard.conclude()
    if name in {"install", "sync"} and isinstance(command, InstallerCommand):
        note_missing_provided(session, session.selected)
    elif name == "remove":
        note_vanished_variants(session)


def verify_lock(session: VariantSession) -> None:
    """Verify everything that can be installed from the lock; raises LockConflictError. No solve, no network."""
    lock = session.locked()
    verify_project(lock, session.project, session.hardware)
    if lock is not None and lock.has_groups and session.kind == "groups":
        note_beyond(session, placements_of(lock), session.terms)


# -- preparing ----------------------------------------------------------------------------------------


def _check_lock_is_readable(session: VariantSession) -> None:
    """Refuse a poetry.lock that cannot be parsed, with the line."""
    if not session.poetry.locker.is_locked():
        return
    try:
        session.poetry.locker.lock_data  # noqa: B018 - Poetry keeps what it parsed, so this costs nothing
    except RuntimeError:
        read_lock(session.poetry.locker.lock)


def _refuse_second_variant(call: PoetryCall, session: VariantSession) -> None:
    if call.name in {"lock", "show"}:
        return
    if call.name == "hw-install" and call.selects_all:
        return  # there it means all of them and the one variant that fits
    if session.kind == "extras":
        refuse_several_variants(session.variants, call.selected.extras, "--extras")
    else:
        refuse_several_variants(session.variants, call.selected.groups, "--with")


def _refuse_provided_package(call: PoetryCall, session: VariantSession) -> None:
    """Refuse `poetry add torch` into a shared group beside variants that provide torch."""
    if session.kind == "extras" or call.added_to in session.variants:
        return
    provided = provided_directly(session.hardware, session.project)
    for argument in call.added:
        match = _PACKAGE_NAME.match(argument)
        name = canonicalize_name(match[1]) if match else ""
        if name in provided:
            backends = {variant.group: variant.backend for variant in session.hardware.variants}
            chosen = ",".join(backends[holder] for holder in provided[name])
            change = "" if match is None or match[0] == argument else " --replace"
            raise UsageError(
                f"{name} is provided by the hardware variants {', '.join(provided[name])};"
                f" in the group {call.added_to} it would have to be the same build on every machine",
                where=f"poetry add {argument}",
                hint=f"To change the builds of the variants: `poetry hw-add {argument} --variants {chosen}{change}`.",
            )


def _verify_before(call: PoetryCall, session: VariantSession) -> None:
    """Verify what a command takes from the lock; for ``poetry check``, everything, and a fault is the answer no."""
    try:
        if call.name == "check":
            verify_lock(session)
        else:
            verify_locked(session.locked(), [call.selected], session.terms)
    except LockConflictError as error:
        hint = error.hint if session.poetry.locker.is_fresh() else _STALE
        kind = NegativeAnswerError if call.name == "check" else LockConflictError
        raise kind(error.what, details=error.details, hint=hint) from error


def use_variant_installer(command: InstallerCommand, session: VariantSession) -> None:
    """Give a command the installer that knows this project's variants; raises UsageError for a foreign Poetry."""
    if warning := check_poetry(command.installer, session.poetry.locker, session.poetry.file):
        session.output.warning(warning)
    exchange_installer(command, session)
