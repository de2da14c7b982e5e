"""The lock of the planned project, made beside the real one: old pins begin it, constraints bind in it.

pip's constraints bind what something needs and add nothing. Poetry has no such thing, but a group that is never
installed binds as well, as long as it names only what is locked anyway. So the project is locked with the constraints
on what it requires itself, then with those on all that was locked, until the same ones come out.
"""

from __future__ import annotations

import tomllib
import traceback
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import tomlkit

from poetry_aiops.errors import AiopsError, IncompleteError, InputError, NegativeAnswerError
from poetry_aiops.index.source import INDEX_ERRORS
from poetry_aiops.migrate.planning.entry import PlannedEntry
from poetry_aiops.migrate.planning.roles import CONSTRAINTS
from poetry_aiops.migrate.request import RUNNING
from poetry_aiops.migrate.writing.pythons import fitting_python, newest_python
from poetry_aiops.project.checks import normalised
from poetry_aiops.project.constraints import all_of
from poetry_aiops.project.lockfile import read_lock
from poetry_aiops.project.toml import parse_toml
from poetry_aiops.system.addresses import redact
from poetry_aiops.system.reading import read_file


if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from poetry_aiops.locking.api import PoetryProject, StagedProject
    from poetry_aiops.migrate.planning.convert import OldPin
    from poetry_aiops.migrate.planning.entry import PlannedGroup
    from poetry_aiops.migrate.planning.plan import MigrationPlan
    from poetry_aiops.migrate.writing.proof import Proof
    from poetry_aiops.project.model import Lock


