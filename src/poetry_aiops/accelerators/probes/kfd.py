"""``/sys/class/kfd/kfd/topology/nodes/*/properties``: AMD's compute devices, no ROCm needed.

``gfx_target_version`` is decimal, two digits each for minor and stepping, the stepping printed in
hexadecimal in the name (90010 -> gfx90a). CPUs are nodes too, NVIDIA GPUs since driver 560 as well: only
nodes of vendor 4098 (0x1002) count. Partitions of one MI300 share their ``unique_id``.
"""

from __future__ import annotations

import re
from dataclasses import replace

from poetry_aiops.accelerators.facts import AMD, Facts, Gpu
from poetry_aiops.accelerators.probes.probe import Files, Probe
from poetry_aiops.system.text import bus_of_location, lines


AMD_DECIMAL = 0x1002
_PAIR = r"^\s{0,10}([a-z_]{3,40}) {1,20}(\d{1,20})\s{0,10}$"


def parse(text: str) -> Facts:
    """Return the physical GPUs with their gfx name, PCI id and memory."""
    blocks: list[dict[str, int]] = [{}]
    for line in lines(text):
        if line.startswith("==>"):
            blocks.append({})
        elif pair := re.match(_PAIR, line):
            if pair.group(1) == "cpu_cores_count" and blocks[-1]:
                blocks.append({})
            blocks[-1][pair.group(1)] = int(pair.group(2))
    nodes = [block for block in blocks if block.get("vendor_id") == AMD_DECIMAL]
    cpus = any("cpu_cores_count" in block for block in blocks)
    return Facts(gpus=_physical(nodes), os="linux" if nodes else None, none=cpus and not nodes)


def gfx_name(target: int) -> str | None:
    """Return the gfx name of a ``gfx_target_version``, ``None`` when there is none."""
    if not 0 < target < 10**7:
        return None
    major, minor, stepping = target // 10000, target // 100 % 100, target % 100
    return f"gfx{major}{minor:x}{stepping:x}"


def _physical(nodes: list[dict[str, int]]) -> tuple[Gpu, ...]:
    seen: dict[tuple[int, int], Gpu] = {}
    for position, node in enumerate(nodes):
        unique = node.get("unique_id", 0)
        key = (unique, 0) if unique else (0, position + 1)
        if key in seen:
            seen[key] = replace(seen[key], partitions=max(seen[key].partitions, 1) + 1)
        else:
            seen[key] = _gpu(node)
    return tuple(seen.values())


def _gpu(node: dict[str, int]) -> Gpu:
    device, memory = node.get("device_id", 0), node.get("local_mem_size", 0)
    return Gpu(
        AMD,
        bus=bus_of_location(node.get("location_id", 0), node.get("domain", 0)),
        device_id=f"{device:04x}" if 0 < device < 2**16 else None,
        gfx=gfx_name(node.get("gfx_target_version", 0)),
        memory_mib=memory // 2**20 or None,
    )


def recognise(text: str) -> bool:
    """Return whether the text holds properties of KFD nodes."""
    return "simd_count" in text and "vendor_id" in text


PROBE = Probe(
    "KFD topology", Files("/sys/class/kfd/kfd/topology/nodes/*/properties", limit=512), parse, recognise
)
