"""CUDA builds: driver floors, compute capabilities, and which torch lines each index holds.

Rules: a driver runs every toolkit of its CUDA major version from that version's floor on (NVIDIA's
minor-version compatibility); a cubin runs on the same major compute capability with an equal or higher
minor one; which architectures a wheel holds depends on its index and its torch line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from poetry_aiops.accelerators.rules.candidate import Candidate, line_obstacle, line_order, rejected
from poetry_aiops.accelerators.rules.covering import IndexBuild, covers, named, targets
from poetry_aiops.project.backends import release_of
from poetry_aiops.system.record import Record
from poetry_aiops.system.text import version_key


if TYPE_CHECKING:
    from poetry_aiops.accelerators.catalogue import Catalogue, TorchLine
    from poetry_aiops.accelerators.host import Accelerator, Host
    from poetry_aiops.accelerators.rules.candidate import Verdicts
    from poetry_aiops.accelerators.selection import Constraint


MACHINES: Final = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}


class CudaHost(Record):
    """A host's NVIDIA GPUs with everything that is asked of a build for them."""

    host: Host
    catalogue: Catalogue
    constraint: Constraint
    gpus: tuple[Accelerator, ...]

    @property
    def driver(self) -> str:
        """Return the driver's version."""
        return self.gpus[0].driver or ""

    @property
    def driver_label(self) -> str:
        """Return what messages call the driver."""
        return f"driver {self.driver}" if self.driver else "the driver"

    @property
    def machine(self) -> str:
        """Return the architecture as the catalogue spells it."""
        return MACHINES[self.host.arch]

    @property
    def windows(self) -> bool:
        """Return whether the driver is one of Windows, which is the one that counts in WSL."""
        return self.host.os == "windows" or self.host.wsl

    def driver_obstacle(self, index: str) -> str | None:
        """Return why the driver does not run an index's CUDA, ``None`` when it does."""
        major, floor = version_key(release_of(index))[0], self.floor(index)
        if not self.driver:
            runs = self.gpus[0].max_cuda or "0"
            return None if version_key(runs)[0] >= major else f"its driver is only known to run CUDA {runs}"
        if floor is not None:
            if version_key(self.driver) >= version_key(floor):
                return None
            return f"CUDA {major}.x needs driver {floor} or newer; this one is {self.driver}"
        newest, its_driver = self.catalogue.newest_toolkit(windows=self.windows)
        own = self.gpus[0].max_cuda or self.catalogue.max_cuda(self.driver, windows=self.windows) or "0"
        beyond = own == newest and version_key(self.driver) > version_key(its_driver)
        if beyond or version_key(own)[0] >= major:
            return None
        return f"driver {self.driver} came with CUDA {own}, and CUDA {major}.x needs a newer one"

    def floor(self, index: str) -> str | None:
        """Return the oldest driver for an index on this system; ``None`` for a CUDA major without a known floor."""
        major = version_key(release_of(index))[0]
        rows = (row for row in self.catalogue.driver_floors if row.cuda_major == major)
        return next((row.windows if self.windows else row.linux for row in rows), None)

    def native(self, index: str) -> bool:
        """Return whether the driver came with this CUDA version or a newer one."""
        own = self.catalogue.max_cuda(self.driver, windows=self.windows) or self.gpus[0].max_cuda or "0"
        return version_key(release_of(index)) <= version_key(own)

    def architectures(self, index: str, line: str) -> tuple[str, ...]:
        """Return the compute capabilities in an index's build of a torch line."""
        return self.catalogue.cuda_architectures(index, line, self.machine)

    def locked(self, index: str, line: TorchLine) -> bool:
        """Return whether the lock holds a wheel of this build for the machine."""
        return self.constraint.locked.get((index, line.line), "not locked") is None

    def lines(self, index: str) -> list[TorchLine]:
        """Return the torch lines that an index holds for this system."""
        linux = self.host.os == "linux"
        return [
            line
            for line in self.catalogue.torch
            if (index in line.cuda or (index in line.extra_cuda and (linux or self.locked(index, line))))
            and self.architectures(index, line.line)
        ]


