"""``--target SPEC``: another machine in one line.

``linux-x86_64,driver=550.54,cc=8.6``, ``windows-amd64,driver=560.94,cc=8.9``, ``macos-arm64``,
``rocm,gfx=gfx1100``, ``xpu``, ``jetson,l4t=36.4.3``, ``cpu``. ``cc`` and ``gfx`` may come several times,
once per GPU. What a spec leaves out is Linux on x86_64 (macOS on arm64 for ``mps``, aarch64 for ``jetson``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from poetry_aiops.accelerators.assemble import assemble
from poetry_aiops.accelerators.facts import AMD, APPLE, ARM_ONLY, INTEL, NVIDIA, Gpu, TextFacts
from poetry_aiops.accelerators.host import Accelerator, Cpu, Host
from poetry_aiops.accelerators.observed import Evidence, Observation
from poetry_aiops.errors import UsageError
from poetry_aiops.project.checks import did_you_mean


if TYPE_CHECKING:
    from collections.abc import Iterator

    from poetry_aiops.accelerators.catalogue import Catalogue
    from poetry_aiops.accelerators.host import OperatingSystem


EXAMPLES: Final = "linux-x86_64,driver=550.54,cc=8.6 | windows-amd64,driver=560.94,cc=8.9 | macos-arm64 | rocm,gfx=gfx1100 | xpu | jetson | cpu"
PLATFORMS: Final[dict[str, tuple[OperatingSystem, str]]] = {
    "linux": ("linux", "x86_64"),
    "linux-x86_64": ("linux", "x86_64"),
    "linux-amd64": ("linux", "x86_64"),
    "linux-aarch64": ("linux", "aarch64"),
    "linux-arm64": ("linux", "aarch64"),
    "windows": ("windows", "amd64"),
    "windows-amd64": ("windows", "amd64"),
    "windows-x86_64": ("windows", "amd64"),
    "windows-arm64": ("windows", "arm64"),
    "macos": ("macos", "arm64"),
    "macos-arm64": ("macos", "arm64"),
    "macos-aarch64": ("macos", "arm64"),
    "macos-x86_64": ("macos", "x86_64"),
}
FAMILIES: Final = ("cuda", "rocm", "mps", "xpu", "jetson", "cpu")
_FORMS: Final = {
    "driver": (r"\d{2,4}(?:\.\d{1,4}){0,2}", "a driver version such as 550.54.14"),
    "cc": (r"\d{1,2}\.\d", "a compute capability such as 8.6"),
    "gfx": (r"gfx[0-9a-f]{3,4}", "an AMD architecture such as gfx1100"),
    "device": (r"(?:[0-9a-fA-F]{4}:)?[0-9a-fA-F]{4}", "a PCI id such as 10de:2206"),
    "gpu": (r"[^,=]{1,80}", "a GPU's name such as RTX 4090"),
    "python": (r"3\.\d{1,2}(?:\.\d{1,2})?", "a Python version such as 3.12"),
    "macos": (r"\d{2}(?:\.\d{1,2}){0,2}", "a macOS version such as 14.5"),
    "glibc": (r"2\.\d{1,2}", "a glibc version such as 2.31"),
    "l4t": (r"\d{2}(?:\.\d{1,2}){0,2}", "a Jetson Linux release such as 36.4.3"),
}
_OF_ACCELERATORS: Final = frozenset({"driver", "cc", "gfx", "device", "gpu", "l4t"})
_VENDORS: Final = {NVIDIA: "cuda", AMD: "rocm", INTEL: "xpu"}
_SEVERAL: Final = frozenset({"cc", "gfx", "device", "gpu"})


@dataclass(slots=True)
class _Spec:
    platform: tuple[OperatingSystem, str] | None = None
    family: str | None = None
    flags: set[str] = field(default_factory=set)
    values: dict[str, list[str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def one(self, key: str) -> str | None:
        """Return the single value of a key."""
        return self.values[key][0] if key in self.values else None


def parse_target(spec: str, catalogue: Catalogue) -> Host:
    """Return the host that a spec describes.

    Raises :class:`~poetry_aiops.errors.UsageError` with everything that is wrong in it.
    """
    read = _Spec()
    for part in spec.split(","):
        _read_part(part.strip(), read)
    _check(read, catalogue)
    if read.faults:
        raise UsageError(
            f"{spec[:200]!r} does not describe a machine",
            where="--target",
            details=tuple(read.faults),
            hint=f"Examples: {EXAMPLES}",
        )
    return _host(read, catalogue)


def names_hardware(spec: str) -> bool:
    """Tell whether a spec says something about accelerators (``cpu`` does: none), not only about system and Python."""
    words = [part.partition("=")[0].strip().lower() for part in spec.split(",")]
    return any(word in FAMILIES or word in _OF_ACCELERATORS for word in words)


def _read_part(part: str, read: _Spec) -> None:
    key, equals, value = part.partition("=")
    lowered = key.strip().lower()
    if equals:
        _read_value(lowered, value.strip(), read)
    elif lowered in PLATFORMS:
        read.faults += ["two systems are named"] if read.platform else []
        read.platform = PLATFORMS[lowered]
    elif lowered in FAMILIES:
        read.faults += ["two kinds of accelerators are named"] if read.family else []
        read.family = lowered
    elif lowered in {"wsl", "musl"}:
        read.flags.add(lowered)
    else:
        read.faults.append(_unknown_word(part[:80]) if part else "a part is empty")


def _unknown_word(word: str) -> str:
    """Return the message about a word without ``=``, with the key or the known word that was probably meant."""
    known = (*PLATFORMS, *FAMILIES, "wsl", "musl")
    key = next((key for key in ("gfx", "device") if re.fullmatch(_FORMS[key][0], word.lower())), "gpu")
    if hint := did_you_mean(word, known):
        pass
    elif re.fullmatch(r"[\d.]+", word):
        hint = "Write what it is, for example driver=580.65 or cc=8.6."
    elif re.search(r"\d", word):
        hint = f"Did you mean {key}={word}?"
    else:
        hint = f"Known words: {', '.join(known)}."
    return f'Unknown word "{word}". {hint}'


def _read_value(key: str, value: str, read: _Spec) -> None:
    if key not in _FORMS:
        hint = did_you_mean(key, _FORMS) or f"Known keys: {', '.join(_FORMS)}."
        read.faults.append(f'Unknown key "{key[:40]}". {hint}')
        return
    pattern, meaning = _FORMS[key]
    if not re.fullmatch(pattern, value):
        read.faults.append(f"{key}={value[:80]} is not {meaning}")
    elif key in read.values and key not in _SEVERAL:
        read.faults.append(f"{key} is given twice")
    else:
        read.values.setdefault(key, []).append(value.lower() if key in {"gfx", "device"} else value)


def _check(read: _Spec, catalogue: Catalogue) -> None:
    read.family = read.family or _implied(read, catalogue)
    family, keys = read.family, set(read.values)
    wrong = {
        "cuda": {"gfx", "l4t"},
        "rocm": {"cc", "l4t"},
        "jetson": {"gfx"},
        "xpu": {"cc", "gfx", "driver", "l4t"},
        "mps": {"cc", "gfx", "driver", "device", "l4t"},
    }.get(family, {"cc", "gfx", "driver", "device", "gpu", "l4t"})
    read.faults += [f"{key} cannot be combined with {family}" for key in sorted(keys & wrong)]
    if family == "cuda" and "driver" not in keys:
        named = next((f"{key}={read.one(key)}" for key in ("gpu", "device", "cc") if key in keys), "cuda")
        read.faults.append(f"{named} needs a driver, for example driver=580.65,{named}")
    if family == "rocm" and not keys & {"gfx", "device", "gpu"}:
        read.faults.append(
            "an AMD GPU needs gfx=..., because every build holds code for certain architectures"
        )
    if family == "mps" and read.platform not in {None, ("macos", "arm64")}:
        read.faults.append("mps is for macos-arm64 only")
    system = read.platform[0] if read.platform else "linux"
    if "macos" in keys and system != "macos" and family != "mps":
        read.faults.append("macos=... is for macos-arm64 and macos-x86_64 only")


def _implied(read: _Spec, catalogue: Catalogue) -> str:
    name, device = read.one("gpu"), read.one("device")
    if "l4t" in read.values or catalogue.jetson_boards.find(name):
        return "jetson"
    if read.values.keys() & {"cc", "driver"}:
        return "cuda"
    if "gfx" in read.values:
        return "rocm"
    if name or device:
        return _family_of_gpu(name, device, catalogue)
    return "mps" if read.platform == ("macos", "arm64") else "cpu"


def _family_of_gpu(name: str | None, device: str | None, catalogue: Catalogue) -> str:
    """Return the family of a GPU by its PCI vendor or, without one, by the maker whose tables know it."""
    vendor, _, _ = (device or "").rpartition(":")
    if vendor in _VENDORS:
        return _VENDORS[vendor]
    own = (device or "")[-4:] or None
    if re.match(r"(?i)(?:apple )?M\d\b", name or ""):
        return "mps"
    if catalogue.compute_capability(own, None, name):
        return "cuda"
    if catalogue.gfx(own, None, name):
        return "rocm"
    if catalogue.supports_intel(own, None, name):
        return "xpu"
    maker = re.search(
        r"\b(nvidia|geforce|quadro|tesla|rtx|gtx)\b|\b(amd|radeon|instinct|rx)\b|\b(intel|arc)\b",
        (name or "").lower(),
    )
    return ("cuda", "rocm", "xpu")[(maker.lastindex or 1) - 1] if maker else "cuda"


def _host(read: _Spec, catalogue: Catalogue) -> Host:
    default: tuple[OperatingSystem, str] = {
        "mps": PLATFORMS["macos"],
        "jetson": PLATFORMS["linux-aarch64"],
    }.get(read.family or "", PLATFORMS["linux"])
    if any(ARM_ONLY.search(name) for name in read.values.get("gpu", ())):
        default = PLATFORMS["linux-aarch64"]
    system, arch = read.platform or default
    glibc = read.one("glibc")
    host = Host(
        os=system,
        arch=arch,
        python=read.one("python"),
        libc="musl" if "musl" in read.flags else f"glibc {glibc}" if glibc else None,
        wsl="wsl" in read.flags,
        cpu=Cpu(arch),
        os_version=read.one("macos"),
    )
    if read.family == "cpu":
        return host
    if read.family == "xpu" and not read.values.keys() & {"gpu", "device"}:
        return host._replace(accelerators=(Accelerator("xpu", vendor_id=INTEL),))
    return _with_devices(host, read, catalogue)


def _with_devices(host: Host, read: _Spec, catalogue: Catalogue) -> Host:
    """Return the host with the devices that the spec names: it is read as a probe that lists them would be."""
    is_jetson = read.family == "jetson"
    facts = TextFacts(
        gpus=() if is_jetson else tuple(_gpus(read)),
        driver=read.one("driver") if read.family != "rocm" else None,
        l4t=read.one("l4t"),
        jetson=(read.one("gpu") or "NVIDIA Jetson") if is_jetson else None,
    )
    host = assemble(Evidence(host, [Observation("--target", "", None, "ok", facts)]), catalogue).host
    if is_jetson and (capability := read.one("cc")):
        (board,) = host.accelerators
        return host._replace(accelerators=(board._replace(compute_capability=capability),))
    return host


def _gpus(read: _Spec) -> Iterator[Gpu]:
    several = {key: read.values.get(key, []) for key in _SEVERAL}
    vendor = next((vendor for vendor, family in _VENDORS.items() if family == read.family), APPLE)
    for place in range(max(1, *map(len, several.values()))):
        given = {key: values[place] for key, values in several.items() if place < len(values)}
        yield Gpu(
            vendor,
            name=given.get("gpu"),
            ordinal=place,
            device_id=given.get("device", "")[-4:] or None,
            compute_capability=given.get("cc"),
            gfx=given.get("gfx"),
        )
