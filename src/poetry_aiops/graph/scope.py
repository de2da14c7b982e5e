"""Which builds, dependency lines and demands of a lock belong to a scope: groups, extras, a machine.

With everything in scope the whole lock counts, as it stands. Else the project's demands are followed as an installer
does: optional lines only where an extra switches them on, and markers only where they hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.errors import InputError, UsageError
from poetry_aiops.graph.model import Scope
from poetry_aiops.project.checks import did_you_mean, normalised
from poetry_aiops.project.lock_graph import Reachable, lock_graph
from poetry_aiops.project.targets import extras_in, machines_for, marker_applies, platform_of
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from poetry_aiops.project.model import Lock, Package, Project, Requirement
    from poetry_aiops.project.model import LockedDependency as Line
    from poetry_aiops.project.targets import Target


class Selected(Record):
    """The part of a lock in scope: builds in lock order with their lines, and (group, requirement) pairs."""

    packages: tuple[tuple[Package, tuple[Line, ...]], ...]
    demands: tuple[tuple[str, Requirement], ...]


def scope_of(
    project: Project,
    *,
    only: Iterable[str] = (),
    without: Iterable[str] = (),
    extras: Iterable[str] | None = None,
    target: Target | None = None,
) -> Scope:
    """Return the scope that the options name: groups by any spelling, extras, and a machine.

    Groups that an asked group includes come along. Raises UsageError for a group or an extra that does not exist,
    for a choice that leaves no group, and InputError for a circle of includes.
    """
    kept = _groups(project, only, "--only") or tuple(project.groups)
    dropped = frozenset(_groups(project, without, "--without"))
    wanted = tuple(name for name in kept if name not in dropped)
    if not wanted:
        raise UsageError("no dependency group is left", where="--without", hint="Leave out fewer groups.")
    followed = dict.fromkeys(name for group in wanted for name in (group, *project.included(group)))
    everything = len(followed) == len(project.groups)
    return Scope(
        groups=None if everything else tuple(followed),
        extras=None if extras is None else _extras(project, extras),
        target=target,
    )


def select(project: Project, lock: Lock, scope: Scope) -> Selected:
    """Return what of the lock is in scope."""
    demands = tuple(_demands(project, scope))
    if scope.is_everything:
        return Selected(tuple((package, package.edges) for package in lock.packages), demands)
    machine = _MarkerMachines(scope.target, lock.python_versions)
    markers = {id(package): _markers(package, scope) for package in lock.packages}
    installed = [
        package
        for package in lock.packages
        if any(machine.holds(marker, scope.extras) for marker in markers[id(package)])
    ]

    def holds(package: Package, line: Line, extra: str) -> bool:
        return machine.holds(line.marker, (extra,)) and not machine.exclude_each_other(
            markers[id(package)], line.marker, (extra,)
        )

    graph = lock_graph(((one, one.edges) for one in installed), demands, lock.python_versions, holds)
    reached = Reachable(graph).reached
    followed = {id(line) for *_, lines in graph.out_edges(reached, "requirements") for line in lines}
    needed = {id(graph.nodes[node]["package"]) for node in reached if node.name}
    return Selected(
        tuple(
            (package, tuple(line for line in package.edges if id(line) in followed))
            for package in installed
            if id(package) in needed
        ),
        demands,
    )


def _markers(package: Package, scope: Scope) -> tuple[str, ...]:
    if package.groups is None:
        return package.marker_for(())
    return package.marker_for(package.groups if scope.groups is None else scope.groups)


def _groups(project: Project, names: Iterable[str], where: str) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(project.group(name).name for name in names))
    except InputError as error:
        raise UsageError(error.what, where=where, hint=error.hint) from None


def _extras(project: Project, names: Iterable[str]) -> tuple[str, ...]:
    wanted = dict.fromkeys(normalised(name) for name in names)
    for name in wanted:
        if name not in project.extras:
            known = (
                f"The extras are: {', '.join(project.extras)}."
                if project.extras
                else "The project declares none."
            )
            raise UsageError(
                f'there is no extra "{name[:120]}"',
                where="--extras",
                hint=did_you_mean(name, project.extras) or known,
            )
    return tuple(sorted(wanted))


def _demands(project: Project, scope: Scope) -> Iterable[tuple[str, Requirement]]:
    holds = _MarkerMachines(scope.target, project.python).holds
    for group in project.groups.values():
        if scope.groups is not None and group.name not in scope.groups:
            continue
        for requirement in group.requirements:
            asked = scope.extras is None or not requirement.optional
            asked = asked or bool(set(requirement.in_extras) & set(scope.extras or ()))
            if asked and holds(requirement.marker, scope.extras):
                yield group.name, requirement


class _MarkerMachines:
    """Where markers are asked: one machine, or any that the project's Python constraint allows."""

    def __init__(self, target: Target | None, python: str) -> None:
        self.target = target
        self.python = python

    def holds(self, marker: str, extras: Iterable[str] | None) -> bool:
        """Say whether a marker holds; ``extras`` are the active ones, None for all that it asks about."""
        if marker in {"", "*"}:
            return True
        active = None if extras is None else frozenset(extras)
        if self.target is not None:
            return marker_applies(marker, self.target, active)
        if not extras_in(marker):
            return marker != "<empty>"
        return any(marker_applies(marker, machine, active) for machine in machines_for(self.python))

    def exclude_each_other(self, one: Sequence[str], other: str, extras: Iterable[str]) -> bool:
        """Say whether no machine meets any marker of ``one`` together with ``other``, though some meet each alone.

        So a build for macOS does not bring what it needs on Linux. Markers that no known machine meets (PyPy, BSD)
        are given the benefit of the doubt.
        """
        if self.target is not None or other in {"", "*"} or not {"", "*"}.isdisjoint(one):
            return False
        active = frozenset(extras)
        machines = machines_for(self.python)
        first = {at for at in machines if any(marker_applies(text, at, None) for text in one)}
        second = {at for at in machines if marker_applies(other, at, active)}
        return bool(first) and bool(second) and first.isdisjoint(second)


def machine_for(python: str, platform: str, version: str | None = None) -> Target:
    """Return the machine to evaluate markers on: a platform such as ``linux-x86_64`` with one Python.

    ``python`` is the lock's constraint; ``version`` a minor such as ``3.12``, the newest that is allowed without it.
    Raises UsageError that lists what there is.
    """
    found = [one for one in machines_for(python) if platform_of(one.name) == platform]
    chosen = [one for one in found if version in {None, one.python}]
    if chosen:
        return chosen[-1]
    known = dict.fromkeys(platform_of(one.name) for one in machines_for(python))
    pythons = ", ".join(one.python for one in found)
    raise UsageError(
        f"the lock is not made for {platform[:80]}{f' with Python {version[:20]}' if version else ''}",
        where="--target",
        hint=f"It allows Python {pythons} there." if found else f"Known systems are {', '.join(known)}.",
    )
