"""From what the probes read to one host: which fact wins, which devices there are, which can be used."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from typing import NamedTuple

from poetry_aiops.hardware import masks as masking
from poetry_aiops.hardware.facts import AMD
from poetry_aiops.hardware.facts import APPLE
from poetry_aiops.hardware.facts import INTEL
from poetry_aiops.hardware.facts import NVIDIA
from poetry_aiops.hardware.facts import Facts
from poetry_aiops.hardware.facts import Gpu
from poetry_aiops.hardware.facts import Problem
from poetry_aiops.hardware.host import Accelerator
from poetry_aiops.hardware.host import Cpu
from poetry_aiops.hardware.host import Detection
from poetry_aiops.hardware.host import Host
from poetry_aiops.hardware.host import Mask
from poetry_aiops.hardware.host import ProbeReport
from poetry_aiops.hardware.joining import join
from poetry_aiops.hardware.text import version_key
from poetry_aiops.hardware.usability import State
from poetry_aiops.hardware.usability import Surroundings
from poetry_aiops.hardware.usability import amd_state
from poetry_aiops.hardware.usability import intel_state
from poetry_aiops.hardware.usability import nvidia_state


if TYPE_CHECKING:
    from collections.abc import Callable

    from poetry_aiops.hardware.catalogue import Catalogue


LONE_PROBLEMS = {
    Problem.NOT_RUNNING: (
        "nvidia-smi cannot reach the NVIDIA driver. Where nvidia-smi.exe works on a Windows host, run "
        "`wsl --update` there; else install or load the driver."
    ),
    Problem.NO_DEVICES: "The NVIDIA driver is loaded but finds no device.",
    Problem.NO_PROGRAM: (
        "There is no nvidia-smi on that machine, which says nothing about its GPU; on a Jetson "
        "`cat /etc/nv_tegra_release` tells more."
    ),
}
ASKED = frozenset({"NVML", "nvidia-smi --query-gpu", "nvidia-smi", "nvidia-smi -L"})


class Observation(NamedTuple):
    """One probe's answer; observations come most trusted first."""

    name: str
    source: str
    raw: str | None
    outcome: str
    facts: Facts


class Base(NamedTuple):
    """What is known of the machine before any device is looked at, and the device nodes if it is live."""

    host: Host
    nodes: frozenset[str] | None = None
    warnings: tuple[str, ...] = ()


class Merged(NamedTuple):
    """The facts that hold for all devices together, with the probe that decided each."""

    driver: str | None
    max_cuda: str | None
    library: str | None
    amdgpu: str | None
    problems: frozenset[Problem]
    won: dict[str, str]


def assemble(base: Base, observations: list[Observation], catalogue: Catalogue) -> Detection:
    """Return the host that a base and observations add up to, with a report of every probe."""
    merged = _merged(observations)
    around = Surroundings(
        problems=merged.problems | _missing_libcuda(base.host, observations),
        driver=merged.driver,
        library=merged.library,
        wsl=base.host.wsl,
        container=base.host.container,
        os=base.host.os,
        nodes=base.nodes,
        listed=any(
            gpu.vendor == NVIDIA and gpu.index is not None for o in observations for gpu in o.facts.gpus
        ),
        answered=any(o.name in ASKED and o.facts.gpus for o in observations),
        withheld=any(
            m.variable == masking.CONTAINER and m.value.strip() in masking.NOTHING for m in base.host.masks
        ),
    )
    board = _board(observations, catalogue)
    devices = (
        _jetson(board, merged, catalogue, base)
        if board
        else _nvidia(observations, merged, around, catalogue, base)
    )
    intel, others = _intel(observations, around, catalogue)
    host = replace(
        base.host,
        accelerators=(
            *devices,
            *_amd(observations, merged, around, catalogue, base),
            *intel,
            *_apple(base, observations),
        ),
        cpu=_cpu(base.host, observations),
        l4t=(_first(observations, lambda facts: facts.l4t) or (None, None))[1],
        other_gpus=others,
    )
    reports = tuple(_report(observation, merged.won) for observation in observations)
    warnings = (*base.warnings, *_driver_warnings(merged, board is not None), *_lone_problems(host, merged))
    return Detection(host, reports, warnings)


def _missing_libcuda(host: Host, observations: list[Observation]) -> frozenset[Problem]:
    """Return the problem of a container that was given the driver's NVML but not its libcuda."""
    present = {name for o in observations if o.name == "nvidia libraries" for name in o.facts.present}
    lacking = host.container is not None and "libnvidia-ml.so" in present and "libcuda.so" not in present
    return frozenset({Problem.NO_LIBCUDA}) if lacking else frozenset()


