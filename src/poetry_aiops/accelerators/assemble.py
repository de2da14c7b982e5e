"""From what the probes read to one host: which fact wins, which devices there are, which can be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.accelerators import masks as masking
from poetry_aiops.accelerators.devices import (
    amd_devices,
    apple_devices,
    board_name,
    intel_devices,
    jetson_devices,
    nvidia_devices,
)
from poetry_aiops.accelerators.facts import AMD, APPLE, INTEL, NVIDIA, ProbeFailure, TextFacts
from poetry_aiops.accelerators.host import Cpu, Detection, Host, ProbeReport
from poetry_aiops.accelerators.observed import HostBase, Merged, Observation, first_told
from poetry_aiops.accelerators.usability import DriverEnvironment


if TYPE_CHECKING:
    from collections.abc import Callable

    from poetry_aiops.accelerators.catalogue import Catalogue


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
ASKED = frozenset({"NVML", "nvidia-smi --query-gpu", "nvidia-smi", "nvidia-smi -L"})


def assemble(base: HostBase, observations: list[Observation], catalogue: Catalogue) -> Detection:
    """Return the host that a base and observations add up to, with a report of every probe."""
    merged = _merged(observations)
    around = DriverEnvironment(
        problems=merged.problems | _missing_libcuda(base.host, observations),
        driver=merged.driver,
        library=merged.library,
        wsl=base.host.wsl,
        container=base.host.container,
        os=base.host.os,
        nodes=base.nodes,
        listed=any(
            gpu.vendor == NVIDIA and gpu.ordinal is not None for o in observations for gpu in o.facts.gpus
        ),
        answered=any(o.name in ASKED and o.facts.gpus for o in observations),
        open_module=any(o.facts.open_module for o in observations),
        legacy=catalogue.nvidia_legacy,
        withheld=any(
            m.variable == masking.CONTAINER and m.value.strip() in masking.NOTHING for m in base.host.masks
        ),
    )
    l4t = (first_told(observations, lambda facts: facts.l4t) or (None, None))[1]
    host = base.host._replace(l4t=l4t)
    board = board_name(observations, catalogue)
    devices = (
        jetson_devices(board, merged, catalogue, host)
        if board
        else nvidia_devices(observations, merged, around, catalogue, base)
    )
    intel, others = intel_devices(observations, around, catalogue)
    host = host._replace(
        accelerators=(
            *devices,
            *amd_devices(observations, merged, around, catalogue, base),
            *intel,
            *apple_devices(base, observations),
        ),
        cpu=_cpu(base.host, observations),
        other_gpus=others,
    )
    reports = tuple(_report(observation, merged.won) for observation in observations)
    warnings = (
        *base.warnings,
        *_hung(observations),
        *_driver_warnings(merged, board is not None),
        *_lone_problems(host, merged),
    )
    return Detection(host, reports, warnings)


def _missing_libcuda(host: Host, observations: list[Observation]) -> frozenset[ProbeFailure]:
    """Return the problem of a container that was given the driver's NVML but not its libcuda."""
    present = {name for o in observations if o.name == "nvidia libraries" for name in o.facts.present}
    lacking = host.container is not None and "libnvidia-ml.so" in present and "libcuda.so" not in present
    return frozenset({ProbeFailure.NO_LIBCUDA}) if lacking else frozenset()


def _merged(observations: list[Observation]) -> Merged:
    kinds: tuple[tuple[str, Callable[[TextFacts], str | None]], ...] = (
        ("driver", lambda facts: facts.driver),
        ("max_cuda", lambda facts: facts.max_cuda),
        ("library", lambda facts: facts.library),
        ("amdgpu", lambda facts: facts.amdgpu),
        ("l4t", lambda facts: facts.l4t),
    )
    found = {name: answer for name, fact in kinds if (answer := first_told(observations, fact))}
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
        f"The version of the kernel module is unknown; the library's ({merged.library}) is used instead. "
        "`cat /proc/driver/nvidia/version` shows it."
    )
    return [text]


def _hung(observations: list[Observation]) -> list[str]:
    """Return which probes did not answer in time."""
    silent = [o.name for o in observations if o.outcome == "timeout"]
    return [f"{name} did not answer in time, so its result is unknown." for name in silent]


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


def _cpu(host: Host, observations: list[Observation]) -> Cpu:
    model = first_told(observations, lambda facts: facts.cpu_model)
    level = first_told(observations, lambda facts: facts.cpu_level)
    return Cpu(host.arch, level[1] if level else None, model[1] if model else None)
