"""NVIDIA's driver: the loaded kernel module, what it lists below /proc and /dev, its libraries, and NVML."""

from __future__ import annotations

import re

from poetry_aiops.accelerators.facts import NVIDIA, Gpu, ProbeFailure, TextFacts
from poetry_aiops.accelerators.probes.fields import lines, version
from poetry_aiops.accelerators.probes.nvidia_smi import is_jetson_name, problems
from poetry_aiops.accelerators.probes.pairs import Dialect, read_pairs
from poetry_aiops.accelerators.probes.probe import File, Files, Names, Probe, ProbeProgram
from poetry_aiops.accelerators.reader import NVML_CHILD, PYTHON
from poetry_aiops.system.text import clean


# ``/sys/module/nvidia/version``: one line with the loaded kernel module's version.

_LINE = r"\s{0,100}(\d{3,4}\.\d{1,3}(?:\.\d{1,3})?)\s{0,100}"
_MODINFO = (
    r"/nvidia\.ko[^\n]{0,20}\n(?:[^\n]{0,300}\n){0,5}?version:\s{1,20}(\d{3,4}\.\d{1,3}(?:\.\d{1,3})?)\s"
)
_LONGEST = 300
_NAMED = r"/sys/module/nvidia/version\s{0,5}(?:<==)?[:\s]{1,5}(\d{3,4}\.\d{1,3}(?:\.\d{1,3})?)\s"


def parse_module(text: str) -> TextFacts:
    """Return the version when the text is it, or names the file above it."""
    plain = clean(text)
    found = re.fullmatch(_LINE, plain) if len(plain) <= _LONGEST else None
    found = found or re.search(_NAMED, plain + "\n") or re.search(_MODINFO, plain + "\n")
    is_open = re.search(r"license:\s{1,20}Dual MIT/GPL", plain) is not None
    return TextFacts(driver=found.group(1), os="linux", open_module=is_open) if found else TextFacts()


def is_module(text: str) -> bool:
    """Return whether the text is a bare driver version or names the file."""
    bare = len(text) <= _LONGEST and re.fullmatch(_LINE, clean(text)) is not None
    return bare or "/sys/module/nvidia/version" in text or "/nvidia.ko" in text


# ``/proc/driver/nvidia/version``: the NVRM line, in the wording of closed and open kernel modules.
#
# One or two spaces, dates in any language, a cut tail: the version is the first one behind the words
# ``Kernel Module``. The GCC line below carries a version too, which is not the driver's.
# The kernel's log says the same as ``NVRM: loading NVIDIA UNIX ...``.

_VERSION = r"(?<![\w.])(\d{3,4}\.\d{1,3}(?:\.\d{1,3})?)(?![\w.])"
_HEAD = r"NVRM version:|NVRM: loading (?=NVIDIA UNIX)"
_MACHINE = r"(?<!\w)(x86_64|aarch64|ppc64le|x86)(?!\w)"


def parse_nvrm(text: str) -> TextFacts:
    """Return the kernel module's version and the architecture it was built for."""
    for line in lines(text):
        head = re.search(_HEAD, line)
        if not head:
            continue
        rest = line[head.end() :]
        version, machine = re.search(_VERSION, rest), re.search(_MACHINE, rest)
        return TextFacts(
            driver=version.group(1) if version else None,
            arch=machine.group(1) if machine else None,
            os="linux",
            open_module="Open Kernel Module" in rest,
        )
    return TextFacts()


# What the NVML library says, asked in a child process with a time limit (see ``nvml_child.py``).

_LOST = r"(?m)^error=GPU is lost \(GPU (\d{1,3})\)"

NVML = Dialect(
    keys={key: key for key in ("index", "uuid", "bus", "name", "memory", "driver")}
    | {"device": "device_id", "compute_cap": "compute_capability", "cuda": "max_cuda"},
    first=frozenset({"index"}),
    vendor=NVIDIA,
)


