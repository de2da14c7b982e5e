"""AMD's compute devices: the kernel's topology and module, ``rocminfo``, ``rocm-smi``, ``amd-smi`` and the enumerator."""

from __future__ import annotations

import re

from poetry_aiops.accelerators.facts import AMD, Gpu, ProbeFailure, TextFacts
from poetry_aiops.accelerators.probes.fields import bus_of_location, lines, version
from poetry_aiops.accelerators.probes.pairs import Dialect, read_pairs
from poetry_aiops.accelerators.probes.probe import File, Files, Probe, ProbeProgram
from poetry_aiops.system.text import clean


# ``/sys/class/kfd/kfd/topology/nodes/*/properties``: AMD's compute devices, no ROCm needed.
#
# ``gfx_target_version`` is decimal, two digits each for minor and stepping, the stepping printed in
# hexadecimal in the name (90010 -> gfx90a). CPUs are nodes too, NVIDIA GPUs since driver 560 as well: only
# nodes of vendor 4098 (0x1002) count. Partitions of one MI300 share their ``unique_id``.

AMD_DECIMAL = 0x1002
_KFD_PAIR = r"^\s{0,10}([a-z_]{3,40}) {1,20}(\d{1,20})\s{0,10}$"


def parse_kfd(text: str) -> TextFacts:
    """Return the physical GPUs with their gfx name, PCI id and memory; processors come first, so alone they are a part."""
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
    return TextFacts(gpus=_physical(nodes), os="linux" if nodes else None, cut=cpus and not nodes)


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
            seen[key] = seen[key]._replace(partitions=max(seen[key].partitions, 1) + 1)
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


# ``/sys/module/amdgpu/version``: there only with AMD's own DKMS module; the kernel's own has none.


def parse_amdgpu(text: str) -> TextFacts:
    """Return the module's version."""
    found = re.search(
        r"(?m)(?:\A|/sys/module/amdgpu/version[^\n]{0,20}\n)\s{0,20}(\d[\d.]{0,20})\s{0,20}$", clean(text)
    )
    return TextFacts(amdgpu=version(found.group(1)) if found else None)


# ``rocminfo``: one block per agent; CPUs are agents too, and the first one is one.

_ISA = r"amdgcn-amd-amdhsa--(gfx[0-9a-f]{3,4})(?![0-9a-f])"

ROCMINFO = Dialect(
    heads=(r"\s{0,8}Agent {1,4}\d{1,4}\s{0,20}$",),
    keys={
        "name": "name",
        "uuid": "uuid",
        "marketing name": "title",
        "device type": "type",
        "chip id": "device_id",
        "bdfid": "bus",
    },
    first=frozenset({"uuid"}),
    vendor=AMD,
)


def parse_rocminfo(text: str) -> TextFacts:
    """Return the GPU agents with gfx name, marketing name and PCI id."""
    facts = read_pairs(text, ROCMINFO)
    gpus = tuple(gpu for gpu in facts.gpus if gpu.gfx) or tuple(_isas(text))
    cut = re.search(r"HSA Agents|Agent {1,4}\d", text) is not None and "*** Done ***" not in text
    failed = "ROCk module is NOT loaded" in text or "ROCk module is not loaded" in text
    return TextFacts(
        gpus=gpus,
        none=facts.none and not gpus and not cut,
        cut=cut,
        problems=(ProbeFailure.NO_ROCK,) if failed else (),
    )


def _isas(text: str) -> list[Gpu]:
    """Return GPUs from lines of instruction sets alone, when no agent is left in the text."""
    return [Gpu(AMD, gfx=gfx) for gfx in dict.fromkeys(re.findall(_ISA, clean(text)))]


# ``rocm-smi`` and ``amd-smi`` as JSON, table, CSV and ``GPU[0] : Card Series: ...``; cut text included.

_MODULE = r'(?i)\bname"?: "?amdgpu"?,?\s{1,40}"?version"?: "?(\d[0-9.]{2,20})'

