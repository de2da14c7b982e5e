"""The rows of a health report: what each module found about a locked package, and who pulls the package in."""

from __future__ import annotations

from collections import deque
from types import MappingProxyType
from typing import TYPE_CHECKING

from poetry_aiops.health.report.model import PackageRow
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from poetry_aiops.health.advisory import Audit
    from poetry_aiops.health.currency import Currency
    from poetry_aiops.health.demands import Demands
    from poetry_aiops.health.maintenance import Maintenance
    from poetry_aiops.health.popularity import Popularity
    from poetry_aiops.health.signals import Signal
    from poetry_aiops.index.licences import Licence
    from poetry_aiops.project.model import Package, PackageKey


class RatedPackages(Record):
    """What the metrics rated, in any order; empty for what was not requested."""

    audit: Audit | None = None
    currency: Sequence[Currency] = ()
    maintenance: Sequence[Maintenance] = ()
    popularity: Sequence[Popularity] = ()
    signals: Sequence[Signal] = ()


def package_rows(
    packages: Sequence[Package],
    demands: Demands,
    rated: RatedPackages,
    licences: Mapping[PackageKey, Licence] = MappingProxyType({}),
) -> tuple[PackageRow, ...]:
    """Return one row for each locked package, in the given order."""
    chains = chains_to(packages, demands)
    audits = {one.key: one for one in (rated.audit.packages if rated.audit else ())}
    currency = {one.key: one for one in rated.currency}
    maintenance = {one.key: one for one in rated.maintenance}
    popularity = {one.key: one for one in rated.popularity}
    signals: dict[PackageKey, list[Signal]] = {}
    for signal in rated.signals:
        signals.setdefault(signal.key, []).append(signal)
    return tuple(
        PackageRow(
            package=package,
            direct=package.name in demands.direct,
            via=chains.get(package.name, ()),
            audit=audits.get(package.key),
            currency=currency.get(package.key),
            maintenance=maintenance.get(package.key),
            popularity=popularity.get(package.key),
            signals=tuple(signals.get(package.key, ())),
            licence=licences.get(package.key),
        )
        for package in packages
    )


def chains_to(packages: Sequence[Package], demands: Demands) -> Mapping[str, tuple[str, ...]]:
    """Return for each name a shortest chain of names that pulls it in, ``()`` for direct ones.

    Names that nothing leads to are missing. Among equals the alphabetically first chain wins.
    """
    children: dict[str, set[str]] = {}
    for package in packages:
        for demand in demands.on(package):
            if demand.kind == "package":
                children.setdefault(demand.holder.rpartition(" ")[0], set()).add(package.name)
    locked = {package.name for package in packages}
    chains: dict[str, tuple[str, ...]] = dict.fromkeys(sorted(demands.direct & locked), ())
    waiting = deque(chains)
    while waiting:
        name = waiting.popleft()
        for child in sorted(children.get(name, ())):
            if child not in chains:
                chains[child] = (*chains[name], name)
                waiting.append(child)
    return chains
