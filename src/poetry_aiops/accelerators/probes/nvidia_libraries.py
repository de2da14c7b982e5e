"""The user-space libraries of the NVIDIA driver; their file names carry their version."""

from __future__ import annotations

import re

from poetry_aiops.accelerators.facts import Facts
from poetry_aiops.accelerators.probes.probe import Names, Probe
from poetry_aiops.system.text import clean


FOLDERS = (
    "/run/opengl-driver/lib",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib",
    "/usr/local/nvidia/lib64",
)
_NVML = re.compile(r"libnvidia-ml\.so\.(\d{3,4}\.\d{1,3}(?:\.\d{1,3})?)(?![\w.])")


def parse(text: str) -> Facts:
    """Return the version of the NVML library when there is exactly one, and which libraries are there."""
    plain = clean(text)
    versions = set(_NVML.findall(plain))
    present = tuple(library for library in ("libcuda.so", "libnvidia-ml.so") if library in plain)
    return Facts(library=versions.pop() if len(versions) == 1 else None, present=present)


def recognise(text: str) -> bool:
    """Return whether the text lists the libraries' files."""
    return bool(_NVML.search(text))


PROBE = Probe(
    "nvidia libraries",
    Names(
        tuple(f"{folder}/{stem}" for folder in FOLDERS for stem in ("libnvidia-ml.so.*.*", "libcuda.so.1"))
    ),
    parse,
    recognise,
)
