"""The verdict on an installed framework, from what importing and using it showed.

``data/verify_framework.py`` runs in the environment and prints a report; here it is read and judged. Nothing that
the program printed makes this raise.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from poetry_aiops.accelerators.rules.covering import covers
from poetry_aiops.project.backends import family_of, release_of
from poetry_aiops.system.process import run_limited
from poetry_aiops.system.text import clean, decode, version_key


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


Key = TypeVar("Key")
PROGRAM: Final = Path(__file__).parents[1] / "data" / "verify_framework.py"
TIME_LIMIT: Final = 120.0
MARK: Final = "poetry-aiops-verify: "
OK: Final = "ok"

_GPU_BUILDS: Final = ("cuda", "rocm", "xpu")
_LONGEST = 300
_TAIL_LINES = 3
_SIGNS: Final = (
    ("no kernel image", "the build holds no code for this GPU (no kernel image)"),
    ("invalid device function", "the build holds no code for this GPU (invalid device function)"),
    ("nobinaryforgpu", "the build holds no code for this GPU (no binary for it)"),
    ("driver version is insufficient", "the driver is too old for this build"),
    ("driver on your system is too old", "the driver is too old for this build"),
    ("found no nvidia driver", "no NVIDIA driver was found"),
    ("no cuda gpus are available", "this process sees no CUDA device"),
    ("no hip gpus are available", "this process sees no AMD device"),
    ("out of memory", "the device is out of memory"),
    ("not compiled with cuda", "the build has no CUDA"),
)


@dataclass(frozen=True, slots=True)
class FrameworkVerdict:
    """Whether the installed framework works here, the reasons in sentences, and what to do when it does not."""

    ok: bool
    reasons: tuple[str, ...]
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What the program reported, with everything left out that is of no use.

    ``facts`` are ``framework``, its ``version``, an ``error``, and the versions of the build's ``cuda``, ``rocm`` and
    ``xpu``; ``arches`` is as torch spells them. Of ``devices`` there are ``name``, ``capability`` and ``gfx``, of
    ``computed`` the ``device`` and the ``error`` of a computation that failed.
    """

    facts: Mapping[str, str]
    arches: tuple[str, ...]
    devices: tuple[Mapping[str, str], ...]
    computed: tuple[Mapping[str, str], ...]


