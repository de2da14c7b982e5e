"""``xpu-smi discovery`` as a table or JSON."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from poetry_aiops.accelerators.facts import Facts, Gpu
from poetry_aiops.accelerators.probes.intel_names import gpu_named
from poetry_aiops.accelerators.probes.probe import Probe, Program
from poetry_aiops.system.text import bus_key, clean, lines


if TYPE_CHECKING:
    from collections.abc import Iterator


_BARS = 2
_NAME = re.compile(r'(?:Device Name:|"device_name"\s{0,4}:)\s{0,20}"?([^"|\n]{1,120})')
_PCI = re.compile(r'(?:PCI Device ID:|"pci_device_id"\s{0,4}:)\s{0,20}"?0x([0-9a-fA-F]{4})')
_UUID = re.compile(
    r"(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}|00000000-0000-0000-0000-0000)([0-9a-f]{4})8086(?![0-9a-f])",
    re.IGNORECASE,
)


def parse(text: str) -> Facts:
    """Return the devices; the PCI id is also the end of the UUID of newer GPUs."""
    plain = clean(text)
    heads = [(found.start(), found.group(1)) for found in _NAME.finditer(plain)]
    gpus = tuple(_gpu(plain, heads, position) for position in range(len(heads)))
    return Facts(gpus=gpus or tuple(_rows(plain)))


def _rows(text: str) -> Iterator[Gpu]:
    """Return the devices of the table of ``xpu-smi`` 2; a long name goes on in the next row."""
    rows = [line.strip(" |>").split("|") for line in lines(text) if line.count("|") > _BARS]
    for place, cells in enumerate(rows):
        found = re.match(r"(\d{1,3}) {1,6}(Intel\S{0,3} .{1,60}?)(?: {2,40}(?:On|Off|N/A))?\s*$", cells[0])
        if found:
            rest = rows[place + 1][0].strip() if place + 1 < len(rows) else ""
            label = (
                f"{found.group(2)} {rest}"
                if re.fullmatch(r"[A-Za-z][A-Za-z0-9 ]{1,40}", rest)
                else found.group(2)
            )
            bus = bus_key(cells[1]) if len(cells) > 1 else None
            yield replace(gpu_named(label), index=int(found.group(1)), bus=bus)


def _gpu(text: str, heads: list[tuple[int, str]], position: int) -> Gpu:
    start, label = heads[position]
    end = heads[position + 1][0] if position + 1 < len(heads) else start + 4000
    block = text[start:end][:4000]
    found = _PCI.search(block) or _UUID.search(block)
    return gpu_named(label.strip(), found.group(1).lower() if found else None)


def recognise(text: str) -> bool:
    """Return whether the text is from ``xpu-smi``."""
    return "xpu-smi" in text.lower() or "XPU Discovery" in text or "Device Name: Intel" in text


PROBE = Probe("xpu-smi", Program((("xpu-smi", "discovery"),), 8.0), parse, recognise)
