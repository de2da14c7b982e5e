"""What the templates are rendered from, as frozen values."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import Final


PRODUCTION: Final = "production"
DEVELOPMENT: Final = "development"
EDGE: Final = "edge"
_PINNED: Final = re.compile(r"@sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions to pin: of Poetry, of this plugin, and of Python (its minor)."""

    poetry: str
    plugin: str
    python: str


@dataclass(frozen=True, slots=True)
class BaseImage:
    """The base image of a family of stages.

    ``name`` distinguishes its stages (``""`` for Python's own image). Where the image has no Python, ``brings_python``
    is False and the system's one is installed. ``packages`` are Debian or Ubuntu packages for the run time.
    """

    name: str
    image: str
    brings_python: bool
    packages: tuple[str, ...] = ()

    def stage(self, role: str) -> str:
        """Return the name of this base's stage with a role: ``python``, ``poetry`` or ``runtime``."""
        return f"{role}-{self.name}" if self.name else role


@dataclass(frozen=True, slots=True)
class Image:
    """One image: a stage that installs (``build``) and one that runs (``stage``).

    ``variant`` and ``backend`` are None in a project without variants; ``arguments`` follow the command that
    installs, which is ``poetry hw-install`` with variants and ``poetry install`` without. ``reason`` says why it has
    its base, empty where nothing has to be said. ``platforms`` are those for which the lock has every file.
    """

    stage: str
    build: str
    base: BaseImage
    arguments: tuple[str, ...]
    variant: str | None = None
    backend: str | None = None
    reason: str = ""
    platforms: tuple[str, ...] = ("linux/amd64",)


@dataclass(frozen=True, slots=True)
class LocalPackage:
    """A locked package that is a folder or a file.

    ``source`` is its path in its build context, ``target`` its absolute path in the image, ``context`` the name
    of an additional build context with its ``folder`` where it is outside the project. An ``editable`` one is
    needed at run time, too.
    """

    name: str
    source: str
    target: str
    context: str | None = None
    folder: str = ""
    editable: bool = False


@dataclass(frozen=True, slots=True)
class ScaffoldPlan:
    """Everything that the files are written from.

    ``command`` is what a container runs, ``port`` what it listens on, ``health`` the command that asks whether it
    works, ``restart`` Compose's policy (empty for none). ``sources`` says that the image holds the project's files,
    ``python_path`` names a folder of them that Python has to search. ``environment``
    are variables of installed programs that must listen on every address. ``extras`` are installed everywhere.
    ``compiled`` are packages that need a compiler, ``build_packages`` what else compiling needs, ``ssh`` the hosts of
    Git dependencies. ``workdir`` is the project's folder in an image, ``versioned_by`` are the variables that give a build backend the version which it would ask git
    for, ``logins`` says that sources may want credentials, ``variants`` are all of the project's with their backends, ``hardware`` that the project has variants, ``plugin``
    that Poetry needs this plugin, ``read_first`` are the files that Poetry reads before any source is there, ``tests`` and ``exported`` that CI can run pytest and compare exported files.
    """

    project: str
    written_by: str
    versions: Versions
    images: tuple[Image, ...]
    default: Image
    command: tuple[str, ...]
    port: int | None = None
    health: tuple[str, ...] = ()
    restart: str = ""
    package_mode: bool = True
    sources: bool = False
    python_path: str = ""
    environment: tuple[tuple[str, str], ...] = ()
    extras: tuple[str, ...] = ()
    plugin: bool = False
    read_first: tuple[str, ...] = ()
    logins: bool = False
    compiled: tuple[str, ...] = ()
    build_packages: tuple[str, ...] = ()
    ssh: tuple[str, ...] = ()
    workdir: str = "/app"
    local: tuple[LocalPackage, ...] = ()
    versioned_by: tuple[str, ...] = ()
    variants: tuple[tuple[str, str], ...] = ()
    tests: bool = False
    exported: bool = False
    left_out: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """The sha256 of what the project says: equal as long as a file written for it fits.

        Versions of tools, digests of base images and warnings do not count, nor does the command that is shown.
        """
        versions = Versions("", "", self.versions.python)
        facts = replace(self, versions=versions, written_by="", warnings=())
        return hashlib.sha256(_PINNED.sub("", repr(facts)).encode()).hexdigest()

    @property
    def hardware(self) -> bool:
        return self.default.variant is not None

    @property
    def bases(self) -> tuple[BaseImage, ...]:
        """The bases in use, each once, Python's own image first."""
        return tuple(sorted(dict.fromkeys(image.base for image in self.images), key=lambda base: base.name))

    @property
    def contexts(self) -> dict[str, str]:
        """The additional build contexts: name to folder, relative to the project."""
        return {one.context: one.folder for one in self.local if one.context}
