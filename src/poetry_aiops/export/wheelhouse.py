"""Which files of the lock fit one selection on one machine, chosen in pip's own order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from packaging.tags import mac_platforms

from poetry_aiops.errors import NegativeAnswerError, UsageError
from poetry_aiops.export.header import with_header
from poetry_aiops.export.requirements_text import about, checked
from poetry_aiops.project.checks import did_you_mean
from poetry_aiops.project.targets import (
    Target,
    highest_patch,
    marker_applies,
    platform_variables,
    python_variables,
)
from poetry_aiops.project.wheels import SDISTS, best_file, manylinux, musllinux, ranked_tags


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from packaging.tags import Tag

    from poetry_aiops.export.model import Exported, GroupSelection, Pin
    from poetry_aiops.project.model import LockedFile


EVERYDAY_PLATFORMS: Final = {
    "linux-x86_64": "manylinux_2_28_x86_64",
    "linux-aarch64": "manylinux_2_28_aarch64",
    "macos-arm64": "macosx_14_0_arm64",
    "macos-x86_64": "macosx_14_0_x86_64",
    "windows-amd64": "win_amd64",
    "windows-arm64": "win_arm64",
}
"""Plain names and the platform tag that each one means: the oldest system that today's frameworks are built for."""

REQUIREMENTS_FILE: Final = "requirements.txt"
_MANYLINUX = re.compile(r"manylinux_2_(?P<minor>\d+)_(?P<arch>\w+)")
_MUSLLINUX = re.compile(r"musllinux_1_(?P<minor>\d+)_(?P<arch>\w+)")
_MACOS = re.compile(r"macosx_(?P<major>\d+)_(?P<minor>\d+)_(?P<arch>arm64|x86_64)")
_WINDOWS: Final = {"win_amd64": "AMD64", "win_arm64": "ARM64", "win32": "x86"}
_PYTHON = re.compile(r"3\.(?P<minor>\d+)(?:\.(?P<patch>\d+))?")


@dataclass(frozen=True, slots=True)
class WheelTarget:
    """The machine that a wheelhouse is for: platform tags, the rank of every tag in pip's order, and marker values."""

    platforms: tuple[str, ...]
    ranks: Mapping[Tag, int]
    machine: Target


@dataclass(frozen=True, slots=True)
class ChosenFile:
    """One file that the selection needs, and the package that it installs."""

    pin: Pin
    file: LockedFile


@dataclass(frozen=True, slots=True)
class Wheelhouse:
    """The files to fetch, by package, and the packages that no file can hold (folders, Git), with the reason."""

    target: WheelTarget
    files: tuple[ChosenFile, ...]
    left_out: tuple[tuple[Pin, str], ...]


def wheel_target(
    platform: str | None,
    python: str,
    allowed: Callable[[str], bool],
    *,
    tags: tuple[str, ...],
    environment: Mapping[str, str],
) -> WheelTarget:
    """Return the target that ``--platform`` (None: this machine) and ``--python`` (``X.Y`` or ``X.Y.Z``) describe.

    ``allowed`` says whether the project takes a full Python version; ``tags`` (best first) and ``environment`` are this
    machine's platform tags and marker values. Raises UsageError for words that name no
    platform and for a Python that the project does not take.
    """
    full = _full_python(python, allowed)
    values = python_variables(full)
    minor = values["python_version"]
    platforms = tags
    if platform is not None:
        tag = EVERYDAY_PLATFORMS.get(platform.lower(), platform.lower())
        platforms, environment = _platforms(tag, platform)
    name = f"{platform or 'this machine'}, Python {full if python.count('.') > 1 else minor}"
    return WheelTarget(
        platforms, ranked_tags(minor, platforms), Target(name, minor, {**environment, **values})
    )


def choose_files(pins: Iterable[Pin], target: WheelTarget, *, sdists: bool) -> Wheelhouse:
    """Return the file that pip would take of each package that the target needs.

    The best wheel tag wins, then the highest build number; a source archive (when ``sdists``) only where no wheel
    fits. Raises NegativeAnswerError that names every package without a file for the target.
    """
    needed = [pin for pin in pins if marker_applies(pin.marker, target.machine)]
    files, left_out, lacking = [], [], []
    for pin in sorted(needed, key=lambda one: one.package.name):
        if pin.origin in {"directory", "git"}:
            left_out.append((pin, _why_left_out(pin)))
        elif file := best_file(pin.package.files, target.ranks, sdists=sdists):
            files.append(ChosenFile(pin, file))
        else:
            lacking.append(_why_lacking(pin, sdists=sdists))
    if lacking:
        raise NegativeAnswerError(
            f"poetry.lock has no file of {len(lacking)} packages for {target.machine.name}",
            details=tuple(lacking),
            hint="Name another --platform or --python, or allow source archives with --sdists.",
        )
    return Wheelhouse(target, tuple(files), tuple(left_out))


