"""What is to be written around a project, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


PRODUCTION: Final = "production"
DEVELOPMENT: Final = "development"
EDGE: Final = "edge"


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions to pin: of Poetry, of this plugin, and of Python (its minor)."""

    poetry: str
    plugin: str
    python: str


@dataclass(frozen=True, slots=True)
class Base:
    """What a family of stages stands on.

    ``name`` tells its stages apart (``""`` for Python's own image). Where the image has no Python, ``brings_python``
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
    installs, which is ``poetry hw-install`` with variants and ``poetry install`` without. ``reason`` is a sentence on
    why it stands on its base, empty where nothing has to be said.
    """

    stage: str
    build: str
    base: Base
    arguments: tuple[str, ...]
    variant: str | None = None
    backend: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LocalPackage:
    """A locked package that is a folder or a file.

    ``source`` is where it lies in its build context, ``target`` its absolute path in the image, ``context`` the name
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
class Plan:
    """Everything that the files are written from.

    ``command`` is what a container runs, ``port`` what it listens on. ``compiled`` are packages without a wheel,
    ``versioned_by`` the variables that tell a build backend the version which it would ask git for, ``logins`` says
    that sources may want credentials, ``hardware`` that the project has variants, ``plugin`` that Poetry needs this
    plugin, ``tests`` and ``exported`` that CI can run pytest and compare exported files.
    """

    project: str
    written_by: str
    versions: Versions
    images: tuple[Image, ...]
    default: Image
    command: tuple[str, ...]
    port: int | None = None
    package_mode: bool = True
    plugin: bool = False
    settings: bool = False
    logins: bool = False
    compiled: tuple[str, ...] = ()
    local: tuple[LocalPackage, ...] = ()
    versioned_by: tuple[str, ...] = ()
    tests: bool = False
    exported: bool = False
    left_out: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def hardware(self) -> bool:
        return self.default.variant is not None

    @property
    def bases(self) -> tuple[Base, ...]:
        """The bases in use, each once, Python's own first."""
        return tuple(sorted(dict.fromkeys(image.base for image in self.images), key=lambda base: base.name))

    @property
    def contexts(self) -> dict[str, str]:
        """The additional build contexts: name to folder, relative to the project."""
        return {one.context: one.folder for one in self.local if one.context}


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to write; ``path`` is relative to the project, with slashes."""

    path: str
    text: str
