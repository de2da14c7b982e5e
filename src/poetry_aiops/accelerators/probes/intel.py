"""Intel's GPUs: ``xpu-smi`` 1 and 2, and ``sycl-ls``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poetry_aiops.accelerators.facts import INTEL, Gpu, TextFacts
from poetry_aiops.accelerators.probes.fields import bus_key, lines, name
from poetry_aiops.accelerators.probes.pairs import Dialect, read_pairs
from poetry_aiops.accelerators.probes.probe import Probe, ProbeProgram
from poetry_aiops.system.text import clean


if TYPE_CHECKING:
    from collections.abc import Iterator

# How Intel's programs name a GPU: a product, a code name, or a bare id in brackets.

_BRACKETED = r"\[0x([0-9a-fA-F]{4})\]"


def gpu_named(label: str) -> Gpu:
    """Return an Intel GPU of a name; an id in brackets within it counts."""
    found = re.search(_BRACKETED, label[:200])
    plain = label.replace("(R)", "").replace("(TM)", "")
    return Gpu(INTEL, name=name(plain), device_id=found.group(1).lower() if found else None)


# ``xpu-smi discovery`` as a table, JSON or CSV.

_BARS = 2

XPU_SMI = Dialect(
    keys={
        "device id": "index",
        "vendor name": "maker",
        "device name": "name",
        "device_name": "name",
        "pci device id": "device_id",
        "pci_device_id": "device_id",
        "soc uuid": "device_id",
        "uuid": "device_id",
        "pci bdf address": "bus",
        "pci_bdf_address": "bus",
    },
    vendor=INTEL,
)


def parse_xpu_smi(text: str) -> TextFacts:
    """Return the devices; the PCI id is also the end of the UUID of newer GPUs."""
    plain = clean(text)
    return TextFacts(gpus=read_pairs(plain, XPU_SMI).gpus or tuple(_rows(plain)))


def _rows(text: str) -> Iterator[Gpu]:
    """Return the devices of the table of ``xpu-smi`` 2; a long name goes on in the next row."""
    rows = [line.strip(" |>").split("|") for line in lines(text) if line.count("|") > _BARS]
    for place, cells in enumerate(rows):
        found = re.match(r"(\d{1,3}) {1,6}(Intel\S{0,3} .{1,60}?)(?: {2,40}(?:On|Off|N/A))?\s*$", cells[0])
        if found:
            rest = rows[place + 1][0].strip() if place + 1 < len(rows) else ""
            label = (
                f"{found.group(2)} {rest}"
                if re.fullmatch(r"[A-Za-z][A-Za-z0-9 ]{1,40}", rest)
                else found.group(2)
            )
            bus = bus_key(cells[1]) if len(cells) > 1 else None
            yield gpu_named(label)._replace(ordinal=int(found.group(1)), bus=bus)


# ``sycl-ls``: one line per backend and device; only GPUs of Level Zero (else OpenCL) count.

_LINE = r"\[(?:ext_oneapi_)?(level_zero|opencl):gpu(?:[:\]][^,]{0,120}?)[^,]{0,80}, ([^\[]{1,160}(?:\[0x[0-9a-fA-F]{4}\])?)"
_TAIL = r"\s{1,4}(?:\d{1,3}\.\d{1,3}\.\d{1,3}|OpenCL \d.{0,80}|\d\.\d)\s{0,9}$|\s{1,4}OpenCL \d.{0,100}$"


def parse_sycl(text: str) -> TextFacts:
    """Return the Intel GPUs that the runtime lists, once each."""
    found = [
        (match.group(1), _label(match.group(2))) for line in lines(text) if (match := re.search(_LINE, line))
    ]
    intel = [(runtime, label) for runtime, label in found if "Intel" in label]
    runtimes = {runtime for runtime, _ in intel}
    chosen = "level_zero" if "level_zero" in runtimes else "opencl"
    return TextFacts(gpus=tuple(gpu_named(label) for runtime, label in intel if runtime == chosen))


def _label(text: str) -> str:
    return re.sub(_TAIL, "", text.strip())


PROBES = (
    Probe(
        "xpu-smi",
        ProbeProgram((("xpu-smi", "discovery"),), 8.0),
        parse_xpu_smi,
        r"(?i:xpu-smi)|XPU Discovery|Device Name(?:: Intel|,)|\"pci_bdf_address\"",
    ),
    Probe(
        "sycl-ls",
        ProbeProgram((("sycl-ls",), ("/opt/intel/oneapi/compiler/latest/bin/sycl-ls",)), 8.0),
        parse_sycl,
        r"\[(?:ext_oneapi_)?(?:level_zero|opencl|cuda):(?:gpu|cpu|acc|fpga)",
    ),
)