def wheelhouse_requirements(wheelhouse: Wheelhouse, selection: GroupSelection, exported: Exported) -> str:
    """Return the requirements file for the folder of the files: no index, exactly these files, no markers left."""
    notes = [
        f"For {wheelhouse.target.machine.name}.",
        f"Install without any index: pip install -r {REQUIREMENTS_FILE}",
        *(f"Not here: {pin.package.name}, {reason}." for pin, reason in wheelhouse.left_out),
    ]
    hashed = all(
        chosen.file.hash.partition(":")[0] in {"sha256", "sha384", "sha512"} for chosen in wheelhouse.files
    )
    lines = ["--no-index", "--find-links .", ""]
    for chosen in wheelhouse.files:
        package = chosen.pin.package
        end = f" \\\n    --hash={checked(chosen.file.hash, package.name)}" if hashed else ""
        lines.append(f"{checked(f'{package.name}=={package.version}', package.name)}{end}")
    head = [*about(selection, exported), *notes]
    return with_header(REQUIREMENTS_FILE, exported.lock_digest, head, "\n".join(lines))


# -- the machine ----------------------------------------------------------------------------------------


def _full_python(python: str, allowed: Callable[[str], bool]) -> str:
    found = _PYTHON.fullmatch(python)
    if not found:
        raise UsageError(
            f'"{python}" is not a Python version', where="--python", hint="Write for example 3.12."
        )
    minor = f"3.{int(found['minor'])}"
    exact = f"{minor}.{int(found['patch'])}" if found["patch"] else None
    full = highest_patch(minor, lambda version: exact in {None, version} and allowed(version))
    if full is None:
        raise UsageError(
            f"the project does not allow Python {python}",
            where="--python",
            hint="Choose one that `requires-python` allows.",
        )
    return full


def _platforms(tag: str, written: str) -> tuple[tuple[str, ...], dict[str, str]]:
    for year, minor in (("manylinux2014_", 17), ("manylinux2010_", 12), ("manylinux1_", 5)):
        if tag.startswith(year):
            tag = f"manylinux_2_{minor}_{tag.removeprefix(year)}"
    if tag.startswith("linux_"):
        tag = EVERYDAY_PLATFORMS.get(tag.replace("_", "-", 1), tag)
    if found := _MANYLINUX.fullmatch(tag):
        return manylinux(int(found["minor"]), found["arch"]), _of_posix("Linux", found["arch"], "6.8.0")
    if found := _MUSLLINUX.fullmatch(tag):
        return musllinux(int(found["minor"]), found["arch"]), _of_posix("Linux", found["arch"], "6.8.0")
    if found := _MACOS.fullmatch(tag):
        version = (int(found["major"]), int(found["minor"]))
        values = _of_posix("Darwin", found["arch"], f"{version[0] + 9}.0.0")
        return tuple(mac_platforms(version, found["arch"])), values
    if tag in _WINDOWS:
        return (tag,), platform_variables("nt", "win32", "Windows", _WINDOWS[tag], "10")
    hint = did_you_mean(written, EVERYDAY_PLATFORMS) or (
        f"Write one of {', '.join(EVERYDAY_PLATFORMS)}, or a platform tag such as manylinux_2_34_x86_64."
    )
    raise UsageError(f'"{written}" is not the name of a platform', where="--platform", hint=hint)


def _of_posix(system: str, arch: str, release: str) -> dict[str, str]:
    return platform_variables("posix", system.lower(), system, arch, release)


# -- the choice -----------------------------------------------------------------------------------------


def _why_left_out(pin: Pin) -> str:
    source = pin.package.source
    where = source.url if source else ""
    if pin.origin == "directory":
        return f"a folder ({where}), to be installed from there with `pip install --no-deps`"
    return "a Git checkout, to be built with `pip wheel --no-deps`"


def _why_lacking(pin: Pin, *, sdists: bool) -> str:
    names = [file.name for file in pin.package.files]
    wheels = sum(name.endswith(".whl") for name in names)
    archives = sum(name.endswith(SDISTS) for name in names)
    if not names:
        return f"{pin.package.name} {pin.package.version}: poetry.lock names no files"
    rest = f", {archives} source archives" if archives and not sdists else ""
    return f"{pin.package.name} {pin.package.version}: {wheels} wheels, none of which fits{rest}"
