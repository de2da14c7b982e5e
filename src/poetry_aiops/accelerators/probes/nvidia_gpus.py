"""``/proc/driver/nvidia/gpus/*/information``: one file per GPU that the loaded driver serves."""

from __future__ import annotations

import re

from poetry_aiops.accelerators.facts import NVIDIA, Facts, Gpu
from poetry_aiops.accelerators.probes.probe import Files, Probe
from poetry_aiops.system.text import bus_key, lines, name, number


_PAIR = r"^(Model|IRQ|GPU UUID|Video BIOS|Bus Type|Bus Location|Device Minor):\s{0,20}(.{0,200})$"


def parse(text: str) -> Facts:
    """Return the GPUs with name, UUID, bus address and device node number."""
    blocks: list[dict[str, str]] = []
    for line in lines(text):
        found = re.match(_PAIR, line.strip())
        if not found:
            continue
        if found.group(1) == "Model":
            blocks.append({})
        if blocks:
            blocks[-1].setdefault(found.group(1), found.group(2).strip())
    return Facts(gpus=tuple(_gpu(position, block) for position, block in enumerate(blocks)))


def _gpu(position: int, block: dict[str, str]) -> Gpu:
    uuid = block.get("GPU UUID", "")
    return Gpu(
        NVIDIA,
        name=name(block.get("Model", "")),
        index=position,
        bus=bus_key(block.get("Bus Location", "")),
        uuid=uuid[:60] if uuid.startswith("GPU-") and "?" not in uuid else None,
        minor=number(block.get("Device Minor", "")),
    )


def recognise(text: str) -> bool:
    """Return whether the text holds such a file."""
    return "Bus Location:" in text and "Model:" in text


PROBE = Probe("nvidia GPUs (proc)", Files("/proc/driver/nvidia/gpus/*/information"), parse, recognise)
