"""The machine around its GPUs: Jetson boards, Macs, the processor, and ``uname``."""

from __future__ import annotations

import re

from poetry_aiops.accelerators.facts import AMD, APPLE, NVIDIA, Gpu, TextFacts
from poetry_aiops.accelerators.probes.fields import lines, name, version
from poetry_aiops.accelerators.probes.pairs import maker_of
from poetry_aiops.accelerators.probes.probe import File, Probe, ProbeProgram
from poetry_aiops.system.text import clean


# ``/etc/nv_tegra_release``: the Jetson Linux (L4T) release, ``# R36 (release), REVISION: 4.3``.

_RELEASE = r"#?\s{0,5}R(\d{2}) \(release\), REVISION: (\d{1,2}(?:\.\d{1,2}){0,2})"


def parse_tegra(text: str) -> TextFacts:
    """Return the release as ``36.4.3``."""
    found = re.search(_RELEASE, clean(text))
    if not found:
        return TextFacts()
    release = f"{found.group(1)}.{found.group(2)}"
    return TextFacts(l4t=release, jetson="NVIDIA Jetson", os="linux", arch="aarch64")


# ``/proc/device-tree/model``: the board's name, ended by a zero byte.

_BOARD_MODEL = r"^\s{0,5}(?:(?:- )?Model: )?((?:NVIDIA )?(?:Jetson[ -]|Orin |NVIDIA Thor)[^\n]{2,100}|NVIDIA Jetson\b[^\n]{0,100})"


def parse_board(text: str) -> TextFacts:
    """Return the Jetson's name; any other board's name says nothing here."""
    for line in lines(text):
        if found := re.match(_BOARD_MODEL, line):
            return TextFacts(jetson=name(found.group(1)), os="linux", arch="aarch64")
    return TextFacts()


def is_board(text: str) -> bool:
    """Return whether a line is a Jetson's model."""
    return any(re.match(_BOARD_MODEL, line) for line in lines(text))


# ``jetson_release`` of jetson-stats. Its ``Jetpack missing!`` only says that its own table is too old.
#
# ``tegrastats``, which names no board, shows a Jetson as well.

_L4T = r"L4T:?\s{1,10}(\d{2}\.\d{1,2}(?:\.\d{1,2})?)"
_STATS = "GR3D_FREQ"
_JETSON_MODEL = r"(?:Model|Module):\s{0,10}(NVIDIA [^\n]{2,100}|Jetson[^\n]{2,100})"


def parse_jetson(text: str) -> TextFacts:
    """Return the L4T release and the board."""
    plain = clean(text)
    release, model = re.search(_L4T, plain), re.search(_JETSON_MODEL, plain)
    if not release and not model:
        return (
            TextFacts(jetson="NVIDIA Jetson", os="linux", arch="aarch64") if _STATS in plain else TextFacts()
        )
    board = name(model.group(1)) if model else None
    return TextFacts(
        l4t=release.group(1) if release else None, jetson=board or "NVIDIA Jetson", os="linux", arch="aarch64"
    )


# ``system_profiler SPDisplaysDataType`` as text or JSON, cut anywhere.
#
# On a live Mac the interpreter's own facts decide; this text describes. In a pasted text the chip's name is
# the only witness: an Apple chip is an arm64 Mac, anything else an Intel one.

_CHIP = r'(?:GPU name:|Chipset Model:|Chip:|"sppci_model"\s{0,4}:|"_name"\s{0,4}:|"chip_type"\s{0,4}:|\*\*Chip:\*\*|brand_string[:\n]|<key>sppci_model</key>\s{1,20}<string>)\s{0,20}"?([^"<\n]{1,80})'
_MAKER = r"Apple|AMD|ATI|Radeon|Intel|Iris|NVIDIA|GeForce"
_SYSTEM = r"(?:System Version:|ProductVersion:)\s{0,20}(?:macOS |Mac OS X |OS X )?(\d{1,3}(?:\.\d{1,3}){1,2})"


