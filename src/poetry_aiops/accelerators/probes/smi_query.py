"""``nvidia-smi --query-gpu=... --format=csv``, with its header or in our own order without one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poetry_aiops.accelerators.facts import NVIDIA, Facts, Gpu
from poetry_aiops.accelerators.probes.probe import Probe, Program
from poetry_aiops.accelerators.probes.smi_common import SPELLINGS, is_jetson_name, problems
from poetry_aiops.system.text import bus_key, clean, lines, name, number


if TYPE_CHECKING:
    from collections.abc import Mapping


FIELDS = (
    "index",
    "uuid",
    "pci.bus_id",
    "pci.device_id",
    "name",
    "driver_version",
    "memory.total",
    "compute_cap",
)
_KNOWN = {
    *FIELDS,
    "gpu_name",
    "gpu_bus_id",
    "gpu_uuid",
    "driver_model.current",
    "count",
    "compute_mode",
    "cuda_version",
}
_QUERY = re.compile(r"--query-gpu[= ]([a-z_.,]{3,300})")
_CAPABILITY = re.compile(r"\d{1,2}\.\d")
_DRIVER = re.compile(r"\d{3}\.\d{1,3}(?:\.\d{1,3})?")
_DEVICE = re.compile(r"0x([0-9A-Fa-f]{4})10DE", re.IGNORECASE)
_UNIT = re.compile(r"\s{0,4}\[[A-Za-z]{1,5}\]$")
_FEWEST = 2


def parse(text: str) -> Facts:
    """Return the GPUs of all rows; columns come from a header, from the command line, or are guessed."""
    plain = clean(text)
    columns = _command_columns(plain)
    gpus: list[Gpu] = []
    drivers: list[str] = []
    for line in lines(plain):
        if not line:
            continue
        cells = [cell.strip().strip("'\"") for cell in line.split(",")]
        header = tuple(_UNIT.sub("", cell).lower() for cell in cells)
        if _is_header(header):
            columns = header
        elif row := _row(cells, columns):
            gpus.append(_gpu(row, len(gpus)))
            drivers += [row["driver_version"]] if _DRIVER.fullmatch(row.get("driver_version", "")) else []
    found = next((gpu.name for gpu in gpus if is_jetson_name(gpu.name)), None)
    driver = drivers[0] if drivers else None
    return Facts(gpus=tuple(gpus), driver=driver, problems=problems(plain), jetson=found)


def _is_header(cells: tuple[str, ...]) -> bool:
    """Return whether a row names columns: fields of ``nvidia-smi``, of which one at least says something here."""
    known = len(_KNOWN & set(cells))
    fields = all(re.fullmatch(r"[a-z][a-z0-9_.]{2,60}", cell) for cell in cells)
    return known >= _FEWEST or (known > 0 and fields)


def _command_columns(text: str) -> tuple[str, ...]:
    asked = _QUERY.search(text)
    return tuple(asked.group(1).split(",")) if asked else ()


def _row(cells: list[str], columns: tuple[str, ...]) -> Mapping[str, str]:
    if columns and len(cells) == len(columns) and "--query" not in cells[0]:
        row = dict(zip(columns, cells, strict=True))
        return row if _is_data(row) else {}
    if columns or len(cells) < _FEWEST:
        return {}
    if len(cells) == len(FIELDS) and cells[1].startswith("GPU-"):
        return dict(zip(FIELDS, cells, strict=True))
    return _guessed(cells)


def _is_data(row: Mapping[str, str]) -> bool:
    checks = (
        _CAPABILITY.fullmatch(row.get("compute_cap", "")),
        _DRIVER.fullmatch(row.get("driver_version", "")),
        row.get("uuid", row.get("gpu_uuid", "")).startswith(("GPU-", "MIG-")),
        number(row.get("memory.total", "")),
        bus_key(row.get("pci.bus_id", row.get("gpu_bus_id", ""))),
        re.match(r"(?i)nvidia|geforce|tesla|quadro|titan|grid", row.get("name", row.get("gpu_name", ""))),
    )
    return any(check is not None and check is not False for check in checks)


def _guessed(cells: list[str]) -> Mapping[str, str]:
    """Tell columns apart by their values; every cell must be of a known kind, and two must say something."""
    row: dict[str, str] = {}
    for cell in cells:
        key = next((key for key, pattern in _KINDS if pattern.fullmatch(cell)), None)
        if key is None:
            return {}
        row.setdefault(key, cell)
    row.pop("ignored", None)
    telling = "name" in row or {"compute_cap", "driver_version"} <= set(row)
    return row if telling else {}


_KINDS = (
    ("name", re.compile(r"(?i)(?:nvidia|geforce|tesla|quadro|titan) ?[a-z0-9][^,]{0,70}")),
    ("uuid", re.compile(r"GPU-[A-Za-z0-9-]{1,60}")),
    ("compute_cap", _CAPABILITY),
    ("driver_version", _DRIVER),
    ("memory.total", re.compile(r"\d{3,7} MiB")),
    (
        "ignored",
        re.compile(
            r"\[?N/A\]?|\[(?:Not Supported|Unknown Error)\]|(?:Not )?Active|Default|Enabled|Disabled|Prohibited|Exclusive_Process|"
            r"On|Off|WDDM|TCC|MCDM|P\d{1,2}|0x[0-9A-Fa-f]{1,16}|\d{1,9}(?:\.\d{1,6})?(?: ?(?:[KMG]i?B|%|W|C|MHz|us))?|"
            r"[0-9A-Fa-f]{4,8}:[0-9A-Fa-f:.]{7}|\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?|(?:[0-9A-F]{2}\.){4}[0-9A-F]{2}"
        ),
    ),
)


def _gpu(row: Mapping[str, str], place: int) -> Gpu:
    capability = row.get("compute_cap", "")
    device = _DEVICE.search(row.get("pci.device_id", ""))
    return Gpu(
        NVIDIA,
        name=name(row.get("name", row.get("gpu_name", ""))),
        index=place if (told := number(row.get("index", ""))) is None else told,
        bus=bus_key(row.get("pci.bus_id", row.get("gpu_bus_id", ""))),
        uuid=row.get("uuid", row.get("gpu_uuid", ""))[:60] or None,
        device_id=device.group(1).lower() if device else None,
        compute_capability=capability if _CAPABILITY.fullmatch(capability) else None,
        memory_mib=number(row.get("memory.total", "")),
    )


def recognise(text: str) -> bool:
    """Return whether the text looks like comma-separated rows of ``nvidia-smi``."""
    if "--query-gpu" in text or "compute_cap" in text or "driver_version" in text:
        return True
    rows = ([cell.strip() for cell in line.split(",")] for line in lines(text)[:200] if "," in line)
    return any(_row(cells, ()) for cells in rows)


PROBE = Probe(
    "nvidia-smi --query-gpu",
    Program(
        tuple(
            (path, f"--query-gpu={','.join(FIELDS)}", "--format=csv,noheader,nounits") for path in SPELLINGS
        ),
        8.0,
    ),
    parse,
    recognise,
)
