"""What a dependency group says about the hardware that it is made for: by its sources, name and packages.

The package facts are those of the projects' own installation pages, as of November 2026.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from poetry_aiops.project.backends import DEFAULT_BACKENDS, family_of, is_backend, nearest_backend


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from poetry_aiops.project.model import Group, Project, Requirement, Source


_CPU, _CUDA, _ROCM = (DEFAULT_BACKENDS[family] for family in ("cpu", "cuda", "rocm"))
_CUDA11, _CUDA12, _CUDA13 = (DEFAULT_BACKENDS[major] for major in ("cuda11", "cuda12", "cuda13"))

ALTERNATIVES: Final[tuple[Mapping[str, str], ...]] = (
    {
        "onnxruntime": _CPU,
        "onnxruntime-gpu": _CUDA,
        "onnxruntime-rocm": _ROCM,
        "onnxruntime-migraphx": _ROCM,
        "onnxruntime-openvino": "xpu",
        "onnxruntime-silicon": "mps",
    },
    {
        "tensorflow": _CUDA12,
        "tensorflow-cpu": _CPU,
        "tensorflow-gpu": _CUDA12,
        "tensorflow-macos": "mps",
        "tensorflow-rocm": _ROCM,
    },
    {"faiss-cpu": _CPU, "faiss-gpu": _CUDA12, "faiss-gpu-cu11": _CUDA11, "faiss-gpu-cu12": _CUDA12},
    {
        "cupy-cuda11x": _CUDA11,
        "cupy-cuda12x": _CUDA12,
        "cupy-cuda13x": _CUDA13,
        "cupy-rocm-5-0": _ROCM,
        "cupy-rocm-7-0": "rocm7.0",
    },
    {"paddlepaddle": _CPU, "paddlepaddle-gpu": _CUDA},
    {"xgboost": _CUDA12, "xgboost-cpu": _CPU},
)
"""Packages of which an environment holds one, with the backend that each is built for."""

_OF_EXTRA: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("jax", "cuda12"): _CUDA12,
        ("jax", "cuda12-local"): _CUDA12,
        ("jax", "cuda13"): _CUDA13,
        ("jax", "cuda13-local"): _CUDA13,
        ("jax", "rocm"): _ROCM,
        ("jax", "rocm7-local"): _ROCM,
        ("tensorflow", "and-cuda"): _CUDA12,
    }
)
_OF_PACKAGE: Mapping[str, str] = MappingProxyType(
    {
        **{name: backend for family in ALTERNATIVES for name, backend in family.items()},
        "mlx": "mps",
        "tensorflow-metal": "mps",
        "intel-extension-for-pytorch": "xpu",
        "pytorch-triton-rocm": _ROCM,
        "pytorch-triton-xpu": "xpu",
    }
)
_WITHOUT_SOURCE: Mapping[str, str] = MappingProxyType({"torch": _CUDA, "jax": _CPU})

_NAME_WORD = re.compile(
    r"(?<![a-z0-9])(cu\d{2,3}|cuda[\d.]*|rocm[\d.]*|cpu|gpu|amd|mps|metal|apple|xpu|intel|jetson|edge|nvidia)(?![a-z0-9])"
)
_EXACT = re.compile(r"(?<![a-z0-9.])(cpu|xpu|cu\d{3}|rocm\d+\.\d+(?:\.\d+)?)(?![a-z0-9])")
_AMD_RELEASE = re.compile(r"rocm-rel-(\d+\.\d+(?:\.\d+)?)")
_LOCAL_TAG = re.compile(r"\+([a-z0-9.]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Signal:
    """The backend that a group seems to be made for, and what says so."""

    backend: str
    because: str


Build = tuple[str, str, str, tuple[str, ...]]


def signal_of(project: Project, group: Group) -> Signal | None:
    """Return what the group says about its hardware, None when it says nothing.

    Sources and build tags say it exactly; then come exact words in the group's name, known packages that do not
    contradict the name, words such as ``gpu`` in the name or a source's name, and at last what the default index holds.
    """
    requirements = project.requirements_of(group.name)
    words = words_in(group.pretty_name)
    sources = {source.name.lower(): source for source in project.sources}
    if "jetson" in words:
        return Signal("jetson", "its name says jetson")
    return next(_signals(requirements, words, sources), None)


def words_in(name: str) -> tuple[str, ...]:
    """Return the hardware words in a name: ``ml-cpu`` -> ``cpu``, ``torch_gpu`` -> ``gpu``."""
    return tuple(word.strip(".") for word in _NAME_WORD.findall(name.lower()))


def stem_of(name: str) -> str:
    """Return a group's name without its hardware words: ``ml-cpu`` and ``ML_gpu`` -> ``ml``."""
    return "-".join(re.findall(r"[a-z0-9]+", _NAME_WORD.sub("", name.lower())))


