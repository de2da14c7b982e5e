"""``rocm-smi`` and ``amd-smi`` as plain text: ``GPU[0] : Card Series: ...`` and ``MARKET_NAME: ...``."""

from __future__ import annotations

import re

from poetry_aiops.accelerators.facts import AMD, Facts, Gpu
from poetry_aiops.accelerators.probes.probe import Probe, Program
from poetry_aiops.system.text import bus_key, lines, name, pci_id, version


_BRACKET = re.compile(
    r"^\s{0,8}GPU\[(\d{1,3})\]\s{0,10}: {0,3}([A-Za-z ]{2,30}?)\s{0,3}:\s{1,20}(\S.{0,100})$"
)
_ROW = re.compile(r"^\s{0,4}\|\s{1,4}([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])\s{1,6}(\S[^|]{2,60})\|")
_CONCISE = re.compile(r"^\s{0,4}(\d{1,3})\s{1,12}\d{1,3}\s{1,12}(0x[0-9a-f]{4}),\s{1,12}\d{1,6}\s")
_HEAD = re.compile(r"^\s{0,8}GPU: {1,3}(\d{1,3})\s{0,5}$")
_PAIR = re.compile(r"^\s{2,16}([A-Z_]{3,40}): (\S.{0,100})$")
_DRIVER = re.compile(r"Driver version:\s{0,20}(\d{1,3}\.\d{1,3}(?:\.\d{1,4})?)")
_GFX = re.compile(r"gfx[0-9a-f]{3,4}(?![0-9a-f])")
_NAMES = ("card series", "market_name", "device name", "card model", "product_name")
_IDS = ("device id", "device_id", "gpu id")


def parse(text: str) -> Facts:
    """Return the cards and the driver's version."""
    cards: dict[int, dict[str, str]] = {}
    current: dict[str, str] | None = None
    for line in lines(text):
        if found := _BRACKET.match(line):
            cards.setdefault(int(found.group(1)), {}).setdefault(
                found.group(2).lower(), found.group(3).strip()
            )
        elif row := _ROW.match(line):  # the table of amd-smi
            cards[len(cards)] = {"bdf": row.group(1), "market_name": row.group(2).strip()}
        elif row := _CONCISE.match(line):  # the table of rocm-smi
            cards.setdefault(int(row.group(1)), {}).setdefault("device id", row.group(2))
        elif head := _HEAD.match(line):
            current = cards.setdefault(int(head.group(1)), {})
        elif current is not None and (pair := _PAIR.match(line)):
            current.setdefault(pair.group(1).lower(), pair.group(2).strip())
    driver = _DRIVER.search(text)
    told = tuple(gpu for card in cards.values() if (gpu := _gpu(card)))
    return Facts(gpus=told, amdgpu=version(driver.group(1)) if driver and told else None)


def _gpu(card: dict[str, str]) -> Gpu | None:
    gfx = _GFX.search(card.get("gfx version", "") or card.get("target_graphics_version", ""))
    label = next((card[key] for key in _NAMES if key in card and not card[key].startswith("0x")), "")
    device = next((pci_id(card[key]) for key in _IDS if key in card), None)
    if not (gfx or label or device):
        return None
    bus = bus_key(card.get("pci bus", "") or card.get("bdf", ""))
    return Gpu(AMD, name=name(label), bus=bus, device_id=device, gfx=gfx.group() if gfx else None)


def recognise(text: str) -> bool:
    """Return whether the text has the lines of either program."""
    return (
        "GPU[" in text
        or "AMD-SMI" in text
        or "ROCm System Management" in text
        or "TARGET_GRAPHICS_VERSION" in text
        or "MARKET_NAME" in text
    )


PROBE = Probe(
    "rocm-smi text",
    Program((("rocm-smi", "--showproductname", "--showdriverversion"),), 8.0),
    parse,
    recognise,
)
