"""From what the probes read to one host: which devices of each maker there are, and whether each can be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.accelerators import masks as masking
from poetry_aiops.accelerators.facts import AMD, APPLE, INTEL, NVIDIA, Gpu, ProbeFailure
from poetry_aiops.accelerators.host import Accelerator, Cpu, Detection, Mask
from poetry_aiops.accelerators.observed import first
from poetry_aiops.accelerators.usability import Unusable, amd_state, intel_state, nvidia_state
from poetry_aiops.system.text import version_key


if TYPE_CHECKING:
    from poetry_aiops.accelerators.catalogue import Catalogue
    from poetry_aiops.accelerators.host import AcceleratorKind, Host
    from poetry_aiops.accelerators.observed import Evidence, Observation


OF_A_GPU = frozenset(
    {ProbeFailure.MISMATCH, ProbeFailure.NO_PERMISSION, ProbeFailure.LOST, ProbeFailure.NO_LIBCUDA}
)
"""The failures of a driver that has a GPU."""
OLDEST_MPS_MACOS = "12.3"
LONE_PROBLEMS = {
    ProbeFailure.NOT_RUNNING: (
        "nvidia-smi cannot reach the NVIDIA driver. Where nvidia-smi.exe works on a Windows host, run "
        "`wsl --update` there; else install or load the driver."
    ),
    ProbeFailure.NO_DEVICES: "The NVIDIA driver is loaded but finds no device.",
    ProbeFailure.NO_PROGRAM: (
        "nvidia-smi is missing on that machine, which does not mean that it has no GPU; on a Jetson "
        "`cat /etc/nv_tegra_release` shows more."
    ),
}


def assemble(evidence: Evidence, catalogue: Catalogue, warnings: tuple[str, ...] = ()) -> Detection:
    """Return the host that observations add up to, with a report of every probe."""
    seen = evidence.observations
    board = board_name(evidence, catalogue)
    devices = jetson_devices(board, evidence, catalogue) if board else nvidia_devices(evidence, catalogue)
    intel, others = intel_devices(evidence, catalogue)
    host = evidence.host._replace(
        l4t=first(seen, "l4t"),
        accelerators=(*devices, *amd_devices(evidence, catalogue), *intel, *apple_devices(evidence)),
        cpu=Cpu(evidence.host.arch, first(seen, "cpu_level"), first(seen, "cpu_model")),
        other_gpus=others,
    )
    return Detection(
        host,
        tuple(o._replace(won=tuple(f for f, name in evidence.won.items() if name == o.name)) for o in seen),
        (
            *warnings,
            *_hung(seen),
            *(() if board else _driver_warnings(evidence)),
            *_lone_problems(host, evidence),
        ),
    )


def _driver_warnings(evidence: Evidence) -> list[str]:
    won, library = evidence.won, evidence.library
    if library is None or evidence.driver != library:
        return []
    if won["driver"] != won["library"] or won["driver"] == "NVML":
        return []
    text = (
        f"The version of the kernel module is unknown; the library's ({library}) is used instead. "
        "`cat /proc/driver/nvidia/version` shows it."
    )
    return [text]


def _hung(observations: list[Observation]) -> list[str]:
    """Return which probes did not answer in time."""
    silent = [o.name for o in observations if o.outcome == "timeout"]
    return [f"{name} did not answer in time, so its result is unknown." for name in silent]


def _lone_problems(host: Host, evidence: Evidence) -> list[str]:
    """Return what programs reported as wrong where no device is known to which it could be said."""
    if any(device.kind in {"cuda", "jetson"} for device in host.accelerators):
        return []
    return [text for problem, text in LONE_PROBLEMS.items() if problem in evidence.problems]


def board_name(evidence: Evidence, catalogue: Catalogue) -> str | None:
    """Return a Jetson's name: the one that names the board, else any."""
    names = [name for o in evidence.observations if (name := o.facts.jetson)]
    return next((name for name in names if catalogue.jetson_boards.find(name)), names[0] if names else None)


def _device(kind: AcceleratorKind, gpu: Gpu, unusable: Unusable | None) -> Accelerator:
    """Return one device with what all makers' devices have; what one maker alone reports is added by the caller."""
    why, needs, repairable = unusable or (None, None, False)
    return Accelerator(
        kind,
        name=gpu.name,
        vendor_id=gpu.vendor,
        device_id=gpu.device_id,
        memory_mib=gpu.memory_mib,
        usable=unusable is None,
        why_unusable=why,
        needs=needs,
        repairable=repairable,
        partitions=gpu.partitions,
        bus=gpu.bus,
    )


