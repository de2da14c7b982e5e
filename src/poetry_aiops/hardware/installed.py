"""Which build of a framework is in an environment, read from its files without importing it.

A build shows itself in the local part of its version (``+cu126``), in torch's own ``version.py``, in a plugin's
name (``jax-cuda12-plugin``) or in the CUDA libraries that it brings along. NVIDIA names those of CUDA 12
``nvidia-*-cu12``; of CUDA 13 some have ``-cu13`` and others no suffix at all.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import distributions
from typing import TYPE_CHECKING, Final, Literal

from packaging.utils import canonicalize_name

from poetry_aiops.system.reading import ANYWHERE, read_file
from poetry_aiops.system.text import clean, decode


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


BuildFamily = Literal["cuda", "rocm", "xpu", "mps", "cpu"]

_LARGEST = 100_000
_COMPANION = re.compile(r"nvidia-[a-z0-9-]{2,40}-cu(\d{2})")
_RUNTIMES = ("nvidia-cuda-runtime", "nvidia-cuda-runtime-cu12", "nvidia-cuda-runtime-cu11")
_TORCH_LINE = re.compile(
    r"^(cuda|hip|xpu)[ \t]{0,9}(?::[^=\n]{0,60})?=[ \t]{0,9}(?:(None)|[\"']([^\"'\n]{0,80})[\"'])",
    re.MULTILINE,
)
_CUDA_TAG = re.compile(r"cu(\d{2})(\d)(?![0-9])")
_ROCM_TAG = re.compile(r"rocm(\d{1,2}\.\d{1,2}(?:\.\d{1,2})?)")


@dataclass(frozen=True, slots=True)
class InstalledFacts:
    """What an environment's folders show: the version of every distribution by its canonical name.

    ``torch_version_py`` is the text of ``torch/version.py``, ``os`` the system in the spelling of ``hw-info``.
    """

    versions: Mapping[str, str]
    torch_version_py: str | None = None
    os: str = "linux"


def read_installed(site_packages: Sequence[Path], os: str = "linux") -> InstalledFacts:
    """Return what site-packages folders show; nothing is imported from there, and what cannot be read is left out."""
    versions: dict[str, str] = {}
    for distribution in distributions(path=list(dict.fromkeys(map(str, site_packages)))):
        try:
            metadata = distribution.metadata
            if "Name" in metadata and "Version" in metadata:
                versions.setdefault(canonicalize_name(metadata["Name"]), metadata["Version"])
        except (OSError, ValueError, TypeError, AttributeError):
            continue  # a folder without a readable METADATA file
    text = None
    for folder in site_packages:
        with suppress(OSError):
            text = text or decode(read_file(folder / "torch" / "version.py", within=ANYWHERE, limit=_LARGEST))
    return InstalledFacts(versions, text, os)


@dataclass(frozen=True, slots=True)
class InstalledBuild:
    """A framework as it is installed.

    ``family`` is ``None`` when it is unknown which build it is; ``release`` is the CUDA or ROCm version, perhaps
    the major one alone (``12.6``, ``12``, ``7.2``); ``evidence`` names the source. ``own_libraries`` is true where
    NVIDIA's libraries are installed as packages beside it, ``clash`` names packages that overwrite each other.
    """

    framework: str
    package: str
    version: str
    family: BuildFamily | None
    release: str | None = None
    evidence: str = ""
    own_libraries: bool = False
    clash: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Return the build's description: ``a CUDA 12.6 build``."""
        return _in_words(self.family, self.release)


def installed_builds(facts: InstalledFacts) -> tuple[InstalledBuild, ...]:
    """Return every framework of an environment, in the order in which one of them leads."""
    found = (look(facts) for look in _LOOKS)
    return tuple(build for build in found if build)


