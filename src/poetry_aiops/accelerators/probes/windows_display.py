"""Display adapters as Windows lists them: registry, WMI or PowerShell output."""

from __future__ import annotations

import re
from dataclasses import replace

from poetry_aiops.accelerators.facts import NVIDIA, Facts, Gpu
from poetry_aiops.accelerators.probes.pairs import maker_of
from poetry_aiops.accelerators.probes.probe import Probe, Program
from poetry_aiops.system.text import lines, name


CLASS_KEY = r"HKLM\SYSTEM\CurrentControlSet\Control\Class\{4d36e968-e325-11ce-bfc1-08002be10318}"
_IDS = re.compile(r"VEN_(10DE|1002|8086)&DEV_([0-9A-F]{4})", re.IGNORECASE)
_VERSION = re.compile(r"(?<![\d.])(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{3,5})(?![\d.])")
_NAME = re.compile(
    r"(?:DriverDesc\s{1,20}REG_SZ|^\s{0,20}(?:Name|Description|Caption|Card name)\s{0,20}[:=])\s{0,20}(\S.{2,100})$"
)
_ROW = r"((?:NVIDIA|AMD|Radeon|Intel)[A-Za-z0-9 ()-]{2,60}?)\s{2,40}(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{3,5})(?![\d.])"
_DIGITS = 5


def parse(text: str) -> Facts:
    """Return the adapters; NVIDIA's driver is the last five digits of Windows' version of it."""
    gpus: list[Gpu] = []
    drivers: dict[str, str] = {}
    label, number = None, None
    for line in lines(text):
        named, version, ids = _NAME.search(line), _VERSION.search(line), _IDS.search(line)
        label = name(named.group(1)) if named else label
        number = version.group(1) if version else number
        if line.startswith("HKEY_") or not line.strip():
            label, number = (label, number) if ids else (None, None)
        if ids:
            gpus.append(
                Gpu(ids.group(1).lower(), name=label or _table_name(line), device_id=ids.group(2).lower())
            )
        elif gpus and label and gpus[-1].name is None:
            gpus[-1] = replace(gpus[-1], name=label)
        if gpus and number:
            drivers.setdefault(gpus[-1].vendor, number)
    if not gpus:
        rows = [(found.group(1), found.group(2)) for line in lines(text) if (found := re.search(_ROW, line))]
        gpus = [Gpu(maker, name=name(label)) for label, _ in rows if (maker := maker_of(label))]
        drivers = {maker_of(label) or "": number for label, number in reversed(rows)}
    unique = tuple(
        {
            (gpu.vendor, gpu.device_id, gpu.device_id is None and gpu.name): gpu for gpu in reversed(gpus)
        }.values()
    )
    return Facts(
        gpus=unique[::-1], driver=nvidia_version(drivers.get(NVIDIA, "")), os="windows" if gpus else None
    )


def _table_name(line: str) -> str | None:
    """Return the name from a row of a table that holds name and id."""
    found = re.search(
        r"(NVIDIA [A-Za-z0-9 ]{2,60}|AMD Radeon[A-Za-z0-9 ()]{2,60}|Intel\(R\)[A-Za-z0-9 ()]{2,60}?)(?:\s{2,}|$)",
        line,
    )
    return name(found.group(1)) if found else None


def nvidia_version(windows: str) -> str | None:
    """Return NVIDIA's version (``536.40``) of Windows' spelling of it (``31.0.15.3640``)."""
    digits = "".join(windows.split(".")[-2:])[-_DIGITS:]
    if len(digits) != _DIGITS or not digits.isdigit() or windows.count(".") != 3:  # noqa: PLR2004 - four parts
        return None
    return f"{digits[:3]}.{digits[3:]}"


def recognise(text: str) -> bool:
    """Return whether the text holds Windows' spelling of PCI ids."""
    return bool(_IDS.search(text) or any(re.search(_ROW, line) for line in lines(text)))


PROBE = Probe(
    "Windows display adapters", Program((("reg", "query", CLASS_KEY, "/s"),), 5.0), parse, recognise
)