def builds_of(requirements: Iterable[Requirement]) -> dict[str, frozenset[Build]]:
    """Return which build of each package is asked for: source, location, build tag, and extras that choose hardware."""
    found: dict[str, set[Build]] = {}
    for requirement in requirements:
        tag = _LOCAL_TAG.search(requirement.constraint)
        extras = tuple(extra for extra in requirement.extras if (requirement.name, extra) in _OF_EXTRA)
        build = (requirement.source or "", requirement.location or "", tag.group(1) if tag else "", extras)
        found.setdefault(requirement.name, set()).add(build)
    return {name: frozenset(builds) for name, builds in found.items()}


def _signals(
    requirements: tuple[Requirement, ...], words: tuple[str, ...], sources: Mapping[str, Source]
) -> Iterator[Signal]:
    """Yield every signal, the strongest first."""
    for requirement in requirements:
        yield from _exact(requirement, sources)
    yield from (Signal(word, f"its name says {word}") for word in words if is_backend(word) and word != _CPU)
    yield from _by_packages(requirements, words)
    yield from _by_words(words, "its name says {word}")
    for requirement in requirements:
        source = requirement.source or ""
        yield from _by_words(words_in(source), f"{requirement.name} comes from the source {source}")
    for requirement in requirements:
        if requirement.name in _WITHOUT_SOURCE and requirement.source is None and requirement.origin is None:
            yield Signal(
                _WITHOUT_SOURCE[requirement.name], f"{requirement.name} comes from the default index"
            )


def _by_words(words: tuple[str, ...], because: str) -> Iterator[Signal]:
    for word in words:
        if backend := nearest_backend(word):
            yield Signal(backend, because.replace("{word}", word))


def _exact(requirement: Requirement, sources: Mapping[str, Source]) -> Iterator[Signal]:
    source = sources.get((requirement.source or "").lower())
    url = source.url if source else requirement.location or ""
    for text in (url, requirement.source or ""):
        if backend := _backend_in(text):
            where = f"the source {requirement.source}" if requirement.source else "its own address"
            yield Signal(backend, f"{requirement.name} comes from {where} ({backend})")
    tag = _LOCAL_TAG.search(requirement.constraint)
    if tag and (backend := _backend_in(tag.group(1))):
        yield Signal(backend, f"{requirement.name} is asked for as +{tag.group(1)}")


def _backend_in(text: str) -> str | None:
    """Return the exact backend that a URL, a source's name or a build tag spells out."""
    lowered = text.lower()
    if "jetson" in lowered:
        return "jetson"
    if release := _AMD_RELEASE.search(lowered):
        return f"rocm{release.group(1)}"
    found: list[str] = _EXACT.findall(lowered)
    return found[-1] if found else None


def _by_packages(requirements: tuple[Requirement, ...], words: tuple[str, ...]) -> Iterator[Signal]:
    for requirement in requirements:
        chosen = [
            _OF_EXTRA[requirement.name, extra]
            for extra in requirement.extras
            if (requirement.name, extra) in _OF_EXTRA
        ]
        for backend in (*chosen, _OF_PACKAGE.get(requirement.name)):
            if backend and _agrees(backend, words):
                yield Signal(backend, f"it asks for {requirement.name}")


def _agrees(backend: str, words: tuple[str, ...]) -> bool:
    """Say whether a backend is what the words in a name mean; ``gpu`` means any accelerator."""
    if not words:
        return True
    if "gpu" in words:
        return backend != _CPU
    return any(family_of(nearest_backend(word) or "") == family_of(backend) for word in words)
