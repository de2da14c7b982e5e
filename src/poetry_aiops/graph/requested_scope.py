"""Which part of the lock ``poetry graph`` covers: groups, extras, a machine and the variant that fits it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from poetry_aiops.accelerators.groups import names_in_extras, names_in_groups
from poetry_aiops.config import AUTO, read_config
from poetry_aiops.errors import NegativeAnswerError
from poetry_aiops.graph.scope import machine_for, scope_of
from poetry_aiops.locking.api import variant_kind
from poetry_aiops.project.pyproject import aiops_table
from poetry_aiops.project.targets import marker_applies, targets


if TYPE_CHECKING:
    from collections.abc import Mapping

    from poetry_aiops.accelerators.choice import Choice, VariantBuild
    from poetry_aiops.accelerators.host import Host
    from poetry_aiops.config import HardwareConfig
    from poetry_aiops.graph.model import Scope
    from poetry_aiops.graph.request import GraphRequest
    from poetry_aiops.project.model import Lock, Package, Project
    from poetry_aiops.project.targets import Target


@dataclass(frozen=True, slots=True)
class Look:
    """The part that is covered, the machine that ``--target`` describes, and what is worth saying about both."""

    scope: Scope
    host: Host | None = None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def look_of(request: GraphRequest, project: Project, lock: Lock, document: Mapping[str, object]) -> Look:
    """Return what the options name; raises UsageError for names and machines that there are not."""
    return _Looker(request, project, lock, document).look()


@dataclass(frozen=True, slots=True)
class _Looker:
    request: GraphRequest
    project: Project
    lock: Lock
    document: Mapping[str, object]

    def look(self) -> Look:
        request = self.request
        extras = names_in_extras(request.extras)
        only, without = names_in_groups(request.only), names_in_groups(request.without)
        spec = request.target
        if spec is None:
            return Look(self._scope(only, without, extras, None))
        host = _described(spec)
        machine = self._machine(host)
        chosen = self._chosen(spec, host, machine, without, only)
        if chosen is None:
            return Look(self._scope(only, without, extras, machine), host)
        hardware, choice = chosen
        others = frozenset(one.group for one in hardware.variants if one.group != choice.variant)
        if variant_kind(hardware, self.project) == "extras":
            extras = (extras or frozenset(self.project.extras)) - others
            scope = self._scope(only, without, extras, machine, narrowed=True)
        else:
            scope = self._scope(only, without | others, extras, machine)
        scope = replace(scope, variant=f"{choice.variant} ({choice.backend})" if choice.variant else "none")
        said = f"Hardware: {scope.variant}: {choice.reason}"
        left = f"; left out: {', '.join(sorted(others))}" if others else ""
        fell = (
            choice.warnings if host.accelerators else ()
        )  # without one, the CPU build is what was requested
        return Look(scope, host, (said + left,), fell)

    def _scope(
        self,
        only: frozenset[str],
        without: frozenset[str],
        extras: frozenset[str],
        machine: Target | None,
        *,
        narrowed: bool = False,
    ) -> Scope:
        return scope_of(
            self.project,
            only=sorted(only),
            without=sorted(without),
            extras=sorted(extras) if extras or narrowed else None,
            target=machine,
        )

    def _machine(self, host: Host) -> Target:
        python = ".".join(host.python.split(".")[:2]) if host.python else None
        return machine_for(self.lock.python_versions, f"{host.os}-{host.arch}", python)

    # -- the hardware variant ------------------------------------------------------------------------------

    def _chosen(
        self, spec: str, host: Host, machine: Target, without: frozenset[str], only: frozenset[str]
    ) -> tuple[HardwareConfig, Choice] | None:
        """Return the variants and the one that fits.

        None where the spec names no hardware, where no variant is declared, and where ``--only`` names one itself.
        """
        from poetry_aiops.accelerators.target import names_hardware

        hardware = read_config(aiops_table(self.document)).hardware if names_hardware(spec) else None
        if hardware is None or any(one.group in only for one in hardware.variants):
            return None
        return hardware, self._choice(hardware, host, machine, without)

    def _choice(
        self, hardware: HardwareConfig, host: Host, machine: Target, without: frozenset[str]
    ) -> Choice:
        from poetry_aiops.accelerators.catalogue import load_catalogue
        from poetry_aiops.accelerators.choice import Choice, ChoiceRequest, choose
        from poetry_aiops.accelerators.describe import device_in_words
        from poetry_aiops.accelerators.select import select
        from poetry_aiops.accelerators.selection import Constraint

        offers = self._offers(hardware, without)
        offered = tuple(dict.fromkeys(offer.backend for offer in offers))
        selection = select(
            host,
            load_catalogue(),
            Constraint(offered=offered, python=host.python and machine.python, mixed=hardware.mixed),
        )
        try:
            return choose(ChoiceRequest(AUTO), offers, selection, device_in_words(host))
        except NegativeAnswerError as error:
            reason = "no variant of this project fits that machine"
            return Choice(None, None, reason, warnings=("\n".join((error.what, *error.details)),))

    def _offers(self, hardware: HardwareConfig, without: frozenset[str]) -> tuple[VariantBuild, ...]:
        from poetry_aiops.accelerators.choice import VariantBuild

        torches = [package for package in self.lock.packages if package.name == "torch"]
        by_groups = variant_kind(hardware, self.project) == "groups"
        found = []
        for one in hardware.variants:
            if one.group not in without:
                held = (each.version for each in torches if self._holds(each, one.group, by_groups=by_groups))
                found.append(VariantBuild(one.group, one.backend, next(held, None)))
        return tuple(found)

    def _holds(self, package: Package, variant: str, *, by_groups: bool) -> bool:
        if by_groups:
            return variant in (package.groups or ())
        active = frozenset({variant})
        markers = package.marker_for(self.project.groups)
        return any(
            marker_applies(marker, one, active) for marker in markers for one in targets(lambda _: True)
        )


def _described(spec: str) -> Host:
    from poetry_aiops.accelerators.catalogue import load_catalogue
    from poetry_aiops.accelerators.target import parse_target

    return parse_target(spec, load_catalogue())
