"""``/proc/device-tree/model``: the board's name, ended by a zero byte."""

from __future__ import annotations

import re

from poetry_aiops.accelerators.facts import Facts
from poetry_aiops.accelerators.probes.probe import File, Probe
from poetry_aiops.system.text import lines, name


_MODEL = r"^\s{0,5}(?:- Model: )?((?:NVIDIA )?(?:Jetson[ -]|Orin |NVIDIA Thor)[^\n]{2,100}|NVIDIA Jetson\b[^\n]{0,100})"


def parse(text: str) -> Facts:
    """Return the Jetson's name; any other board's name says nothing here."""
    for line in lines(text):
        if found := re.match(_MODEL, line):
            return Facts(jetson=name(found.group(1)), os="linux", arch="aarch64")
    return Facts()


def recognise(text: str) -> bool:
    """Return whether a line is a Jetson's model."""
    return any(re.match(_MODEL, line) for line in lines(text))


PROBE = Probe("device tree model", File("/proc/device-tree/model"), parse, recognise)
