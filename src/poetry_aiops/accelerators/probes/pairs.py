"""The one reader of ``key: value`` text: programs differ in a table (a :class:`Dialect`), not in code.

Lines may be ``Key: value``, ``key = value``, ``key=value``, ``"key": "value"`` (JSON, cut anywhere), a row of a
boxed table, ``Key   value`` with several spaces between, or comma-separated values below a line of keys. Keys are
compared in lower case.
"""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING, Final

from poetry_aiops.accelerators.facts import AMD, APPLE, INTEL, NVIDIA, Gpu, TextFacts
from poetry_aiops.accelerators.probes.fields import (
    bus_key,
    bus_of_location,
    is_nothing,
    lines,
    name,
    number,
    pci_id,
    version,
)
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


MACHINE: Final = frozenset({"driver", "amdgpu", "max_cuda", "os", "platform", "libc"})
"""The fields that hold for all devices; every other field is one of a device."""

_FRAME: Final = "|>*#· \t"
_JSON: Final = r'"([^"\\\n]{1,80})"[ \t]{0,20}:[ \t]{0,20}(?:"([^"\\\n]{0,300})"|(-?[0-9.]{1,20}|true|false|null|[{\[])?)'
_PAIR: Final = r"([A-Za-z][^:=\n]{0,79}?)[ \t]{0,60}(?::(?=[ \t\"]|$)|=)[ \t]{0,40}(.{0,300})$"
_SPACED: Final = r"([A-Z][A-Za-z()/ -]{1,40}?)(?:[ ]{2,60}|\t{1,9})(\S.{0,200})$"
_GFX: Final = r"(?<![\w-])gfx[0-9a-f]{3,4}(?![0-9a-f])"
_MAKERS: Final = (
    (NVIDIA, r"nvidia|geforce|quadro|tesla|10de"),
    (AMD, r"\bamd\b|advanced micro|radeon|instinct|\bati\b|1002|\bgfx\d"),
    (INTEL, r"intel|\barc\b|8086"),
    (APPLE, r"\bapple\b|106b"),
)
_NOISE: Final = r" ?\((?:R|TM)\)| ?\((?:gfx|RADV|NVK|radeonsi).*\)$|/PCIe?(?:/SSE2)?$|^Mesa "
_MOST_MIB: Final = 2**24
_UNITS: Final = {"k": 1 / 1024, "m": 1.0, "g": 1024.0, "b": 1 / 2**20}


class Dialect(Record):
    """How one program spells its devices.

    ``keys`` maps keys to fields of :class:`~poetry_aiops.accelerators.facts.Gpu`, to fields of ``MACHINE``, or to
    ``maker`` and ``type``, which say what the device is. ``heads`` are patterns at the start of a line that begin a
    device, or go on with the one of the same ``index``; their groups are fields, ``index`` may list several devices
    (``0,1,2``), and the rest of the line is read as pairs. Without a head a device begins with any of the fields in
    ``first`` that the one before has already. ``vendor`` is None where the text says whose device it is; a head's
    device whose name has no maker in it, such as ``H100 PCIe``, is ``otherwise``'s.
    """

    keys: Mapping[str, str]
    heads: tuple[str, ...] = ()
    first: frozenset[str] = frozenset({"name"})
    vendor: str | None = None
    otherwise: str | None = None