def jetson_devices(board: str, evidence: Evidence, catalogue: Catalogue) -> tuple[Accelerator, ...]:
    capability = catalogue.jetson_boards.find(board)
    hidden = masking.hidden_by(evidence.host.masks, masking.CUDA, [(None, capability)])
    device = _device("jetson", Gpu(NVIDIA, name=board), _masked(None, hidden.get(0)))
    cuda = evidence.max_cuda or catalogue.jetson_cuda(first(evidence.observations, "l4t"))
    return (device._replace(driver=evidence.driver, max_cuda=cuda, compute_capability=capability),)


def nvidia_devices(evidence: Evidence, catalogue: Catalogue) -> tuple[Accelerator, ...]:
    gpus = evidence.listed(NVIDIA)
    if not gpus and _stands_for_a_gpu(evidence):
        gpus = (Gpu(NVIDIA),)
    reported = [
        gpu._replace(
            compute_capability=gpu.compute_capability
            or catalogue.compute_capability(gpu.device_id, gpu.chip, gpu.name)
        )
        for gpu in gpus
    ]
    hidden = masking.hidden_by(
        evidence.host.masks, masking.CUDA, [(gpu.uuid, gpu.compute_capability) for gpu in reported]
    )
    driver = evidence.driver
    derived = catalogue.max_cuda(driver, windows=evidence.windows) if driver else None
    return tuple(
        _device(
            "cuda", gpu, _masked(nvidia_state(gpu, evidence, catalogue.nvidia_legacy), hidden.get(place))
        )._replace(
            driver=driver,
            max_cuda=evidence.max_cuda or derived,
            compute_capability=gpu.compute_capability,
        )
        for place, gpu in enumerate(reported)
    )


def _stands_for_a_gpu(evidence: Evidence) -> bool:
    """Return whether a driver without a list of devices means that there is one.

    On a live Linux it does not where the PCI bus could be read.
    """
    host = evidence.host
    if evidence.nodes is None and not evidence.problems.isdisjoint(OF_A_GPU):
        return True
    if evidence.nodes is None and any(o.facts.driver and o.facts.gpus for o in evidence.observations):
        return False  # a report that has the driver lists the GPUs that are used, another maker's
    if evidence.nodes is not None and host.os == "linux" and not (host.wsl or host.container):
        pci_read = any(o.name == "PCI devices" and o.outcome == "ok" for o in evidence.observations)
        return evidence.driver is not None and not pci_read
    return evidence.driver is not None


def _masked(unusable: Unusable | None, mask: Mask | None) -> Unusable | None:
    if mask is None or unusable is not None:
        return unusable
    return Unusable(
        f"{mask.variable}={mask.value!r} hides it",
        f"Unset {mask.variable}, or set it to the devices to use.",
    )


def amd_devices(evidence: Evidence, catalogue: Catalogue) -> tuple[Accelerator, ...]:
    gpus = evidence.listed(AMD)
    in_kfd = {gpu.bus for o in evidence.observations if o.name == "KFD topology" for gpu in o.facts.gpus}
    hidden = masking.hidden_by(evidence.host.masks, masking.ROCM, [(gpu.uuid, None) for gpu in gpus])
    return tuple(
        _device(
            "rocm", gpu, _masked(amd_state(gpu, evidence, in_kfd=gpu.bus in in_kfd), hidden.get(place))
        )._replace(
            name=gpu.name or gpu.chip,
            driver=evidence.amdgpu,
            gfx=gpu.gfx or catalogue.gfx(gpu.device_id, gpu.chip, gpu.name),
        )
        for place, gpu in enumerate(gpus)
    )


def intel_devices(
    evidence: Evidence, catalogue: Catalogue
) -> tuple[tuple[Accelerator, ...], tuple[str, ...]]:
    devices, others = [], []
    for gpu in evidence.listed(INTEL):
        if not catalogue.supports_intel(gpu.device_id, gpu.chip, gpu.name):
            ids = f" ({INTEL}:{gpu.device_id})" if gpu.device_id else ""
            others.append(f"{gpu.name or 'Intel GPU'}{ids} is not among the Intel GPUs that torch supports")
            continue
        devices.append(_device("xpu", gpu, intel_state(gpu, evidence)))
    return tuple(devices), tuple(dict.fromkeys(others))


def apple_devices(evidence: Evidence) -> tuple[Accelerator, ...]:
    host = evidence.host
    if host.os != "macos" or host.arch != "arm64":
        return ()
    name = next((gpu.name for gpu in evidence.listed(APPLE)), None)
    unusable, version = None, host.os_version
    if version is not None and version_key(version) < version_key(OLDEST_MPS_MACOS):
        why = f"MPS needs macOS {OLDEST_MPS_MACOS} or newer; this is {version}"
        unusable = Unusable(why, "Update macOS.")
    return (_device("mps", Gpu(APPLE, name=name or "Apple GPU"), unusable),)
