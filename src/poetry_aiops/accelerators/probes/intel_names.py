"""How Intel's programs name a GPU: a product, a code name, or a bare id in brackets."""

from __future__ import annotations

import re

from poetry_aiops.accelerators.facts import INTEL, Gpu
from poetry_aiops.system.text import name


_BRACKETED = re.compile(r"\[0x([0-9a-fA-F]{4})\]")


def gpu_named(label: str, device_id: str | None = None) -> Gpu:
    """Return an Intel GPU of a name; an id in brackets within it counts."""
    found = _BRACKETED.search(label[:200])
    plain = label.replace("(R)", "").replace("(TM)", "")
    return Gpu(INTEL, name=name(plain), device_id=device_id or (found.group(1).lower() if found else None))
