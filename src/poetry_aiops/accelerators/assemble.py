"""From what the probes read to one host: which fact wins, which devices there are, which can be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.accelerators.devices import (
    amd_devices,
    apple_devices,
    board_name,
    intel_devices,
    jetson_devices,
    nvidia_devices,
)
from poetry_aiops.accelerators.facts import ProbeFailure
from poetry_aiops.accelerators.host import Cpu, Detection
from poetry_aiops.accelerators.observed import first


if TYPE_CHECKING:
    from poetry_aiops.accelerators.catalogue import Catalogue
    from poetry_aiops.accelerators.host import Host
    from poetry_aiops.accelerators.observed import Evidence, Observation


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
