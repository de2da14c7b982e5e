"""Which part of the lock ``poetry graph`` covers: groups, extras, a machine and the variant that fits it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from poetry_aiops.accelerators.groups import names_in_extras, names_in_groups
from poetry_aiops.config import AUTO, read_config
from poetry_aiops.errors import NegativeAnswerError
from poetry_aiops.graph.scope import machine_for, scope_of
from poetry_aiops.locking.api import variant_kind
from poetry_aiops.project.pyproject import aiops_table
from poetry_aiops.project.targets import marker_applies, targets
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Mapping

    from poetry_aiops.accelerators.choice import Choice
    from poetry_aiops.accelerators.host import Host
    from poetry_aiops.config import HardwareConfig
    from poetry_aiops.graph.model import Scope
    from poetry_aiops.graph.request import GraphRequest
    from poetry_aiops.project.model import Lock, Package, Project
    from poetry_aiops.project.targets import Target


class RequestedScope(Record):
    """The part that is covered, the machine that ``--target`` describes, and what is worth saying about both."""

    scope: Scope
    host: Host | None = None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def requested_scope(
    request: GraphRequest, project: Project, lock: Lock, document: Mapping[str, object]
) -> RequestedScope:
    """Return what the options name; raises UsageError for names and machines that there are not."""
    extras = names_in_extras(request.extras)
    only, without = names_in_groups(request.only), names_in_groups(request.without)
    scope_with = partial(scope_of, project, only=sorted(only))
    if request.target is None:
        return RequestedScope(scope_with(without=sorted(without), extras=sorted(extras) or None))
    host = _described(request.target)
    machine = machine_of(host, lock)
    hardware = _hardware(request.target, document, only)
    if hardware is None:
        scope = scope_with(without=sorted(without), extras=sorted(extras) or None, target=machine)
        return RequestedScope(scope, host)
    variants = _LockedVariants(hardware, project, lock)
    choice = variants.choice(host, machine, without)
    others = frozenset(one.group for one in hardware.variants if one.group != choice.variant)
    if variants.are_groups:
        scope = scope_with(without=sorted(without | others), extras=sorted(extras) or None, target=machine)
    else:
        left = (extras or frozenset(project.extras)) - others
        scope = scope_with(without=sorted(without), extras=sorted(left), target=machine)
    variant = f"{choice.variant} ({choice.backend})" if choice.variant else "none"
    left_out = f"; left out: {', '.join(sorted(others))}" if others else ""
    return RequestedScope(
        replace(scope, variant=variant),
        host,
        (f"Hardware: {variant}: {choice.reason}{left_out}",),
        choice.warnings if host.accelerators else (),  # without one, the CPU build is what was requested
    )


def machine_of(host: Host, lock: Lock) -> Target:
    """Return the machine to evaluate markers on that a host is; raises UsageError where the lock is not made for it."""
    python = ".".join(host.python.split(".")[:2]) if host.python else None
    return machine_for(lock.python_versions, f"{host.os}-{host.arch}", python)


def _described(spec: str) -> Host:
    from poetry_aiops.accelerators.catalogue import load_catalogue
    from poetry_aiops.accelerators.target import parse_target

    return parse_target(spec, load_catalogue())


def _hardware(spec: str, document: Mapping[str, object], only: frozenset[str]) -> HardwareConfig | None:
    """Return the variants to choose from; None where the spec names no hardware, and where ``--only`` names one itself."""
    from poetry_aiops.accelerators.target import names_hardware

    hardware = read_config(aiops_table(document)).hardware if names_hardware(spec) else None
    named = hardware is not None and any(one.group in only for one in hardware.variants)
    return None if named else hardware


class _LockedVariants(Record):
    """The hardware variants of a project, and the builds that are locked for them."""

    hardware: HardwareConfig
    project: Project
    lock: Lock

    @property
    def are_groups(self) -> bool:
        return variant_kind(self.hardware, self.project) != "extras"

    def choice(self, host: Host, machine: Target, without: frozenset[str]) -> Choice:
        """Return the variant that fits a machine; none, with the reasons as a warning, where no one does."""
        from poetry_aiops.accelerators.catalogue import load_catalogue
        from poetry_aiops.accelerators.choice import Choice, ChoiceRequest, VariantBuild, choose
        from poetry_aiops.accelerators.describe import device_in_words
        from poetry_aiops.accelerators.select import select
        from poetry_aiops.accelerators.selection import Constraint

        offers = tuple(
            VariantBuild(one.group, one.backend, self._torch_of(one.group))
            for one in self.hardware.variants
            if one.group not in without
        )
        offered = tuple(dict.fromkeys(offer.backend for offer in offers))
        constraint = Constraint(
            offered=offered, python=host.python and machine.python, mixed=self.hardware.mixed
        )
        selection = select(host, load_catalogue(), constraint)
        try:
            return choose(ChoiceRequest(AUTO), offers, selection, device_in_words(host))
        except NegativeAnswerError as error:
            reason = "no variant of this project fits that machine"
            return Choice(None, None, reason, warnings=("\n".join((error.what, *error.details)),))

    def _torch_of(self, variant: str) -> str | None:
        """Return the version of torch that is locked for a variant."""
        torches = (package for package in self.lock.packages if package.name == "torch")
        return next((one.version for one in torches if self._has(one, variant)), None)

    def _has(self, package: Package, variant: str) -> bool:
        if self.are_groups:
            return variant in (package.groups or ())
        markers = package.marker_for(self.project.groups)
        machines = targets(lambda _: True)
        return any(
            marker_applies(marker, one, frozenset({variant})) for marker in markers for one in machines
        )
