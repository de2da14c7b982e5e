"""``/proc/driver/nvidia/version``: the NVRM line, in the wording of closed and open kernel modules.

One or two spaces, dates in any language, a cut tail: the version is the first one behind the words
``Kernel Module``. The GCC line below carries a version too, which is not the driver's.
The kernel's log says the same as ``NVRM: loading NVIDIA UNIX ...``.
"""

from __future__ import annotations

import re

from poetry_aiops.accelerators.facts import Facts
from poetry_aiops.accelerators.probes.probe import File, Probe
from poetry_aiops.system.text import lines


_VERSION = r"(?<![\w.])(\d{3,4}\.\d{1,3}(?:\.\d{1,3})?)(?![\w.])"
_HEAD = r"NVRM version:|NVRM: loading (?=NVIDIA UNIX)"
_MACHINE = r"(?<!\w)(x86_64|aarch64|ppc64le|x86)(?!\w)"


def parse(text: str) -> Facts:
    """Return the kernel module's version and the architecture it was built for."""
    for line in lines(text):
        head = re.search(_HEAD, line)
        if not head:
            continue
        rest = line[head.end() :]
        version, machine = re.search(_VERSION, rest), re.search(_MACHINE, rest)
        return Facts(
            driver=version.group(1) if version else None,
            arch=machine.group(1) if machine else None,
            os="linux",
        )
    return Facts()


def recognise(text: str) -> bool:
    """Return whether the text holds an NVRM line."""
    return re.search(_HEAD, text) is not None


PROBE = Probe("nvidia kernel module (proc)", File("/proc/driver/nvidia/version"), parse, recognise)