def _in_words(family: BuildFamily | None, release: str | None) -> str:
    names = {
        "cuda": "a CUDA",
        "rocm": "a ROCm",
        "xpu": "the XPU",
        "mps": "the macOS",
        "cpu": "the CPU",
        None: "an unknown",
    }
    return f"{names[family]}{f' {release}' if release else ''} build"


# -- CUDA libraries beside a framework ----------------------------------------------------------------


def cuda_beside(facts: InstalledFacts) -> str | None:
    """Return the CUDA version of the installed NVIDIA libraries, the major one where only names show it."""
    versions = facts.versions
    majors = {found.group(1) for name in versions if (found := _COMPANION.fullmatch(name))}
    runtimes = [".".join(versions[name].split(".")[:2]) for name in _RUNTIMES if name in versions]
    fitting = [release for release in runtimes if not majors or release.split(".")[0] in majors]
    if fitting:
        return max(fitting, key=lambda release: int(re.sub(r"\D", "", release.split(".")[0]) or 0))
    return max(majors, default=None)


# -- torch ----------------------------------------------------------------------------------------------


def _torch(facts: InstalledFacts) -> InstalledBuild | None:
    version = facts.versions.get("torch")
    if version is None:
        return None
    family, release, evidence = (
        _by_version_file(facts, version) or _by_tag(version) or _by_surroundings(facts)
    )
    beside = cuda_beside(facts) is not None
    return InstalledBuild("torch", "torch", version, family, release, evidence, own_libraries=beside)


_Told = tuple["BuildFamily | None", "str | None", str]


def _by_version_file(facts: InstalledFacts, version: str) -> _Told | None:
    """Return what ``torch/version.py`` says; a ROCm tag is more exact than HIP's version."""
    text = clean(facts.torch_version_py or "")
    values = {
        found.group(1): (found.group(3) or "") if not found.group(2) else ""
        for found in _TORCH_LINE.finditer(text)
    }
    if "cuda" not in values:
        return None
    if cuda := values["cuda"]:
        return "cuda", _short(cuda), f"torch/version.py says CUDA {_short(cuda)}"
    if hip := values.get("hip"):
        tag = _by_tag(version)
        exact = tag[1] if tag and tag[0] == "rocm" and (tag[1] or "").startswith(_short(hip)) else None
        return "rocm", exact or _short(hip), f"torch/version.py says HIP {hip}"
    if xpu := values.get("xpu"):
        return "xpu", None, f"torch/version.py says XPU {xpu}"
    return _without_accelerator(facts), None, "torch/version.py names no accelerator"


def _by_tag(version: str) -> _Told | None:
    tag = version.partition("+")[2].lower()
    evidence = f"the version carries +{tag}"
    if found := _CUDA_TAG.match(tag):
        return "cuda", f"{found.group(1)}.{found.group(2)}", evidence
    if found := _ROCM_TAG.match(tag):
        return "rocm", found.group(1), evidence
    if tag.startswith("xpu"):
        return "xpu", None, evidence
    return ("cpu", None, evidence) if tag.split(".")[0] == "cpu" else None


def _by_surroundings(facts: InstalledFacts) -> _Told:
    if facts.os == "macos":
        return "mps", None, "torch's wheel for macOS"
    beside = cuda_beside(facts)
    if beside:
        return "cuda", beside, f"NVIDIA's libraries for CUDA {beside} are installed beside it"
    if facts.os == "windows":
        return "cpu", None, "torch's wheel for Windows without a tag is the CPU build"
    return None, None, "its version, its files and the packages beside it do not show it"


def _without_accelerator(facts: InstalledFacts) -> BuildFamily:
    return "mps" if facts.os == "macos" else "cpu"


def _short(version: str) -> str:
    return ".".join(version.split(".")[:2])


# -- the others -----------------------------------------------------------------------------------------


