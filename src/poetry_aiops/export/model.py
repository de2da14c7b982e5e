"""What is exported: which files, of which selection, and what a selection installs."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from poetry_aiops.project.model import Lock, Package, Project


Format = Literal["requirements", "constraints", "pylock"]
FORMATS: Final[tuple[Format, ...]] = ("requirements", "constraints", "pylock")
COMMAND: Final = "poetry sync-reqs"
DIRECT_ORIGINS: Final = ("directory", "file", "git", "url")


@dataclass(frozen=True, slots=True)
class GroupSelection:
    """What is installed together: dependency groups (``main`` among them or not) and extras, canonical names."""

    groups: tuple[str, ...]
    extras: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FilePlan:
    """One file of the bundle; ``path`` is relative to the project, with forward slashes.

    ``base`` is the file that it includes with ``-r``. ``hashes`` is None for: wherever pip can check them.
    ``key_path`` names the configuration entry, empty for a file of the default bundle.
    """

    path: str
    format: Format
    selection: GroupSelection
    base: str | None = None
    hashes: bool | None = None
    key_path: str = ""


@dataclass(frozen=True, slots=True)
class Pin:
    """One locked package of a selection; ``marker`` is ``""`` where it is installed on every machine."""

    package: Package
    marker: str = ""

    @property
    def origin(self) -> str:
        """Return ``index``, or ``directory``, ``file``, ``git`` or ``url`` for what comes from elsewhere."""
        source = self.package.source
        return source.type if source and source.type in DIRECT_ORIGINS else "index"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a locked file can be fetched; ``size`` is in bytes, ``upload_time`` as the index writes it.

    An empty ``url`` says that the index does not offer the file.
    """

    url: str
    size: int | None = None
    upload_time: str | None = None


FileKey = tuple[str, str]
"""A file's name and its hash (``sha256:...``) as the lock has them."""


@dataclass(frozen=True, slots=True)
class Exported:
    """Everything that the texts are made of.

    ``lock_digest`` is that of :func:`poetry_aiops.export.header.lock_digest`. ``select`` returns what a selection
    installs, each package once for each build. ``variant_files`` gives each hardware
    variant's requirements file, ``""`` for none. ``default_index`` is the address of the index that Poetry asks when
    a project names none. ``addresses`` are those of locked files, as far as they are known.
    """

    project: Project
    lock: Lock
    lock_digest: str
    select: Callable[[GroupSelection], tuple[Pin, ...]]
    variant_files: Mapping[str, str]
    default_index: str = ""
    addresses: Mapping[FileKey, Address] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A file as it should be.

    For a pylock, ``missing`` are files whose address is not known, and ``document`` is what the text says, as plain
    tables with times as text.
    """

    plan: FilePlan
    text: str
    notes: tuple[str, ...] = ()
    missing: tuple[FileKey, ...] = ()
    document: Mapping[str, Any] | None = None


def relative_to_file(path: str, target: str) -> str:
    """Return how ``target`` is written inside the file ``path``, both relative to the project."""
    return posixpath.relpath(target, posixpath.dirname(path) or ".")
