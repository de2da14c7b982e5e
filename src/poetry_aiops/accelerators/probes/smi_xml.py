"""``nvidia-smi -q -x``. The text may be cut anywhere, so tags are read one by one; no entity is expanded."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from poetry_aiops.accelerators.facts import NVIDIA, Facts, Gpu, Problem
from poetry_aiops.accelerators.probes.probe import Probe, Program
from poetry_aiops.accelerators.probes.smi_common import SPELLINGS, is_jetson_name, problems
from poetry_aiops.system.text import bus_key, clean, is_nothing, name, number, pci_id, version


_TAG = re.compile(r"<(/?)([a-z][a-z0-9_]{0,40})((?:\s[^<>]{0,120})?)>([^<]{0,200})")
_ID = re.compile(r'id="([^"]{1,30})"')


def parse(text: str) -> Facts:
    """Return driver, CUDA version and GPUs."""
    top: dict[str, str] = {}
    gpus: list[Gpu] = []
    path: list[str] = []
    for closing, tag, attributes, raw in _TAG.findall(clean(text)):
        value = raw.strip()
        if closing:
            if tag in path:
                del path[len(path) - 1 - path[::-1].index(tag) :]
            continue
        path = [*path[-8:], tag]
        if tag == "gpu" and (found := _ID.search(attributes)):
            gpus.append(Gpu(NVIDIA, bus=bus_key(found.group(1)), index=len(gpus)))
        elif gpus:
            gpus[-1] = _told(gpus[-1], path, value)
            top.setdefault(tag, value) if tag == "current_dm" else None
        else:
            top.setdefault(tag, value)
    return _facts(text, top, gpus)


def _facts(text: str, top: dict[str, str], gpus: list[Gpu]) -> Facts:
    cuda = top.get("cuda_version") or top.get("cuda_umd_version") or ""
    return Facts(
        gpus=tuple(gpus),
        driver=version(top.get("driver_version") or top.get("kmd_version") or ""),
        max_cuda=version(cuda),
        problems=(*problems(text), *((Problem.NO_LIBCUDA,) if cuda == "N/A" else ())),
        os="windows" if top.get("current_dm") in {"WDDM", "TCC", "MCDM"} else None,
        jetson=next((gpu.name for gpu in gpus if is_jetson_name(gpu.name)), None),
    )


def _told(gpu: Gpu, path: list[str], value: str) -> Gpu:
    """Return a GPU with what one tag adds; tags within a MIG instance describe that instance alone."""
    tag = path[-1]
    if tag == "mig_device":
        return replace(gpu, partitions=gpu.partitions + 1)
    if "mig_device" in path or is_nothing(value):
        return gpu
    identity = value.upper().removeprefix("0X")
    whole = path[-2:] == ["fb_memory_usage", "total"] and gpu.memory_mib is None
    new: dict[str, dict[str, Any]] = {
        "product_name": {"name": name(value)},
        "uuid": {"uuid": value[:60]},
        "minor_number": {"minor": number(value)},
        "pci_device_id": {"device_id": pci_id(identity[:4]) if identity.endswith("10DE") else None},
        "total": {"memory_mib": number(value) if whole else gpu.memory_mib},
    }
    return replace(gpu, **new.get(tag, {}))


def recognise(text: str) -> bool:
    """Return whether the text holds the XML log of ``nvidia-smi``."""
    return "<nvidia_smi_log" in text or ("<driver_version>" in text and "<product_name>" in text)


PROBE = Probe(
    "nvidia-smi -q -x", Program(tuple((path, "-q", "-x") for path in SPELLINGS), 10.0), parse, recognise
)
