"""``/sys/module/nvidia/version``: one line with the loaded kernel module's version."""

from __future__ import annotations

import re

from poetry_aiops.accelerators.facts import Facts
from poetry_aiops.accelerators.probes.probe import File, Probe
from poetry_aiops.system.text import clean


_LINE = r"\s{0,100}(\d{3,4}\.\d{1,3}(?:\.\d{1,3})?)\s{0,100}"
_MODINFO = (
    r"/nvidia\.ko[^\n]{0,20}\n(?:[^\n]{0,300}\n){0,5}?version:\s{1,20}(\d{3,4}\.\d{1,3}(?:\.\d{1,3})?)\s"
)
_LONGEST = 300
_NAMED = r"/sys/module/nvidia/version\s{0,5}(?:<==)?[:\s]{1,5}(\d{3,4}\.\d{1,3}(?:\.\d{1,3})?)\s"


def parse(text: str) -> Facts:
    """Return the version when the text is it, or names the file above it."""
    plain = clean(text)
    found = re.fullmatch(_LINE, plain) if len(plain) <= _LONGEST else None
    found = found or re.search(_NAMED, plain + "\n") or re.search(_MODINFO, plain + "\n")
    return Facts(driver=found.group(1), os="linux") if found else Facts()


def recognise(text: str) -> bool:
    """Return whether the text is a bare driver version or names the file."""
    bare = len(text) <= _LONGEST and re.fullmatch(_LINE, clean(text)) is not None
    return bare or "/sys/module/nvidia/version" in text or "/nvidia.ko" in text


PROBE = Probe("nvidia kernel module (sys)", File("/sys/module/nvidia/version"), parse, recognise)
