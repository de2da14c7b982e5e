"""Environment variables that hide devices: which of them a program would still see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.system.text import version_key


if TYPE_CHECKING:
    from poetry_aiops.accelerators.host import Mask


CUDA = ("CUDA_VISIBLE_DEVICES",)
ROCM = ("ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL", "CUDA_VISIBLE_DEVICES")
CONTAINER = "NVIDIA_VISIBLE_DEVICES"
ORDER = "CUDA_DEVICE_ORDER"

READ = (*CUDA, *ROCM[:3], CONTAINER, ORDER)
NOTHING = frozenset({"", "none", "void"})


def hidden_by(
    masks: tuple[Mask, ...], variables: tuple[str, ...], devices: list[tuple[str | None, str | None]]
) -> dict[int, Mask]:
    """Return which devices are hidden and by which variable.

    ``devices`` are pairs of UUID and compute capability in the order of the PCI bus. CUDA numbers devices
    fastest first unless ``CUDA_DEVICE_ORDER`` is ``PCI_BUS_ID``; the compute capability is the measure of speed.
    """
    order = list(range(len(devices)))
    by_bus = any(mask.variable == ORDER and mask.value.strip() == "PCI_BUS_ID" for mask in masks)
    if variables is CUDA and not by_bus:
        order.sort(key=lambda place: tuple(-part for part in version_key(devices[place][1] or "0")))
    for mask in masks:
        if mask.variable in variables:
            visible = _visible(mask.value, order, [uuid for uuid, _ in devices])
            return {place: mask for place in range(len(devices)) if place not in visible}
    return {}


def _visible(value: str, order: list[int], uuids: list[str | None]) -> set[int]:
    """Return the places that a mask leaves; the first entry that means nothing ends it, as the driver reads it."""
    visible: set[int] = set()
    for entry in value[:2000].split(","):
        token = entry.strip()
        if token.startswith("MIG-"):
            return set(order)
        if token.isascii() and token.isdigit() and len(token) < 4 and int(token) < len(order):  # noqa: PLR2004 - no machine has 1000
            visible.add(order[int(token)])
        elif token.startswith("GPU-") and (
            found := [i for i, uuid in enumerate(uuids) if (uuid or "").startswith(token)]
        ):
            visible.add(found[0])
        elif token.startswith("GPU-") and None in uuids:
            return set(order)
        else:
            break
    return visible
