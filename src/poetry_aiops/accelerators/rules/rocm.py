"""ROCm builds: which AMD architectures each index's wheels really hold code for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.accelerators.rules.candidate import Candidate, Verdicts, line_obstacle, line_order, rejected
from poetry_aiops.accelerators.rules.covering import named
from poetry_aiops.system.text import version_key


if TYPE_CHECKING:
    from poetry_aiops.accelerators.catalogue import Catalogue, RocmIndex
    from poetry_aiops.accelerators.host import Accelerator, Host
    from poetry_aiops.accelerators.selection import Constraint


_ELSEWHERE = "AMD's multi-arch index (whl-multi-arch of TheRock, Linux and Windows) has builds for more GPUs."


def judge(host: Host, catalogue: Catalogue, constraint: Constraint) -> Verdicts:
    """Return a candidate for every ROCm index."""
    gpus = [item for item in host.accelerators if item.kind == "rocm" and item.counts]
    obstacle = _host_obstacle(host, gpus)
    if obstacle:
        warnings = (f"{named([gpu.label for gpu in gpus])}: {obstacle}. {_ELSEWHERE}",) if gpus else ()
        return Verdicts(tuple(rejected(index.name, obstacle) for index in catalogue.rocm_indexes), warnings)
    supported = [gpu for gpu in gpus if _ever_supported(gpu, catalogue)]
    targets = supported or gpus
    candidates = tuple(
        _candidate(index, targets, host, catalogue, constraint) for index in catalogue.rocm_indexes
    )
    others = any(item.counts and item.kind != "rocm" for item in host.accelerators)
    return Verdicts(candidates, () if others else tuple(_warnings(gpus, supported, catalogue)))


def _host_obstacle(host: Host, gpus: list[Accelerator]) -> str | None:
    if not gpus:
        there = next((item for item in host.accelerators if item.kind == "rocm"), None)
        return f"{there.label}: {there.why_unusable}" if there else "no AMD GPU was found"
    if host.os != "linux" or host.arch not in {"x86_64", "amd64"}:
        return f"the ROCm wheels are for Linux on x86_64, not {host.os} on {host.arch}"
    return None


def _automatic(gfx: str, catalogue: Catalogue) -> bool:
    return all(note.automatic for note in catalogue.gfx_notes if note.gfx == gfx)


def _ever_supported(gpu: Accelerator, catalogue: Catalogue) -> bool:
    held = any(gpu.gfx in index.gfx for index in catalogue.rocm_indexes)
    return gpu.gfx is not None and held and _automatic(gpu.gfx, catalogue)


def _candidate(
    index: RocmIndex, gpus: list[Accelerator], host: Host, catalogue: Catalogue, constraint: Constraint
) -> Candidate:
    reasons = list(dict.fromkeys(reason for gpu in gpus if (reason := _gpu_obstacle(index, gpu, catalogue))))
    lines = [line for line in catalogue.torch if index.name in line.rocm]
    open_lines = [line for line in lines if not line_obstacle(line, host, constraint)]
    if not lines:
        reasons.append(f"no torch of {index.name} is known")
    elif not open_lines:
        obstacles = dict.fromkeys(line_obstacle(line, host, constraint) for line in lines)
        reasons += [f"no torch of {index.name} fits: {reason}" for reason in obstacles]
    if reasons:
        return rejected(index.name, *reasons)
    newest = max((line.line for line in open_lines), key=version_key)
    told = dict.fromkeys(f"{gpu.label} is {gpu.gfx}, which {index.name} holds code for" for gpu in gpus)
    capped = any(version_key(line.line) > version_key(newest) and line.rocm_known for line in catalogue.torch)
    last = max((line.line for line in catalogue.torch if line.rocm), key=version_key)
    young = {line.line for line in lines} == {last}
    newness = (-float(part) for part in version_key(index.name[4:]))
    order = (1.0, 0.0, line_order(newest), float(young), *newness)  # a new ROCm's first torch ranks second
    return Candidate(
        index.name, accepted=True, reasons=tuple(told), order=order, torch_max=newest if capped else None
    )


def _gpu_obstacle(index: RocmIndex, gpu: Accelerator, catalogue: Catalogue) -> str | None:
    if gpu.gfx is None:
        return f"the architecture of {gpu.label} is not known"
    if not index.gfx:
        return f"which architectures {index.name} holds is not known"
    if gpu.gfx not in index.gfx:
        return f"{index.name} holds no code for {gpu.gfx} ({gpu.label})"
    if not _automatic(gpu.gfx, catalogue):
        return next(note.note for note in catalogue.gfx_notes if note.gfx == gpu.gfx)
    return None


def _warnings(gpus: list[Accelerator], supported: list[Accelerator], catalogue: Catalogue) -> list[str]:
    notes = {note.gfx: note.note for note in catalogue.gfx_notes}
    warnings = [f"{gpu.label} ({gpu.gfx}): {notes[gpu.gfx]}." for gpu in gpus if gpu.gfx in notes]
    warnings += [
        f"{gpu.label} ({gpu.gfx}): the ROCm builds of torch hold no code for it. {_ELSEWHERE}"
        if gpu.gfx
        else f"The architecture of {gpu.label} is not known, so no ROCm build is chosen; "
        "`rocminfo` shows it, and --target takes it as gfx=gfx1100."
        for gpu in gpus
        if not supported and gpu.gfx not in notes
    ]
    idle = [f"{gpu.label} ({gpu.gfx or 'unknown'})" for gpu in gpus if gpu not in supported]
    if supported and idle:
        warnings.append(
            f"{', '.join(dict.fromkeys(idle))}: no ROCm build is for it; the choice is for the other GPUs."
        )
    return list(dict.fromkeys(warnings))
