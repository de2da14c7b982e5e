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
from typing import TYPE_CHECKING, Final

from poetry_aiops.accelerators.rules.covering import covers
from poetry_aiops.project.backends import family_of
from poetry_aiops.system.process import run_limited
from poetry_aiops.system.text import clean, decode, version_key


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


PROGRAM: Final = Path(__file__).parents[1] / "data" / "verify_framework.py"
TIME_LIMIT: Final = 120.0
MARK: Final = "poetry-aiops-verify: "
OK: Final = "ok"

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
class Device:
    """A GPU as the framework names it."""

    name: str
    capability: str | None = None
    gfx: str | None = None


@dataclass(frozen=True, slots=True)
class Computed:
    """One computation on one device; ``error`` is ``None`` when its result was right."""

    device: str
    error: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """What the program reported; ``cuda``, ``rocm`` and ``xpu`` are versions of the build, ``arches`` as torch spells them."""

    framework: str | None
    version: str | None
    error: str | None
    cuda: str | None
    rocm: str | None
    xpu: str | None
    arches: tuple[str, ...]
    devices: tuple[Device, ...]
    computed: tuple[Computed, ...]


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
    if report.framework is None:
        what = (
            "none of torch, tensorflow, jax, onnxruntime and cupy is installed, so there is nothing to verify"
        )
        return FrameworkVerdict(
            ok=False, reasons=(what,), fix="Add the framework to the variant, then install again."
        )
    named = f"{report.framework} {report.version or ''}".strip()
    if report.error:
        bad: tuple[str, ...] = (f"it cannot be used: {in_words(report.error)}",)
    else:
        bad = (*_build(backend, report), *_architectures(report), *_computations(report))
    if bad:
        fix = _fix(backend, best, report.framework)
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
    held = {"cuda": report.cuda, "rocm": report.rocm, "xpu": report.xpu}
    wanted = "cuda" if family == "jetson" else family
    others = [name for name, version in held.items() if version and name != wanted]
    if wanted not in held:  # a build for a GPU computes on the CPU as well
        return ()
    version = held[wanted]
    if not version:
        return (f"this is a build for {others[0] if others else 'the CPU'}, and {backend} was chosen",)
    if report.framework == "torch" and family != "jetson" and not _same_release(backend, version):
        return (f"this build is for {wanted} {version}, and {backend} was chosen",)
    return ()


def _same_release(backend: str, version: str) -> bool:
    digits = backend.removeprefix("cu").removeprefix("rocm")
    if backend.startswith("cu"):
        digits = f"{digits[:-1]}.{digits[-1]}"
    return not digits[:1].isdigit() or version_key(digits)[:2] == version_key(version)[:2]


def _architectures(report: Report) -> tuple[str, ...]:
    """Return the devices that the build holds no code for; one that computed all the same is left out."""
    if not report.arches:
        return ()
    return tuple(
        f"the build holds code for {', '.join(report.arches)}, and {device.name} is {device.gfx or device.capability}"
        for place, device in enumerate(report.devices)
        if not _covered(device, report.arches) and not _computed_on(report, place)
    )


def _covered(device: Device, arches: Sequence[str]) -> bool:
    if device.gfx:
        return device.gfx in {arch.split(":", maxsplit=1)[0] for arch in arches}
    if device.capability is None:
        return True
    found = [match for arch in arches if (match := re.fullmatch(r"(sm|compute)_(\d{1,2})(\d)([a-z]?)", arch))]
    cubins = [f"{m.group(2)}.{m.group(3)}" for m in found if m.group(1) == "sm" and not m.group(4)]
    ptx = [f"{m.group(2)}.{m.group(3)}" for m in found if m.group(1) == "compute" and not m.group(4)]
    exact = [f"{m.group(2)}.{m.group(3)}" for m in found if m.group(4)]
    compiled = any(version_key(version) <= version_key(device.capability) for version in ptx)
    return not found or covers(cubins, device.capability) or device.capability in exact or compiled


def _computed_on(report: Report, place: int) -> bool:
    return place < len(report.computed) and report.computed[place].error is None


def _computations(report: Report) -> tuple[str, ...]:
    if not report.computed:
        return ("nothing was computed, because the framework sees no device",)
    return tuple(
        f"a small computation failed on {_place(report, place)}: {in_words(computed.error)}"
        for place, computed in enumerate(report.computed)
        if computed.error
    )


def _place(report: Report, place: int) -> str:
    device = report.computed[place].device
    return f"{device} ({report.devices[place].name})" if place < len(report.devices) else device


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
    return Report(
        framework=_text(document.get("framework")),
        version=_text(document.get("version")),
        error=_text(document.get("error")),
        cuda=_text(document.get("cuda")),
        rocm=_text(document.get("rocm")),
        xpu=_text(document.get("xpu")),
        arches=tuple(text for item in _items(document.get("arches")) if (text := _text(item))),
        devices=tuple(
            Device(_text(item.get("name")) or "GPU", _text(item.get("capability")), _text(item.get("gfx")))
            for item in _tables(document.get("devices"))
        ),
        computed=tuple(
            Computed(_text(item.get("device")) or "the device", _failure(item))
            for item in _tables(document.get("computed"))
        ),
    )


def _failure(item: Mapping[str, object]) -> str | None:
    """Return a computation's error; one that does not say how it went failed."""
    if "error" not in item:
        return "its outcome is unknown"
    return None if item["error"] is None else _text(item["error"]) or "it gives no reason"


def _text(value: object) -> str | None:
    return clean(value)[:2000] or None if isinstance(value, str) else None


def _items(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()


def _tables(value: object) -> list[Mapping[str, object]]:
    return [item for item in _items(value) if isinstance(item, dict)]