def _tensorflow(facts: InstalledFacts) -> InstalledBuild | None:
    cpu = ("tensorflow-cpu", "tensorflow-intel")
    names = [name for name in ("tensorflow", "tf-nightly", "tensorflow-rocm", *cpu) if name in facts.versions]
    if not names:
        return None
    package, beside = names[0], cuda_beside(facts)
    family: BuildFamily | None = None
    evidence = "it holds CUDA code and takes the libraries from the system"
    if package in cpu or facts.os == "windows":
        family, evidence = "cpu", f"{package} runs on the CPU"
    elif package == "tensorflow-rocm":
        family, evidence = "rocm", package
    elif facts.os == "macos":
        metal = "tensorflow-metal" in facts.versions
        family, evidence = (
            ("mps", "tensorflow-metal is installed") if metal else ("cpu", "no tensorflow-metal")
        )
    elif beside:
        family, evidence = "cuda", f"NVIDIA's libraries for CUDA {beside} are installed beside it"
    release = beside if family == "cuda" else None
    clash = tuple(name for name in names if name != "tensorflow-intel")
    return _build("tensorflow", package, facts, family, release, evidence, clash)


def _jax(facts: InstalledFacts) -> InstalledBuild | None:
    package = "jax" if "jax" in facts.versions else "jaxlib"
    if package not in facts.versions:
        return None
    for name in facts.versions:
        if found := re.fullmatch(r"jax-(cuda|rocm)(\d{1,2})-(?:plugin|pjrt)", name):
            family: BuildFamily = "cuda" if found.group(1) == "cuda" else "rocm"
            major = found.group(2) if family == "cuda" else found.group(2)[0]
            return _build("jax", package, facts, family, major, f"{name} is installed")
    if "jax-metal" in facts.versions:
        return _build("jax", package, facts, "mps", None, "jax-metal is installed")
    return _build("jax", package, facts, "cpu", None, "no plugin of jax for an accelerator is installed")


_ONNXRUNTIMES: Final[Mapping[str, BuildFamily | None]] = {
    "onnxruntime-gpu": "cuda",
    "onnxruntime-rocm": "rocm",
    "onnxruntime-migraphx": "rocm",
    "onnxruntime-openvino": "xpu",
    "onnxruntime-directml": None,
    "onnxruntime": "cpu",
}


def _onnxruntime(facts: InstalledFacts) -> InstalledBuild | None:
    names = tuple(name for name in _ONNXRUNTIMES if name in facts.versions)
    if not names:
        return None
    family = _ONNXRUNTIMES[names[0]]
    release = cuda_beside(facts) if family == "cuda" else None
    return _build("onnxruntime", names[0], facts, family, release, f"{names[0]} is installed", names)


def _cupy(facts: InstalledFacts) -> InstalledBuild | None:
    names = tuple(
        name for name in facts.versions if re.fullmatch(r"cupy(?:-cuda\d{2,3}x?|-rocm-[\d-]+)?", name)
    )
    if not names:
        return None
    name = max(names)
    cuda = re.search(r"cuda(\d{2})", name)
    rocm = re.search(r"rocm-(\d+)-(\d+)", name)
    family: BuildFamily | None = "cuda" if cuda else "rocm" if rocm else None
    release = cuda.group(1) if cuda else f"{rocm.group(1)}.{rocm.group(2)}" if rocm else None
    return _build("cupy", name, facts, family, release, f"{name} is installed", names)


def _build(  # noqa: PLR0913, PLR0917 - the fields of a build
    framework: str,
    package: str,
    facts: InstalledFacts,
    family: BuildFamily | None,
    release: str | None,
    evidence: str,
    clash: tuple[str, ...] = (),
) -> InstalledBuild:
    return InstalledBuild(
        framework,
        package,
        facts.versions[package],
        family,
        release,
        evidence,
        own_libraries=cuda_beside(facts) is not None,
        clash=clash if len(clash) > 1 else (),
    )


_LOOKS: Final[tuple[Callable[[InstalledFacts], InstalledBuild | None], ...]] = (
    _torch,
    _tensorflow,
    _jax,
    _onnxruntime,
    _cupy,
)
