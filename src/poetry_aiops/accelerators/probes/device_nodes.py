"""Device nodes: what this process could open. Their names alone are read."""

from __future__ import annotations

import re

from poetry_aiops.accelerators.facts import Facts, Problem
from poetry_aiops.accelerators.probes.probe import Names, Probe
from poetry_aiops.system.text import lines


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
_NODE = re.compile(r"/dev/(?:nvidia\d{1,3}|nvidiactl|kfd|dri/renderD\d{1,4}|dxg|nvhost-gpu|nvgpu/\w{1,20})")


def parse(text: str) -> Facts:
    """Return the nodes that are there; a line that says a path cannot be found does not count."""
    absent = ("no such file", "cannot access", "not found")
    found = [
        node
        for line in lines(text)
        if not any(sign in line.lower() for sign in absent)
        for node in _NODE.findall(line)
    ]
    missing = not any("nvidia" in node for node in found) and re.search(_NO_NVIDIA, text)
    return Facts(present=tuple(dict.fromkeys(found)), problems=(Problem.NO_NODES,) if missing else ())


def recognise(text: str) -> bool:
    """Return whether the text lists device nodes."""
    listed = re.search(r"^(?:crw|/dev/)", text, re.MULTILINE) and _NODE.search(text)
    return bool(listed or re.search(_NO_NVIDIA, text))


PROBE = Probe("device nodes", Names(PATTERNS), parse, recognise)