def parse_nvml(text: str) -> TextFacts:
    """Return what the child printed."""
    facts = read_pairs(text, NVML)
    library = re.search(r"(?m)^library=\d{1,3}\.(\S{1,20})", text)
    lost = [Gpu(NVIDIA, ordinal=int(index), lost=True) for index in re.findall(_LOST, text)]
    return facts._replace(
        gpus=tuple(sorted((*facts.gpus, *lost), key=lambda gpu: gpu.ordinal or 0)),
        library=version(library.group(1)) if library else None,
        problems=problems(text),
        jetson=next((gpu.name for gpu in facts.gpus if is_jetson_name(gpu.name)), None),
        none=False,
    )


# ``/proc/driver/nvidia/gpus/*/information``: one file per GPU that the loaded driver serves.

PROC = Dialect(
    keys={"model": "name", "gpu uuid": "uuid", "bus location": "bus", "device minor": "minor"}, vendor=NVIDIA
)


def parse_proc(text: str) -> TextFacts:
    """Return the GPUs with name, UUID, bus address and device node number."""
    gpus = read_pairs(text, PROC).gpus
    return TextFacts(gpus=tuple(gpu._replace(ordinal=place) for place, gpu in enumerate(gpus)))


# The user-space libraries of the NVIDIA driver; their file names carry their version.

FOLDERS = (
    "/run/opengl-driver/lib",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib",
    "/usr/local/nvidia/lib64",
)
_NVML = r"libnvidia-ml\.so\.(\d{3,4}\.\d{1,3}(?:\.\d{1,3})?)(?![\w.])"


def parse_libraries(text: str) -> TextFacts:
    """Return the version of the NVML library when there is exactly one, and which libraries are there."""
    plain = clean(text)
    versions = set(re.findall(_NVML, plain))
    present = tuple(library for library in ("libcuda.so", "libnvidia-ml.so") if library in plain)
    return TextFacts(library=versions.pop() if len(versions) == 1 else None, present=present)


# Device nodes: what this process could open. Their names alone are read.

PATTERNS = (
    "/dev/nvidia[0-9]*",
    "/dev/nvidiactl",
    "/dev/kfd",
    "/dev/dri/renderD*",
    "/dev/dxg",
    "/dev/nvhost-gpu",
    "/dev/nvgpu/*",
)
_NO_NVIDIA = r"/dev/nvidia[^\n]{0,20}: No such file or directory|no matches found: /dev/nvidia"
_NODE = r"/dev/(?:nvidia\d{1,3}|nvidiactl|kfd|dri/renderD\d{1,4}|dxg|nvhost-gpu|nvgpu/\w{1,20})"


def parse_nodes(text: str) -> TextFacts:
    """Return the nodes that are there; a line that says a path cannot be found does not count."""
    absent = ("no such file", "cannot access", "not found")
    found = [
        node
        for line in lines(text)
        if not any(sign in line.lower() for sign in absent)
        for node in re.findall(_NODE, line)
    ]
    missing = not any("nvidia" in node for node in found) and re.search(_NO_NVIDIA, text)
    return TextFacts(
        present=tuple(dict.fromkeys(found)), problems=(ProbeFailure.NO_NODES,) if missing else ()
    )


def is_nodes(text: str) -> bool:
    """Return whether the text lists device nodes."""
    listed = re.search(r"^(?:crw|/dev/)", text, re.MULTILINE) and re.search(_NODE, text)
    return bool(listed or re.search(_NO_NVIDIA, text))


PROBES = (
    Probe("nvidia kernel module (sys)", File("/sys/module/nvidia/version"), parse_module, is_module),
    Probe("nvidia kernel module (proc)", File("/proc/driver/nvidia/version"), parse_nvrm, _HEAD),
    Probe("NVML", ProbeProgram(((PYTHON, "-I", "-S", NVML_CHILD),), 5.0), parse_nvml, r"(?m)^index=\d{1,3}$"),
    Probe("nvidia GPUs (proc)", Files("/proc/driver/nvidia/gpus/*/information"), parse_proc, "Bus Location:"),
    Probe(
        "nvidia libraries",
        Names(
            tuple(
                f"{folder}/{stem}" for folder in FOLDERS for stem in ("libnvidia-ml.so.*.*", "libcuda.so.1")
            )
        ),
        parse_libraries,
        _NVML,
    ),
    Probe("device nodes", Names(PATTERNS), parse_nodes, is_nodes),
)