def _first(observations: list[Observation], fact: Callable[[Facts], str | None]) -> tuple[str, str] | None:
    return next(((o.name, value) for o in observations if (value := fact(o.facts))), None)


def _merged(observations: list[Observation]) -> Merged:
    kinds: tuple[tuple[str, Callable[[Facts], str | None]], ...] = (
        ("driver", lambda facts: facts.driver),
        ("max_cuda", lambda facts: facts.max_cuda),
        ("library", lambda facts: facts.library),
        ("amdgpu", lambda facts: facts.amdgpu),
        ("l4t", lambda facts: facts.l4t),
    )
    found = {name: answer for name, fact in kinds if (answer := _first(observations, fact))}
    won = {name: probe for name, (probe, _) in found.items()}
    for vendor, label in (
        (NVIDIA, "NVIDIA GPUs"),
        (AMD, "AMD GPUs"),
        (INTEL, "Intel GPUs"),
        (APPLE, "Apple GPU"),
    ):
        lister = next(
            (o.name for o in observations if any(gpu.vendor == vendor for gpu in o.facts.gpus)), None
        )
        if lister:
            won[label] = lister
    value = {name: text for name, (_, text) in found.items()}
    problems = frozenset(problem for o in observations for problem in o.facts.problems)
    if "driver" not in value and "library" in value:
        value["driver"] = value["library"]
        won["driver"] = won["library"]
    return Merged(
        value.get("driver"), value.get("max_cuda"), value.get("library"), value.get("amdgpu"), problems, won
    )


def _driver_warnings(merged: Merged, jetson: bool) -> list[str]:  # noqa: FBT001 - one private caller
    if jetson or merged.driver is None or merged.driver != merged.library:
        return []
    if merged.won.get("driver") != merged.won.get("library") or merged.won["driver"] == "NVML":
        return []
    text = (
        f"The kernel module's version is not told; the library's ({merged.library}) stands for the driver. "
        "`cat /proc/driver/nvidia/version` tells it."
    )
    return [text]


def _lone_problems(host: Host, merged: Merged) -> list[str]:
    """Return what programs reported as wrong where no device is known to which it could be said."""
    if any(device.kind in {"cuda", "jetson"} for device in host.accelerators):
        return []
    return [text for problem, text in LONE_PROBLEMS.items() if problem in merged.problems]


def _report(observation: Observation, won: dict[str, str]) -> ProbeReport:
    decided = tuple(fact for fact, probe in won.items() if probe == observation.name)
    return ProbeReport(
        observation.name,
        observation.source,
        observation.raw,
        observation.outcome,
        observation.facts.lines(),
        decided,
    )


def _listed(observations: list[Observation], vendor: str) -> tuple[Gpu, ...]:
    lists = [tuple(gpu for gpu in o.facts.gpus if gpu.vendor == vendor) for o in observations]
    return join(devices for devices in lists if devices)


def _board(observations: list[Observation], catalogue: Catalogue) -> str | None:
    """Return a Jetson's name: the one that tells which board it is, else any."""
    names = [name for o in observations if (name := o.facts.jetson)]
    return next((name for name in names if catalogue.jetson_boards.find(name)), names[0] if names else None)


def _jetson(board: str, merged: Merged, catalogue: Catalogue, base: Base) -> tuple[Accelerator, ...]:
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


def _nvidia(
    observations: list[Observation], merged: Merged, around: Surroundings, catalogue: Catalogue, base: Base
) -> tuple[Accelerator, ...]:
    gpus = _listed(observations, NVIDIA)
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
        _cuda(gpu, capability, merged, derived, _masked(nvidia_state(gpu, around), hidden.get(place)))
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


def _amd(
    observations: list[Observation], merged: Merged, around: Surroundings, catalogue: Catalogue, base: Base
) -> tuple[Accelerator, ...]:
    gpus = _listed(observations, AMD)
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


def _intel(
    observations: list[Observation], around: Surroundings, catalogue: Catalogue
) -> tuple[tuple[Accelerator, ...], tuple[str, ...]]:
    devices, others = [], []
    for gpu in _listed(observations, INTEL):
        if not catalogue.supports_intel(gpu.device_id, gpu.name):
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


OLDEST_MPS_MACOS = "12.3"


def _apple(base: Base, observations: list[Observation]) -> tuple[Accelerator, ...]:
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


def _cpu(host: Host, observations: list[Observation]) -> Cpu:
    model = _first(observations, lambda facts: facts.cpu_model)
    level = _first(observations, lambda facts: facts.cpu_level)
    return Cpu(host.arch, level[1] if level else None, model[1] if model else None)
