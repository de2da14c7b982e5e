"""AMD's compute devices: the kernel's topology and module, ``rocminfo``, ``rocm-smi``, ``amd-smi`` and the enumerator."""

from __future__ import annotations

import re
from dataclasses import replace

from poetry_aiops.accelerators.facts import AMD, Facts, Gpu, Problem
from poetry_aiops.accelerators.probes.probe import File, Files, Probe, Program
from poetry_aiops.system.text import (
    bus_key,
    bus_of_location,
    clean,
    is_nothing,
    lines,
    name,
    number,
    pci_id,
    quoted_pairs,
    version,
)


# ``/sys/class/kfd/kfd/topology/nodes/*/properties``: AMD's compute devices, no ROCm needed.
#
# ``gfx_target_version`` is decimal, two digits each for minor and stepping, the stepping printed in
# hexadecimal in the name (90010 -> gfx90a). CPUs are nodes too, NVIDIA GPUs since driver 560 as well: only
# nodes of vendor 4098 (0x1002) count. Partitions of one MI300 share their ``unique_id``.

AMD_DECIMAL = 0x1002
_KFD_PAIR = r"^\s{0,10}([a-z_]{3,40}) {1,20}(\d{1,20})\s{0,10}$"


def parse_kfd(text: str) -> Facts:
    """Return the physical GPUs with their gfx name, PCI id and memory."""
    blocks: list[dict[str, int]] = [{}]
    for line in lines(text):
        if line.startswith("==>"):
            blocks.append({})
        elif pair := re.match(_KFD_PAIR, line):
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
            seen[key] = _kfd_gpu(node)
    return tuple(seen.values())


def _kfd_gpu(node: dict[str, int]) -> Gpu:
    device, memory = node.get("device_id", 0), node.get("local_mem_size", 0)
    return Gpu(
        AMD,
        bus=bus_of_location(node.get("location_id", 0), node.get("domain", 0)),
        device_id=f"{device:04x}" if 0 < device < 2**16 else None,
        gfx=gfx_name(node.get("gfx_target_version", 0)),
        memory_mib=memory // 2**20 or None,
    )


def is_kfd(text: str) -> bool:
    """Return whether the text holds properties of KFD nodes."""
    return "simd_count" in text and "vendor_id" in text


PROBE_KFD = Probe(
    "KFD topology", Files("/sys/class/kfd/kfd/topology/nodes/*/properties", limit=512), parse_kfd, is_kfd
)


# ``/sys/module/amdgpu/version``: there only with AMD's own DKMS module; the kernel's own has none.


def parse_amdgpu(text: str) -> Facts:
    """Return the module's version."""
    return Facts(amdgpu=version(clean(text)[:200]))


def is_amdgpu(text: str) -> bool:
    """Return whether the text names the file: a bare version could be anything."""
    return "/sys/module/amdgpu/version" in text


PROBE_AMDGPU = Probe("amdgpu kernel module", File("/sys/module/amdgpu/version"), parse_amdgpu, is_amdgpu)


# ``rocminfo``: one block per agent; CPUs are agents too, and the first one is one.

_AGENT = r"^\s{0,8}Agent {1,4}\d{1,4}\s{0,20}$"
_ROCMINFO_PAIR = (
    r"^\s{0,8}(Name|Uuid|Marketing Name|Device Type|Chip ID|BDFID|Vendor Name):\s{0,40}(\S.{0,120})?$"
)
_ROCMINFO_GFX = r"(?<![\w-])(gfx[0-9a-f]{3,4})(?![0-9a-f])"
_ISA = r"amdgcn-amd-amdhsa--(gfx[0-9a-f]{3,4})(?![0-9a-f])"