def judge(host: Host, catalogue: Catalogue, constraint: Constraint) -> Verdicts:
    """Return a candidate for every CUDA index."""
    gpus = tuple(
        item for item in host.accelerators if item.counts and _runs_cuda_wheels(item, host, catalogue)
    )
    obstacle = _host_obstacle(host, gpus)
    if obstacle:
        reported = (f"{obstacle[0].upper()}{obstacle[1:]}.",) if gpus else ()
        return tuple(rejected(index, obstacle) for index in catalogue.cuda_indexes), reported
    case = CudaHost(host, catalogue, constraint, gpus)
    obstacles = {index: _index_obstacles(index, case) for index in catalogue.cuda_indexes}
    builds = [
        build for index in catalogue.cuda_indexes if not obstacles[index] for build in _builds(index, case)
    ]
    wanted, warnings = targets(gpus, builds, constraint.mixed)
    candidates = tuple(
        rejected(index, *obstacles[index])
        if obstacles[index]
        else _candidate(index, [build for build in builds if build.backend == index], wanted, case)
        for index in catalogue.cuda_indexes
    )
    if any(candidate.accepted for candidate in candidates):
        warnings += (*_unknown_driver(case), *_unknown_capability(case), *_orin(case))
    return candidates, warnings


def _runs_cuda_wheels(device: Accelerator, host: Host, catalogue: Catalogue) -> bool:
    """Return whether a device is an ordinary CUDA GPU; Jetsons are from JetPack 7 on."""
    return device.kind == "cuda" or (device.kind == "jetson" and catalogue.jetson_cuda(host.l4t) is not None)


def _host_obstacle(host: Host, gpus: tuple[Accelerator, ...]) -> str | None:
    if any(item.kind == "jetson" for item in host.accelerators) and not gpus:
        return "a Jetson's GPU does not run the ordinary CUDA builds"
    if not gpus:
        there = next((item for item in host.accelerators if item.kind == "cuda"), None)
        return f"{there.label}: {there.why_unusable}" if there else "no NVIDIA GPU was found"
    if host.os not in {"linux", "windows"} or host.arch not in MACHINES:
        return f"there are no CUDA builds for {host.os} on {host.arch}"
    if host.os == "windows" and MACHINES[host.arch] != "x86_64":
        return f"there are no CUDA builds for {host.os} on {host.arch}"
    if gpus[0].driver is None and gpus[0].max_cuda is None:
        return f"the driver's version of {gpus[0].label} is not known, so no CUDA build can be chosen"
    return None


def _index_obstacles(index: str, case: CudaHost) -> tuple[str, ...]:
    """Return why an index is out whatever the GPU is; empty when it is not."""
    offered = case.constraint.offered
    reasons = (
        [f"no variant of this project offers {index}"] if offered is not None and index not in offered else []
    )
    if obstacle := case.driver_obstacle(index):
        reasons.append(obstacle)
    return (*reasons, *_line_reasons(index, case))


def _line_reasons(index: str, case: CudaHost) -> list[str]:
    lines = case.lines(index)
    if not lines:
        return [f"there is no such build for {case.host.os} on {case.host.arch}"]
    obstacles = [line_obstacle(line, case.host, case.constraint, index) for line in lines]
    if not all(obstacles):
        return []
    held = f"torch {lines[0].line}" + (f" to {lines[-1].line}" if len(lines) > 1 else "")
    return [f"it holds {held} only: {reason}" for reason in dict.fromkeys(obstacles)]


def _builds(index: str, case: CudaHost) -> list[IndexBuild]:
    return [
        IndexBuild(index, line.line, _covered(case.architectures(index, line.line), case.gpus))
        for line in case.lines(index)
        if not line_obstacle(line, case.host, case.constraint, index)
    ]


