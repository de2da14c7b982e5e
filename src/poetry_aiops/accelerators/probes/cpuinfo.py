"""``/proc/cpuinfo``: the model, and the x86-64 level that its flags add up to."""

from __future__ import annotations

import re

from poetry_aiops.accelerators.facts import Facts
from poetry_aiops.accelerators.probes.probe import File, Probe
from poetry_aiops.system.text import clean, name


_MODEL = re.compile(r"^\s{0,4}model name\s{0,9}:\s{0,9}([^\n]{1,120})", re.MULTILINE)
_FLAGS = re.compile(r"^\s{0,4}flags\s{0,9}:([^\n]{1,8000})", re.MULTILINE)
LEVELS = (
    ("x86_64_v1", {"cx8", "cmov", "fpu", "fxsr", "mmx", "sse", "sse2"}),
    ("x86_64_v2", {"cx16", "lahf_lm", "popcnt", "sse4_1", "sse4_2", "ssse3"}),
    ("x86_64_v3", {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"}),
    ("x86_64_v4", {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}),
)
"""The x86-64 psABI's levels in the flag names of Linux."""


def parse(text: str) -> Facts:
    """Return model and level of the first processor."""
    plain = clean(text[:20_000])
    model, flags = _MODEL.search(plain), _FLAGS.search(plain)
    return Facts(
        cpu_model=name(model.group(1)) if model else None,
        cpu_level=_level(set(flags.group(1).split())) if flags else None,
    )


def _level(flags: set[str]) -> str | None:
    reached = None
    for level, wanted in LEVELS:
        if not wanted <= flags:
            break
        reached = level
    return reached


def recognise(text: str) -> bool:
    """Return whether the text holds a processor's description."""
    return bool(_MODEL.search(text))


PROBE = Probe("processor", File("/proc/cpuinfo"), parse, recognise)
