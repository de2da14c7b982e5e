"""The dated facts of ``data/``: base images, pinned actions, system packages of wheels, and programs that serve."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from poetry_aiops.errors import AiopsError
from poetry_aiops.project.backends import family_of
from poetry_aiops.project.toml import packaged_facts


if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Vendor:
    """The image of a GPU's vendor for one backend; ``python`` is the minor version that its system brings."""

    backend: str
    image: str
    python: str


@dataclass(frozen=True, slots=True)
class System:
    """Debian packages that a backend needs at run time, and ``why`` as the end of a sentence."""

    packages: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What images are based on.

    ``slim`` is Python's own image, with ``${PYTHON_VERSION}`` in its name; ``pythons`` are the minors that it comes
    with, ``glibc_minor`` its glibc (2.N).
    """

    slim: str
    pythons: tuple[str, ...]
    glibc_minor: int
    vendors: tuple[Vendor, ...]
    system: Mapping[str, System]
    self_contained: Mapping[str, tuple[str, ...]]

    def vendor(self, backend: str) -> Vendor | None:
        """Return the vendor's image for a backend, else the newest one of the same major version, else None."""
        exact = next((one for one in self.vendors if one.backend == backend), None)
        alike = [one for one in self.vendors if _major(one.backend) == _major(backend)]
        return exact or (alike[-1] if alike else None)

    def brings_its_libraries(self, backend: str, packages: Iterable[str]) -> str | None:
        """Return the package that brings a GPU backend's libraries along, ``""`` where none are needed, or None."""
        family = family_of(backend)
        if family not in {"cuda", "rocm", "jetson"}:
            return ""
        wanted = self.self_contained.get(family, ())
        return next((name for one in wanted for name in sorted(packages) if _is(name, one)), None)


@dataclass(frozen=True, slots=True)
class Actions:
    """GitHub actions by name: the version as text, and its commit."""

    pins: Mapping[str, tuple[str, str]]

    def uses(self, name: str) -> str:
        """Return what follows ``uses:``, such as ``actions/checkout@<sha> # v5``; ``name`` may go on with a folder."""
        repository = "/".join(name.split("/")[:2])
        if repository not in self.pins:
            raise AiopsError(f"no pinned commit is known for the action {repository}")
        version, sha = self.pins[repository]
        return f"{name}@{sha} # {version}"


@dataclass(frozen=True, slots=True)
class KnownProgram:
    """What is known of a program: the packages that bring it, and how it serves.

    ``port`` and ``host`` are its options, ``short`` is another name of ``port``; ``host`` is empty where the program
    listens on every address by itself. ``health`` is the path under which its framework answers. ``app`` are the
    options that name a worker's application, ``loads`` those that name a module of another package. ``environment`` are
    variables that make a server listen on every address when the project's own code starts it.
    """

    packages: tuple[str, ...]
    port: str = ""
    short: str = ""
    host: str = ""
    health: str = ""
    worker: bool = False
    app: tuple[str, ...] = ()
    loads: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Need:
    """Debian packages that a locked package needs: to run, and to be compiled."""

    packages: tuple[str, ...]
    runtime: tuple[str, ...] = ()
    build: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SystemFacts:
    """``needs`` of locked packages, and the names of those that are ``pure`` Python although they have no wheel."""

    needs: tuple[Need, ...]
    pure: frozenset[str]

    def needs_of(self, names: Collection[str]) -> list[Need]:
        """Return the needs of what is installed together."""
        return [
            need
            for need in self.needs
            if not set(need.packages).isdisjoint(names) and set(need.unless).isdisjoint(names)
        ]

    def with_archives(self, found: Mapping[str, frozenset[str]]) -> SystemFacts:
        """Return these facts with what was read from archives: the build packages by name, none for pure ones."""
        needs = tuple(Need((name,), build=tuple(sorted(build))) for name, build in found.items() if build)
        return SystemFacts(
            self.needs + needs, self.pure | {name for name, build in found.items() if not build}
        )


@cache
def load_system_facts() -> SystemFacts:
    """Return the facts about system packages that come with the package."""
    document = packaged_facts("system_packages.toml")
    needs = tuple(
        Need(*(tuple(row.get(key, ())) for key in ("packages", "runtime", "build", "unless")))
        for row in document["needs"]
    )
    return SystemFacts(needs, frozenset(document["pure"]))


@cache
def load_programs() -> Mapping[str, KnownProgram]:
    """Return the known programs by name."""
    found = {}
    for row in packaged_facts("programs.toml")["program"]:
        values = {key: row[key] for key in ("port", "short", "host", "health", "worker") if key in row}
        values |= {key: tuple(row.get(key, ())) for key in ("app", "loads")}
        packages = tuple(row.get("packages", (row["name"],)))
        found[row["name"]] = KnownProgram(packages, environment=row.get("environment", {}), **values)
    return found


@cache
def load_image_facts() -> ImageFacts:
    """Return the facts about base images that come with the package."""
    return parse_image_facts(packaged_facts("base_images.toml"))


@cache
def load_actions() -> Actions:
    """Return the pinned actions that come with the package."""
    rows = packaged_facts("actions.toml")["action"]
    return Actions({row["name"]: (row["version"], row["sha"]) for row in rows})


def parse_image_facts(document: Mapping[str, Any]) -> ImageFacts:
    """Return the facts of a parsed file."""
    slim = document["slim"]
    return ImageFacts(
        slim=slim["image"],
        pythons=tuple(slim["pythons"]),
        glibc_minor=slim["glibc_minor"],
        vendors=tuple(Vendor(row["backend"], row["image"], row["python"]) for row in document["vendor"]),
        system={row["backend"]: System(tuple(row["packages"]), row["why"]) for row in document["system"]},
        self_contained={
            family: tuple(names) for family, names in document["self_contained"].items() if family != "source"
        },
    )


def _is(name: str, pattern: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def _major(backend: str) -> tuple[str, str]:
    """Return family and major version: cu126 -> (cuda, 12), rocm7.2 -> (rocm, 7)."""
    digits = backend.lstrip("abcdefghijklmnopqrstuvwxyz")
    family = family_of(backend)
    return (family, digits[:-1] if family == "cuda" else digits.partition(".")[0])