@dataclass
class PlannedLock:
    """``text_of`` gives the pyproject.toml of a plan, ``prove`` compares the finished lock with the old files."""

    project: PoetryProject
    root: Path
    old: str | None
    """The project's poetry.lock as it is."""
    text_of: Callable[[MigrationPlan], str]
    prove: Callable[[MigrationPlan, Lock, StagedProject], Proof]
    hints: Sequence[OldPin] = ()
    """Versions to begin with where no pin says which: what the old files select alone."""
    code: int = 0
    proof: Proof | None = None
    lock: bytes = b""
    parsed: Lock | None = None
    _seen: list[frozenset[str]] = field(default_factory=list)

    def run(self, plan: MigrationPlan) -> MigrationPlan:
        """Return the plan that was locked: with what the lock showed to be needed.

        ``code`` is that of Poetry's installer. Raises AiopsError when no lock can be made.
        """
        bound = plan.constrained_directly
        self._seen.clear()
        with self._staged(plan.binding(bound), ()) as staged:
            plan = plan.with_entries(companions_of(staged, plan.edits.groups))
        while True:
            planned = plan.binding(bound)
            needed = self._lock(planned)
            wanted = self._next(bound, plan.constrained & needed)
            if self.code or wanted == bound:
                return planned
            bound = wanted

    def fitting_python(self, plan: MigrationPlan, python: str) -> tuple[str, str] | None:
        """Return the Python that the indexes have files for instead of a range, and why; None where they cannot be asked."""
        return self._asking(partial(fitting_python, python), plan)

    def newest_python(self, plan: MigrationPlan, python: str) -> tuple[str, str] | None:
        """Return the part of a range that the newest versions for this Python are for, and why, as above."""
        return self._asking(partial(newest_python, python, RUNNING), plan)

    def _asking(
        self, question: Callable[..., tuple[str, str] | None], plan: MigrationPlan
    ) -> tuple[str, str] | None:
        entries = [entry for group in plan.edits.groups for entry in group.entries]
        with suppress(*INDEX_ERRORS, OSError), self._staged(plan, ()) as staged:
            return question(entries, staged.offered)
        return None

    def _next(self, bound: frozenset[str], wanted: frozenset[str]) -> frozenset[str]:
        """Return the constraints to lock with; once a set comes back, none is taken out any more."""
        again = wanted in self._seen
        self._seen.append(bound)
        return wanted | bound if again and wanted != bound else wanted

    def _lock(self, plan: MigrationPlan) -> frozenset[str]:
        """Lock and prove; returns the packages that a requirement needs, whatever the constraints name."""
        apart = [pin for pin in plan.pins if pin.source is not None]
        pinned = {pin.name for pin in plan.pins}
        hints = [pin for pin in self.hints if pin.name not in pinned]
        seeds = [*(pin for pin in plan.pins if pin.source is None), *self._fit(plan, apart), *hints]
        try:
            return self._lock_with(plan, seeds)
        except (IncompleteError, OSError) as error:  # says nothing about single versions
            text = "\n".join(error.details) if isinstance(error, IncompleteError) else str(error)
            asked = {urlsplit(source.url).hostname for source in plan.edits.sources}
            named = [
                entry
                for group in plan.edits.groups
                for entry in group.entries
                if entry.url and not entry.git and _is_named(entry.url, text, asked)
            ]
            if named:
                raise _unreadable("an address could not be read", text, named) from error
            raise
        except Exception as error:  # whatever a solver cannot do with a version that is gone
            fit = self._fit(plan, seeds)
            if fit == seeds:
                raise self._in_words(error, plan) from error
        try:
            return self._lock_with(plan, fit)
        except Exception as error:
            raise self._in_words(error, plan) from error

    def _fit(self, plan: MigrationPlan, pins: list[OldPin]) -> list[OldPin]:
        """Return the pins that the indexes offer, as they are where an index cannot be asked: locking says why.

        ``==2.1.2`` takes 2.1.2+cu121 where only that is offered (PEP 440), and a lock has to begin with what there is.
        """
        if not pins:
            return []
        with self._staged(plan, ()) as staged, suppress(*INDEX_ERRORS, OSError):
            offered = [(pin, staged.offered_as(pin.name, pin.version, pin.source)) for pin in pins]
            return [replace(pin, version=version) for pin, version in offered if version is not None]
        return pins

    def _lock_with(self, plan: MigrationPlan, seeds: Sequence[OldPin]) -> frozenset[str]:
        with self._staged(plan, seeds) as staged:
            self.code = self.project.lock(staged)
            if self.code != 0:
                return frozenset()
            lock = self.parsed = read_lock(staged.lock_path)
            self.lock = read_file(staged.lock_path)
            self.proof = self.prove(plan, lock, staged)
        return frozenset(
            package.name for package in lock.packages if set(package.groups or ()) - {CONSTRAINTS}
        )

    def _staged(self, plan: MigrationPlan, seeds: Sequence[OldPin]) -> AbstractContextManager[StagedProject]:
        addresses = {source.name: source.url for source in plan.edits.sources}
        seeded = with_seeds(self.old, seeds, addresses)
        return self.project.staged(self.root, self.text_of(plan), seeded)

    def _in_words(self, error: Exception, plan: MigrationPlan) -> Exception:
        """Return a failure of Poetry's as one of ours, so that it has an exit code and a document."""
        if isinstance(error, AiopsError):
            return error
        text = self.project.without_styles(str(error))
        if type(error).__module__.partition(".")[0] == "dulwich":  # Poetry's reader of Git repositories
            entries = [entry for group in plan.edits.groups for entry in group.entries if entry.git]
            named = [one for one in entries if urlsplit(str(one.url)).path.removesuffix(".git") in text]
            return _unreadable("a Git repository could not be read", text, named or entries)
        frames = [
            str(frame.f_globals.get("__name__", "")) for frame, _ in traceback.walk_tb(error.__traceback__)
        ]
        modules = [type(error).__module__, *frames[-1:]]
        if all(module.partition(".")[0] != "poetry" for module in modules):
            return error
        return NegativeAnswerError("Poetry cannot lock the requirements", details=tuple(text.splitlines()))