def verify_environment(
    python: Path, backend: str, best: str | None = None, time_limit: float = TIME_LIMIT
) -> FrameworkVerdict:
    """Return whether the framework that an environment holds works on this machine; never raises.

    ``python`` is the environment's interpreter; it runs isolated, so that neither the working directory nor
    ``PYTHONPATH`` can replace what is installed. ``best`` as in :func:`judge`.
    """
    argv = [str(python), "-I", str(PROGRAM), "--backend", backend]
    finished = run_limited(argv, time_limit, {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"})
    return judge(backend, decode(finished.output), finished.outcome, best)


def judge(backend: str, output: str, outcome: str = OK, best: str | None = None) -> FrameworkVerdict:
    """Return the verdict on what the program printed and how it ended (as ``run_limited`` says).

    ``best`` is the backend that this machine runs best, where the caller knows it; the fix then names it.
    """
    report = read_report(output)
    if report is None:
        return FrameworkVerdict(ok=False, reasons=(_no_report(output, outcome),), fix=_fix(backend, best))
    if "framework" not in report.facts:
        what = (
            "none of torch, tensorflow, jax, onnxruntime and cupy is installed, so there is nothing to verify"
        )
        return FrameworkVerdict(
            ok=False, reasons=(what,), fix="Add the framework to the variant, then install again."
        )
    framework = report.facts["framework"]
    named = f"{framework} {report.facts.get('version', '')}".strip()
    if "error" in report.facts:
        bad: tuple[str, ...] = (f"it cannot be used: {in_words(report.facts['error'])}",)
    else:
        bad = (*_build(backend, report), *_architectures(report), *_computations(report))
    if bad:
        fix = _fix(backend, best, framework)
        return FrameworkVerdict(ok=False, reasons=tuple(f"{named}: {reason}" for reason in bad), fix=fix)
    places = ", ".join(dict.fromkeys(_place(report, place) for place in range(len(report.computed))))
    return FrameworkVerdict(ok=True, reasons=(f"{named} computed correctly on {places}",))


def in_words(error: str) -> str:
    """Return a framework's error as a sentence that says what it means, where that is known."""
    lowered = error.lower()
    known = next((words for sign, words in _SIGNS if sign in lowered), None)
    first = clean(error).strip().split("\n", maxsplit=1)[0][:_LONGEST]
    return known or first or "it gives no reason"


# -- the three checks -----------------------------------------------------------------------------------


def _build(backend: str, report: Report) -> tuple[str, ...]:
    """Return how the build is not of the backend; torch's exact version counts, elsewhere the family."""
    family = family_of(backend)
    wanted = "cuda" if family == "jetson" else family
    others = [name for name in _GPU_BUILDS if name in report.facts and name != wanted]
    if wanted not in _GPU_BUILDS:  # a build for a GPU computes on the CPU as well
        return ()
    version = report.facts.get(wanted)
    if not version:
        return (f"this is a build for {others[0] if others else 'the CPU'}, and {backend} was chosen",)
    exact = release_of(backend) if report.facts["framework"] == "torch" and family != "jetson" else ""
    if exact and version_key(exact)[:2] != version_key(version)[:2]:
        return (f"this build is for {wanted} {version}, and {backend} was chosen",)
    return ()


def _architectures(report: Report) -> tuple[str, ...]:
    """Return the devices that the build holds no code for; one that computed all the same is left out."""
    if not report.arches:
        return ()
    return tuple(
        f"the build holds code for {', '.join(report.arches)}, and {device['name']} is {device.get('gfx') or device.get('capability')}"
        for place, device in enumerate(report.devices)
        if not _covered(device, report.arches) and not _computed_on(report, place)
    )


def _covered(device: Mapping[str, str], arches: Sequence[str]) -> bool:
    if "gfx" in device:
        return device["gfx"] in {arch.split(":", maxsplit=1)[0] for arch in arches}
    capability = device.get("capability")
    if capability is None:
        return True
    found = [match for arch in arches if (match := re.fullmatch(r"(sm|compute)_(\d{1,2})(\d)([a-z]?)", arch))]
    cubins = [f"{m.group(2)}.{m.group(3)}" for m in found if m.group(1) == "sm" and not m.group(4)]
    ptx = [f"{m.group(2)}.{m.group(3)}" for m in found if m.group(1) == "compute" and not m.group(4)]
    exact = [f"{m.group(2)}.{m.group(3)}" for m in found if m.group(4)]
    compiled = any(version_key(version) <= version_key(capability) for version in ptx)
    return not found or covers(cubins, capability) or capability in exact or compiled


def _computed_on(report: Report, place: int) -> bool:
    return place < len(report.computed) and "error" not in report.computed[place]


def _computations(report: Report) -> tuple[str, ...]:
    if not report.computed:
        return ("nothing was computed, because the framework sees no device",)
    return tuple(
        f"a small computation failed on {_place(report, place)}: {in_words(computed['error'])}"
        for place, computed in enumerate(report.computed)
        if "error" in computed
    )


def _place(report: Report, place: int) -> str:
    device = report.computed[place]["device"]
    return f"{device} ({report.devices[place]['name']})" if place < len(report.devices) else device


def _fix(backend: str, best: str | None, framework: str = "torch") -> str:
    if best and best != backend:
        return (
            f"Run `poetry hw-install --hardware {best}`, which fits this machine; without such a variant add one "
            f"first: `poetry hw-add {framework} --variants {best}`."
        )
    if best or family_of(backend) == "cpu":
        return "`poetry hw-info --explain` shows what this machine runs; `poetry hw-install --hardware cpu` runs everywhere."
    return "Run `poetry hw-install --hardware auto`, which chooses for this machine; `--hardware cpu` runs everywhere."


def _no_report(output: str, outcome: str) -> str:
    """Say how a run without a report ended."""
    tail = [line.strip() for line in clean(output[-4000:]).split("\n") if line.strip()][-_TAIL_LINES:]
    said = f": {' / '.join(tail)[:_LONGEST]}" if tail else ""
    ended = {
        OK: "the check ended without an answer",
        "timeout": "importing and using the framework took too long and was stopped",
        "missing": "the environment's Python could not be started",
    }
    return ended.get(outcome, f"importing or using the framework ended the process ({outcome})") + said


# -- the report -----------------------------------------------------------------------------------------


def read_report(output: str) -> Report | None:
    """Return the report in what the program printed, ``None`` when there is none that can be read."""
    for line in reversed(output.splitlines()):
        if line.startswith(MARK):
            try:
                document = json.loads(line[len(MARK) :])
            except (ValueError, RecursionError):
                return None
            return _report(document) if isinstance(document, dict) else None
    return None


def _report(document: Mapping[str, object]) -> Report:
    computed = []
    for item in _tables(document.get("computed")):
        found = {"device": "the device", **_texts(item)}
        if "error" not in item:
            found["error"] = "its outcome is unknown"
        elif item["error"] is not None:
            found.setdefault("error", "it gives no reason")
        computed.append(found)
    return Report(
        facts=_texts(document),
        arches=tuple(_texts(dict(enumerate(_items(document.get("arches"))))).values()),
        devices=tuple({"name": "GPU", **_texts(item)} for item in _tables(document.get("devices"))),
        computed=tuple(computed),
    )


def _texts(values: Mapping[Key, object]) -> dict[Key, str]:
    """Return the values that are texts and say something, without control characters."""
    cleaned = {key: clean(value)[:2000] for key, value in values.items() if isinstance(value, str)}
    return {key: value for key, value in cleaned.items() if value}


def _items(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()


def _tables(value: object) -> list[Mapping[str, object]]:
    return [item for item in _items(value) if isinstance(item, dict)]
