"""``rocm_agent_enumerator``: one gfx name per line; ``gfx000`` is the CPU."""

from __future__ import annotations

import re

from poetry_aiops.accelerators.facts import AMD, Facts, Gpu
from poetry_aiops.accelerators.probes.probe import Probe, Program
from poetry_aiops.system.text import lines


_LINE = re.compile(r"^\s{0,8}(gfx[0-9a-f]{3,4})(?::[a-z]{1,12}[+-]){0,3}\s{0,20}$")


def parse(text: str) -> Facts:
    """Return the GPUs in the order of the lines."""
    found = [match.group(1) for line in lines(text) if (match := _LINE.match(line))]
    return Facts(gpus=tuple(Gpu(AMD, gfx=gfx) for gfx in found if gfx != "gfx000"))


def recognise(text: str) -> bool:
    """Return whether a line is a gfx name and nothing else."""
    return any(_LINE.match(line) for line in lines(text))


PROBE = Probe(
    "rocm_agent_enumerator",
    Program((("rocm_agent_enumerator",), ("/opt/rocm/bin/rocm_agent_enumerator",)), 8.0),
    parse,
    recognise,
)
