"""The names of backends: what a build of a framework is made for, such as ``cu126`` or ``rocm7.2``."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final


if TYPE_CHECKING:
    from collections.abc import Mapping


AMD_INDEX: Final = "rocm-amd"
"""AMD's own multi-arch index: more GPUs than the ROCm indexes of PyTorch, and Windows."""

_FIXED_BACKENDS = ("cpu", "mps", "xpu", "jetson", AMD_INDEX)
_BACKEND: Final = rf"{'|'.join(_FIXED_BACKENDS)}|cu\d{{3}}|rocm\d+\.\d+(\.\d+)?"
_NUMBERED: Final = r"(cu|rocm)\d"
_CUDA_SPELLING: Final = r"(?:cuda|cu)[ _-]?(?P<major>\d{2})[._-]?(?P<minor>\d)(?:\.\d+)?"
_ROCM_SPELLING: Final = r"rocm[ _-]?(?P<major>\d)[._-]?(?P<rest>\d[\d.]*)"

DEFAULT_BACKENDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "cpu": "cpu",
        "cuda": "cu130",  # what PyPI's torch is built for since 2.11
        "cuda11": "cu118",
        "cuda12": "cu126",  # the CUDA 12 index that every torch from 2.6 to 2.14 has
        "cuda13": "cu130",
        "rocm": "rocm7.2",
        "rocm6": "rocm6.4",
        "rocm7": "rocm7.2",
        "mps": "mps",
        "xpu": "xpu",
        "jetson": "jetson",
    }
)
"""The backend that a family or a major version means when nothing says more (torch's indexes, November 2026)."""

_OTHER_WORDS = {
    "gpu": "cuda",
    "nvidia": "cuda",
    "cu11": "cuda11",
    "cu12": "cuda12",
    "cu13": "cuda13",
    "amd": "rocm",
    "hip": "rocm",
    "apple": "mps",
    "metal": "mps",
    "intel": "xpu",
    "oneapi": "xpu",
    "edge": "jetson",
    "tegra": "jetson",
}


def is_backend(name: str) -> bool:
    """Say whether ``name`` is the exact name of a backend, for example ``cu126`` or ``rocm7.2``."""
    return re.fullmatch(_BACKEND, name) is not None


def nearest_backend(name: str) -> str | None:
    """Return the backend that a misspelling most likely means: ``cuda12.6`` -> ``cu126``, ``rocm`` -> ``rocm7.2``."""
    word = name.strip().lower()
    if is_backend(word):
        return word
    if cuda := re.fullmatch(_CUDA_SPELLING, word):
        return f"cu{cuda['major']}{cuda['minor']}"
    if rocm := re.fullmatch(_ROCM_SPELLING, word):
        candidate = f"rocm{rocm['major']}.{rocm['rest'].strip('.')}"
        return candidate if is_backend(candidate) else None
    return DEFAULT_BACKENDS.get(_OTHER_WORDS.get(word, word))


def release_of(backend: str) -> str:
    """Return the CUDA or ROCm version in a backend's name: ``cu126`` -> ``12.6``; empty where there is none."""
    if not re.match(_NUMBERED, backend):
        return ""
    digits = backend.removeprefix("cu")
    return backend.removeprefix("rocm") if digits == backend else f"{digits[:-1]}.{digits[-1]}"


def family_of(backend: str) -> str:
    """Return the family of a backend: ``cu126`` -> ``cuda``, ``rocm7.2`` -> ``rocm``; any other name is its own."""
    if backend == AMD_INDEX:
        return "rocm"
    numbered = re.match(_NUMBERED, backend)
    return {"cu": "cuda", "rocm": "rocm"}[numbered[1]] if numbered else backend
