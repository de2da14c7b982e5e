"""Present is not usable: why a device that is there cannot be used now, and the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from poetry_aiops.accelerators.facts import NVIDIA, ProbeFailure
from poetry_aiops.accelerators.masks import CONTAINER, NOTHING
from poetry_aiops.system.record import Record
from poetry_aiops.system.text import version_key


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from poetry_aiops.accelerators.facts import Gpu
    from poetry_aiops.accelerators.observed import Evidence


class Unusable(Record):
    """Why a device cannot be used now; ``repairable`` as in :class:`~poetry_aiops.accelerators.host.Accelerator`."""

    why: str
    needs: str | None = None
    repairable: bool = False


ASKED: Final = frozenset({"NVML", "nvidia-smi --query-gpu", "nvidia-smi", "nvidia-smi -L"})
NOT_SHOWN = "no sign of a working NVIDIA driver"
GIVE = "Start the container with the GPU, such as `docker run --gpus all`."


def nvidia_state(gpu: Gpu, around: Evidence, legacy: Sequence[tuple[str, str]]) -> Unusable | None:
    """Return why an NVIDIA GPU cannot be used; ``legacy`` is the catalogue's ``nvidia_legacy``."""
    return (
        _broken(gpu, around) or _legacy(gpu, around, legacy) or _absent(gpu, around) or _withheld(gpu, around)
    )


def _legacy(gpu: Gpu, around: Evidence, legacy: Sequence[tuple[str, str]]) -> Unusable | None:
    """Return whether the loaded driver ignores a GPU of this age; one that it lists is not ignored."""
    if gpu.ordinal is not None or around.driver is None or gpu.compute_capability is None:
        return None
    for below, last in legacy:
        if version_key(gpu.compute_capability) >= version_key(below):
            continue
        closed = f"Install the branch {last} of NVIDIA's driver with its closed kernel module."
        if version_key(around.driver)[:1] > version_key(last)[:1]:
            why = f"the driver {around.driver} ignores GPUs below compute capability {below}: {last} is their last branch"
            return Unusable(why=why, needs=closed)
        if any(o.facts.open_module for o in around.observations):
            why = f"NVIDIA's open kernel module does not drive GPUs below compute capability {below}"
            return Unusable(why=why, needs=closed)
    return None


def _broken(gpu: Gpu, around: Evidence) -> Unusable | None:
    """Return the failures that a reboot or another container option repairs."""
    failures = (
        Unusable(why, needs, repairable=True) for holds, why, needs in _failures(gpu, around) if holds
    )
    return next(failures, None)


def _failures(gpu: Gpu, around: Evidence) -> Iterator[tuple[bool, str, str]]:
    """Return every repairable failure: whether it holds, why that is one, and the way out."""
    problems = around.problems
    lost = gpu.lost or (ProbeFailure.LOST in problems and gpu.bus is None)
    yield lost, "the driver has lost this GPU", "Reboot the machine."
    library = f" ({around.library})" if around.library else ""
    kernel = f" {around.driver}" if around.driver and around.driver != around.library else ""
    yield (
        ProbeFailure.MISMATCH in problems,
        f"the loaded kernel module{kernel} and the driver's library{library} are of different versions",
        "Reboot the machine; if that does not help, rebuild the initramfs first.",
    )
    yield (
        ProbeFailure.NO_LIBCUDA in problems,
        "libcuda is missing (nvidia-smi shows no CUDA version)",
        "Start the container with NVIDIA_DRIVER_CAPABILITIES=compute,utility, or install the driver's libcuda.",
    )
    yield (
        ProbeFailure.NO_NVML in problems and around.driver is not None,
        "the driver is loaded but its libraries are missing",
        GIVE if around.host.container else "Install the user-space part of NVIDIA's driver.",
    )
    yield (
        ProbeFailure.NO_PERMISSION in problems,
        "the driver refuses access to the device",
        "Restart the container, or give this user access to /dev/nvidia*.",
    )


