"""A lock as a graph, and what its analyses answer, as frozen values.

A node is a package name: several locked versions of one name are one node with several builds. Names of packages,
groups and extras are in their canonical form (PEP 503), so they also serve as ids. The project itself, the root, is
no node: what it requires are the graph's demands. Every tuple of names is sorted unless its comment says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from poetry_aiops.errors import UsageError
from poetry_aiops.project.checks import did_you_mean, normalised
from poetry_aiops.project.lock_graph import PROJECT, Reachable, by_name
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Mapping

    import networkx as nx  # type: ignore[import-untyped]

    from poetry_aiops.project.lock_graph import LockNode as LinkNode
    from poetry_aiops.project.targets import Target


CycleKind = Literal["hard", "extra", "marker"]
ChangeKind = Literal["downgrade", "major", "upgrade", "build"]

THE_PROJECT: Final = "the project"
"""How reports call the root."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which part of the lock is covered; None means all.

    ``groups`` and ``extras`` are the project's. ``target`` is the machine on which every marker must hold.
    ``variant`` is the hardware variant that was taken for it, the others are left out; empty when none was chosen.
    """

    groups: tuple[str, ...] | None = None
    extras: tuple[str, ...] | None = None
    target: Target | None = None
    variant: str = ""

    @property
    def is_everything(self) -> bool:
        return self.groups is None and self.extras is None and self.target is None


@dataclass(frozen=True, slots=True)
class NodeBuild:
    """One locked build of a name.

    ``source`` is empty for the default index, else the name of a package source or an address without credentials.
    ``groups`` is empty for lock formats before 2.1; ``markers`` holds the groups whose marker is not empty.
    """

    version: str
    source: str = ""
    groups: tuple[str, ...] = ()
    markers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    python_versions: str = "*"

    def __str__(self) -> str:
        return f"{self.version} from {self.source}" if self.source else self.version


class Node(Record):
    """A package name of the lock; ``id`` is the canonical name, ``name`` the lock's spelling.

    ``builds`` are in lock order. ``groups`` are the project's groups that bring it: as locked since format 2.1,
    else by what each group reaches. ``direct`` says that the project itself requires it, ``optional`` that the lock
    installs every build of it only on request, ``reached`` that the project needs it at all.
    """

    id: str
    name: str
    builds: tuple[NodeBuild, ...]
    groups: tuple[str, ...] = ()
    direct: bool = False
    optional: bool = False
    reached: bool = True
    description: str = ""

    @property
    def versions(self) -> tuple[str, ...]:
        """The distinct locked versions, in lock order."""
        return tuple(dict.fromkeys(build.version for build in self.builds))


class DependencyEntry(Record):
    """One line of a build's dependency table: ``version`` is the build's that asks, ``asks`` the wanted extras.

    ``extras`` are the asking package's own extras that switch the line on; it is then ``optional``.
    """

    version: str
    constraint: str
    marker: str = ""
    asks: tuple[str, ...] = ()
    optional: bool = False
    extras: tuple[str, ...] = ()


class Edge(Record):
    """A dependency between two names of the graph, all its lines taken together.

    ``hard``: at least one line is not optional. ``extras`` are the source's extras that switch an edge on that is
    not hard, ``asks`` the target's extras that it wants. ``marker`` is empty when the edge holds on every machine.
    """

    source: str
    target: str
    hard: bool = True
    extras: tuple[str, ...] = ()
    marker: str = ""
    constraint: str = "*"
    asks: tuple[str, ...] = ()
    entries: tuple[DependencyEntry, ...] = ()


class ProjectDemand(Record):
    """What the project requires in one group; ``in_extras`` are the project's extras that it belongs to.

    ``locked`` says that the lock knows the name.
    """

    name: str
    pretty_name: str
    group: str
    constraint: str = "*"
    marker: str = ""
    asks: tuple[str, ...] = ()
    in_extras: tuple[str, ...] = ()
    optional: bool = False
    locked: bool = True


@dataclass(frozen=True)
class DependencyGraph:
    """The graph of a lock, or of the part of it that ``scope`` names.

    ``links`` is the lock's own graph, whose nodes are builds and their extras (``project.lock_graph``): what is needed
    and what goes is decided there. The rest is the same by name, for reports: ``nodes`` are sorted by id, ``edges``
    by source and target; edges from a name to itself are in ``self_loops``. ``demands`` are in the order of
    pyproject.toml. ``dangling`` are names that a locked package needs and the lock does not hold, ``passed_over``
    those that pyproject.toml declares in a table that Poetry does not read, ``outside`` the locked names that are
    not in scope. ``lock_version`` is the lock's format, None for the first one. ``python`` is the constraint that
    the lock was made for.
    """

    project: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    demands: tuple[ProjectDemand, ...]
    links: nx.DiGraph = field(compare=False, repr=False)
    self_loops: tuple[str, ...] = ()
    dangling: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    lock_version: str | None = "2.1"
    python: str = "*"
    scope: Scope = field(default_factory=Scope)

    @property
    def direct(self) -> tuple[str, ...]:
        """The names that the project itself requires."""
        return tuple(node.id for node in self.nodes if node.direct)

    @cached_property
    def by_id(self) -> Mapping[str, Node]:
        """The nodes by their ids."""
        return {node.id: node for node in self.nodes}

    def demand_nodes(self) -> list[tuple[ProjectDemand, LinkNode]]:
        """Return each demand with its node of ``links``."""
        nodes: dict[tuple[str, str], list[LinkNode]] = {}
        for node in self.links[PROJECT]:
            nodes.setdefault((node.extra, self.links.nodes[node]["demand"].name), []).append(node)
        return [(demand, nodes[demand.group, demand.name].pop(0)) for demand in self.demands]

    @cached_property
    def names(self) -> nx.DiGraph:
        """The graph of the nodes' names, ``""`` being the project."""
        return by_name(self.links, self.by_id)

    @cached_property
    def reach(self) -> Reachable:
        """What the project reaches in the whole lock, extras and builds apart."""
        return Reachable(self.links)

    def find(self, name: str, where: str) -> str:
        """Return a package's id by any spelling of its name, also where it is locked but not in scope.

        Raises UsageError for a name that the lock does not hold.
        """
        for spelling in (normalised(name), name):
            if spelling in self.by_id or spelling in self.outside:
                return spelling
        unlocked = {*self.passed_over, *(demand.name for demand in self.demands if not demand.locked)}
        if normalised(name) in unlocked:
            raise UsageError(
                f'"{normalised(name)}" is in pyproject.toml but not locked yet',
                where=where,
                hint="Run `poetry lock`.",
            )
        hint = did_you_mean(normalised(name), self.by_id) or "`poetry show` lists what is locked."
        raise UsageError(f'the lock holds no package "{name[:120]}"', where=where, hint=hint)


