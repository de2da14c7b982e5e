"""``/sys/bus/pci/devices/*/uevent``: class, ids and bound driver of every PCI function in one small file each."""

from __future__ import annotations

import re

from poetry_aiops.accelerators.facts import AMD, INTEL, NVIDIA, Facts, Gpu
from poetry_aiops.accelerators.probes.probe import Files, Probe
from poetry_aiops.system.text import bus_key, lines


_PAIR = re.compile(r"^(DRIVER|PCI_CLASS|PCI_ID|PCI_SLOT_NAME)=(.{1,60})$")
_FLAT = re.compile(
    r"^(\S{1,20}) class=0x([0-9a-fA-F]{6}) vendor=0x([0-9a-fA-F]{4}) device=0x([0-9a-fA-F]{4})"
)
_FUNCTION = r"PCI_ID=[0-9a-fA-F]{4}:|class=0x[0-9a-fA-F]{6} vendor=0x"
DISPLAY, ACCELERATOR = "03", "12"


def parse(text: str) -> Facts:
    """Return the display controllers and processing accelerators of the three makers."""
    found: list[Gpu | None] = []
    block: dict[str, str] = {}
    for line in [*lines(text), "==> end"]:
        if line.startswith("==> "):
            found.append(_gpu(block))
            block = {}
        elif pair := _PAIR.match(line):
            block[pair.group(1)] = pair.group(2).strip()
        elif flat := _FLAT.match(line):
            found.append(gpu_of(flat.group(2), flat.group(3), flat.group(4), flat.group(1), None))
    gpus = tuple(gpu for gpu in found if gpu)
    return Facts(gpus=gpus, none=not gpus and bool(re.search(_FUNCTION, text)))


def _gpu(block: dict[str, str]) -> Gpu | None:
    ids = re.fullmatch(r"([0-9a-fA-F]{4}):([0-9a-fA-F]{4})", block.get("PCI_ID", ""))
    if not ids:
        return None
    kind = block.get("PCI_CLASS", "").zfill(6)
    return gpu_of(kind, ids.group(1), ids.group(2), block.get("PCI_SLOT_NAME", ""), block.get("DRIVER", ""))


def gpu_of(kind: str, vendor: str, device: str, slot: str, driver: str | None) -> Gpu | None:
    """Return a PCI function as a GPU, ``None`` when it is none of the three makers'.

    ``driver`` is empty for a function without a bound driver and ``None`` where that is not told.
    """
    if vendor.lower() not in {NVIDIA, AMD, INTEL} or kind[:2] not in {DISPLAY, ACCELERATOR}:
        return None
    if kind[:2] == ACCELERATOR and vendor.lower() != AMD:
        return None
    return Gpu(vendor.lower(), bus=bus_key(slot), device_id=device.lower(), kernel_driver=driver)


def recognise(text: str) -> bool:
    """Return whether the text holds such files, or lines of class, vendor and device."""
    return "PCI_ID=" in text or bool(re.search(r"class=0x[0-9a-fA-F]{6} vendor=0x", text))


PROBE = Probe("PCI devices", Files("/sys/bus/pci/devices/*/uevent", limit=2048), parse, recognise)
