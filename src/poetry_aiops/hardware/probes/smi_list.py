"""``nvidia-smi -L``: one line per GPU, with its MIG instances below."""

from __future__ import annotations

import re

from dataclasses import replace

from poetry_aiops.hardware.facts import NVIDIA
from poetry_aiops.hardware.facts import Facts
from poetry_aiops.hardware.facts import Gpu
from poetry_aiops.hardware.probes.probe import Probe
from poetry_aiops.hardware.probes.probe import Program
from poetry_aiops.hardware.probes.smi_common import SPELLINGS
from poetry_aiops.hardware.probes.smi_common import is_jetson_name
from poetry_aiops.hardware.probes.smi_common import problems
from poetry_aiops.hardware.text import lines
from poetry_aiops.hardware.text import name


_GPU = re.compile(r"^\s{0,10}GPU (\d{1,3}): ([^()]{1,100}(?:\(nvgpu\))?)\s{0,3}\(UUID: ([A-Za-z0-9-]{1,60})")
_MIG = re.compile(r"^\s{1,12}MIG \d{1,2}[a-z]?\.")


def parse(text: str) -> Facts:
    """Return the listed GPUs; a GPU's MIG instances count as its partitions."""
    gpus: list[Gpu] = []
    for line in lines(text):
        if found := _GPU.match(line):
            label = name(found.group(2))
            gpus.append(Gpu(NVIDIA, name=label, index=int(found.group(1)), uuid=found.group(3)))
        elif gpus and _MIG.match(line):
            gpus[-1] = replace(gpus[-1], partitions=gpus[-1].partitions + 1)
    jetson = next((gpu.name for gpu in gpus if is_jetson_name(gpu.name)), None)
    return Facts(gpus=tuple(gpus), problems=problems(text), jetson=jetson)


def recognise(text: str) -> bool:
    """Return whether the text lists GPUs with their UUIDs."""
    return (
        "(UUID: GPU-" in text
        or "(UUID: MIG-" in text
        or bool(re.search(r"GPU \d{1,3}: [^\n]{1,100}\(UUID:", text))
    )


PROBE = Probe("nvidia-smi -L", Program(tuple((path, "-L") for path in SPELLINGS), 8.0), parse, recognise)
