"""What Poetry installs of the project itself.

Poetry looks for a folder or module of the project's name; for any other, which the build backend's settings name, it
needs ``[tool.poetry] packages``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from poetry_aiops.project.checks import normalised
from poetry_aiops.project.lines import table_in


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from poetry_aiops.migrate.reading.notes import Neighbours


Packages = tuple[tuple[str, str], ...]
"""Each package or module with the folder that it is in, ``""`` for the project's own."""

_NO_PACKAGES = frozenset(
    {
        "benchmarks", "build", "ci", "dist", "doc", "docs", "example", "examples", "scripts", "test", "testing", "tests",
        "tools",
    }
)  # fmt: skip


def packages_of(
    name: str, document: Mapping[str, Any], neighbours: Neighbours, *, is_built: bool
) -> Packages | None:
    """Return what has to be named, ``()`` where the project's name says it, None where nothing is there to install.

    ``is_built`` says that something builds or installs the project, so that folders without a word about them count.
    """
    stated = _there(_stated(document, neighbours), neighbours)
    by_name = _there(_module_files(normalised(name).replace("-", "_")), neighbours)
    if stated:
        return () if stated == by_name[:1] else tuple(stated)
    if by_name:
        return ()
    if not is_built:
        return None
    project = table_in(document, "project")
    scripts = [str(one) for key in ("scripts", "gui-scripts") for one in table_in(project, key).values()]
    asked = [one for script in scripts for one in _module_files(script.partition(":")[0].partition(".")[0])]
    found = [*_there(asked, neighbours), *(_folders_in("src", neighbours) or _folders_in("", neighbours))]
    return tuple(dict.fromkeys(found)) or None


def _module_files(module: str) -> list[tuple[str, str]]:
    return [(f"{module}{end}", folder) for folder in ("", "src") for end in ("", ".py")]


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
        yield from _module_files(name.partition(".")[0])


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _there(packages: Iterable[tuple[str, str]], neighbours: Neighbours) -> list[tuple[str, str]]:
    """Return the packages and modules that exist, each once."""
    found: dict[tuple[str, str], None] = {}
    for name, folder in packages:
        path = f"{folder}/{name}" if folder else name
        is_there = neighbours.read(path) is not None if name.endswith(".py") else neighbours.is_folder(path)
        if name and is_there:
            found[name, folder] = None
    return list(found)


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
