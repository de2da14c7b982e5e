"""The failures of ``nvidia-smi`` in words, wherever they stand in a pasted text."""

from __future__ import annotations

import re

from poetry_aiops.accelerators.facts import NVIDIA, Facts, Gpu
from poetry_aiops.accelerators.probes.probe import Probe, Program
from poetry_aiops.accelerators.probes.smi_common import SPELLINGS, problems
from poetry_aiops.system.text import bus_key, clean


_LIBRARY = re.compile(r"NVML library version:\s{0,20}(\d{1,5}(?:\.\d{1,5}){1,3})")
_LOST = re.compile(
    r"device handle for GPU\s?\d{0,3}:?\s{0,3}([0-9A-Fa-f]{4,8}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\.[0-7])"
)


def parse(text: str) -> Facts:
    """Return the failures, lost GPUs, and the version of the NVML library where the text tells it."""
    plain = clean(text)
    library = _LIBRARY.search(plain)
    buses = dict.fromkeys(bus_key(address) for address in _LOST.findall(plain))
    return Facts(
        gpus=tuple(Gpu(NVIDIA, bus=bus, lost=True) for bus in buses),
        problems=problems(plain),
        library=library.group(1) if library else None,
    )


def recognise(text: str) -> bool:
    """Return whether the text holds a failure of ``nvidia-smi``."""
    return bool(problems(text))


PROBE = Probe("nvidia-smi messages", Program(tuple((path,) for path in SPELLINGS), 5.0), parse, recognise)
