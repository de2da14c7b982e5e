"""What torch itself prints of a machine: ``torch.utils.collect_env`` and its warnings about a GPU."""

from __future__ import annotations

import re

from poetry_aiops.accelerators.facts import NVIDIA, Facts, Gpu
from poetry_aiops.accelerators.probes.probe import Probe, Program
from poetry_aiops.system.text import clean, name


_FOUND = re.compile(
    r"Found GPU(\d{1,3}) ([^\n]{2,100}?) which is of (?:cuda|compute) capability (?:\(CC\) )?(\d{1,2}\.\d)"
)
_SM = re.compile(r"^([^\n]{2,100}?) with CUDA capability sm_(\d{2,3})[a-z]? is not compatible", re.MULTILINE)
_DRIVER = re.compile(r"Nvidia driver version: {0,3}(\d{3,4}\.\d{1,3}(?:\.\d{1,3})?)")
_MODELS = re.compile(
    r"^(?:GPU models and configuration: {0,3})?GPU (\d{1,3}): ([^\n(]{2,100})$", re.MULTILINE
)


def parse(text: str) -> Facts:
    """Return the GPUs with their compute capability, and the driver."""
    plain = clean(text)
    driver = _DRIVER.search(plain)
    gpus = {
        int(index): Gpu(NVIDIA, name=name(label), index=int(index), compute_capability=capability)
        for index, label, capability in _FOUND.findall(plain)
    }
    if not gpus:
        told = enumerate(dict.fromkeys(_SM.findall(plain)))
        gpus = {
            i: Gpu(NVIDIA, name=name(n), compute_capability=f"{int(sm) // 10}.{int(sm) % 10}")
            for i, (n, sm) in told
        }
    if not gpus and driver:
        gpus = {
            int(index): Gpu(NVIDIA, name=name(n), index=int(index)) for index, n in _MODELS.findall(plain)
        }
    return Facts(gpus=tuple(gpus.values()), driver=driver.group(1) if driver else None)


def recognise(text: str) -> bool:
    """Return whether torch printed the text."""
    return any(sign in text for sign in ("Found GPU", "with CUDA capability sm_", "Nvidia driver version:"))


PROBE = Probe(
    "torch.utils.collect_env", Program((("python", "-m", "torch.utils.collect_env"),), 0.0), parse, recognise
)
