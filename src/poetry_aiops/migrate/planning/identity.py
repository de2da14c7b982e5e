"""What a new ``[project]`` table says: name, version and the Python versions to lock for, and where that comes from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard

from packaging.version import Version

from poetry_aiops.migrate.planning.packages import packages_of
from poetry_aiops.migrate.planning.python_evidence import is_python_constraint, minor_range, python_evidence
from poetry_aiops.migrate.reading.setup_files import PYPROJECT, document_of
from poetry_aiops.project.checks import normalised
from poetry_aiops.project.lines import table_in


if TYPE_CHECKING:
    from poetry_aiops.migrate.model import Tree
    from poetry_aiops.migrate.planning.packages import Packages
    from poetry_aiops.migrate.reading.notes import Neighbours
    from poetry_aiops.migrate.reading.setup_files import SetupMetadata


_COMPILED_WITH = re.compile(r"(?:with|by) python (?:version )?(3\.\d+)", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_NOT_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_HEADER_LINES = 12


@dataclass(frozen=True, slots=True)
class AskedPython:
    """``running`` is the minor version of the interpreter (``3.11``), ``asked`` a constraint that the user gave.

    ``fitting`` is what the indexes have files for and why, where nothing else says which Python it is.
    """

    running: str
    asked: str | None = None
    fitting: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """What a new ``[project]`` table says about the project; ``reason`` is where the Python versions come from."""

    name: str
    version: str
    requires_python: str
    reason: str
    description: str = ""
    package_mode: bool = False
    python_asked: bool = False
    """Whether the user gave ``requires_python``: then it counts in an existing pyproject.toml, too."""
    python_guessed: bool = False
    """Whether nothing of the project says which Python it is."""
    packages: tuple[tuple[str, str], ...] = ()
    """What Poetry cannot find by the project's name: names in the folder ``from`` (``""`` for the project's)."""
    name_guessed: bool = False
    """Whether the name is only that of the folder."""


def identity_of(
    folder: str, metadata: SetupMetadata, neighbours: Neighbours, tree: Tree, python: AskedPython
) -> Identity:
    """Return what is known about the project in the folder of this name.

    Pins describe one Python, so that without a statement of the project the lock is made for one minor version.
    """
    required = [line.requirement for file in tree.files.values() for line in file.lines if line.requirement]
    running = (f">={python.running},<4.0", "it runs here")
    if any(one.pin for one in required):
        running = (
            minor_range([python.running]),
            "it runs here, and pins fit one Python; widen it with --python",
        )
    stated = _python(metadata, neighbours, tree, python)
    versions, reason = stated or python.fitting or running
    name = metadata.name if metadata.name and _NAME.fullmatch(metadata.name) else None
    written = name or normalised(_NOT_A_NAME.sub("-", metadata.name or folder).strip("-._")) or "project"
    if name is None and written in {one.name for one in required}:
        written = other_name(written)
    packages = _packages(written, metadata, neighbours, tree)
    return Identity(
        name=written,
        version=metadata.version if is_version(metadata.version) else "0.1.0",
        requires_python=versions,
        reason=reason,
        description=(metadata.description or "").partition("\n")[0].strip(),
        package_mode=packages is not None,
        packages=packages or (),
        python_asked=python.asked is not None,
        python_guessed=stated is None,
        name_guessed=name is None,
    )


def other_name(name: str) -> str:
    """Return a name for a project whose folder has the name of a package that it needs: Poetry takes the one for the other."""
    return f"{name}-project"


def _python(
    metadata: SetupMetadata, neighbours: Neighbours, tree: Tree, python: AskedPython
) -> tuple[str, str] | None:
    if python.asked is not None:
        return python.asked, "requested with --python"
    if metadata.requires_python and is_python_constraint(metadata.requires_python):
        return metadata.requires_python, f"{metadata.source} says so"
    for path, source in tree.files.items():
        head = "".join(line.raw for line in source.lines[:_HEADER_LINES])
        compiled = _COMPILED_WITH.search(head) if source.generated else None
        if compiled:
            return minor_range([compiled[1]]), f"{path} was compiled with it"
    evidence = python_evidence(neighbours)
    return (evidence[0], f"{evidence[1]} says so") if evidence is not None else None


def is_version(text: str | None) -> TypeGuard[str]:
    """Say whether a text is a version (PEP 440)."""
    try:
        return text is not None and bool(Version(text))
    except ValueError:  # InvalidVersion, and numbers with more digits than Python converts
        return False


def _packages(name: str, metadata: SetupMetadata, neighbours: Neighbours, tree: Tree) -> Packages | None:
    """Return what Poetry installs of the project itself, None where nothing requires that."""
    if not metadata.is_package:
        return None
    document = document_of(neighbours)
    asks = any(one.origin == "project" for reading in tree.readings.values() for one in reading.requirements)
    project = table_in(document, "project")
    is_built = bool(
        asks
        or metadata.source != PYPROJECT
        or {"scripts", "gui-scripts", "entry-points"} & set(project)
        or "build-system" in document
    )
    return packages_of(name, document, neighbours, is_built=is_built)
