"""``jetson_release`` of jetson-stats. Its ``Jetpack missing!`` only says that its own table is too old.

``tegrastats``, which names no board, shows a Jetson as well.
"""

from __future__ import annotations

import re

from poetry_aiops.accelerators.facts import Facts
from poetry_aiops.accelerators.probes.probe import Probe, Program
from poetry_aiops.system.text import clean, name


_L4T = re.compile(r"L4T:?\s{1,10}(\d{2}\.\d{1,2}(?:\.\d{1,2})?)")
_STATS = "GR3D_FREQ"
_MODEL = re.compile(r"(?:Model|Module):\s{0,10}(NVIDIA [^\n]{2,100}|Jetson[^\n]{2,100})")


def parse(text: str) -> Facts:
    """Return the L4T release and the board."""
    plain = clean(text)
    release, model = _L4T.search(plain), _MODEL.search(plain)
    if not release and not model:
        return Facts(jetson="NVIDIA Jetson", os="linux", arch="aarch64") if _STATS in plain else Facts()
    board = name(model.group(1)) if model else None
    return Facts(
        l4t=release.group(1) if release else None, jetson=board or "NVIDIA Jetson", os="linux", arch="aarch64"
    )


def recognise(text: str) -> bool:
    """Return whether the text is from jetson-stats or names an L4T release."""
    return any(sign in text for sign in ("jetson-stats", "jetson_release", _STATS)) or bool(_L4T.search(text))


PROBE = Probe("jetson_release", Program((("jetson_release",),), 5.0), parse, recognise)
