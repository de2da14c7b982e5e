"""``nvidia-smi -L``: one line per GPU, with its MIG instances below."""

from __future__ import annotations

import re
from dataclasses import replace

from poetry_aiops.accelerators.facts import NVIDIA, Facts, Gpu
from poetry_aiops.accelerators.probes.probe import Probe, Program
from poetry_aiops.accelerators.probes.smi_common import SPELLINGS, is_jetson_name, problems
from poetry_aiops.system.text import lines, name


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
