"""ROCm builds: which AMD architectures each index's wheels really hold code for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from poetry_aiops.accelerators.rules.candidate import Candidate, line_obstacle, line_order, rejected
from poetry_aiops.accelerators.rules.covering import named
from poetry_aiops.project.backends import AMD_INDEX, release_of
from poetry_aiops.system.text import version_key


if TYPE_CHECKING:
    from poetry_aiops.accelerators.catalogue import Catalogue, RocmIndex
    from poetry_aiops.accelerators.host import Accelerator, Host
    from poetry_aiops.accelerators.rules.candidate import Verdicts
    from poetry_aiops.accelerators.selection import Constraint


_LAST: Final = 99.0
_PROPOSAL: Final = f" AMD's multi-arch index has a build for it: `poetry hw-add torch --variants cpu,{AMD_INDEX}` takes it from there."


def judge(host: Host, catalogue: Catalogue, constraint: Constraint) -> Verdicts:
    """Return a candidate for every ROCm index; AMD's own is proposed, and only chosen where a variant is for it."""
    gpus = [item for item in host.accelerators if item.kind == "rocm" and item.counts]
    if not gpus:
        there = next((item for item in host.accelerators if item.kind == "rocm"), None)
        why = f"{there.label}: {there.why_unusable}" if there else "no AMD GPU was found"
        return tuple(rejected(index.name, why) for index in catalogue.rocm_indexes), ()
    offered = constraint.offered is not None and AMD_INDEX in constraint.offered
    usual = [index for index in catalogue.rocm_indexes if offered or index.name != AMD_INDEX]
    supported = [gpu for gpu in gpus if _ever_supported(gpu, usual, catalogue)]
    candidates = tuple(
        _candidate(index, supported or gpus, host, catalogue, constraint)
        if index in usual
        else _proposed(index, gpus, host, catalogue, constraint)
        for index in catalogue.rocm_indexes
    )
    others = any(item.counts and item.kind != "rocm" for item in host.accelerators)
    proposed = any(one.accepted and one.name == AMD_INDEX for one in candidates) and not offered
    obstacles = [_system_obstacle(index, host, constraint) for index in usual]
    if all(obstacles):
        text = f"{named([gpu.label for gpu in gpus])}: {obstacles[0]}."
        return candidates, (text + (_PROPOSAL if proposed else ""),)
    return candidates, () if others else tuple(_warnings(gpus, supported, catalogue, proposed=proposed))


def _proposed(
    index: RocmIndex, gpus: list[Accelerator], host: Host, catalogue: Catalogue, constraint: Constraint
) -> Candidate:
    """Return the judgement of AMD's index behind every other build's, the CPU's too: nothing chooses it unasked."""
    candidate = _candidate(index, gpus, host, catalogue, constraint)
    return candidate._replace(order=(_LAST,)) if candidate.accepted else candidate


def _system_obstacle(index: RocmIndex, host: Host, constraint: Constraint) -> str | None:
    locked = any(backend == index.name and why is None for (backend, _), why in constraint.locked.items())
    if locked or (host.os in index.systems and host.arch in {"x86_64", "amd64"}):
        return None
    systems = " and ".join(system.capitalize() for system in index.systems)
    return f"the ROCm wheels are for {systems} on x86_64, not {host.os} on {host.arch}"


def _automatic(gfx: str, catalogue: Catalogue) -> bool:
    return all(note.automatic for note in catalogue.gfx_notes if note.gfx == gfx)


def _ever_supported(gpu: Accelerator, indexes: list[RocmIndex], catalogue: Catalogue) -> bool:
    held = any(gpu.gfx in index.gfx for index in indexes)
    return gpu.gfx is not None and held and _automatic(gpu.gfx, catalogue)


def _candidate(
    index: RocmIndex, gpus: list[Accelerator], host: Host, catalogue: Catalogue, constraint: Constraint
) -> Candidate:
    if obstacle := _system_obstacle(index, host, constraint):
        return rejected(index.name, obstacle)
    reasons = list(dict.fromkeys(reason for gpu in gpus if (reason := _gpu_obstacle(index, gpu, catalogue))))
    lines = [line for line in catalogue.torch if index.name in line.rocm]
    held = {line.line for line in lines}
    last = max((line.line for line in catalogue.torch if line.rocm), key=version_key)
    unverified = [line for line in catalogue.torch if not line.rocm_known] if last in held else []
    for known in (lines, unverified):
        open_lines = [line for line in known if not line_obstacle(line, host, constraint, index.name)]
        if open_lines:
            break
    if not lines:
        reasons.append(f"no torch build on {index.name} is known")
    elif not open_lines:
        obstacles = dict.fromkeys(line_obstacle(line, host, constraint, index.name) for line in lines)
        reasons += [f"no torch build on {index.name} fits: {reason}" for reason in obstacles]
    if reasons:
        return rejected(index.name, *reasons)
    newest = max((line.line for line in open_lines), key=version_key)
    reported = dict.fromkeys(f"{gpu.label} is {gpu.gfx}, which {index.name} holds code for" for gpu in gpus)
    if newest not in held:
        text = f"whether torch {newest} is on {index.name} is not verified; it is treated like torch {last}"
        reported[text] = None
    capped = any(version_key(line.line) > version_key(newest) and line.rocm_known for line in catalogue.torch)
    young = held == {last}
    newness = (-float(part) for part in version_key(release_of(index.name)))
    order = (1.0, 0.0, line_order(newest), float(young), *newness)  # a new ROCm's first torch ranks second
    return Candidate(
        index.name, accepted=True, reasons=tuple(reported), order=order, torch_max=newest if capped else None
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


def _warnings(
    gpus: list[Accelerator], supported: list[Accelerator], catalogue: Catalogue, *, proposed: bool
) -> list[str]:
    notes = {note.gfx: note.note for note in catalogue.gfx_notes}
    way_out = _PROPOSAL if proposed else ""
    warnings = []
    for gpu in gpus:
        if gpu.gfx is None and not supported:
            warnings.append(
                f"The architecture of {gpu.label} is not known, so no ROCm build is chosen; "
                "`rocminfo` shows it, and --target takes it as gfx=gfx1100."
            )
        elif gpu.gfx in notes:
            warnings.append(
                f"{gpu.label} ({gpu.gfx}): {notes[gpu.gfx]}." + ("" if gpu in supported else way_out)
            )
        elif gpu.gfx is not None and not supported:
            warnings.append(
                f"{gpu.label} ({gpu.gfx}): the ROCm builds of torch hold no code for it.{way_out}"
            )
        known = catalogue.gfx(gpu.device_id, None, gpu.name)
        if known is not None and gpu.gfx not in {None, known}:
            warnings.append(
                f"{gpu.label} is known as {known} and was reported as {gpu.gfx}, as with HSA_OVERRIDE_GFX_VERSION:"
                f" code of {gpu.gfx} can crash or give wrong results there."
            )
    idle = [f"{gpu.label} ({gpu.gfx or 'unknown'})" for gpu in gpus if gpu not in supported]
    if supported and idle:
        warnings.append(
            f"{', '.join(dict.fromkeys(idle))}: no ROCm build is for it; the choice is for the other GPUs."
        )
    return list(dict.fromkeys(warnings))