def _covered(arches: tuple[str, ...], gpus: tuple[Accelerator, ...]) -> frozenset[int]:
    reported = {gpu.compute_capability for gpu in gpus if gpu.compute_capability is not None}
    runs = {capability for capability in reported if covers(arches, capability)}
    return frozenset(
        place
        for place, gpu in enumerate(gpus)
        if gpu.compute_capability is None or gpu.compute_capability in runs
    )


def _candidate(index: str, builds: list[IndexBuild], wanted: frozenset[int], case: CudaHost) -> Candidate:
    fitting = [build for build in builds if build.covers and wanted <= build.covers]
    if not fitting:
        line = max((build.line for build in builds), key=version_key)
        arches = ", ".join(case.architectures(index, line))
        devices = named([f"{gpu.label} ({gpu.compute_capability})" for gpu in case.gpus])
        return rejected(index, f"its kernels ({arches}) do not run on {devices}")
    line = max((build.line for build in fitting), key=version_key)
    major, minor = version_key(release_of(index))[:2]
    native, majors = case.native(index), case.constraint.cuda_majors
    clash = bool(majors) and major not in majors
    newness = major * 100.0 + minor  # of several that need compatibility the oldest is the safest
    order = (0.0, float(clash), line_order(line), float(not native), -newness if native else newness)
    floor = case.floor(index)
    reasons = (
        f"{case.driver_label} runs CUDA {major}.x" + (f", which needs {floor} or newer" if floor else ""),
        *(
            ()
            if native
            else (
                f"through minor-version compatibility: the driver was released with a CUDA older than {release_of(index)}",
            )
        ),
        *_kernel_reasons(case.architectures(index, line), case.gpus),
        f"the newest torch on {index} for this machine is {line}",
        *((f"other frameworks of the project install CUDA {_listed(majors)}",) if clash else ()),
    )
    return Candidate(index, accepted=True, reasons=reasons, order=order, torch_max=line)


def _listed(majors: frozenset[int]) -> str:
    return " and ".join(f"{major}.x" for major in sorted(majors))


def _kernel_reasons(arches: tuple[str, ...], gpus: tuple[Accelerator, ...]) -> tuple[str, ...]:
    known = dict.fromkeys((gpu.label, gpu.compute_capability) for gpu in gpus)
    return tuple(
        f"{label} has compute capability {capability}, "
        f"{'covered' if covers(arches, capability) else 'not covered'} by {', '.join(arches)}"
        for label, capability in known
        if capability
    )


def _orin(case: CudaHost) -> tuple[str, ...]:
    """Return that torch leaves Orin out of what its sm_80 code is made for, although it was seen to run."""
    boards = [gpu.label for gpu in case.gpus if gpu.compute_capability == "8.7"]
    if not boards:
        return ()
    text = (
        f"{named(boards)}: the ordinary CUDA builds run with their sm_80 code; torch warns at import that it does "
        "not count sm_87 as supported. NVIDIA's builds for JetPack hold sm_87 code."
    )
    return (text,)


def _unknown_driver(case: CudaHost) -> tuple[str, ...]:
    if case.driver:
        return ()
    text = (
        f"The version of the NVIDIA driver is not known, only that it runs CUDA {case.gpus[0].max_cuda}; a newer driver "
        "may run newer builds: `nvidia-smi` shows it."
    )
    return (text,)


def _unknown_capability(case: CudaHost) -> tuple[str, ...]:
    unknown = [gpu.label for gpu in case.gpus if gpu.compute_capability is None]
    if not unknown:
        return ()
    text = (
        f"The compute capability of {named(unknown)} is not known; the choice follows from {case.driver_label} "
        "alone. GPUs older than Turing need cu126, Blackwell needs cu128 or newer: "
        "`nvidia-smi --query-gpu=name,compute_cap --format=csv` shows it."
    )
    return (text,)