def parse_mac(text: str) -> TextFacts:
    """Return the Apple GPU, or that this is an Intel Mac, and the macOS version where it is known."""
    plain = clean(text)
    chips = [found.strip() for found in re.findall(_CHIP, plain) if re.search(_MAKER, found)]
    apple = next((chip for chip in chips if re.match(r"Apple (?:M\d|A\d|Paravirtual|Silicon)", chip)), None)
    cut = any(re.fullmatch(r"Apple(?: [MA])?", chip) for chip in chips)
    system = re.search(_SYSTEM, plain)
    others = [
        Gpu(maker, name=name(chip))
        for chip in chips
        if (maker := maker_of(chip)) in {AMD, NVIDIA} and not apple
    ]
    return TextFacts(
        gpus=(Gpu(APPLE, name=name(apple)),) if apple else tuple(others),
        os="macos",
        os_version=version(system.group(1)) if system else None,
        arch="arm64" if apple else "x86_64" if chips and not cut else None,
        none=bool(chips) and not apple and not others and not cut,
        cut=cut,
    )


# ``/proc/cpuinfo``: the model, and the x86-64 level that its flags add up to.

_CPU_MODEL = r"(?m)^\s{0,4}model name\s{0,9}:\s{0,9}([^\n]{1,120})"
_FLAGS = r"(?m)^\s{0,4}flags\s{0,9}:([^\n]{1,8000})"
LEVELS = (
    ("x86_64_v1", {"cx8", "cmov", "fpu", "fxsr", "mmx", "sse", "sse2"}),
    ("x86_64_v2", {"cx16", "lahf_lm", "popcnt", "sse4_1", "sse4_2", "ssse3"}),
    ("x86_64_v3", {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"}),
    ("x86_64_v4", {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}),
)
"""The x86-64 psABI's levels in the flag names of Linux."""


def parse_cpu(text: str) -> TextFacts:
    """Return model and level of the first processor."""
    plain = clean(text[:20_000])
    model, flags = re.search(_CPU_MODEL, plain), re.search(_FLAGS, plain)
    return TextFacts(
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


# ``uname -a`` and the like, in pasted texts: the system, its architecture, WSL.

_LINUX = r"(?:^|[$#>] ?)Linux \S{1,100} (\d{1,2}\.\d{1,3}\S{0,80}) .{0,160}?\b(x86_64|aarch64|ppc64le|armv7l|i686|riscv64)\b"
_DARWIN = r"(?:^|[$#>] ?)Darwin \S{1,100} \d{1,2}\.\d{1,3}\S{0,40} .{0,200}?\b(arm64|x86_64)\b"
_TEGRA = r"\d\.\d{1,3}\.\d{1,4}-(?:\d{1,3}-)?tegra\b"


def parse_uname(text: str) -> TextFacts:
    """Return system and architecture of the first such line."""
    for line in lines(text):
        if linux := re.search(_LINUX, line):
            wsl = True if "microsoft" in linux.group(1).lower() else None
            return TextFacts(
                os="linux",
                arch=linux.group(2),
                wsl=wsl,
                jetson="NVIDIA Jetson" if re.search(_TEGRA, line) else None,
            )
        if darwin := re.search(_DARWIN, line):
            return TextFacts(os="macos", arch=darwin.group(1))
        if re.search(_TEGRA, line):
            return TextFacts(os="linux", arch="aarch64", jetson="NVIDIA Jetson")
    return TextFacts()


PROBES = (
    Probe("tegra release", File("/etc/nv_tegra_release"), parse_tegra, _RELEASE),
    Probe("device tree model", File("/proc/device-tree/model"), parse_board, is_board),
    Probe(
        "jetson_release",
        ProbeProgram((("jetson_release",),), 5.0),
        parse_jetson,
        rf"jetson-stats|jetson_release|{_STATS}|{_L4T}",
    ),
    Probe(
        "system_profiler",
        ProbeProgram((("system_profiler", "SPDisplaysDataType"),), 8.0),
        parse_mac,
        r"ggml_metal|SPDisplaysDataType|spdisplays_|Graphics/Displays:|Chip(?:set Model)?:|machdep\.cpu\.brand_string|<key>sppci_model|SPHardwareDataType|ProductVersion:",
    ),
    Probe("processor", File("/proc/cpuinfo"), parse_cpu, _CPU_MODEL),
    Probe("uname", None, parse_uname, "Linux |Darwin |-tegra"),
)
