"""What a new ``[project]`` table says: name, version and the Python versions to lock for, and where that comes from.

The files that start a project say which Python it runs on: version files, images, workflows, conda environments.

Poetry looks for a folder or module of the project's name; for any other, which the build backend's settings name, it
needs ``[tool.poetry] packages``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from poetry_aiops.migrate.planning.entry import Identity
from poetry_aiops.migrate.reading.setup_files import PYPROJECT, document_of
from poetry_aiops.project.checks import normalised
from poetry_aiops.project.lines import table_in


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from poetry_aiops.migrate.model import Tree
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


def identity_of(
    folder: str, metadata: SetupMetadata, neighbours: Neighbours, tree: Tree, python: AskedPython
) -> Identity:
    """Return what is known about the project in the folder of this name.

    Pins describe one Python, so that without a statement of the project the lock is made for one minor version.
    """
    stated = _python(metadata, neighbours, tree, python)
    versions, reason = stated or python.fitting or _running(tree, python.running)
    name = metadata.name if metadata.name and _NAME.fullmatch(metadata.name) else None
    written = name or normalised(_NOT_A_NAME.sub("-", metadata.name or folder).strip("-._")) or "project"
    if name is None and written in _asked_for(tree):
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


def _asked_for(tree: Tree) -> set[str]:
    lines = (line for file in tree.files.values() for line in file.lines)
    return {line.requirement.name for line in lines if line.requirement is not None}


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
    if evidence is not None:
        return evidence.requires_python, f"{evidence.file} says so"
    return None


def _running(tree: Tree, running: str) -> tuple[str, str]:
    if any(line.requirement and line.requirement.pin for file in tree.files.values() for line in file.lines):
        return minor_range([running]), "it runs here, and pins fit one Python; widen it with --python"
    return f">={running},<4.0", "it runs here"


def is_python_constraint(text: str) -> bool:
    """Say whether a text can stand as ``requires-python``."""
    try:
        return bool(SpecifierSet(text))
    except InvalidSpecifier:
        return False


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


_MINOR = r"3\.\d{1,2}(?![\d*])"
_VERSION_FILE = re.compile(rf"^\s*(?:python-?)?({_MINOR})(?:\.\d+)?\s*$", re.MULTILINE)
_FROM = re.compile(rf"^\s*FROM\s+(?:--\S+\s+)*(?:\S*/)?python:v?({_MINOR})", re.MULTILINE | re.IGNORECASE)
_FROM_ARGUMENT = re.compile(
    r"^\s*FROM\s+(?:--\S+\s+)*(?:\S*/)?python:\$\{?(\w+)(?::?-[^}]*)?\}?", re.MULTILINE | re.IGNORECASE
)
_SETUP = re.compile(r"""\bpython-version["']?[ \t]*:[ \t]*(?P<value>[^\n]*(?:\n[ \t]*-[^\n]*)*)""")
_COMMENT = re.compile(r"#[^\n]*")
_CONDA = re.compile(rf"""^\s*-\s*["']?python\s*[=~>]{{1,2}}\s*({_MINOR})""", re.MULTILINE)
_WORKFLOWS = ".github/workflows"
_MOST = 200  # entries of a folder that are examined


@dataclass(frozen=True, slots=True)
class PythonEvidence:
    """The Python versions that a file names, as one range."""

    requires_python: str
    file: str


def python_evidence(neighbours: Neighbours) -> PythonEvidence | None:
    """Return the first evidence: what people install comes before what tests run on."""
    for file in (".python-version", "runtime.txt"):
        if found := _VERSION_FILE.findall(_text(neighbours, file)):
            return PythonEvidence(minor_range(found[:1]), file)
    for file in _image_files(neighbours):
        if found := _in_image(_text(neighbours, file)):
            return PythonEvidence(minor_range(found), file)
    for file in ("environment.yml", "environment.yaml", "conda.yml", "conda.yaml"):
        if found := _CONDA.findall(_text(neighbours, file)):
            return PythonEvidence(minor_range(found[:1]), file)
    for name in neighbours.names(_WORKFLOWS)[:_MOST] if neighbours.is_folder(_WORKFLOWS) else ():
        file = f"{_WORKFLOWS}/{name}"
        text = _COMMENT.sub("", _text(neighbours, file)) if name.endswith((".yml", ".yaml")) else ""
        if found := [one for value in _SETUP.findall(text) for one in re.findall(_MINOR, value)]:
            return PythonEvidence(minor_range(found), file)
    return None


def minor_range(minors: Iterable[str]) -> str:
    """Return the range from the oldest to the newest of some minor versions: ``>=3.11,<3.13`` for 3.11 and 3.12."""
    numbers = sorted({int(minor.partition(".")[2]) for minor in minors})
    return f">=3.{numbers[0]},<3.{numbers[-1] + 1}"


