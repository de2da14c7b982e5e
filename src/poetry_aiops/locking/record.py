"""The record that ``poetry hw-install`` leaves in an environment: which build it holds and what that build needs.

``hw-check`` compares it with the machine at every start, without Poetry and without this package; so the record
carries the facts of the catalogue that the comparison takes: driver floors, architectures, device ids.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from poetry_aiops.errors import InputError
from poetry_aiops.project.backends import family_of, release_of
from poetry_aiops.system.text import version_key


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from poetry_aiops.accelerators.catalogue import Catalogue


SCHEMA: Final = "poetry-aiops/record/1"
FILE_NAME: Final = "poetry-aiops.json"
HINT: Final = "Run `poetry hw-install` again; it writes a new record."

NeedKind = Literal["cuda", "rocm", "mps", "xpu", "jetson", "cpu"]

_MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}


@dataclass(frozen=True, slots=True)
class Needs:
    """What a machine must have for the installed build; ``None`` and empty mean that nothing is asked or known.

    ``cuda`` is the build's CUDA version (``12.6``), ``driver_linux`` and ``driver_windows`` the oldest NVIDIA
    drivers for it, ``compute_capabilities`` (``8.6``) and ``gfx`` (``gfx1100``) the architectures that the build
    holds code for, ``pci`` the device ids that it supports (``56a0`` or a range ``56a0-56a7``), ``macos`` the
    oldest macOS, ``jetson_linux`` the first Jetson Linux release whose GPU runs ordinary CUDA builds.
    """

    kind: NeedKind
    cuda: str | None = None
    driver_linux: str | None = None
    driver_windows: str | None = None
    compute_capabilities: tuple[str, ...] = ()
    gfx: tuple[str, ...] = ()
    pci: tuple[str, ...] = ()
    macos: str | None = None
    jetson_linux: int | None = None


@dataclass(frozen=True, slots=True)
class InstallRecord:
    """What was installed, for which machine, and what is remembered for the next time.

    ``requested`` is the explicit ``--hardware`` that the environment remembers, ``torch`` the locked version of
    torch in the variant, ``python`` the environment's version, ``os`` and ``arch`` as in ``hw-info``.
    """

    variant: str | None
    backend: str | None
    requested: str | None
    profile: str | None
    torch: str | None
    python: str
    os: str
    arch: str
    needs: Needs = field(default_factory=lambda: Needs("cpu"))
    packages: tuple[str, ...] = ()
    """What only the variant brought: it leaves with the variant, also when no lock holds it any more."""
    incomplete: bool = False
    """The installation has begun and not ended: what the environment holds is not known."""

    def to_json(self) -> str:
        """Return the record as the text of its file."""
        return json.dumps({"schema": SCHEMA, **asdict(self)}, indent=2, ensure_ascii=False) + "\n"


# -- from the catalogue ---------------------------------------------------------------------------------


def needs_of(backend: str | None, torch: str | None, arch: str, catalogue: Catalogue) -> Needs:
    """Return what a backend's build of torch needs; without torch its driver alone is known."""
    family = family_of(backend) if backend else "cpu"
    if family == "cuda":
        return _cuda(backend or "", torch, arch, catalogue)
    if family == "rocm":
        row = next((index for index in catalogue.rocm_indexes if index.name == backend), None)
        return Needs("rocm", gfx=row.gfx if row and torch else ())
    if family == "mps":
        return Needs("mps", macos=_macos(torch, catalogue))
    if family == "xpu":
        return Needs("xpu", pci=tuple(_span(low, high) for low, high, _ in catalogue.intel_ids))
    return Needs("jetson" if family == "jetson" else "cpu")


def _cuda(backend: str, torch: str | None, arch: str, catalogue: Catalogue) -> Needs:
    cuda = release_of(backend)
    floor = next((row for row in catalogue.driver_floors if row.cuda_major == version_key(cuda)[0]), None)
    machine = _MACHINES.get(arch.lower(), arch)
    ordinary = [release.l4t_major for release in catalogue.jetson_releases if release.sbsa]
    return Needs(
        "cuda",
        cuda=cuda,
        driver_linux=floor.linux if floor else None,
        driver_windows=floor.windows if floor else None,
        compute_capabilities=catalogue.cuda_architectures(backend, _line(torch), machine) if torch else (),
        jetson_linux=min(ordinary, default=None),
    )


def _macos(torch: str | None, catalogue: Catalogue) -> str | None:
    rules = [rule for rule in catalogue.mac_rules if rule.arch == "arm64"]
    if torch:
        rules = [rule for rule in rules if version_key(rule.since) <= version_key(_line(torch))]
    floors = [rule.macos for rule in rules]
    pick = max if torch else min
    return pick(floors, key=version_key, default=None)


def _line(torch: str) -> str:
    """Return the minor release of a version: ``2.14`` of ``2.14.1+cu126``."""
    return ".".join(torch.partition("+")[0].split(".")[:2])


def _span(low: int, high: int) -> str:
    return f"{low:04x}" if low == high else f"{low:04x}-{high:04x}"


# -- from the file --------------------------------------------------------------------------------------


def from_json(text: str, where: str = FILE_NAME) -> InstallRecord:
    """Return the record that a file holds.

    Raises :class:`~poetry_aiops.errors.InputError` with everything that is wrong in it.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        what = f"the record cannot be read as JSON ({type(error).__name__})"
        raise InputError(what, where=where, hint=HINT) from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        what = f"this is not a record of poetry-aiops (its schema is not {SCHEMA})"
        raise InputError(what, where=where, hint=HINT)
    needs = document.get("needs")
    faults = [] if isinstance(needs, dict) else ["needs is not a table"]
    values = _fields_of(InstallRecord, document, "", faults)
    values["needs"] = _fields_of(Needs, needs, "needs.", faults) if isinstance(needs, dict) else {}
    if faults:
        raise InputError("the record is not complete", where=where, hint=HINT, details=tuple(faults))
    return InstallRecord(**{**values, "needs": Needs(**values["needs"])})


def _fields_of(
    owner: type[InstallRecord | Needs], table: Mapping[str, object], prefix: str, faults: list[str]
) -> dict[str, Any]:
    """Return the values of a table for the fields of a class by their types; what does not fit becomes a fault."""
    values: dict[str, Any] = {}
    for one in fields(owner):
        value = table.get(one.name)
        if one.type not in _READABLE or (value is None and one.default is not MISSING):
            continue
        words, fits = _READABLE[one.type]
        if fits(value):
            values[one.name] = tuple(value) if isinstance(value, list) else value
        else:
            faults.append(f"{prefix}{one.name} is not {words}")
    return values


_READABLE: Final[Mapping[Any, tuple[str, Callable[[object], bool]]]] = {
    "str": ("a text", lambda value: isinstance(value, str)),
    "str | None": ("a text", lambda value: value is None or isinstance(value, str)),
    "int | None": ("a whole number", lambda value: isinstance(value, int) and not isinstance(value, bool)),
    "bool": ("true or false", lambda value: isinstance(value, bool)),
    "tuple[str, ...]": (
        "a list of texts",
        lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
    ),
    "NeedKind": (f"one of {', '.join(get_args(NeedKind))}", lambda value: value in get_args(NeedKind)),
}
"""Annotation of a field -> what its value has to be, and a test of it."""
