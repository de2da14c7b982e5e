"""``lspci`` with and without ids, names or drivers (``-nn``, ``-n``, ``-k``, ``-v``, ``-mm`` and plain)."""

from __future__ import annotations

import re
from dataclasses import replace

from poetry_aiops.accelerators.facts import AMD, INTEL, NVIDIA, Facts, Gpu
from poetry_aiops.accelerators.probes.probe import Probe, Program
from poetry_aiops.system.text import bus_key, lines, name


_SLOT = re.compile(r"(?<![\w:])((?:[0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]) +\"?(\S.{0,400})$")
_CLASS = re.compile(
    r"(?:VGA compatible controller|3D controller|Display controller|Processing accelerators)|\[(?:03|12)[0-9a-f]{2}\]|^(?:03|12)[0-9a-f]{2}:"
)
_OTHER_CLASS = re.compile(r"(?i)audio|bridge|usb|serial|network|ethernet|unclassified|signal processing")
_IDS = re.compile(r"(?<![0-9a-f])\[?(10de|1002|8086):([0-9a-f]{4})\]?")
_MACHINE_IDS = re.compile(r"\[(10de|1002|8086)\]\"? +\"?[^\"]{0,200}\[([0-9a-f]{4})\]")
_CHIP = re.compile(r"^([A-Z]{2}\d{2}[0-9A-Z]|TU\d{3}|[A-Z][A-Za-z]{1,15}(?: [A-Z]?[A-Za-z0-9]{1,12}){0,2})")
_NVIDIA_CHIP = re.compile(r"(G[FKMPVAHB]\d{2}[0-9A-F]|TU\d{3}|AD\d{3}|GB10)")
_UNNAMED = re.compile(r"Device ([0-9a-f]{4})(?![0-9a-f])")
_DRIVER = re.compile(r"Kernel driver in use: {1,3}([a-z0-9_-]{1,30})", re.IGNORECASE)
_MAKERS = (
    (NVIDIA, ("NVIDIA Corporation", "nVidia Corporation", "NVIDIA")),
    (AMD, ("Advanced Micro Devices, Inc. [AMD/ATI]", "Advanced Micro Devices", "[AMD/ATI]", "AMD/ATI")),
    (INTEL, ("Intel Corporation", "Intel")),
)


def parse(text: str) -> Facts:
    """Return the display controllers of the three makers with what each line tells."""
    gpus: list[Gpu] = []
    inside = False
    told_drivers = "Kernel driver in use:" in text
    for line in lines(text):
        if slot := _SLOT.search(line):
            gpu = _gpu(slot.group(1), slot.group(2), unbound="" if told_drivers else None)
            inside = gpu is not None
            gpus += [gpu] if gpu else []
        elif inside and gpus and (driver := _DRIVER.search(line)):
            gpus[-1] = replace(gpus[-1], kernel_driver=driver.group(1).lower())
    slots = sum(1 for line in lines(text) if _SLOT.search(line))
    return Facts(gpus=_merged(gpus), none=not gpus and slots > 0)


def _merged(gpus: list[Gpu]) -> tuple[Gpu, ...]:
    """Join the lines of several calls of ``lspci`` that name one slot."""
    slots: dict[str | None, Gpu] = {}
    for gpu in gpus:
        old = slots.get(gpu.bus)
        slots[gpu.bus] = gpu if old is None or old.vendor != gpu.vendor else _joined(old, gpu)
    return tuple(slots.values())


def _joined(one: Gpu, other: Gpu) -> Gpu:
    return replace(
        one,
        name=one.name or other.name,
        chip=one.chip or other.chip,
        device_id=one.device_id or other.device_id,
        kernel_driver=one.kernel_driver or other.kernel_driver,
    )


def _gpu(slot: str, rest: str, *, unbound: str | None) -> Gpu | None:
    kind = rest.split(": ", 1)[0] if ": " in rest else rest[:60]
    if not _CLASS.search(rest[:120]) or (_OTHER_CLASS.search(kind) and not _CLASS.search(kind)):
        return None
    ids = _IDS.search(rest) or _MACHINE_IDS.search(rest)
    vendor = ids.group(1) if ids else _maker(rest)
    if vendor is None:
        return None
    label = _described(rest, vendor)
    unnamed = _UNNAMED.match(label)
    product = re.search(r"\[([^\[\]]{3,100})\]", label)
    return Gpu(
        vendor,
        name=name(_titled(product.group(1) if product else label, vendor)),
        bus=bus_key(slot),
        device_id=ids.group(2) if ids else unnamed.group(1) if unnamed else None,
        chip=_chip(label, vendor),
        kernel_driver=unbound,
    )


def described(slot: str, rest: str, driver: str | None) -> Gpu | None:
    """Return the GPU of a device that another program describes in ``lspci``'s words."""
    gpu = _gpu(slot, rest, unbound=driver)
    return replace(gpu, kernel_driver=driver) if gpu else None


def _maker(rest: str) -> str | None:
    return next((vendor for vendor, names in _MAKERS if any(label in rest for label in names)), None)


def _described(rest: str, vendor: str) -> str:
    """Return what follows the maker's name, without ids and revision."""
    labels = next(names for maker, names in _MAKERS if maker == vendor)
    start = next((rest.find(label) + len(label) for label in labels if label in rest), 0)
    plain = re.sub(
        r"\[(?:10de|1002|8086)?:?[0-9a-f]{4}\]|\((?:rev|prog-if)[^)]{0,60}\)",
        " ",
        rest[start:] if start else "",
    )
    return " ".join(plain.replace('"', " ").split())


def _titled(product: str, vendor: str) -> str:
    makers = {NVIDIA: "NVIDIA", AMD: "AMD", INTEL: "Intel"}
    return product if product.startswith(makers[vendor]) or not product else f"{makers[vendor]} {product}"


def _chip(label: str, vendor: str) -> str | None:
    if vendor == NVIDIA:
        found = _NVIDIA_CHIP.match(label)
        return found.group(1) if found else None
    head = label.split("[", 1)[0].strip() or label.strip("[]")
    found = _CHIP.match(head)
    return found.group(1) if found else None


def recognise(text: str) -> bool:
    """Return whether the text holds a line of ``lspci`` for a display controller."""
    return any(
        _CLASS.search(found.group(2)[:120]) or _OTHER_CLASS.search(found.group(2)[:120])
        for line in lines(text)
        if (found := _SLOT.search(line))
    )


PROBE = Probe("lspci", Program((("lspci", "-Dnnk"),), 3.0), parse, recognise)