def _absent(gpu: Gpu, around: Evidence) -> Unusable | None:
    """Return the failures that leave no working driver."""
    if ProbeFailure.NO_DEVICES in around.problems:
        why = "the driver is loaded but finds no device"
        needs = (
            "In a virtual machine check that the GPU is passed through; else read the kernel's log for NVRM."
        )
        return Unusable(why=why, needs=needs)
    if ProbeFailure.NO_NODES in around.problems and gpu.minor is None:
        why = "/dev/nvidia* is missing"
        return Unusable(why=why, needs=f"{GIVE} Outside a container, run `sudo nvidia-modprobe -u -c=0`.")
    if ProbeFailure.NOT_RUNNING in around.problems:
        return Unusable(why="the NVIDIA driver is not loaded", needs=_load(around))
    bound = gpu.kernel_driver
    foreign = bound is not None and not bound.startswith("nvidia") and gpu.ordinal is None
    if foreign and around.host.os == "linux":
        why = f"the kernel uses {bound} for it, not NVIDIA's driver" if bound else "no driver is bound to it"
        needs = "Detach it from its virtual machine." if bound == "vfio-pci" else _load(around)
        return Unusable(why=why, needs=needs)
    if around.driver is None and gpu.ordinal is None and not bound and around.host.os != "macos":
        needs = "Add the output of nvidia-smi or of /proc/driver/nvidia/version."
        return Unusable(why=NOT_SHOWN, needs=needs)
    return None


def _load(around: Evidence) -> str:
    if around.host.wsl:
        return (
            "Install the NVIDIA driver on Windows and run `wsl --update`; where nvidia-smi.exe works on the host, "
            "the second is enough."
        )
    return "Install NVIDIA's driver, or load it with `sudo modprobe nvidia`."


def _withheld(gpu: Gpu, around: Evidence) -> Unusable | None:
    """Return whether a live machine has the driver but does not give this process the device."""
    if around.nodes is None or around.host.wsl or around.host.os != "linux":
        return None
    if (
        gpu.ordinal is None
        and around.host.container
        and any(g.ordinal is not None for g in around.listed(NVIDIA))
    ):
        return Unusable(why="this container has no access to the device", needs=GIVE)
    if any(o.name in ASKED and o.facts.gpus for o in around.observations):
        return None
    wanted = f"/dev/nvidia{gpu.minor}" if gpu.minor is not None else None
    numbered = any(node.removeprefix("/dev/nvidia").isdigit() for node in around.nodes)
    if wanted in around.nodes or (wanted is None and numbered):
        return None
    if around.host.container:
        withheld = any(
            mask.variable == CONTAINER and mask.value.strip() in NOTHING for mask in around.host.masks
        )
        setting = " (NVIDIA_VISIBLE_DEVICES hides it)" if withheld else ""
        why = f"this container has no access to the device{setting}: the host's driver is visible, the device node is not"
        return Unusable(why=why, needs=GIVE)
    why = f"the driver is loaded but {wanted or '/dev/nvidia0'} is missing"
    needs = "Run `sudo nvidia-modprobe -u -c=0`, or nvidia-smi once as root."
    return Unusable(why=why, needs=needs)


def amd_state(gpu: Gpu, around: Evidence, *, in_kfd: bool) -> Unusable | None:
    """Return why an AMD GPU cannot be used."""
    if ProbeFailure.NO_ROCK in around.problems:
        return Unusable(why="AMD's kernel driver is not loaded", needs="Run `sudo modprobe amdgpu`.")
    bound = gpu.kernel_driver
    if bound is not None and bound != "amdgpu":
        why = f"the kernel uses {bound} for it, not amdgpu" if bound else "no driver is bound to it"
        return Unusable(why=why, needs="Let the kernel bind amdgpu to it (`sudo modprobe amdgpu`).")
    if around.nodes is None or around.host.os != "linux" or around.host.wsl:
        return None
    if "/dev/kfd" not in around.nodes:
        needs = "Start the container with `--device /dev/kfd --device /dev/dri`."
        if not around.host.container:
            needs = "Load the amdgpu driver with KFD (`sudo modprobe amdgpu`)."
        return Unusable(why="/dev/kfd is missing", needs=needs)
    if not in_kfd:
        return Unusable(why="the kernel offers it for display only, not for computing (KFD)")
    return None


def intel_state(gpu: Gpu, around: Evidence) -> Unusable | None:
    """Return why an Intel GPU cannot be used."""
    bound = gpu.kernel_driver
    if bound is not None and bound not in {"i915", "xe"}:
        why = f"the kernel uses {bound} for it, not i915 or xe" if bound else "no driver is bound to it"
        return Unusable(why=why, needs="Install a kernel with Intel's driver for this GPU.")
    if around.nodes is not None and around.host.os == "linux" and not around.host.wsl:
        if any("renderD" in node for node in around.nodes):
            return None
        needs = (
            "Start the container with `--device /dev/dri`."
            if around.host.container
            else "Load the kernel's GPU driver."
        )
        return Unusable(why="there is no /dev/dri/renderD* node", needs=needs)
    return None