SMI = Dialect(
    heads=(
        r'\s{0,8}\{?"card(?P<index>\d{1,4})": ?\{',
        r'[\s\[{]{0,14}"gpu": (?P<index>\d{1,3})',
        r"\s{0,8}GPU\[(?P<index>\d{1,3})\]\s{0,10}:",
        r"\s{0,8}GPU: {1,3}(?P<index>\d{1,3})\s{0,5}$",
        r"\s{0,4}\|\s{1,4}(?P<bus>[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])\s{1,6}(?P<title>\S[^|]{2,60}?)\s{0,60}\|",
        r"\s{0,4}(?P<index>\d{1,3})\s{1,12}\d{1,3}\s{1,12}(?P<device_id>0x[0-9a-f]{4}),\s{1,12}\d{1,6}\s",
    ),
    keys={
        "card series": "title",
        "market_name": "title",
        "device name": "name",
        "product_name": "name",
        "card model": "name",
        "device id": "device_id",
        "device_id": "device_id",
        "gpu id": "device_id",
        "gfx version": "gfx",
        "target_graphics_version": "gfx",
        "pci bus": "bus",
        "bdf": "bus",
        "vram total memory (b)": "memory",
        "size": "memory",
        "driver version": "amdgpu",
        "driver_version": "amdgpu",
    },
    first=frozenset(),
    vendor=AMD,
)


def parse_smi(text: str) -> TextFacts:
    """Return the cards and the version of the amdgpu driver."""
    plain = clean(text)
    facts = read_pairs(re.sub(r',[ \t]{0,20}(?=["{])', ",\n", plain), SMI)  # JSON may be one long line
    module = re.search(_MODULE, plain)
    driver = module.group(1) if module else facts.amdgpu
    gpus = tuple(gpu._replace(ordinal=None) for gpu in facts.gpus)
    return TextFacts(gpus=gpus, amdgpu=driver if gpus else None)


# ``rocm_agent_enumerator``: one gfx name per line; ``gfx000`` is the CPU.

_LINE = r"^\s{0,8}(gfx[0-9a-f]{3,4})(?::[a-z]{1,12}[+-]){0,3}\s{0,20}$"


def parse_enumerator(text: str) -> TextFacts:
    """Return the GPUs in the order of the lines."""
    found = [match.group(1) for line in lines(text) if (match := re.match(_LINE, line))]
    return TextFacts(gpus=tuple(Gpu(AMD, gfx=gfx) for gfx in found if gfx != "gfx000"))


def is_enumerator(text: str) -> bool:
    """Return whether a line is a gfx name and nothing else."""
    return any(re.match(_LINE, line) for line in lines(text))


_ROCM_SMI = ("-i", "--showproductname", "--showdriverversion", "--showbus", "--json")

PROBES = (
    Probe(
        "KFD topology",
        Files("/sys/class/kfd/kfd/topology/nodes/*/properties", limit=512),
        parse_kfd,
        r"simd_count \d",
    ),
    Probe(
        "amdgpu kernel module", File("/sys/module/amdgpu/version"), parse_amdgpu, "/sys/module/amdgpu/version"
    ),
    Probe(
        "rocminfo",
        ProbeProgram((("rocminfo",), ("/opt/rocm/bin/rocminfo",)), 8.0),
        parse_rocminfo,
        "HSA Agents|amdgcn-amd-amdhsa|ROCk module|Marketing Name:",
    ),
    Probe(
        "rocm-smi",
        ProbeProgram(
            (
                *((program, *_ROCM_SMI) for program in ("rocm-smi", "/opt/rocm/bin/rocm-smi")),
                ("amd-smi", "static", "--asic", "--bus", "--driver", "--json"),
            ),
            8.0,
        ),
        parse_smi,
        r'"card\d{1,4}"|GPU\[\d|AMD-SMI|ROCm System Management|(?i:target_graphics_version|market_name|(?m:^)device,card series)',
    ),
    Probe(
        "rocm_agent_enumerator",
        ProbeProgram((("rocm_agent_enumerator",), ("/opt/rocm/bin/rocm_agent_enumerator",)), 8.0),
        parse_enumerator,
        is_enumerator,
    ),
)
