"""A host from pasted text: which probes wrote it, and what it says together."""

from __future__ import annotations

import re
from html import unescape
from os.path import commonprefix
from typing import TYPE_CHECKING, Final

from poetry_aiops.accelerators.assemble import assemble
from poetry_aiops.accelerators.detect import detect
from poetry_aiops.accelerators.facts import APPLE, ARM_ONLY, TextFacts
from poetry_aiops.accelerators.host import Host
from poetry_aiops.accelerators.observed import Evidence, Observation, first
from poetry_aiops.accelerators.probes.registry import all_probes
from poetry_aiops.accelerators.reader import TEXT_LIMIT
from poetry_aiops.accelerators.recording import RECORDING, ReplayReader
from poetry_aiops.errors import IncompleteError, InputError
from poetry_aiops.system.text import clean, decode


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from poetry_aiops.accelerators.catalogue import Catalogue
    from poetry_aiops.accelerators.host import Detection, OperatingSystem


SYSTEMS: Final[Mapping[str, OperatingSystem]] = {"linux": "linux", "windows": "windows", "macos": "macos"}
_HEADER: Final = re.compile(r"\A\ufeff?# source: [^\n]{0,2000}\| probe: [^\n]{0,4000}(?:\n|\Z)")
_PRODUCT: Final = re.compile(
    r"(?:GeForce|NVIDIA|Quadro|Tesla|TITAN|Radeon|Instinct|Intel(?:\(R\))?) (?:Arc(?:\(TM\))? )?(?:(?:[GR]TX|GT|RX|PRO|Pro) ?)?"
    r"(?:[A-Z]{1,2}-?)?\d{2,4}[A-Z]{0,2}\b(?! ?(?:Graphics|\.\d))"
)
"""A product of the makers that is no graphics of a processor."""
_SPELLINGS: Final = str.maketrans({"\N{FULLWIDTH COLON}": ":", "\N{NO-BREAK SPACE}": " ", "│": "|", "║": "|"})
"""What input methods for Chinese and Japanese write for a colon, web pages for several spaces, and tables for a bar."""
_IRC_COLOUR: Final = re.compile(r"\x03(?:\d{1,2}(?:,\d{1,2})?)?")
_ENTITY: Final = re.compile(r"&(?:lt|gt|amp|quot|nbsp|#\d{1,5});")
_QUOTED: Final = re.compile(r"(?m)^[ \t]{0,8}(?:>[ \t]?){1,5}")
_FRAME: Final = re.compile(r"[ \t]*(?:[*#-][ \t]+|[\w.-]{1,60} +\| )?")
"""What may stand before every line: an indent, a bullet, or the name of a container and a bar (Compose)."""
LOOKED_FOR: Final = (
    "nvidia-smi (any form), rocminfo, rocm-smi, amd-smi, xpu-smi, sycl-ls, clinfo, lspci, lshw, inxi, system_profiler, "
    "vulkaninfo, glxinfo, fastfetch, dxdiag, wmic, Win32_VideoController, deviceQuery, the report of torch, vLLM, sglang, ComfyUI, Ollama or llama.cpp, labels of a Kubernetes node, /etc/nv_tegra_release, or files of "
    "/proc, /sys and /dev"
)
"""The sources whose output is understood, as messages name them."""
_RAW_LIMIT: Final = 100_000


def read_pasted(files: Mapping[str, bytes], catalogue: Catalogue) -> Detection:
    """Return the machine that files describe; ``files`` maps paths to contents in any common encoding.

    A folder made by ``hw-info --record`` (it holds ``recording.json``) is played back as if the machine were
    here; any other files are read as probes' outputs. Raises :class:`~poetry_aiops.errors.InputError`.
    """
    recorded = next((path for path in files if path.replace("\\", "/").rsplit("/", 1)[-1] == RECORDING), None)
    if recorded is not None:
        return detect(ReplayReader(decode(files[recorded]), recorded), catalogue)
    return read_captured({path: decode(data) for path, data in files.items()}, catalogue)


