"""``system_profiler SPDisplaysDataType`` as text or JSON, cut anywhere.

On a live Mac the interpreter's own facts decide; this text describes. In a pasted text the chip's name is
the only witness: an Apple chip is an arm64 Mac, anything else an Intel one.
"""

from __future__ import annotations

import re

from poetry_aiops.accelerators.facts import APPLE, Facts, Gpu
from poetry_aiops.accelerators.probes.probe import Probe, Program
from poetry_aiops.system.text import clean, name, version


_CHIP = re.compile(
    r'(?:Chipset Model:|Chip:|"sppci_model"\s{0,4}:|"_name"\s{0,4}:|"chip_type"\s{0,4}:)\s{0,20}"?([^"\n]{1,80})'
)
_MAKER = re.compile(r"Apple|AMD|ATI|Radeon|Intel|Iris|NVIDIA|GeForce")
_SYSTEM = re.compile(
    r"(?:System Version:|ProductVersion:)\s{0,20}(?:macOS |Mac OS X |OS X )?(\d{1,3}(?:\.\d{1,3}){1,2})"
)


def parse(text: str) -> Facts:
    """Return the Apple GPU, or that this is an Intel Mac, and the macOS version where it is told."""
    plain = clean(text)
    chips = [found.strip() for found in _CHIP.findall(plain) if _MAKER.search(found)]
    apple = next((chip for chip in chips if re.match(r"Apple (?:M\d|A\d|Paravirtual|Silicon)", chip)), None)
    system = _SYSTEM.search(plain)
    return Facts(
        gpus=(Gpu(APPLE, name=name(apple)),) if apple else (),
        os="macos",
        os_version=version(system.group(1)) if system else None,
        arch="arm64" if apple else "x86_64" if chips else None,
        none=bool(chips) and not apple,
    )


def recognise(text: str) -> bool:
    """Return whether the text is from ``system_profiler``."""
    signs = (
        "SPDisplaysDataType",
        "spdisplays_",
        "Graphics/Displays:",
        "Chipset Model:",
        "SPHardwareDataType",
        "ProductVersion:",
    )
    return any(sign in text for sign in signs)


PROBE = Probe("system_profiler", Program((("system_profiler", "SPDisplaysDataType"),), 8.0), parse, recognise)
