"""What every family of builds shares: a candidate, and the torch lines that a project and a host admit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.system.record import Record
from poetry_aiops.system.text import version_key


if TYPE_CHECKING:
    from poetry_aiops.accelerators.catalogue import Catalogue, TorchLine
    from poetry_aiops.accelerators.host import Host
    from poetry_aiops.accelerators.selection import Constraint


PATCHES = 10


class Candidate(Record):
    """A backend before ranking; a lower ``order`` is better."""

    name: str
    accepted: bool
    reasons: tuple[str, ...]
    order: tuple[float, ...] = ()
    torch_max: str | None = None


Verdicts = tuple[tuple["Candidate", ...], tuple[str, ...]]
"""The candidates of one family and what the user should know about them."""


def rejected(name: str, *reasons: str) -> Candidate:
    """Return a candidate that the host cannot run."""
    return Candidate(name, accepted=False, reasons=reasons)


def admits(constraint: Constraint, line: str) -> bool:
    """Return whether a project's constraint on torch admits some release of a line (``2.14``)."""
    if constraint.torch is None:
        return True
    return any(constraint.torch.contains(f"{line}.{patch}", prereleases=True) for patch in range(PATCHES))


def python_of(host: Host, constraint: Constraint | None = None) -> str | None:
    """Return the Python that the build has to fit, as ``major.minor``."""
    python = (constraint and constraint.python) or host.python
    return ".".join(python.split(".")[:2]) if python else None


def line_obstacle(line: TorchLine, host: Host, constraint: Constraint, backend: str = "cpu") -> str | None:
    """Return why a backend's build of a torch line cannot be installed on a host for a project, ``None`` when it can."""
    if not admits(constraint, line.line):
        return f"the project requires torch {constraint.torch}"
    if (backend, line.line) in constraint.locked:
        return constraint.locked[backend, line.line]
    python = python_of(host, constraint)
    if python and not version_key(line.python[0]) <= version_key(python) <= version_key(line.python[1]):
        return f"it has no wheels for Python {python}"
    if host.libc and host.os == "linux":
        name, _, version = host.libc.partition(" ")
        if name == "musl":
            return "torch has no wheels for musl"
        if version and version_key(version) < version_key(line.glibc_on(backend)):
            return f"its wheels need glibc {line.glibc_on(backend)} and this system has {version}"
    return None


def newest_line(catalogue: Catalogue) -> str:
    """Return the newest torch line that the catalogue knows."""
    return max((line.line for line in catalogue.torch), key=version_key)


def line_order(line: str) -> float:
    """Return a torch line as a number that sorts newer lines first."""
    major, minor = (*version_key(line), 0)[:2]
    return -(major * 1000 + minor)