def read_pairs(text: str, dialect: Dialect) -> TextFacts:
    """Return the devices of a text and what it says of the machine."""
    machine: dict[str, str] = {}
    block: dict[str, str] = {}
    blocks, columns = [block], []
    for line in filter(None, lines(text)):
        cells = _cells(line)
        if sum(_column(cell) in dialect.keys for cell in cells) > 1:
            columns = [_column(cell) for cell in cells]
            continue
        head = next((found for pattern in dialect.heads if (found := re.match(pattern, line))), None)
        pairs = pairs_of(line[head.end() :] if head else line)
        if head:
            fields = {key: value for key, value in head.groupdict().items() if value is not None}
            machine = {**{key: fields.pop(key) for key in MACHINE & fields.keys()}, **machine}
            for index in fields.pop("index", "").split(",") if fields or not head.groupdict() else ():
                block = _begin(blocks, fields, index)
        elif len(columns) == len(cells) > 1:
            block = _begin(blocks, {}, "")
            pairs = iter(zip(columns, cells, strict=True))
        for key, value in pairs:
            field = dialect.keys.get(key)
            if field is None or is_nothing(value):
                continue
            if field in MACHINE:
                machine.setdefault(field, value)
                continue
            if field in dialect.first and field in block:
                block = _begin(blocks, {}, "")
            block.setdefault(field, value)
    gpus = tuple(gpu for block in blocks if (gpu := _gpu(block, dialect)))
    return platform_of(f"{machine.get('os', '')} {machine.get('platform', '')}")._replace(
        gpus=gpus,
        driver=version(machine.get("driver", "")),
        amdgpu=version(machine.get("amdgpu", "")),
        max_cuda=version(machine.get("max_cuda", "")),
        libc=_libc(machine.get("libc", "")),
        none=any(blocks) and not gpus and not any("GPU" in block.get("type", "") for block in blocks),
    )


def _cells(line: str) -> list[str]:
    """Return the values of a comma-separated row, of which one may hold commas between quotes."""
    if "," not in line or "|" in line:
        return []
    return [cell.strip(" '") for cell in next(csv.reader([line], skipinitialspace=True), [])]


def _column(cell: str) -> str:
    """Return the key that heads a column, without its unit."""
    return re.sub(r"\s{0,4}\[[A-Za-z]{1,5}\]$", "", cell).lower()


def _begin(blocks: list[dict[str, str]], fields: Mapping[str, str], index: str) -> dict[str, str]:
    """Return the device that has this index already, or a new one."""
    block = next((block for block in blocks if index and block.get("index") == index), None)
    if block is None:
        block = {"index": index} if index else {}
        blocks.append(block)
    for key, value in fields.items():
        block.setdefault(key, value)
    return block


def pairs_of(line: str) -> Iterator[tuple[str, str]]:
    """Return the keys, in lower case, and values of one line."""
    if found := re.findall(_JSON, line):
        yield from ((key.lower(), quoted or bare) for key, quoted, bare in found)
        return
    for cell in line.split("|") if "|" in line else [line]:
        plain = cell.strip(_FRAME).lstrip("- \t")
        if pair := re.match(_PAIR, plain) or re.match(_SPACED, plain):
            yield " ".join(pair.group(1).lower().split()), pair.group(2).strip(' \t"')


def maker_of(text: str) -> str | None:
    """Return the PCI vendor whose device a text names."""
    lowered = text.lower()[:300]
    return next((vendor for vendor, pattern in _MAKERS if re.search(pattern, lowered)), None)


def platform_of(text: str) -> TextFacts:
    """Return system, its version and architecture of a line such as ``Ubuntu 24.04 (x86_64)``."""
    lowered = text.lower()
    system = next(
        (
            name
            for name, words in (
                ("windows", r"windows|\bnt\b"),
                ("macos", r"mac ?os|\bos ?x\b|darwin"),
                ("linux", r"linux|ubuntu|debian|fedora|red hat|centos|rocky|suse|arch|amzn|glibc|alma|nixos"),
            )
            if re.search(words, lowered)
        ),
        None,
    )
    arch = re.search(r"\b(x86_64|amd64|aarch64|arm64|ppc64le)\b", lowered)
    mac = re.search(r"(?:mac ?os|\bos)(?: ?x)? (\d{1,2}(?:\.\d{1,2}){0,2})", lowered)
    machine = arch.group(1) if arch and system != "windows" else None
    return TextFacts(
        os=system,
        os_version=mac.group(1) if mac else None,
        arch="x86_64" if machine == "amd64" else machine,
        wsl=True if "microsoft" in lowered and system == "linux" else None,
    )


