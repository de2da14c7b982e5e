"""What setup.cfg and setup.py say about a project, read without running anything; pyproject.toml comes first.

Only literals are taken from setup.py: names that are assigned once to a literal, lists and dictionaries of them.
What is computed there is named in ``computed``, so that it can be reviewed.
"""

from __future__ import annotations

import ast
import configparser
import tomllib
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from poetry_aiops.project.constraints import all_of
from poetry_aiops.project.toml import parse_toml


if TYPE_CHECKING:
    from poetry_aiops.migrate.reading.notes import Neighbours


WANTED: Final = ("name", "version", "description", "python_requires", "install_requires", "extras_require")
"""The facts that are searched for, by the names of setuptools' arguments."""


@dataclass(frozen=True, slots=True)
class SetupMetadata:
    """``source`` is the file that says it; ``requires`` and ``extras`` are PEP 508 texts as written."""

    source: str | None = None
    name: str | None = None
    version: str | None = None
    description: str | None = None
    requires_python: str | None = None
    requires: tuple[str, ...] = ()
    extras: tuple[tuple[str, tuple[str, ...]], ...] = ()
    computed: tuple[str, ...] = ()

    @property
    def is_package(self) -> bool:
        return self.source is not None


PYPROJECT: Final = "pyproject.toml"
NO_SETUP: Final = SetupMetadata()


def setup_metadata(neighbours: Neighbours) -> SetupMetadata:
    """Return what the project's own files say about it; an empty value where there is none."""
    document = document_of(neighbours)
    project = document.get("project")
    if isinstance(project, dict) and isinstance(project.get("name"), str):
        return SetupMetadata(PYPROJECT, project["name"])
    values = setup_py_values(neighbours.read("setup.py"))
    source = "setup.py" if values is not None else None
    configured = setup_cfg_values(neighbours.read("setup.cfg"))
    if configured and (configured.get("name") or values is not None):
        source = "setup.cfg" if configured.get("name") else source
        values = {**(values or {}), **{key: one for key, one in configured.items() if one}}
    if values is None or source is None:
        return NO_SETUP
    return _metadata(source, values)


def _metadata(source: str, values: dict[str, Any]) -> SetupMetadata:
    requires, extras = _sorted_by_marker(values)
    return SetupMetadata(
        source,
        _text(values.get("name")),
        _text(values.get("version")),
        _text(values.get("description")),
        _text(values.get("python_requires")),
        requires,
        extras,
        tuple(key for key in WANTED if values.get(key, "") is None),
    )


def _sorted_by_marker(
    values: dict[str, Any],
) -> tuple[tuple[str, ...], tuple[tuple[str, tuple[str, ...]], ...]]:
    """Return what is required always, and what by each extra.

    The names of extras may end in a marker: ``":python_version<'3'"`` is no extra, ``"gui:..."`` one on some machines.
    """
    required = list(_texts(values.get("install_requires")))
    extras: dict[str, list[str]] = {}
    given = values.get("extras_require")
    for key, texts in given.items() if isinstance(given, dict) else ():
        name, _, marker = str(key).partition(":")
        into = extras.setdefault(name.strip(), []) if name.strip() else required
        into += [with_marker(text, marker.strip()) for text in _texts(texts)]
    return tuple(required), tuple((name, tuple(texts)) for name, texts in extras.items())


def with_marker(text: str, marker: str) -> str:
    """Return a PEP 508 text that holds only where a marker does, too."""
    if not marker:
        return text
    requirement, _, own = text.partition(";")
    return f"{requirement.strip()} ; {all_of(own.strip(), marker)}"


def _text(value: object) -> str | None:
    return value.strip() if isinstance(value, str) and value.strip() else None


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(line.strip() for line in value.splitlines() if line.strip())
    if isinstance(value, (list, tuple)):
        return tuple(one for one in value if isinstance(one, str))
    return ()


def document_of(neighbours: Neighbours) -> dict[str, Any]:
    """Return the project's pyproject.toml; an empty one where it cannot be read."""
    try:
        return parse_toml((neighbours.read(PYPROJECT) or b"").decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return {}


def setup_cfg_values(data: bytes | None) -> dict[str, Any] | None:
    """Return what a setup.cfg says itself; None for none, or one that cannot be read."""
    if data is None:
        return None
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(data.decode("utf-8", "replace"))
    except configparser.Error:
        return None
    found: dict[str, Any] = {}
    for key, section, name in (
        ("name", "metadata", "name"),
        ("version", "metadata", "version"),
        ("description", "metadata", "description"),
        ("python_requires", "options", "python_requires"),
        ("install_requires", "options", "install_requires"),
    ):
        value = parser.get(section, name, fallback="").strip()
        if value and not value.startswith(("attr:", "file:")):
            found[key] = value
    if parser.has_section("options.extras_require"):
        found["extras_require"] = dict(parser.items("options.extras_require"))
    return found


def setup_py_values(data: bytes | None) -> dict[str, Any] | None:
    """Return the literal arguments of ``setup()``, a computed one as None; None where there is no setup.py."""
    if data is None:
        return None
    tree = parsed_python(data, data.decode("utf-8", "replace"))
    if tree is None:
        return {}
    names: dict[str, ast.expr] = {}
    for statement in tree.body:
        if isinstance(statement, ast.Assign):
            targets = [target.id for target in statement.targets if isinstance(target, ast.Name)]
            names |= dict.fromkeys(targets, statement.value)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node) == "setup":
            return {
                keyword.arg: _literal(keyword.value, names)
                for keyword in node.keywords
                if keyword.arg in WANTED
            }
    return {}


def parsed_python(*sources: bytes | str) -> ast.Module | None:
    """Return the first that is a program; None where none is.

    Python's warnings about it, such as those of backslashes, are for its author and not shown.
    """
    for source in sources:
        try:
            with warnings.catch_warnings(action="ignore"):
                return ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _literal(node: ast.expr, names: dict[str, ast.expr], depth: int = 0) -> Any:  # noqa: ANN401 - any literal
    if isinstance(node, ast.Name) and node.id in names and depth < 3:  # noqa: PLR2004 - a name of a name of a name
        return _literal(names[node.id], names, depth + 1)
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None
