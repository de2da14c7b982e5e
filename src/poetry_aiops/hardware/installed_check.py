"""Whether the installed frameworks are the builds that were chosen: pure, from what their files show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from poetry_aiops.project.backends import family_of, is_backend, release_of
from poetry_aiops.system.text import version_key


if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from poetry_aiops.hardware.installed import InstalledBuild


Outcome = Literal["ok", "wrong", "unknown"]


@dataclass(frozen=True, slots=True)
class InstalledFinding:
    """One framework: what is installed, what was expected, whether they agree, and a sentence for the user."""

    framework: str
    installed: str
    expected: str
    outcome: Outcome
    text: str


def compare(
    expected_backend: str | None,
    installed: Sequence[InstalledBuild],
    provided: Collection[str] | None = None,
) -> tuple[InstalledFinding, ...]:
    """Return a finding for every installed framework; none where no variant was chosen.

    ``provided`` are the package names that the variant supplies: another framework may run on the CPU by the
    project's own choice. Without them the leading framework alone is held to the backend.
    """
    if expected_backend is None:
        return ()
    return tuple(
        _finding(expected_backend, build, strict=_strict(build, place, provided))
        for place, build in enumerate(installed)
    )


def _strict(build: InstalledBuild, place: int, provided: Collection[str] | None) -> bool:
    if provided is None:
        return place == 0
    return build.package in provided or build.framework in provided


def _finding(backend: str, build: InstalledBuild, *, strict: bool) -> InstalledFinding:
    outcome, remark = _judge(backend, build, strict=strict)
    named = f"{build.package} {build.version}"
    text = f"{named} is {build.label} ({build.evidence}); {remark}."
    if build.clash:
        outcome = "wrong"
        text = f"{' and '.join(build.clash)} are both installed and overwrite each other's files; keep one of them."
    return InstalledFinding(build.framework, f"{named}: {build.label}", backend, outcome, text)


def _judge(backend: str, build: InstalledBuild, *, strict: bool) -> tuple[Outcome, str]:
    """Return whether a build serves a backend, and the end of the sentence that says so."""
    family = family_of(backend)
    if build.family is None or not is_backend(backend):
        return "unknown", f"its files do not show whether it supports {backend}"
    if family == "jetson":
        return _on_jetson(build)
    if family != build.family:
        return _another_family(backend, build, strict=strict)
    return _torch(backend, build) if build.framework == "torch" else _other_framework(backend, build)


def _another_family(backend: str, build: InstalledBuild, *, strict: bool) -> tuple[Outcome, str]:
    if (backend, build.family) == ("cpu", "mps"):
        return "ok", "the same wheel is the CPU build of a Mac"
    if build.family == "cpu" and not strict:
        return "ok", f"it runs on the CPU beside {backend}"
    return "wrong", f"{backend} was chosen"


def _on_jetson(build: InstalledBuild) -> tuple[Outcome, str]:
    if build.family != "cuda":
        return "wrong", "a Jetson needs a CUDA build for JetPack"
    if build.own_libraries:
        return "unknown", "an ordinary CUDA build runs on a Jetson from JetPack 7 on only"
    return "ok", "a CUDA build that uses the libraries of JetPack"


def _torch(backend: str, build: InstalledBuild) -> tuple[Outcome, str]:
    wanted = release_of(backend)
    if not wanted or build.release is None:
        return "ok", f"as {backend} asks"
    if build.release == wanted or _same_line(build, wanted):
        return "ok", f"as {backend} asks"
    if build.release == wanted.split(".", maxsplit=1)[0]:
        return "unknown", f"{backend} was chosen, and only the major version is known"
    return "wrong", f"{backend} was chosen"


def _same_line(build: InstalledBuild, wanted: str) -> bool:
    """Return whether a ROCm release reported by HIP, which knows two parts, can be the wanted one of three."""
    return build.family == "rocm" and version_key(wanted)[:2] == version_key(build.release or "")


def _other_framework(backend: str, build: InstalledBuild) -> tuple[Outcome, str]:
    """Judge by the major version: a driver for CUDA 13 runs CUDA 12 as well, not the other way round."""
    wanted = release_of(backend)
    if not wanted or build.release is None:
        return "ok", f"as {backend} asks"
    own, asked = version_key(build.release)[0], version_key(wanted)[0]
    if build.family != "cuda":
        return ("ok", f"as {backend} asks") if own == asked else ("wrong", f"{backend} was chosen")
    if own <= asked:
        return "ok", f"as {backend} asks" if own == asked else f"any driver for {backend} runs it, too"
    return "unknown", f"CUDA {own} needs a newer driver than {backend} requires"
