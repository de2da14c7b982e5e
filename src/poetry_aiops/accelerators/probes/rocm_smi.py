"""The JSON of ``rocm-smi`` (old and new spellings) and of ``amd-smi static``; cut text included."""

from __future__ import annotations

import re
from dataclasses import replace

from poetry_aiops.accelerators.facts import AMD, Facts, Gpu
from poetry_aiops.accelerators.probes.probe import Probe, Program
from poetry_aiops.system.text import bus_key, is_nothing, name, number, pci_id, quoted_pairs, version


_CARD = re.compile(r"card\d{1,4}")
_GFX = re.compile(r"gfx[0-9a-f]{3,4}(?![0-9a-f])")
_NAMES = ("card series", "device name", "market_name", "product_name", "card model")
_MEGABYTE = 2**20


def parse(text: str) -> Facts:
    """Return the cards and the version of the amdgpu driver."""
    cards: list[dict[str, str]] = []
    top: dict[str, str] = {}
    for key, value in quoted_pairs(text):
        if _CARD.fullmatch(key) or (key == "gpu" and value.isdigit()):
            cards.append({})
        elif key == "system":
            top["system"] = "1"
        elif (
            key.lower() == "driver version"
            or (key == "version" and cards and "driver_name" in cards[-1])
            or key == "driver_version"
        ):
            top.setdefault("driver", value)
        elif cards and "system" not in top:
            cards[-1].setdefault(_key(key), value)
    return Facts(gpus=tuple(_gpu(card) for card in cards), amdgpu=version(top.get("driver", "")))


def _key(key: str) -> str:
    return "driver_name" if key == "name" else key.lower()


def _gpu(card: dict[str, str]) -> Gpu:
    gfx = _GFX.search(card.get("gfx version", "") or card.get("target_graphics_version", ""))
    total = number(card.get("vram total memory (b)", ""))
    labels = [label for key in _NAMES if (label := card.get(key, "")) and not label.startswith("0x")]
    gpu = Gpu(
        AMD,
        bus=bus_key(card.get("pci bus", "") or card.get("bdf", "")),
        device_id=pci_id(card.get("device id", "") or card.get("gpu id", "") or card.get("device_id", "")),
        gfx=gfx.group() if gfx else None,
        memory_mib=total // _MEGABYTE
        if total
        else number(card.get("size", ""))
        if "market_name" in card
        else None,
    )
    return _named(gpu, next((label for label in labels if not is_nothing(label)), ""))


def _named(gpu: Gpu, label: str) -> Gpu:
    """Tell the chip from the product in ``Navi 22 [Radeon RX 6700 XT]``."""
    found = re.fullmatch(r"([A-Z][A-Za-z0-9 -]{1,30}) \[([^\[\]]{3,80})\]", label)
    if not found:
        return replace(gpu, name=name(label))
    return replace(gpu, chip=found.group(1), name=name(found.group(2)))


def recognise(text: str) -> bool:
    """Return whether the text holds such JSON."""
    cards = bool(re.search(r'"card\d{1,4}"', text))
    return cards or "target_graphics_version" in text or ('"market_name"' in text and '"asic"' in text)


PROBE = Probe(
    "rocm-smi",
    Program(
        (
            ("rocm-smi", "-i", "--showproductname", "--showdriverversion", "--showbus", "--json"),
            (
                "/opt/rocm/bin/rocm-smi",
                "-i",
                "--showproductname",
                "--showdriverversion",
                "--showbus",
                "--json",
            ),
            ("amd-smi", "static", "--asic", "--bus", "--driver", "--json"),
        ),
        8.0,
    ),
    parse,
    recognise,
)
