"""``/etc/nv_tegra_release``: the Jetson Linux (L4T) release, ``# R36 (release), REVISION: 4.3``."""

from __future__ import annotations

import re

from poetry_aiops.accelerators.facts import Facts
from poetry_aiops.accelerators.probes.probe import File, Probe
from poetry_aiops.system.text import clean


_RELEASE = r"#?\s{0,5}R(\d{2}) \(release\), REVISION: (\d{1,2}(?:\.\d{1,2}){0,2})"


def parse(text: str) -> Facts:
    """Return the release as ``36.4.3``."""
    found = re.search(_RELEASE, clean(text))
    if not found:
        return Facts()
    release = f"{found.group(1)}.{found.group(2)}"
    return Facts(l4t=release, jetson="NVIDIA Jetson", os="linux", arch="aarch64")


def recognise(text: str) -> bool:
    """Return whether the text holds a release line."""
    return bool(re.search(_RELEASE, text))


PROBE = Probe("tegra release", File("/etc/nv_tegra_release"), parse, recognise)