def read_captured(texts: Mapping[str, str], catalogue: Catalogue) -> Detection:
    """Return the host that pasted texts describe; ``texts`` maps where each came from to the text itself.

    A first line ``# source: ... | probe: ...`` is a note about the text and not part of it. Where the texts
    do not report system or architecture, Linux on x86_64 is assumed, and a warning says so. Raises
    :class:`~poetry_aiops.errors.InputError` when there is no text at all, and
    :class:`~poetry_aiops.errors.IncompleteError` when none of it says anything about accelerators.
    """
    bodies = {where: _HEADER.sub("", text[:TEXT_LIMIT]) for where, text in texts.items()}
    if not any(body.strip() for body in bodies.values()):
        raise InputError(
            "there is no probe output to read",
            where=next(iter(texts), None),
            hint="Give a file with the output of nvidia-smi, rocminfo, lspci or another probe.",
        )
    bodies = {where: _unframed(body) for where, body in bodies.items()}
    observations = [
        Observation(probe.name, where, body[:_RAW_LIMIT], _outcome(facts), facts)
        for probe in all_probes()
        for where, body in bodies.items()
        if probe.recognise(body)
        for facts in [probe.parse(body)]
    ]
    named = next((found.group() for body in bodies.values() if (found := _PRODUCT.search(body))), None)
    unlisted = f"the text names {named}, but no probe output in it lists that GPU"
    part = "the text is a part of a list of devices, and lists no accelerator"
    understood = [o for o in observations if o.facts.answers]
    cut = [o for o in observations if o.facts.cut]
    if not understood:
        what = unlisted if named else part if cut else "no accelerator was recognised in the text"
        raise _not_understood(texts, what, observations)
    host, warnings = _base(observations)
    detection = assemble(Evidence(host, observations), catalogue, warnings)
    devices, others = detection.host.accelerators, detection.host.other_gpus
    if cut and not devices:
        raise _not_understood(texts, part, cut)
    nameless = not any(device.name or device.compute_capability or device.gfx for device in devices)
    if named and nameless and not any(named in other for other in others):
        raise _not_understood(texts, unlisted, understood)
    return detection


def _unframed(text: str) -> str:
    """Return a text without colours and what pages and programs put around it or before its lines."""
    plain = unescape(text) if _ENTITY.search(text) else text
    plain = clean(_IRC_COLOUR.sub("", plain)).translate(_SPELLINGS)
    rows = _QUOTED.sub("", plain).split("\n")
    shared = commonprefix([row for row in rows if row.strip()])  # noqa: RUF071 - of characters
    frame = _FRAME.match(shared) if len(rows) > 1 else None
    return "\n".join(row[frame.end() :] for row in rows) if frame else plain


def _not_understood(
    texts: Mapping[str, str], what: str, observations: Iterable[Observation]
) -> IncompleteError:
    """Return the error about texts that leave the machine open, with what they were read as."""
    read = ", ".join(dict.fromkeys(o.name for o in observations))
    return IncompleteError(
        what + (f" (read as: {read})" if read else ""),
        where=next(iter(texts)),
        hint=f"Supported: the output of {LOOKED_FOR}. To describe the machine yourself, use --target.",
    )


def _outcome(facts: TextFacts) -> str:
    if facts.problems:
        return facts.problems[0].value
    return "empty" if facts == TextFacts() else "ok"


def _likely_arch(system: str, observations: list[Observation]) -> str:
    """Return the architecture that goes with a system, or with GPUs of Arm machines alone; Arm Macs have Apple's alone."""
    gpus = [gpu for o in observations for gpu in o.facts.gpus]
    names = [gpu.name or "" for gpu in gpus]
    if system == "macos" and any(gpu.vendor != APPLE for gpu in gpus):
        return "x86_64"
    if system == "linux" and (first(observations, "jetson") or any(ARM_ONLY.search(name) for name in names)):
        return "aarch64"
    return {"macos": "arm64", "windows": "amd64"}.get(system, "x86_64")


def _base(observations: list[Observation]) -> tuple[Host, tuple[str, ...]]:
    told_system = first(observations, "os")
    system = SYSTEMS.get(told_system or "linux", "linux")
    told_arch = first(observations, "arch")
    arch = told_arch or _likely_arch(system, observations)
    warnings = []
    if not any(o.facts.gpus or o.facts.driver or o.facts.problems or o.facts.jetson for o in observations):
        probes = ", ".join(dict.fromkeys(o.name for o in observations))
        warnings.append(f"The text names no GPU (read as: {probes}).")
    if told_system is None:
        warnings.append(f"The text does not name the system; {system.capitalize()} on {arch} is assumed.")
    elif told_arch is None:
        warnings.append(f"The text does not name the architecture; {arch} is assumed.")
    host = Host(
        os=system,
        arch=arch,
        libc=first(observations, "libc"),
        wsl=any(o.facts.wsl for o in observations),
        container=first(observations, "container"),
        os_version=first(observations, "os_version"),
    )
    return host, tuple(warnings)