def _is_named(address: str, text: str, hosts: Collection[str | None]) -> bool:
    """Say whether a failure is that of an address: it names its path, or its host where no index has the same."""
    url = urlsplit(address)
    return url.path in text or (str(url.hostname) in text and url.hostname not in hosts)


def _unreadable(what: str, text: str, entries: Iterable[PlannedEntry]) -> IncompleteError:
    """Return the error for what no address gave, with the lines that name the address."""
    places = [redact(f"{place}: {entry.as_pep508()}") for entry in entries for place in entry.places]
    hint = "Check the network and the address, then run this again."
    return IncompleteError(what, details=(*text.splitlines(), *places), hint=hint)


def with_seeds(lock: str | None, pins: Iterable[OldPin], addresses: Mapping[str, str]) -> str | None:
    """Return a poetry.lock to begin with: the project's own and the pins of packages that it does not hold.

    It names packages with version and index only; Poetry (2.1 to 2.5) completes it with what the index gives.
    ``addresses`` are the sources' URLs. The same version from the same source stands once, with all its groups.
    None where there is neither a lock nor a pin. Raises InputError for a lock that is no TOML.
    """
    try:
        locked = parse_toml(lock or "").get("package", [])
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            "it cannot be read",
            where="poetry.lock",
            details=(str(error),),
            hint="Repair it, or remove it and migrate again.",
        ) from error
    there = {normalised(str(package["name"])) for package in locked}
    groups: dict[tuple[str, str, str], dict[str, None]] = {}
    for pin in pins:
        if pin.name not in there:
            groups.setdefault((pin.name, pin.version, pin.source or ""), {})[pin.group] = None
    if not groups:
        return lock
    packages = []
    for (name, version, source), names in sorted(groups.items()):
        package = {
            "name": name,
            "version": version,
            "description": "",
            "optional": False,
            "python-versions": "*",
        }
        package |= {"groups": list(names), "files": []}
        if source in addresses:
            package["source"] = {"type": "legacy", "url": addresses[source].rstrip("/"), "reference": source}
        packages.append(package)
    if lock is not None:
        return f"{lock.rstrip()}\n\n{tomlkit.dumps({'package': packages})}"
    metadata = {"lock-version": "2.1", "python-versions": "*", "content-hash": "none"}
    started = tomlkit.dumps({"package": packages, "metadata": metadata})
    return f"# A start for `poetry lock` from the pins of requirements files.\n{started}"


def companions_of(
    staged: StagedProject, groups: Sequence[PlannedGroup]
) -> dict[str, tuple[PlannedEntry, ...]]:
    """Return by group the entries for what the packages of explicit sources require and only their source offers.

    An ``explicit`` source is asked only for what names it: triton-rocm, which torch for ROCm requires and only PyTorch's
    index offers, has to name it too. An index that cannot be asked gives none; locking then says what is wrong.
    """
    pool = staged.poetry.pool
    explicit = {one.name for one in pool.all_repositories} - {one.name for one in pool.repositories}
    found: dict[str, tuple[PlannedEntry, ...]] = {}
    for group in groups:
        named = {entry.name for other in (group, *groups[:1]) for entry in other.entries}
        todo = [entry for entry in group.entries if entry.source in explicit]
        while todo:
            entry = todo.pop()
            with suppress(*INDEX_ERRORS, OSError):
                for one in _required_by(entry, staged):
                    if one.name not in named:
                        named.add(one.name)
                        found[group.name] = (*found.get(group.name, ()), one)
                        todo.append(one)
    return found


def _required_by(entry: PlannedEntry, staged: StagedProject) -> Iterator[PlannedEntry]:
    for newest in staged.offered(entry.name, entry.specifier or "*", entry.source)[:1]:
        for edge in newest.requires():
            if edge.optional or not staged.offered(edge.name, edge.constraint, entry.source):
                continue
            if not staged.offered(edge.name, edge.constraint, None):
                marker = all_of(entry.marker, edge.marker)
                yield PlannedEntry(edge.name, entry.places, source=entry.source, marker=marker)
