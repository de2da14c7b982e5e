"""The accelerators of each maker: one list out of all probes, and whether each can be used."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from poetry_aiops.accelerators import masks as masking
from poetry_aiops.accelerators.facts import AMD, APPLE, INTEL, NVIDIA, Gpu
from poetry_aiops.accelerators.host import Accelerator, Mask
from poetry_aiops.accelerators.observed import Base, Merged, Observation, listed
from poetry_aiops.accelerators.usability import State, Surroundings, amd_state, intel_state, nvidia_state
from poetry_aiops.system.text import version_key


if TYPE_CHECKING:
    from poetry_aiops.accelerators.catalogue import Catalogue


OLDEST_MPS_MACOS = "12.3"


def board_name(observations: list[Observation], catalogue: Catalogue) -> str | None:
    """Return a Jetson's name: the one that tells which board it is, else any."""
    names = [name for o in observations if (name := o.facts.jetson)]
    return next((name for name in names if catalogue.jetson_boards.find(name)), names[0] if names else None)


def jetson_devices(board: str, merged: Merged, catalogue: Catalogue, base: Base) -> tuple[Accelerator, ...]:
    capability = catalogue.jetson_boards.find(board)
    hidden = masking.hidden_by(base.host.masks, masking.CUDA, [(None, capability)])
    state = _masked(State(), hidden.get(0))
    return (
        Accelerator(
            "jetson",
            name=board,
            vendor_id=NVIDIA,
            driver=merged.driver,
            max_cuda=merged.max_cuda,
            compute_capability=capability,
            usable=state.usable,
            why_unusable=state.why,
            needs=state.needs,
        ),
    )


def nvidia_devices(
    observations: list[Observation], merged: Merged, around: Surroundings, catalogue: Catalogue, base: Base
) -> tuple[Accelerator, ...]:
    gpus = listed(observations, NVIDIA)
    if not gpus and _stands_for_a_gpu(observations, merged, base):
        gpus = (Gpu(NVIDIA),)
    capabilities = [
        g.compute_capability or catalogue.compute_capability(g.device_id, g.chip, g.name) for g in gpus
    ]
    hidden = masking.hidden_by(
        base.host.masks, masking.CUDA, [(gpu.uuid, cc) for gpu, cc in zip(gpus, capabilities, strict=True)]
    )
    windows = around.os == "windows" or around.wsl
    derived = catalogue.max_cuda(merged.driver, windows=windows) if merged.driver else None
    return tuple(
        _cuda(
            gpu,
            capability,
            merged,
            derived,
            _masked(nvidia_state(replace(gpu, compute_capability=capability), around), hidden.get(place)),
        )
        for place, (gpu, capability) in enumerate(zip(gpus, capabilities, strict=True))
    )


def _stands_for_a_gpu(observations: list[Observation], merged: Merged, base: Base) -> bool:
    """Return whether a driver without a list of devices means that there is one.

    On a live machine it does not where the PCI bus could be looked at, or where there is no device node.
    """
    if base.nodes is None:
        return merged.driver is not None
    if base.host.os == "linux" and not base.host.wsl:
        pci_told = any(o.name == "PCI devices" and o.outcome == "ok" for o in observations)
        return merged.driver is not None and (not pci_told or bool(base.host.container))
    return merged.driver is not None


def _cuda(gpu: Gpu, capability: str | None, merged: Merged, derived: str | None, state: State) -> Accelerator:
    return Accelerator(
        "cuda",
        name=gpu.name,
        vendor_id=NVIDIA,
        device_id=gpu.device_id,
        driver=merged.driver,
        max_cuda=merged.max_cuda or derived,
        compute_capability=capability,
        memory_mib=gpu.memory_mib,
        usable=state.usable,
        why_unusable=state.why,
        needs=state.needs,
        repairable=state.repairable,
        partitions=gpu.partitions,
        bus=gpu.bus,
    )


def _masked(state: State, mask: Mask | None) -> State:
    if mask is None or not state.usable:
        return state
    return State(
        usable=False,
        why=f"{mask.variable}={mask.value!r} hides it",
        needs=f"Unset {mask.variable}, or set it to the devices that are to be used.",
    )


def amd_devices(
    observations: list[Observation], merged: Merged, around: Surroundings, catalogue: Catalogue, base: Base
) -> tuple[Accelerator, ...]:
    gpus = listed(observations, AMD)
    in_kfd = {gpu.bus for o in observations if o.name == "KFD topology" for gpu in o.facts.gpus}
    hidden = masking.hidden_by(base.host.masks, masking.ROCM, [(gpu.uuid, None) for gpu in gpus])
    return tuple(
        Accelerator(
            "rocm",
            name=gpu.name or gpu.chip,
            vendor_id=AMD,
            device_id=gpu.device_id,
            driver=merged.amdgpu,
            gfx=gpu.gfx or catalogue.gfx(gpu.device_id, gpu.chip, gpu.name),
            memory_mib=gpu.memory_mib,
            usable=state.usable,
            why_unusable=state.why,
            needs=state.needs,
            repairable=state.repairable,
            partitions=gpu.partitions,
            bus=gpu.bus,
        )
        for place, gpu in enumerate(gpus)
        for state in [_masked(amd_state(gpu, around, in_kfd=gpu.bus in in_kfd), hidden.get(place))]
    )


def intel_devices(
    observations: list[Observation], around: Surroundings, catalogue: Catalogue
) -> tuple[tuple[Accelerator, ...], tuple[str, ...]]:
    devices, others = [], []
    for gpu in listed(observations, INTEL):
        if not catalogue.supports_intel(gpu.device_id, gpu.chip, gpu.name):
            ids = f" ({INTEL}:{gpu.device_id})" if gpu.device_id else ""
            others.append(f"{gpu.name or 'Intel GPU'}{ids} is not among the Intel GPUs that torch supports")
            continue
        state = intel_state(gpu, around)
        devices.append(
            Accelerator(
                "xpu",
                name=gpu.name,
                vendor_id=INTEL,
                device_id=gpu.device_id,
                memory_mib=gpu.memory_mib,
                usable=state.usable,
                why_unusable=state.why,
                needs=state.needs,
                bus=gpu.bus,
            )
        )
    return tuple(devices), tuple(dict.fromkeys(others))


def apple_devices(base: Base, observations: list[Observation]) -> tuple[Accelerator, ...]:
    if base.host.os != "macos" or base.host.arch != "arm64":
        return ()
    told = next((gpu.name for o in observations for gpu in o.facts.gpus if gpu.vendor == APPLE), None)
    version = base.host.os_version
    old = version is not None and version_key(version) < version_key(OLDEST_MPS_MACOS)
    return (
        Accelerator(
            "mps",
            name=told or "Apple GPU",
            vendor_id=APPLE,
            usable=not old,
            why_unusable=f"MPS needs macOS {OLDEST_MPS_MACOS} or newer; this is {version}" if old else None,
            needs="Update macOS." if old else None,
        ),
    )
