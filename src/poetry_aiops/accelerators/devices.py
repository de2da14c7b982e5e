"""The accelerators of each maker: one list out of all probes, and whether each can be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.accelerators import masks as masking
from poetry_aiops.accelerators.facts import AMD, APPLE, INTEL, NVIDIA, Gpu
from poetry_aiops.accelerators.host import Accelerator, Mask
from poetry_aiops.accelerators.observed import HostBase, Merged, Observation, listed
from poetry_aiops.accelerators.usability import DriverEnvironment, State, amd_state, intel_state, nvidia_state
from poetry_aiops.system.text import version_key


if TYPE_CHECKING:
    from poetry_aiops.accelerators.catalogue import Catalogue
    from poetry_aiops.accelerators.host import AcceleratorKind, Host


OLDEST_MPS_MACOS = "12.3"


def board_name(observations: list[Observation], catalogue: Catalogue) -> str | None:
    """Return a Jetson's name: the one that names the board, else any."""
    names = [name for o in observations if (name := o.facts.jetson)]
    return next((name for name in names if catalogue.jetson_boards.find(name)), names[0] if names else None)


def _device(kind: AcceleratorKind, gpu: Gpu, state: State) -> Accelerator:
    """Return one device with what all makers' devices have; what one maker alone reports is added by the caller."""
    return Accelerator(
        kind,
        name=gpu.name,
        vendor_id=gpu.vendor,
        device_id=gpu.device_id,
        memory_mib=gpu.memory_mib,
        usable=state.usable,
        why_unusable=state.why,
        needs=state.needs,
        repairable=state.repairable,
        partitions=gpu.partitions,
        bus=gpu.bus,
    )


def jetson_devices(board: str, merged: Merged, catalogue: Catalogue, host: Host) -> tuple[Accelerator, ...]:
    capability = catalogue.jetson_boards.find(board)
    hidden = masking.hidden_by(host.masks, masking.CUDA, [(None, capability)])
    device = _device("jetson", Gpu(NVIDIA, name=board), _masked(State(), hidden.get(0)))
    cuda = merged.max_cuda or catalogue.jetson_cuda(host.l4t)
    return (device._replace(driver=merged.driver, max_cuda=cuda, compute_capability=capability),)


def nvidia_devices(
    observations: list[Observation],
    merged: Merged,
    around: DriverEnvironment,
    catalogue: Catalogue,
    base: HostBase,
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
    reported = [gpu._replace(compute_capability=cc) for gpu, cc in zip(gpus, capabilities, strict=True)]
    return tuple(
        _device("cuda", gpu, _masked(nvidia_state(gpu, around), hidden.get(place)))._replace(
            driver=merged.driver,
            max_cuda=merged.max_cuda or derived,
            compute_capability=gpu.compute_capability,
        )
        for place, gpu in enumerate(reported)
    )


def _stands_for_a_gpu(observations: list[Observation], merged: Merged, base: HostBase) -> bool:
    """Return whether a driver without a list of devices means that there is one.

    On a live machine it does not where the PCI bus could be read, or where there is no device node.
    """
    if base.nodes is None:
        return merged.driver is not None
    if base.host.os == "linux" and not base.host.wsl:
        pci_told = any(o.name == "PCI devices" and o.outcome == "ok" for o in observations)
        return merged.driver is not None and (not pci_told or bool(base.host.container))
    return merged.driver is not None


def _masked(state: State, mask: Mask | None) -> State:
    if mask is None or not state.usable:
        return state
    return State(
        usable=False,
        why=f"{mask.variable}={mask.value!r} hides it",
        needs=f"Unset {mask.variable}, or set it to the devices that are to be used.",
    )


def amd_devices(
    observations: list[Observation],
    merged: Merged,
    around: DriverEnvironment,
    catalogue: Catalogue,
    base: HostBase,
) -> tuple[Accelerator, ...]:
    gpus = listed(observations, AMD)
    in_kfd = {gpu.bus for o in observations if o.name == "KFD topology" for gpu in o.facts.gpus}
    hidden = masking.hidden_by(base.host.masks, masking.ROCM, [(gpu.uuid, None) for gpu in gpus])
    return tuple(
        _device(
            "rocm", gpu, _masked(amd_state(gpu, around, in_kfd=gpu.bus in in_kfd), hidden.get(place))
        )._replace(
            name=gpu.name or gpu.chip,
            driver=merged.amdgpu,
            gfx=gpu.gfx or catalogue.gfx(gpu.device_id, gpu.chip, gpu.name),
        )
        for place, gpu in enumerate(gpus)
    )


def intel_devices(
    observations: list[Observation], around: DriverEnvironment, catalogue: Catalogue
) -> tuple[tuple[Accelerator, ...], tuple[str, ...]]:
    devices, others = [], []
    for gpu in listed(observations, INTEL):
        if not catalogue.supports_intel(gpu.device_id, gpu.chip, gpu.name):
            ids = f" ({INTEL}:{gpu.device_id})" if gpu.device_id else ""
            others.append(f"{gpu.name or 'Intel GPU'}{ids} is not among the Intel GPUs that torch supports")
            continue
        devices.append(_device("xpu", gpu, intel_state(gpu, around)))
    return tuple(devices), tuple(dict.fromkeys(others))


def apple_devices(base: HostBase, observations: list[Observation]) -> tuple[Accelerator, ...]:
    if base.host.os != "macos" or base.host.arch != "arm64":
        return ()
    name = next((gpu.name for o in observations for gpu in o.facts.gpus if gpu.vendor == APPLE), None)
    version = base.host.os_version
    state = State()
    if version is not None and version_key(version) < version_key(OLDEST_MPS_MACOS):
        why = f"MPS needs macOS {OLDEST_MPS_MACOS} or newer; this is {version}"
        state = State(usable=False, why=why, needs="Update macOS.")
    return (_device("mps", Gpu(APPLE, name=name or "Apple GPU"), state),)