def _libc(value: str) -> str | None:
    found = re.search(r"glibc[- ](\d\.\d{1,2})", value)
    return f"glibc {found.group(1)}" if found else None


def _gpu(block: dict[str, str], dialect: Dialect) -> Gpu | None:
    """Return the device of a block; None for a processor, another maker's device, or a block that names nothing."""
    if re.search(r"\bCPU\b|_CPU", block.get("type", "")):
        return None
    described = " ".join(block.get(key, "") for key in ("maker", "name", "title", "gfx", "device_id"))
    vendor = dialect.vendor or maker_of(described) or (dialect.otherwise if "index" in block else None)
    gfx = re.search(_GFX, f"{block.get('gfx', '')} {block.get('name', '')}")
    reported = [label for key in ("title", "name") if (label := block.get(key, "")) and not _is_code(label)]
    unnamed = re.fullmatch(r"(?:AMD )?Device (?:0x)?([0-9a-f]{4})", block.get("name", ""))
    if unnamed and vendor is None:
        vendor = AMD
    device = unnamed.group(1) if unnamed else _device_id(block.get("device_id", "") or block.get("title", ""))
    capability = re.match(r"(\d{1,2}\.\d)(?!\d)", block.get("compute_capability", ""))
    found = Gpu(
        vendor or "",
        name=name(re.sub(_NOISE, "", reported[0])) if reported else None,
        ordinal=number(block.get("index", "")),
        bus=_bus(block.get("bus", "")),
        uuid=_uuid(block.get("uuid", "")),
        device_id=device,
        compute_capability=capability.group(1) if capability and vendor == NVIDIA else None,
        gfx=gfx.group() if gfx and vendor == AMD else None,
        memory_mib=_mib(block.get("memory", "")),
        minor=number(block.get("minor", "")),
    )
    if vendor is None or not (found.name or found.gfx or found.device_id or found.compute_capability):
        return None
    chip = re.fullmatch(r"([A-Z][A-Za-z0-9 /-]{1,30}) \[([^\[\]]{3,80})\]", found.name or "")
    return found._replace(chip=chip.group(1), name=name(chip.group(2))) if chip else found


def _is_code(label: str) -> bool:
    """Return whether a name is only a number or an architecture, such as ``0x744c`` or ``gfx1100``."""
    return (
        re.fullmatch(r"0x[0-9a-fA-F]+|gfx[0-9a-f]{3,4}\S{0,30}|(?:AMD )?Device (?:0x)?[0-9a-f]{4}|\d+", label)
        is not None
    )


def _device_id(value: str) -> str | None:
    """Return the PCI id in ``0x744c``, ``30032(0x7550)``, ``0x24B010DE`` or ``1002:744c``."""
    found = (
        re.search(r"(?:10[dD][eE]|1002|8086):([0-9a-fA-F]{4})\b", value)
        or re.search(r"0x([0-9a-fA-F]{4})(?:10[dD][eE]|1002|8086)\b", value)
        or re.search(r"\(0x0{0,4}([0-9a-fA-F]{3,4})\)", value)
        or re.search(r"-[0-9a-fA-F]{0,8}([0-9a-fA-F]{4})8086$", value)
    )
    return found.group(1).lower().zfill(4) if found else pci_id(value)


def _bus(value: str) -> str | None:
    return bus_of_location(int(value)) if re.fullmatch(r"\d{1,5}", value) else bus_key(value)


def _uuid(value: str) -> str | None:
    return value[:60] if re.match(r"GPU-(?!X)", value) and "?" not in value else None


def _mib(value: str) -> int | None:
    found = re.match(r"(\d{1,15})(?:\.\d{1,9})? ?([KMGB])?", value, re.IGNORECASE)
    if not found:
        return None
    unit = (found.group(2) or ("b" if int(found.group(1)) > _MOST_MIB else "m")).lower()
    return int(int(found.group(1)) * _UNITS[unit]) or None
