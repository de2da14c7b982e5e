"""``uname -a`` and the like, in pasted texts: the system, its architecture, WSL."""

from __future__ import annotations

import re

from poetry_aiops.accelerators.facts import Facts
from poetry_aiops.accelerators.probes.probe import Probe, Program
from poetry_aiops.system.text import lines


_LINUX = re.compile(
    r"(?:^|[$#>] ?)Linux \S{1,100} (\d{1,2}\.\d{1,3}\S{0,80}) .{0,160}?\b(x86_64|aarch64|ppc64le|armv7l|i686|riscv64)\b"
)
_DARWIN = re.compile(r"(?:^|[$#>] ?)Darwin \S{1,100} \d{1,2}\.\d{1,3}\S{0,40} .{0,200}?\b(arm64|x86_64)\b")
_TEGRA = re.compile(r"\d\.\d{1,3}\.\d{1,4}-(?:\d{1,3}-)?tegra\b")


def parse(text: str) -> Facts:
    """Return system and architecture of the first such line."""
    for line in lines(text):
        if linux := _LINUX.search(line):
            wsl = True if "microsoft" in linux.group(1).lower() else None
            return Facts(
                os="linux",
                arch=linux.group(2),
                wsl=wsl,
                jetson="NVIDIA Jetson" if _TEGRA.search(line) else None,
            )
        if darwin := _DARWIN.search(line):
            return Facts(os="macos", arch=darwin.group(1))
        if _TEGRA.search(line):
            return Facts(os="linux", arch="aarch64", jetson="NVIDIA Jetson")
    return Facts()


def recognise(text: str) -> bool:
    """Return whether the text may hold such a line."""
    return "Linux " in text or "Darwin " in text or "-tegra" in text


PROBE = Probe("uname", Program((("uname", "-a"),), 2.0), parse, recognise)