class Breaker(Record):
    """One way to break a cycle: without this edge, or without ``extras`` of its source, it is none.

    ``text`` describes it.
    """

    source: str
    target: str
    extras: tuple[str, ...]
    marker: str
    text: str


class Cycle(Record):
    """A strongly connected component of at least two names.

    ``kind`` is ``hard`` when its hard edges alone close a cycle on some machine, ``extra`` when only optional edges
    close it, ``marker`` when no single machine meets all the markers that it takes. ``example`` is one shortest
    cycle, in the order of its edges. ``core`` are the members that hard edges alone bind together.
    Removing every edge of ``broken_by`` leaves no cycle among the members (for ``extra``: no cycle but of hard edges).
    """

    members: tuple[str, ...]
    kind: CycleKind
    broken_by: tuple[Breaker, ...]
    example: tuple[str, ...]
    core: tuple[str, ...] = ()


class Summary(Record):
    """The figures of a graph.

    ``depth`` is the longest of the shortest paths from the project, ``longest_chain`` the most edges of a path from
    the project when every cycle counts as one node; ``chain`` is one example in order. ``orphans`` are locked but
    not needed by the project; of them nothing at all needs ``orphan_roots``.
    """

    packages: int
    nodes: int
    edges: int
    edges_hard: int
    direct: int
    depth: int
    longest_chain: int
    chain: tuple[str, ...]
    orphans: tuple[str, ...]
    orphan_roots: tuple[str, ...]
    direct_missing_from_lock: tuple[str, ...]
    several_versions: tuple[str, ...]
    self_loops: tuple[str, ...]
    dangling: tuple[str, ...]


class NodeMetrics(Record):
    """What the analyses say about one node.

    ``depth`` is None for an orphan. ``frees`` is how many packages go, itself included, when the project no longer
    requires it, or for one that the project does not require, when nothing needs it any more.
    """

    name: str
    depth: int | None
    needs: int
    needed_by: int
    frees: int


class Analysis(Record):
    """Everything that the reports show of a graph; ``metrics`` has an entry for every node, in its order."""

    graph: DependencyGraph
    summary: Summary
    cycles: tuple[Cycle, ...]
    metrics: tuple[NodeMetrics, ...]

    def freeing(self) -> list[NodeMetrics]:
        """Return the direct dependencies that take another package along, those that free the most first."""
        found = [one for one in self.metrics if one.frees > 1 and self.graph.by_id[one.name].direct]
        return sorted(found, key=lambda one: (-one.frees, one.name))


@dataclass(frozen=True, slots=True)
class Holder:
    """Someone who limits a package's version; ``owner`` is a package or the project.

    ``upper`` is the bound above, as text such as ``<3.0`` or ``<=2.1``, empty when it sets none. ``tightest`` marks
    those whose bound is the lowest. ``group`` is the project's group when the owner is the project.
    """

    owner: str
    owner_version: str
    constraint: str
    marker: str
    upper: str
    tightest: bool
    optional: bool = False
    group: str = ""


class Held(Record):
    """Who holds one locked build back; ``allowed`` is the intersection of all constraints, as text."""

    name: str
    version: str
    allowed: str
    holders: tuple[Holder, ...]


class BuildChange(Record):
    """A name whose locked builds differ; both are texts such as ``2.9.0+cpu from pytorch-cpu``, in lock order.

    ``kind`` compares the newest version of each side; a first number that grows, or the second after a 0, is major.
    """

    name: str
    old: tuple[str, ...]
    new: tuple[str, ...]
    kind: ChangeKind = "upgrade"


class Arrival(Record):
    """A name that came or went, its builds, and the shortest chain that explains it.

    ``because`` begins with what was there on both sides, or with the name itself when the project requires it, and
    ends with ``name``; ``direct`` says that the project itself requires the chain's first member anew (or no longer).
    """

    name: str
    builds: tuple[str, ...]
    because: tuple[str, ...]
    direct: bool


@dataclass(frozen=True, slots=True)
class Diff:
    """What changed between two graphs; ``direct_*`` are names that the project began or ceased to require.

    ``old`` and ``new`` say what the two sides are called, such as ``main~3`` and ``poetry.lock``.
    """

    old: str
    new: str
    added: tuple[Arrival, ...]
    removed: tuple[Arrival, ...]
    changed: tuple[BuildChange, ...]
    edges_added: tuple[Edge, ...]
    edges_removed: tuple[Edge, ...]
    direct_added: tuple[str, ...]
    direct_removed: tuple[str, ...]
    unchanged: int

    @property
    def is_empty(self) -> bool:
        parts = (self.added, self.removed, self.changed, self.edges_added, self.edges_removed)
        return not any((*parts, self.direct_added, self.direct_removed))