def parse_rocminfo(text: str) -> Facts:
    """Return the GPU agents with gfx name, marketing name and PCI id."""
    blocks: list[dict[str, str]] = [{}]
    for line in lines(text):
        if re.match(_AGENT, line):
            blocks.append({})
        elif pair := re.match(_ROCMINFO_PAIR, line):
            key, value = pair.group(1), (pair.group(2) or "").strip()
            if (
                key == "Name"
                and {"Uuid", "Device Type"} <= set(blocks[-1])
                and not value.startswith("amdgcn")
            ):
                blocks.append({})
            blocks[-1].setdefault(key, value)
    gpus = [gpu for block in blocks if (gpu := _rocminfo_gpu(block))] or _isas(text)
    failed = "ROCk module is NOT loaded" in text or "ROCk module is not loaded" in text
    cpus = any(block.get("Device Type") == "CPU" for block in blocks)
    return Facts(gpus=tuple(gpus), none=cpus and not gpus, problems=(Problem.NO_ROCK,) if failed else ())


def _rocminfo_gpu(block: dict[str, str]) -> Gpu | None:
    found = re.match(_ROCMINFO_GFX, block.get("Name", ""))
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
    return [Gpu(AMD, gfx=gfx) for gfx in dict.fromkeys(re.findall(_ISA, clean(text)))]


def is_rocminfo(text: str) -> bool:
    """Return whether the text holds agents of ``rocminfo``."""
    return any(sign in text for sign in ("HSA Agents", "amdgcn-amd-amdhsa", "ROCk module", "Marketing Name:"))


PROBE_ROCMINFO = Probe(
    "rocminfo", Program((("rocminfo",), ("/opt/rocm/bin/rocminfo",)), 8.0), parse_rocminfo, is_rocminfo
)


# The JSON of ``rocm-smi`` (old and new spellings) and of ``amd-smi static``; cut text included.

_CARD = r"card\d{1,4}"
_JSON_GFX = r"gfx[0-9a-f]{3,4}(?![0-9a-f])"
_JSON_NAMES = ("card series", "device name", "market_name", "product_name", "card model")
_MEGABYTE = 2**20


def parse_json(text: str) -> Facts:
    """Return the cards and the version of the amdgpu driver."""
    cards: list[dict[str, str]] = []
    top: dict[str, str] = {}
    for key, value in quoted_pairs(text):
        if re.fullmatch(_CARD, key) or (key == "gpu" and value.isdigit()):
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
    return Facts(gpus=tuple(_json_gpu(card) for card in cards), amdgpu=version(top.get("driver", "")))


def _key(key: str) -> str:
    return "driver_name" if key == "name" else key.lower()


def _json_gpu(card: dict[str, str]) -> Gpu:
    gfx = re.search(_JSON_GFX, card.get("gfx version", "") or card.get("target_graphics_version", ""))
    total = number(card.get("vram total memory (b)", ""))
    labels = [label for key in _JSON_NAMES if (label := card.get(key, "")) and not label.startswith("0x")]
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


def is_json(text: str) -> bool:
    """Return whether the text holds such JSON."""
    cards = bool(re.search(r'"card\d{1,4}"', text))
    return cards or "target_graphics_version" in text or ('"market_name"' in text and '"asic"' in text)


PROBE_JSON = Probe(
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
    parse_json,
    is_json,
)


# ``rocm-smi`` and ``amd-smi`` as plain text: ``GPU[0] : Card Series: ...`` and ``MARKET_NAME: ...``.

_BRACKET = r"^\s{0,8}GPU\[(\d{1,3})\]\s{0,10}: {0,3}([A-Za-z ]{2,30}?)\s{0,3}:\s{1,20}(\S.{0,100})$"
_ROW = r"^\s{0,4}\|\s{1,4}([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])\s{1,6}(\S[^|]{2,60})\|"
_CONCISE = r"^\s{0,4}(\d{1,3})\s{1,12}\d{1,3}\s{1,12}(0x[0-9a-f]{4}),\s{1,12}\d{1,6}\s"
_HEAD = r"^\s{0,8}GPU: {1,3}(\d{1,3})\s{0,5}$"
_TEXT_PAIR = r"^\s{2,16}([A-Z_]{3,40}): (\S.{0,100})$"
_DRIVER = r"Driver version:\s{0,20}(\d{1,3}\.\d{1,3}(?:\.\d{1,4})?)"
_TEXT_GFX = r"gfx[0-9a-f]{3,4}(?![0-9a-f])"
_TEXT_NAMES = ("card series", "market_name", "device name", "card model", "product_name")
_IDS = ("device id", "device_id", "gpu id")


