"""GPUs as programs that use or list them name them: llama.cpp, Ollama, TensorFlow, ComfyUI, vulkaninfo, fastfetch, dxdiag."""

from __future__ import annotations

import re

from poetry_aiops.accelerators.facts import NVIDIA, TextFacts
from poetry_aiops.accelerators.probes.pairs import Dialect, read_pairs
from poetry_aiops.accelerators.probes.pci import nvidia_version
from poetry_aiops.accelerators.probes.probe import Probe
from poetry_aiops.system.text import clean


_LABEL = r"(?:NVIDIA|AMD|Intel|Apple|GeForce|Quadro|Tesla|Radeon)"
_CC = r"(?P<compute_capability>\d{1,2}\.\d)"
_GFX = r"(?P<gfx>gfx[0-9a-f]{3,4})"
_OLLAMA = r'.{0,160}msg="inference compute"(?=.{0,400}\blibrary=(?i:%s)\b)(?=(?:.{0,400}\bcompute=%s)?)'
_OLLAMA_NAME = rf'(?=.{{0,400}}\b(?:name|description)="?(?P<name>{_LABEL}[^"\n]{{2,80}})")'
_TENSORFLOW = (
    r".{0,240}?\bdevice: (?P<index>\d{1,2}), name: (?P<name>[^,\n]{2,80}), pci bus id: "
    rf"(?P<bus>[0-9a-fA-F:.]{{7,16}}), compute capability: {_CC}"
)
_PROPERTIES = r".{0,60}?_CudaDeviceProperties\(name='(?P<name>[^'\n]{2,80})', "
_LISTED = rf": (?P<name>{_LABEL}[^\n]{{2,80}}?) \((?P<memory>\d{{3,7}} MiB), \d{{1,7}} MiB free\)"
_FETCH = (
    rf"\s{{0,8}}GPU ?\d{{0,2}}: (?P<name>{_LABEL}[^\[@\n]{{2,80}}?)(?: \(\d{{1,3}}\))?(?: @ [0-9.]+ [GM]Hz)?"
    r"(?: \[(?:Discrete|Integrated)\])?\s{0,9}$"
)

USERS = Dialect(
    heads=(
        rf".{{0,60}}?\bDevice (?P<index>\d{{1,2}}): (?P<name>[^,\n]{{2,80}}), (?:compute capability {_CC}|{_GFX})",
        r'\s{0,4}Device (?P<index>\d{1,2}): "(?P<name>[^"\n]{2,80})"',
        r"\[(?P<index>\d{1,2})\] (?P<name>[A-Z][^|\n]{2,80}?) {0,9}\| {0,5}\d{1,3} ?[°']C",
        r"\S{1,64} {1,40}\w{3} \w{3} {1,2}\d{1,2} \d\d:\d\d:\d\d \d{4} {1,6}(?P<driver>\d{3}\.\d{1,3}(?:\.\d{1,3})?)$",
        r".{0,60}?(?:\*\*Name:\*\*|\bDevice:) cuda:(?P<index>\d{1,2}) (?P<name>[^:\n]{2,80}?)(?: : |$)",
        rf"GPU (?P<index>\d{{1,2}}(?:,\d{{1,2}})*) {{2,40}}(?P<name>[^\n(]{{2,80}}?) \(arch={_CC}\)",
        r"Driver version {2,40}(?P<driver>\d{3}\.\d{1,3}(?:\.\d{1,3})?)$",
        r"(?:- )?\*\*OS:\*\* (?P<os>nt|Windows|Linux)\b",
        _OLLAMA % ("cuda", _CC) + r"(?=(?:.{0,400}\bdriver=(?P<max_cuda>\d{2}\.\d)\b)?)" + _OLLAMA_NAME,
        _OLLAMA % ("rocm", _GFX)
        + r"(?=(?:.{0,400}\bname=(?P<device_id>1002:[0-9a-f]{4}))?)"
        + rf"(?:{_OLLAMA_NAME})?",
        _TENSORFLOW,
        rf"(?:.{{0,9}}(?:GPU type|Accelerator): )?(?P<name>{_LABEL}[^,|\n]{{2,80}}), (?P<memory>\d{{3,7}} MiB)$",
        rf".{{0,9}}(?:GPU type|Accelerator): (?P<name>{_LABEL}[^,|\n]{{2,80}})$",
        r"id (?P<index>\d{1,2}) {1,9}b'(?P<name>[^'\n]{2,80})'",
        r"Device (?P<index>\d{1,2}) Name {1,40}: (?P<name>[^\n]{2,80})$",
        rf"Device (?P<index>\d{{1,2}}) Compute Capability {{1,40}}: {_CC}$",
        rf".{{0,80}}Device: device=(?P<name>{_LABEL}[^=\n]{{2,80}}?) n=(?=.{{0,200}}\bdriver=(?P<driver>\d{{3}}\.\d{{2,3}}))",
        rf"\s{{0,8}}(?:CUDA|ROCm|SYCL)(?P<index>\d{{1,2}}){_LISTED}",
        rf"{_PROPERTIES}{_CC}(?:.{{0,60}}gcnArchName='{_GFX})?",
    ),
    keys={
        "cuda capability major/minor version number": "compute_capability",
        "cuda driver version / runtime version": "max_cuda",
        "platform": "platform",
        "compute capability": "compute_capability",
        "cuda driver version": "max_cuda",
        "gpu.name": "name",
        "gpu.compute_capability": "compute_capability",
        "os": "os",
    },
    first=frozenset(),
)
LISTINGS = Dialect(
    heads=(
        _FETCH,
        rf"ggml_vulkan: (?P<index>\d{{1,2}}) = (?P<name>{_LABEL}[^|\n]{{2,80}}) \|",
        _OLLAMA % ("vulkan", _GFX) + _OLLAMA_NAME,
        r".{0,80}kernel modesetting \([A-Z0-9_ ]{2,40} (?P<maker>0x1002):(?P<device_id>0x[0-9A-Fa-f]{4})\b",
        rf"\s{{0,8}}Vulkan(?P<index>\d{{1,2}}){_LISTED}",
        r"device# {1,60}(?P<index>\d{1,2})$",
        r"\s{0,8}OpenGL (?:core profile )?version string: \S{1,9} NVIDIA (?P<driver>\d{3}\.\d{1,3}(?:\.\d{1,3})?)$",
    ),
    keys={
        "os": "os",
        "opengl renderer string": "name",
        "devicename": "name",
        "deviceid": "device_id",
        "vendorid": "maker",
        "devicetype": "type",
        "driverinfo": "driver",
        "driver_version": "driver",
        "card name": "name",
        "device id": "device_id",
        "vendor id": "maker",
        "name": "name",
        "gcnarchname": "gfx",
    },
    first=frozenset({"name", "maker"}),
)


