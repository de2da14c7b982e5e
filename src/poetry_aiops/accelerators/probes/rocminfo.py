"""``rocminfo``: one block per agent; CPUs are agents too, and the first one is one."""

from __future__ import annotations

import re

from poetry_aiops.accelerators.facts import AMD, Facts, Gpu, Problem
from poetry_aiops.accelerators.probes.probe import Probe, Program
from poetry_aiops.system.text import bus_of_location, clean, lines, name


_AGENT = re.compile(r"^\s{0,8}Agent {1,4}\d{1,4}\s{0,20}$")
_PAIR = re.compile(
    r"^\s{0,8}(Name|Uuid|Marketing Name|Device Type|Chip ID|BDFID|Vendor Name):\s{0,40}(\S.{0,120})?$"
)
_GFX = re.compile(r"(?<![\w-])(gfx[0-9a-f]{3,4})(?![0-9a-f])")
_ISA = re.compile(r"amdgcn-amd-amdhsa--(gfx[0-9a-f]{3,4})(?![0-9a-f])")


def parse(text: str) -> Facts:
    """Return the GPU agents with gfx name, marketing name and PCI id."""
    blocks: list[dict[str, str]] = [{}]
    for line in lines(text):
        if _AGENT.match(line):
            blocks.append({})
        elif pair := _PAIR.match(line):
            key, value = pair.group(1), (pair.group(2) or "").strip()
            if (
                key == "Name"
                and {"Uuid", "Device Type"} <= set(blocks[-1])
                and not value.startswith("amdgcn")
            ):
                blocks.append({})
            blocks[-1].setdefault(key, value)
    gpus = [gpu for block in blocks if (gpu := _gpu(block))] or _isas(text)
    failed = "ROCk module is NOT loaded" in text or "ROCk module is not loaded" in text
    cpus = any(block.get("Device Type") == "CPU" for block in blocks)
    return Facts(gpus=tuple(gpus), none=cpus and not gpus, problems=(Problem.NO_ROCK,) if failed else ())


def _gpu(block: dict[str, str]) -> Gpu | None:
    found = _GFX.match(block.get("Name", ""))
    if block.get("Device Type", "GPU") != "GPU" or not found:
        return None
    chip = re.search(r"\(0x([0-9a-f]{3,4})\)", block.get("Chip ID", ""))
    bdf = re.match(r"(\d{1,5})(?!\d)", block.get("BDFID", ""))
    return Gpu(
        AMD,
        name=name(block.get("Marketing Name", "")),
        bus=bus_of_location(int(bdf.group(1)) if bdf else 0),
        uuid=block.get("Uuid", "")[:40] or None,
        device_id=chip.group(1).zfill(4) if chip else None,
        gfx=found.group(1),
    )


def _isas(text: str) -> list[Gpu]:
    """Return GPUs from lines of instruction sets alone, when no agent is left in the text."""
    return [Gpu(AMD, gfx=gfx) for gfx in dict.fromkeys(_ISA.findall(clean(text)))]


def recognise(text: str) -> bool:
    """Return whether the text holds agents of ``rocminfo``."""
    return any(sign in text for sign in ("HSA Agents", "amdgcn-amd-amdhsa", "ROCk module", "Marketing Name:"))


PROBE = Probe("rocminfo", Program((("rocminfo",), ("/opt/rocm/bin/rocminfo",)), 8.0), parse, recognise)