def parse_text(text: str) -> Facts:
    """Return the cards and the driver's version."""
    cards: dict[int, dict[str, str]] = {}
    current: dict[str, str] | None = None
    for line in lines(text):
        if found := re.match(_BRACKET, line):
            cards.setdefault(int(found.group(1)), {}).setdefault(
                found.group(2).lower(), found.group(3).strip()
            )
        elif row := re.match(_ROW, line):  # the table of amd-smi
            cards[len(cards)] = {"bdf": row.group(1), "market_name": row.group(2).strip()}
        elif row := re.match(_CONCISE, line):  # the table of rocm-smi
            cards.setdefault(int(row.group(1)), {}).setdefault("device id", row.group(2))
        elif head := re.match(_HEAD, line):
            current = cards.setdefault(int(head.group(1)), {})
        elif current is not None and (pair := re.match(_TEXT_PAIR, line)):
            current.setdefault(pair.group(1).lower(), pair.group(2).strip())
    driver = re.search(_DRIVER, text)
    told = tuple(gpu for card in cards.values() if (gpu := _text_gpu(card)))
    return Facts(gpus=told, amdgpu=version(driver.group(1)) if driver and told else None)


def _text_gpu(card: dict[str, str]) -> Gpu | None:
    gfx = re.search(_TEXT_GFX, card.get("gfx version", "") or card.get("target_graphics_version", ""))
    label = next((card[key] for key in _TEXT_NAMES if key in card and not card[key].startswith("0x")), "")
    device = next((pci_id(card[key]) for key in _IDS if key in card), None)
    if not (gfx or label or device):
        return None
    bus = bus_key(card.get("pci bus", "") or card.get("bdf", ""))
    return Gpu(AMD, name=name(label), bus=bus, device_id=device, gfx=gfx.group() if gfx else None)


def is_text(text: str) -> bool:
    """Return whether the text has the lines of either program."""
    return (
        "GPU[" in text
        or "AMD-SMI" in text
        or "ROCm System Management" in text
        or "TARGET_GRAPHICS_VERSION" in text
        or "MARKET_NAME" in text
    )


PROBE_TEXT = Probe(
    "rocm-smi text",
    Program((("rocm-smi", "--showproductname", "--showdriverversion"),), 8.0),
    parse_text,
    is_text,
)


# ``rocm_agent_enumerator``: one gfx name per line; ``gfx000`` is the CPU.

_LINE = r"^\s{0,8}(gfx[0-9a-f]{3,4})(?::[a-z]{1,12}[+-]){0,3}\s{0,20}$"


def parse_enumerator(text: str) -> Facts:
    """Return the GPUs in the order of the lines."""
    found = [match.group(1) for line in lines(text) if (match := re.match(_LINE, line))]
    return Facts(gpus=tuple(Gpu(AMD, gfx=gfx) for gfx in found if gfx != "gfx000"))


def is_enumerator(text: str) -> bool:
    """Return whether a line is a gfx name and nothing else."""
    return any(re.match(_LINE, line) for line in lines(text))


PROBE_ENUMERATOR = Probe(
    "rocm_agent_enumerator",
    Program((("rocm_agent_enumerator",), ("/opt/rocm/bin/rocm_agent_enumerator",)), 8.0),
    parse_enumerator,
    is_enumerator,
)


PROBES = (
    PROBE_KFD,
    PROBE_AMDGPU,
    PROBE_ROCMINFO,
    PROBE_JSON,
    PROBE_TEXT,
    PROBE_ENUMERATOR,
)
