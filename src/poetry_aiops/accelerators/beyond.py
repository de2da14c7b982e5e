"""Builds that are newer than the dated facts: each inherits the newest row of its line, and a note says so.

Facts end with their date, and torch does not. A release of torch, an index or a Python after the last row is
judged by the row before it; only a fact (an architecture that was dropped, the floor of a driver) limits it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.project.backends import AMD_INDEX, family_of, release_of
from poetry_aiops.system.record import Record
from poetry_aiops.system.text import version_key


if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from poetry_aiops.accelerators.catalogue import Catalogue, TorchLine


class LockedBuild(Record):
    """A backend of the project and the version of torch that the lock holds for it."""

    backend: str
    torch: str | None = None

    @property
    def line(self) -> str:
        """Return the locked torch's line, such as ``2.15``."""
        version = (self.torch or "").partition("+")[0]
        return ".".join(str(part) for part in version_key(version)[:2])


def with_newer_builds(catalogue: Catalogue, builds: Sequence[LockedBuild], python: str | None) -> Catalogue:
    """Return the catalogue with rows for builds, and for a Python (``3.16``), that come after its last ones.

    What was inherited is in ``newer`` of the result. ``python`` is None where locked wheels say which Pythons fit.
    """
    extended = catalogue
    for build in builds:
        extended = _with_index(extended, build.backend)
        if build.torch is not None:
            extended = _with_line(extended, catalogue, build)
    return _with_python(extended, catalogue, python) if python else extended


def _with_index(catalogue: Catalogue, backend: str) -> Catalogue:
    """Add an index of which the facts know nothing, or no architectures, as the nearest one before it."""
    known = [*catalogue.cuda_indexes]
    known += [row.name for row in catalogue.rocm_indexes if row.gfx and row.name != AMD_INDEX]
    before = [name for name in known if family_of(name) == family_of(backend) and _key(name) < _key(backend)]
    if backend in {*known, AMD_INDEX} or not before:
        return catalogue
    model = max(before, key=_key)
    torch = catalogue.torch
    if all(backend not in row.rocm for row in torch):  # an index may be known without its architectures
        torch = tuple(_beside(row, model, backend) for row in torch)
    catalogue = _noted(catalogue, backend, backend, model)
    if family_of(backend) == "cuda":
        arches = [row._replace(backend=backend) for row in catalogue.cuda_arches if row.backend == model]
        return catalogue.replaced(
            torch=torch,
            cuda_indexes=(*catalogue.cuda_indexes, backend),
            cuda_arches=(*catalogue.cuda_arches, *arches),
        )
    rocm = next(row for row in catalogue.rocm_indexes if row.name == model)._replace(name=backend)
    others = tuple(row for row in catalogue.rocm_indexes if row.name != backend)
    return catalogue.replaced(torch=torch, rocm_indexes=(*others, rocm))


def _with_line(catalogue: Catalogue, facts: Catalogue, build: LockedBuild) -> Catalogue:
    """Add the torch line of a locked build: the lock proves that the build exists."""
    line, newest = build.line, _newest(facts)
    later = version_key(line) > version_key(newest.line)
    if not later and build.backend not in {*catalogue.newer, AMD_INDEX}:  # AMD adds builds at any time
        return catalogue
    if later and all(row.line != line for row in catalogue.torch):
        row = newest._replace(line=line, cuda=(), extra_cuda=(), rocm=(), rocm_known=False)
        catalogue = catalogue.replaced(torch=(*catalogue.torch, row))
    if later and build.backend != "cpu":
        catalogue = _noted(catalogue, build.backend, f"torch {line}", f"torch {newest.line}")
    catalogue = _changed(catalogue, line, lambda row: _holding(row, build.backend))
    return _with_architectures(catalogue, build.backend, line, newest.line)


def _with_architectures(catalogue: Catalogue, index: str, line: str, newest: str) -> Catalogue:
    """Let an index's architectures go on to a line, without those that every index has dropped by ``newest``."""
    added = []
    for machine in {row.machine for row in catalogue.cuda_arches}:
        here = [row for row in catalogue.cuda_arches if row.machine == machine]
        own = [row for row in here if row.backend == index]
        if own and not catalogue.cuda_architectures(index, line, machine):
            last = max(own, key=lambda row: version_key(row.until))
            kept = {arch for row in here if row.until == newest for arch in row.arches}
            arches = tuple(arch for arch in last.arches if arch in kept)
            added.append(last._replace(since=line, until=line, arches=arches))
    return catalogue.replaced(cuda_arches=(*catalogue.cuda_arches, *added))


def _with_python(catalogue: Catalogue, facts: Catalogue, python: str) -> Catalogue:
    """Let the newest line and later ones have wheels for a Python after their last one."""
    newest = _newest(facts)
    if version_key(python) <= version_key(newest.python[1]):
        return catalogue
    for row in catalogue.torch:
        if version_key(row.line) >= version_key(newest.line):
            catalogue = _changed(catalogue, row.line, lambda one: _for_python(one, python))
    return _noted(catalogue, "", f"Python {python}", f"Python {newest.python[1]}")


def _noted(catalogue: Catalogue, backend: str, subject: str, model: str) -> Catalogue:
    pairs = dict.fromkeys((*catalogue.newer.get(backend, ()), (subject, model)))
    return catalogue.replaced(newer={**catalogue.newer, backend: tuple(pairs)})


def _changed(catalogue: Catalogue, line: str, change: Callable[[TorchLine], TorchLine]) -> Catalogue:
    return catalogue.replaced(
        torch=tuple(change(row) if row.line == line else row for row in catalogue.torch)
    )


def _beside(row: TorchLine, model: str, backend: str) -> TorchLine:
    if model in row.extra_cuda:
        return row._replace(extra_cuda=(*row.extra_cuda, backend))
    return _holding(row, backend) if model in (*row.cuda, *row.rocm) else row


def _holding(row: TorchLine, backend: str) -> TorchLine:
    if backend in (*row.cuda, *row.extra_cuda, *row.rocm):
        return row
    if family_of(backend) == "cuda":
        return row._replace(cuda=(*row.cuda, backend))
    return row._replace(rocm=(*row.rocm, backend)) if family_of(backend) == "rocm" else row


def _for_python(row: TorchLine, python: str) -> TorchLine:
    every = (*row.python, python)
    return row._replace(python=(min(every, key=version_key), max(every, key=version_key)))


def _newest(catalogue: Catalogue) -> TorchLine:
    return max(catalogue.torch, key=lambda row: version_key(row.line))


def _key(backend: str) -> tuple[int, ...]:
    return version_key(release_of(backend))
