"""``/sys/module/amdgpu/version``: there only with AMD's own DKMS module; the kernel's own has none."""

from __future__ import annotations

from poetry_aiops.accelerators.facts import Facts
from poetry_aiops.accelerators.probes.probe import File, Probe
from poetry_aiops.system.text import clean, version


def parse(text: str) -> Facts:
    """Return the module's version."""
    return Facts(amdgpu=version(clean(text)[:200]))


def recognise(text: str) -> bool:
    """Return whether the text names the file: a bare version could be anything."""
    return "/sys/module/amdgpu/version" in text


PROBE = Probe("amdgpu kernel module", File("/sys/module/amdgpu/version"), parse, recognise)