def _in_image(text: str) -> list[str]:
    found = _FROM.findall(text)
    for name in _FROM_ARGUMENT.findall(text):
        found += re.findall(rf"""^\s*ARG\s+{re.escape(name)}\s*=\s*["']?({_MINOR})""", text, re.MULTILINE)
    return found


def _image_files(neighbours: Neighbours) -> Iterator[str]:
    """Return the Dockerfiles of the project's folder, then those of the folders in it."""
    here = list(neighbours.names("."))[:_MOST]
    yield from (name for name in here if _is_image_file(name))
    for folder in here:
        if not folder.startswith((".git", ".venv", "node_modules")) and neighbours.is_folder(folder):
            names = list(neighbours.names(folder))[:_MOST]
            yield from (f"{folder}/{name}" for name in names if _is_image_file(name))


def _is_image_file(name: str) -> bool:
    lower = name.lower()
    return lower.startswith(("dockerfile", "containerfile")) or lower.endswith(
        (".dockerfile", ".containerfile")
    )


def _text(neighbours: Neighbours, file: str) -> str:
    return (neighbours.read(file) or b"").decode("utf-8", "replace")


Packages = tuple[tuple[str, str], ...]
"""Each package or module with the folder that it is in, ``""`` for the project's own."""

_NO_PACKAGES = frozenset(
    {
        "benchmarks", "build", "ci", "dist", "doc", "docs", "example", "examples", "scripts", "test", "testing", "tests",
        "tools",
    }
)  # fmt: skip


def module_of(name: str) -> str:
    """Return the module that Poetry looks for."""
    return normalised(name).replace("-", "_")


def packages_of(
    name: str, document: Mapping[str, Any], neighbours: Neighbours, *, is_built: bool
) -> Packages | None:
    """Return what has to be named, ``()`` where the project's name says it, None where nothing is there to install.

    ``is_built`` says that something builds or installs the project, so that folders without a word about them count.
    """
    stated = list(dict.fromkeys(_there(_stated(document, neighbours), neighbours)))
    module = module_of(name)
    by_name = _there(
        [(f"{module}{end}", folder) for folder in ("", "src") for end in ("", ".py")], neighbours
    )
    if stated:
        return () if stated == by_name[:1] else tuple(stated)
    if by_name:
        return ()
    if not is_built:
        return None
    scripts = [target.partition(":")[0].partition(".")[0] for target in _scripts(document)]
    asked = [
        (f"{script}{end}", folder) for script in scripts for folder in ("", "src") for end in ("", ".py")
    ]
    found = [*_there(asked, neighbours), *(_folders_in("src", neighbours) or _folders_in("", neighbours))]
    return tuple(dict.fromkeys(found)) or None


def _stated(document: Mapping[str, Any], neighbours: Neighbours) -> Iterable[tuple[str, str]]:
    """Yield what the tables of setuptools, hatch, flit and pdm name; what has another type names nothing."""
    tool = table_in(document, "tool")
    setuptools = table_in(tool, "setuptools")
    folder = str(table_in(setuptools, "package-dir").get("", "")).strip("./")
    yield from ((one.partition(".")[0], folder) for one in _texts(setuptools.get("packages")))
    if table_in(setuptools, "packages"):
        for where in _texts(table_in(setuptools, "packages", "find").get("where", [folder])):
            yield from _folders_in(where.strip("./"), neighbours)
    yield from ((f"{one.replace('.', '/')}.py", folder) for one in _texts(setuptools.get("py-modules")))
    wheel, build = table_in(tool, "hatch", "build", "targets", "wheel"), table_in(tool, "pdm", "build")
    for path in (*_texts(wheel.get("packages")), *_texts(build.get("includes"))):
        before, _, last = path.strip("./").rpartition("/")
        yield last, before
    for name in _texts([table_in(tool, "flit", "module").get("name")]):
        yield from ((f"{name.partition('.')[0]}{end}", where) for where in ("", "src") for end in ("", ".py"))


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _there(packages: Iterable[tuple[str, str]], neighbours: Neighbours) -> list[tuple[str, str]]:
    found = []
    for name, folder in packages:
        path = f"{folder}/{name}" if folder else name
        if name and (
            neighbours.read(path) is not None if name.endswith(".py") else neighbours.is_folder(path)
        ):
            found.append((name, folder))
    return found


def _folders_in(folder: str, neighbours: Neighbours) -> list[tuple[str, str]]:
    """Return the packages in a folder; in ``src`` a folder with modules counts without an ``__init__.py``."""
    found = []
    for name in neighbours.names(folder or "."):
        path = f"{folder}/{name}" if folder else name
        if not name.isidentifier() or name in _NO_PACKAGES or not neighbours.is_folder(path):
            continue
        names = neighbours.names(path)
        if "__init__.py" in names or (folder and any(one.endswith(".py") for one in names)):
            found.append((name, folder))
    return found


def _scripts(document: Mapping[str, Any]) -> list[str]:
    return [
        str(one) for key in ("scripts", "gui-scripts") for one in table_in(document, "project", key).values()
    ]
