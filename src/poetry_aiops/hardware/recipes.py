"""What to require so that a framework is built for a backend: the facts, the releases of torch, and the pairing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from poetry.core.constraints.version import Version

from poetry_aiops.accelerators.frameworks import names_of
from poetry_aiops.project.backends import release_of
from poetry_aiops.project.constraints import both, read_constraint
from poetry_aiops.project.edit_text import NewRequirement
from poetry_aiops.system.text import version_key


if TYPE_CHECKING:
    from collections.abc import Iterable

    from poetry.core.constraints.version import VersionConstraint

    from poetry_aiops.accelerators.catalogue import Catalogue
    from poetry_aiops.accelerators.frameworks import Framework, FrameworkFacts, FrameworkRow


_LINES_AHEAD = 30
_ENDLESS = ("cpu", "mps", "xpu", "jetson")


@dataclass(frozen=True, slots=True)
class Recipe:
    """The requirements of one framework on one backend, none where it has no build; ``refusal`` says why not.

    The source of a requirement is the PyTorch index that it comes from, None for the default one.
    """

    lines: tuple[NewRequirement, ...] = ()
    notes: tuple[str, ...] = ()
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class RecipeRequest:
    """What a recipe has to heed.

    ``constraint`` is what the user or the project already says about the framework, ``torch`` the same for torch,
    ``together`` the frameworks that will be in the variant, ``backends`` those of the whole request.
    """

    constraint: str | None = None
    extras: tuple[str, ...] = ()
    torch: str | None = None
    together: frozenset[str] = frozenset()
    backends: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LineRange:
    """The torch lines that a backend has; ``ended``: newer ones are known not to have it any more."""

    lines: tuple[str, ...]
    ended: bool

    @property
    def words(self) -> str:
        first, last = self.lines[0], self.lines[-1]
        return f"{first} to {last}" if self.ended else f"{first} and later"


class Recipes:
    """Recipes from the facts about frameworks and the catalogue of releases."""

    def __init__(self, facts: FrameworkFacts, catalogue: Catalogue) -> None:
        self.facts = facts
        self._catalogue = catalogue

    def known_backends(self) -> tuple[str, ...]:
        """Return every backend that some torch release was built for, and those without a version."""
        cuda = self._catalogue.cuda_indexes
        rocm = [index.name for index in self._catalogue.rocm_indexes]
        return ("cpu", *cuda, *rocm, "xpu", "mps", "jetson")

    def is_newer_than_known(self, backend: str) -> bool:
        """Say whether a backend comes after all known ones of its family, so that the facts may be behind."""
        family = names_of(backend)[-1]
        known = [name for name in self.known_backends() if names_of(name)[-1] == family]
        return all(version_key(release_of(backend)) > version_key(release_of(name)) for name in known)

    def span(self, backend: str) -> LineRange:
        """Return the torch lines of a backend; an unknown newer one is taken to begin with the newest line."""
        every = self._catalogue.torch
        if backend in _ENDLESS:
            floor = self._first_companion(backend)
            kept = [row.line for row in every if version_key(row.line) >= version_key(floor or "0")]
            return LineRange(tuple(kept), ended=False)
        found = [row.line for row in every if backend in (*row.cuda, *row.extra_cuda, *row.rocm)]
        if not found:
            return LineRange((every[-1].line,), ended=False)
        later = [row for row in every if version_key(row.line) > version_key(found[-1])]
        if self.facts.own_index(backend):
            return LineRange(tuple(found), ended=False)
        rocm = names_of(backend)[-1] == "rocm"
        return LineRange(tuple(found), ended=any(row.rocm_known for row in later) if rocm else bool(later))

    def recipe(self, framework: Framework, backend: str, wish: RecipeRequest) -> Recipe:
        """Return what to require; a wish that this backend cannot meet is a recipe with a refusal."""
        builds = self.facts.builds_for(framework.name, backend)
        if not builds:
            return Recipe(refusal=f"nothing is known about {framework.name} on {backend}")
        notes = tuple(dict.fromkeys(row.note.replace("{backend}", backend) for row in builds if row.note))
        if any(row.refuse for row in builds):
            return Recipe(refusal=notes[0])
        if framework.in_torch_family:
            return self._torch_recipe(framework, backend, builds, wish, notes)
        notes += _mixed_cuda(framework, backend)
        lines = _lines(framework, builds, backend, wish, framework.constraint or "*")
        return Recipe(tuple(lines), notes)

    def companions(self, backend: str, torch: str | None) -> tuple[NewRequirement, ...]:
        """Return what torch requires by name from its own index, which the default index does not hold."""
        if self.facts.own_index(backend):
            return ()  # its source is no explicit one, so Poetry finds there what torch requires
        return tuple(
            NewRequirement(companion.package, "*", source=backend)
            for companion in self.facts.companions
            if not set(companion.on).isdisjoint(names_of(backend))
            and any(
                _inside(line, companion.since, companion.until) for line in self._possible(backend, torch)
            )
        )

    def mismatch(self, framework: Framework, constraint: str, torch: str) -> str | None:
        """Return which releases go with torch where none that ``constraint`` allows goes with ``torch``, else None."""
        name, since, oldest = framework.name, framework.constraint, framework.oldest
        if not framework.with_torch:
            return None
        if since is not None:
            if oldest is None or _sides(constraint, since.partition(",")[0]) & _sides(torch, f">={oldest}"):
                return None
            return f"torch {oldest} and later go with {name} {since}, an older torch with an older {name}"
        lines = [
            line for line in _going_on(row.line for row in self._catalogue.torch) if _allows_line(torch, line)
        ]
        if not lines or any(_allows_line(constraint, _beside(framework, line)) for line in lines):
            return None
        return f"torch {lines[0]} goes with {name} {_beside(framework, lines[0])}"

    # -- the torch family ---------------------------------------------------------------------------------

    def _torch_recipe(
        self,
        framework: Framework,
        backend: str,
        builds: tuple[FrameworkRow, ...],
        wish: RecipeRequest,
        notes: tuple[str, ...],
    ) -> Recipe:
        span = self.span(_index_of(builds, backend) or backend)
        torch = wish.constraint if framework.name == "torch" else wish.torch
        if torch is not None and not self._fits(span, torch):
            return Recipe(refusal=f"torch {torch} has no build for {backend}, which has torch {span.words}")
        last = framework.last
        if last is not None and version_key(span.lines[0]) > version_key(last):
            what = f"the last release of {framework.name} is {last}, which has no build for {backend}"
            return Recipe(refusal=what)
        if last is not None and torch is not None and _allows_both(span, torch, last):
            notes += (
                f"{framework.name} {last} works with torch {last} and newer, but torch {torch} allows older ones",
            )
        if framework.name == "torch" and torch is None:
            notes += self._differing(wish.backends)
        constraint = self._constraint(framework, span, torch, wish)
        return Recipe(tuple(_lines(framework, builds, backend, wish, constraint)), notes)

    def _constraint(
        self, framework: Framework, span: LineRange, torch: str | None, wish: RecipeRequest
    ) -> str:
        floor = self._floor(span, torch, wish)
        if framework.minor_offset is not None:
            return f">={_beside(framework, floor)},<1"
        if framework.last is not None and torch is not None and not _reaches(span, torch, framework.last):
            return torch
        ends = [_next_line(span.lines[-1])] if span.ended else []
        if (
            torch is None
            and (common := self._common_end(wish.backends))
            and version_key(floor) < version_key(common)
        ):
            ends.append(common)
        below = min(ends, key=version_key, default=self._torch.below)
        if framework.last is not None and version_key(span.lines[-1]) >= version_key(framework.last):
            return f">={framework.last},<{framework.below}"
        return f">={floor},<{below}"

    def _common_end(self, backends: tuple[str, ...]) -> str | None:
        """Return the torch line that some backend no longer has; None where all go on, or have no line in common."""
        spans = [self.span(backend) for backend in backends]
        end = min((_next_line(span.lines[-1]) for span in spans if span.ended), key=version_key, default=None)
        common = end and all(version_key(span.lines[0]) < version_key(end) for span in spans)
        return end if common else None

    def _differing(self, backends: tuple[str, ...]) -> tuple[str, ...]:
        """Return why all variants stop at one release of torch, or which have different ones."""
        spans = {backend: self.span(backend) for backend in backends}
        if end := self._common_end(backends):
            last = [name for name, span in spans.items() if span.ended and _next_line(span.lines[-1]) == end]
            if len(last) == len(spans):
                return ()
            none = f"{' and '.join(last)} {'has' if len(last) == 1 else 'have'} no newer one"
            return (f"torch is below {end} in every variant, because {none}",)
        if all(not span.ended for span in spans.values()):
            return ()
        known = "; ".join(f"{name} has torch {span.words}" for name, span in spans.items())
        return (f"no release of torch has all these builds, so the variants get different ones: {known}",)

    def _floor(self, span: LineRange, torch: str | None, wish: RecipeRequest) -> str:
        """Return the torch line to begin with: one that every backend of the request has, where there is one."""
        if torch is not None:
            return next((line for line in span.lines if _allows_line(torch, line)), span.lines[-1])
        wanted = [self._torch.oldest or "0", span.lines[0]]
        wanted += [self.span(other).lines[0] for other in wish.backends]
        wanted += [
            one.oldest
            for one in self.facts.frameworks
            if one.with_torch and one.oldest and one.name in wish.together
        ]
        common = max(wanted, key=version_key)
        if version_key(common) <= version_key(span.lines[-1]):
            return common
        own = max(self._torch.oldest or "0", span.lines[0], key=version_key)
        return own if version_key(own) <= version_key(span.lines[-1]) else span.lines[0]

    @property
    def _torch(self) -> Framework:
        return next(one for one in self.facts.frameworks if one.name == "torch")

    def _first_companion(self, backend: str) -> str | None:
        return next((one.since for one in self.facts.companions if backend in one.on), None)

    def _possible(self, backend: str, torch: str | None) -> tuple[str, ...]:
        lines = self.span(backend).lines
        return tuple(line for line in lines if torch is None or _allows_line(torch, line)) or lines[-1:]

    def _fits(self, span: LineRange, torch: str) -> bool:
        lines = span.lines if span.ended else (*_going_on(span.lines), "3.0")
        return any(_allows_line(torch, line) for line in lines)


def _lines(
    framework: Framework, builds: Iterable[FrameworkRow], backend: str, wish: RecipeRequest, default: str
) -> Iterable[NewRequirement]:
    for row in builds:
        package = framework.name if row.package is None else row.package
        if package:
            index = row.index.replace("{backend}", backend) if row.index else None
            constraint = both(wish.constraint, row.limit) if wish.constraint else row.constraint or default
            yield NewRequirement(
                package, constraint, tuple(sorted({*row.extras, *wish.extras})), row.marker, index
            )


def _mixed_cuda(framework: Framework, backend: str) -> tuple[str, ...]:
    names = names_of(backend)
    if framework.cuda_major is None or names[-1] != "cuda" or f"cuda{framework.cuda_major}" in names:
        return ()
    note = (
        f"{framework.name} is built for CUDA {framework.cuda_major}: beside {backend} its own CUDA libraries are"
        " installed as well, which costs some gigabytes"
    )
    return (note,)


def _beside(framework: Framework, line: str) -> str:
    """Return the line of torchvision or torchaudio that goes with a line of torch."""
    if framework.minor_offset is not None:
        return f"0.{int(line.split('.')[1]) + framework.minor_offset}"
    return min(line, framework.last or line, key=version_key)


def _allows_line(constraint: str, line: str) -> bool:
    """Say whether a constraint allows any release of a line; one with a local build, and a pre-release, count."""
    return read_constraint(f">={line},<{_next_line(line)}").allows_any(_without_pre(constraint))


def _sides(constraint: str, since: str) -> set[bool]:
    """Return whether a constraint allows versions of ``since`` (True), older ones (False), or both."""
    newer, allowed = read_constraint(since), _without_pre(constraint)
    return {
        side
        for side, holds in ((True, newer.allows_any(allowed)), (False, not newer.allows_all(allowed)))
        if holds
    }


def _without_pre(constraint: str) -> VersionConstraint:
    """Return what a constraint allows; a pre-release counts as the release that it becomes."""
    read = read_constraint(constraint)
    return read.stable if isinstance(read, Version) else read


def _index_of(builds: Iterable[FrameworkRow], backend: str) -> str | None:
    return next((row.index.replace("{backend}", backend) for row in builds if row.index), None)


def _reaches(span: LineRange, torch: str, line: str) -> bool:
    """Say whether ``torch`` allows some line of the span from ``line`` on."""
    return any(_allows_line(torch, one) for one in span.lines if version_key(one) >= version_key(line))


def _allows_both(span: LineRange, torch: str, line: str) -> bool:
    older = [one for one in span.lines if version_key(one) < version_key(line)]
    return _reaches(span, torch, line) and any(_allows_line(torch, one) for one in older)


def _next_line(line: str) -> str:
    major, minor = line.split(".")
    return f"{major}.{int(minor) + 1}"


def _going_on(lines: Iterable[str]) -> list[str]:
    """Return torch lines, and those that may follow the last one."""
    found = [*lines]
    for _ in range(_LINES_AHEAD):
        found.append(_next_line(found[-1]))
    return found


def _inside(line: str, since: str | None, until: str | None) -> bool:
    key = version_key(line)
    return (since is None or version_key(since) <= key) and (until is None or key <= version_key(until))
