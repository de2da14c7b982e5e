"""``nvidia-smi -q``: indented ``Key : value`` lines. It tells no compute capability."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from poetry_aiops.accelerators.facts import NVIDIA, Facts, Gpu, Problem
from poetry_aiops.accelerators.probes.probe import Probe, Program
from poetry_aiops.accelerators.probes.smi_common import SPELLINGS, is_jetson_name, problems
from poetry_aiops.system.text import bus_key, lines, name, number, version


_GPU = re.compile(r"^\s{0,8}GPU ([0-9A-Fa-f]{4,8}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\.[0-7]|\d{1,3}|N/A)\s{0,80}$")
_PAIR = re.compile(r"^(\s{0,40})([A-Z][A-Za-z0-9 ()./-]{0,60}?)\s{0,60}: (.{0,200})$")
_SECTION = re.compile(r"^(\s{1,40})([A-Z][A-Za-z0-9 ()-]{0,60})\s{0,20}$")
_DEVICE = re.compile(r"0x([0-9A-Fa-f]{4})10DE", re.IGNORECASE)


def parse(text: str) -> Facts:
    """Return driver, CUDA version and GPUs."""
    top: dict[str, str] = {}
    gpus: list[Gpu] = []
    section, windows = "", False
    for line in lines(text):
        if head := _GPU.match(line):
            gpus.append(Gpu(NVIDIA, bus=bus_key(head.group(1)), index=len(gpus)))
        elif pair := _PAIR.match(line):
            key, value = pair.group(2).strip(), pair.group(3).strip()
            if gpus:
                full = "FB Total" if (section, key) == ("FB Memory Usage", "Total") else key
                gpus[-1] = _told(gpus[-1], section, full, value)
                windows = windows or (key == "Current" and value in {"WDDM", "TCC", "MCDM"})
            else:
                top.setdefault(key, value)
        elif named := _SECTION.match(line):
            section = named.group(2).strip()
    cuda = top.get("CUDA Version") or top.get("CUDA UMD Version") or ""
    driver = version(top.get("Driver Version") or top.get("KMD Version") or "")
    return Facts(
        gpus=tuple(gpus),
        driver=driver,
        max_cuda=version(cuda),
        problems=(*problems(text), *((Problem.NO_LIBCUDA,) if cuda.strip() in {"N/A", "Not Found"} else ())),
        os="windows" if windows else None,
        jetson=next((gpu.name for gpu in gpus if is_jetson_name(gpu.name)), None),
    )


def _told(gpu: Gpu, section: str, key: str, value: str) -> Gpu:
    """Return a GPU with what one line adds."""
    if key == "FB Total":
        return replace(gpu, memory_mib=number(value)) if gpu.memory_mib is None else gpu
    if section == "MIG Device":
        return replace(gpu, partitions=gpu.partitions + (key == "Index"))
    device = _DEVICE.search(value) if key == "Device Id" else None
    new: dict[str, dict[str, Any]] = {
        "Product Name": {"name": name(value)},
        "GPU UUID": {"uuid": value[:60]},
        "Bus Id": {"bus": gpu.bus or bus_key(value)},
        "Minor Number": {"minor": number(value)},
        "Device Id": {"device_id": device.group(1).lower() if device else gpu.device_id},
    }
    return replace(gpu, **new.get(key, {}))


def recognise(text: str) -> bool:
    """Return whether the text holds the log of ``nvidia-smi -q``."""
    return (
        "NVSMI LOG" in text
        or ("Attached GPUs" in text and "Driver Version" in text)
        or "Product Brand  " in text
    )


PROBE = Probe("nvidia-smi -q", Program(tuple((path, "-q") for path in SPELLINGS), 10.0), parse, recognise)
