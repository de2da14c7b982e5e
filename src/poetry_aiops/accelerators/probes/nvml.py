"""What the NVML library says, asked in a child process with a time limit (see ``nvml_child.py``)."""

from __future__ import annotations

import re

from poetry_aiops.accelerators.facts import NVIDIA, Facts, Gpu
from poetry_aiops.accelerators.probes.probe import Probe, Program
from poetry_aiops.accelerators.probes.smi_common import is_jetson_name, problems
from poetry_aiops.accelerators.reader import NVML_CHILD, PYTHON
from poetry_aiops.system.text import bus_key, lines, name, number, pci_id, version


_CELLS = 7
_LOST = re.compile(r"GPU is lost \(GPU (\d{1,3})\)")


def parse(text: str) -> Facts:
    """Return what the child printed."""
    told: dict[str, str] = {}
    gpus: list[Gpu] = []
    for line in lines(text):
        key, _, value = line.partition("=")
        cells = value.split("|")
        if key == "gpu" and len(cells) == _CELLS:
            gpus.append(_gpu(cells))
        elif key == "error" and (lost := _LOST.search(value)):
            gpus.append(Gpu(NVIDIA, index=int(lost.group(1)), lost=True))
        elif key in {"driver", "library", "cuda"}:
            told.setdefault(key, value)
    return Facts(
        gpus=tuple(gpus),
        driver=version(told.get("driver", "")),
        library=version(told.get("library", "").split(".", 1)[-1]),
        max_cuda=version(told.get("cuda", "")),
        problems=problems(text),
        jetson=next((gpu.name for gpu in gpus if is_jetson_name(gpu.name)), None),
    )


def _gpu(cells: list[str]) -> Gpu:
    return Gpu(
        NVIDIA,
        index=number(cells[0]),
        uuid=cells[1][:60] or None,
        bus=bus_key(cells[2]),
        device_id=pci_id(cells[3]),
        name=name(cells[4]),
        memory_mib=number(cells[5]),
        compute_capability=cells[6] if re.fullmatch(r"\d{1,2}\.\d", cells[6]) and cells[6] != "0.0" else None,
    )


def recognise(text: str) -> bool:
    """Return whether the text is what the child prints."""
    return bool(re.search(r"^gpu=\d{1,3}\|", text, re.MULTILINE))


PROBE = Probe("NVML", Program(((PYTHON, "-I", "-S", NVML_CHILD),), 5.0), parse, recognise)
