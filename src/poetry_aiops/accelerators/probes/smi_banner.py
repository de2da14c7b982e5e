"""The table that plain ``nvidia-smi`` prints, old and new.

Since driver 610 its head says ``KMD Version`` and ``CUDA UMD Version`` instead of ``Driver Version`` and
``CUDA Version``; before 418 there is no CUDA version. On WSL the first number is that of the Linux stub, the
driver's is the Windows one. Windows has a column ``TCC/WDDM`` or ``Driver-Model``.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from poetry_aiops.accelerators.facts import NVIDIA, Facts, Gpu, Problem
from poetry_aiops.accelerators.probes.probe import Probe, Program
from poetry_aiops.accelerators.probes.smi_common import SPELLINGS, is_jetson_name, problems
from poetry_aiops.system.text import bus_key, clean, lines, name


if TYPE_CHECKING:
    from collections.abc import Iterator


_V = r"(\d{1,5}(?:\.\d{1,5}){1,3})"
_SMI = re.compile(rf"NVIDIA-SMI {{1,40}}{_V}")

_DRIVER = re.compile(rf"(?:Driver|KMD) Version\**:[ *]{{1,40}}{_V}")
_CUDA = re.compile(r"CUDA (?:UMD )?Version\**:[ *]{1,40}([A-Za-z0-9./!]{1,12})")
_ROW = re.compile(r"^[ >|+]{0,20}\|\s{1,6}(\d{1,3})\s{1,4}(\S[^|]{0,80})\|([^|]{0,60})\|")
_STATE = re.compile(r"\s{1,40}(?:On|Off|N/A|TCC|WDDM|MCDM|ERR!)\s{0,10}$")
_MEMORY = re.compile(r"/\s{0,12}(\d{1,8})\s?Mi?B")
_PROCESS = re.compile(
    r"^[ |]{0,20}\|?\s{1,8}(\d{1,3})\s{1,6}(?:N/A|\d{1,3})\s{1,6}(?:N/A|\d{1,3})\s{1,8}\d{1,9}\s{1,6}[CGM]"
)


def parse(text: str) -> Facts:
    """Return the driver, its CUDA version and the GPUs of the table."""
    plain = clean(text)
    smi, driver = _SMI.search(plain), _DRIVER.search(plain)
    cuda = _CUDA.search(plain)
    cuda_text = cuda.group(1) if cuda else ""
    gpus = tuple(_gpus(plain))
    version = driver.group(1) if driver else None
    windows = any(column in plain for column in ("TCC/WDDM", "Driver-Model", " WDDM  |", "nvidia-smi.exe"))
    stub = bool(smi and version and _is_windows_driver(smi.group(1), version) and not windows)
    return Facts(
        gpus=gpus or tuple(_processes(plain)),
        driver=version,
        max_cuda=cuda_text if re.fullmatch(r"\d{1,3}\.\d{1,3}", cuda_text) else None,
        problems=(*problems(plain), *((Problem.NO_LIBCUDA,) if cuda_text.upper() == "N/A" else ())),
        os="windows" if windows else None,
        wsl=True if stub else None,
        jetson=next((gpu.name for gpu in gpus if is_jetson_name(gpu.name)), None),
    )


def _is_windows_driver(smi: str, driver: str) -> bool:
    """Return whether a driver beside the stub of WSL is one of Windows: two numbers, or another branch.

    A guest with a virtual GPU may have an ``nvidia-smi`` of another patch version than its Linux driver.
    """
    ours, theirs = smi.split("."), driver.split(".")
    return ours[:2] != theirs[:2] and (ours[0] != theirs[0] or len(theirs) < len(ours))


def _gpus(text: str) -> Iterator[Gpu]:
    waiting: Gpu | None = None
    for line in lines(text):
        row = _ROW.match(line)
        if row and "MiB" not in row.group(3) and re.search(r"[A-Za-z]{2}", row.group(2)):
            if waiting:
                yield waiting
            label = _STATE.sub("", row.group(2))
            waiting = Gpu(NVIDIA, name=name(label), index=int(row.group(1)), bus=bus_key(row.group(3)))
        elif waiting and "GPU is lost" in line:
            yield replace(waiting, lost=True)
            waiting = None
        elif waiting and (memory := _MEMORY.search(line)):
            yield replace(waiting, memory_mib=int(memory.group(1)))
            waiting = None
    if waiting:
        yield waiting


def _processes(text: str) -> Iterator[Gpu]:
    """Return the GPUs that only the table of processes names."""
    seen = {int(found.group(1)) for line in lines(text) if (found := _PROCESS.match(line))}
    return (Gpu(NVIDIA, index=index) for index in sorted(seen))


def recognise(text: str) -> bool:
    """Return whether the text holds the head or a table of ``nvidia-smi``."""
    return "NVIDIA-SMI" in text or ("| Processes:" in text and "GPU Memory" in text)


PROBE = Probe("nvidia-smi", Program(tuple((path,) for path in SPELLINGS), 8.0), parse, recognise)
