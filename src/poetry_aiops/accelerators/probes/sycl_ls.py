"""``sycl-ls``: one line per backend and device; only GPUs of Level Zero (else OpenCL) count."""

from __future__ import annotations

import re

from poetry_aiops.accelerators.facts import Facts
from poetry_aiops.accelerators.probes.intel_names import gpu_named
from poetry_aiops.accelerators.probes.probe import Probe, Program
from poetry_aiops.system.text import lines


_LINE = re.compile(
    r"\[(?:ext_oneapi_)?(level_zero|opencl):gpu(?:[:\]][^,]{0,120}?)[^,]{0,80}, ([^\[]{1,160}(?:\[0x[0-9a-fA-F]{4}\])?)"
)
_TAIL = re.compile(
    r"\s{1,4}(?:\d{1,3}\.\d{1,3}\.\d{1,3}|OpenCL \d.{0,80}|\d\.\d)\s{0,9}$|\s{1,4}OpenCL \d.{0,100}$"
)


def parse(text: str) -> Facts:
    """Return the Intel GPUs that the runtime lists, once each."""
    found = [
        (match.group(1), _label(match.group(2))) for line in lines(text) if (match := _LINE.search(line))
    ]
    intel = [(runtime, label) for runtime, label in found if "Intel" in label]
    runtimes = {runtime for runtime, _ in intel}
    chosen = "level_zero" if "level_zero" in runtimes else "opencl"
    return Facts(gpus=tuple(gpu_named(label) for runtime, label in intel if runtime == chosen))


def _label(text: str) -> str:
    return _TAIL.sub("", text.strip())


def recognise(text: str) -> bool:
    """Return whether the text is from ``sycl-ls``."""
    return bool(re.search(r"\[(?:ext_oneapi_)?(?:level_zero|opencl|cuda):(?:gpu|cpu|acc|fpga)", text))


PROBE = Probe(
    "sycl-ls",
    Program((("sycl-ls",), ("/opt/intel/oneapi/compiler/latest/bin/sycl-ls",)), 8.0),
    parse,
    recognise,
)