def users(text: str) -> TextFacts:
    """Return the GPUs that a program reports which computes on them: one of NVIDIA has a driver that works."""
    plain = clean(text)
    dotted = re.sub(r"major=(\d{1,2}), minor=(\d)|(?m:(Capability +: \d{1,2})(\d)$)", r"\1\3.\2\4", plain)
    facts = read_pairs(
        re.sub(r"(Driver Version +: \d\d)0(\d)0$", r"\1.\2", dotted, flags=re.MULTILINE), USERS
    )
    gpus = tuple(
        gpu._replace(ordinal=place if gpu.ordinal is None else gpu.ordinal) if gpu.vendor == NVIDIA else gpu
        for place, gpu in enumerate(dict.fromkeys(facts.gpus))
    )
    built = re.search(
        r"(?i)pytorch[ .]version[^\n]{0,24}: {0,40}\**\s?\d\.\d{1,2}\.\d{1,2}\+cu(\d{2})(\d)\b", plain
    )
    ran = (
        f"{built.group(1)}.{built.group(2)}" if built and any(gpu.vendor == NVIDIA for gpu in gpus) else None
    )
    return facts._replace(gpus=gpus, max_cuda=facts.max_cuda or ran, none=False)


_USERS = r"(?i)cuda|rocm|sycl\d|inference compute|compute.capability|Device: device=|\d{2} MB \||GPU type:|Accelerator:|\(arch=\d"


def listings(text: str) -> TextFacts:
    """Return the GPUs of ``vulkaninfo``, ``fastfetch``, ``glxinfo``, ``hipInfo`` and ``dxdiag``, once each."""
    facts = read_pairs(text, LISTINGS)
    windows = re.search(r"Card name: NVIDIA(?s:.{1,3000}?)Driver (?:File )?Version: ([0-9.]{10,20})", text)
    driver = nvidia_version(windows.group(1)) if windows else facts.driver
    gpus = tuple(gpu._replace(ordinal=None) for gpu in facts.gpus)
    return facts._replace(
        gpus=tuple(dict.fromkeys(gpus)),
        driver=driver if any(gpu.vendor == NVIDIA for gpu in gpus) else None,
        os="windows" if "Card name:" in text else facts.os,
        none=False,
    )


_LISTINGS = r"(?m)^\s{0,8}Vulkan\d{1,2}: |ggml_vulkan|library=Vulkan|kernel modesetting|driver_version.: {0,3}.\d{3}\.|deviceName {0,20}=|OpenGL renderer string:|^\s{0,12}Card name:|gcnArchName:|^\s{0,8}GPU ?\d{0,2}: [A-Z]"


PROBES = (
    Probe("programs on the GPU", None, users, _USERS),
    Probe("device listings", None, listings, _LISTINGS),
)
