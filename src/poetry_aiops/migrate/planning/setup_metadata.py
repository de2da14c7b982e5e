"""What setup.cfg and setup.py say about a project, read without running anything; pyproject.toml comes first.

Only literals are taken from setup.py: names that are assigned once to a literal, lists and dictionaries of them.
What is computed there is named in ``computed``, so that somebody can look at it.
"""

from __future__ import annotations

import ast
import configparser
import tomllib

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any
from typing import Final


if TYPE_CHECKING:
    from poetry_aiops.migrate.reading.notes import Neighbours


_WANTED = ("name", "version", "description", "python_requires", "install_requires", "extras_require")


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


NO_SETUP: Final = SetupMetadata()


def setup_metadata(neighbours: Neighbours) -> SetupMetadata:
    """Return what the project's own files say about it; an empty value where there is none."""
    document = _document(neighbours.read("pyproject.toml"))
    project = document.get("project")
    if isinstance(project, dict) and isinstance(project.get("name"), str):
        return SetupMetadata("pyproject.toml", project["name"])
    values = _setup_py(neighbours.read("setup.py"))
    source = "setup.py" if values is not None else None
    configured = _setup_cfg(neighbours.read("setup.cfg"))
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
        tuple(key for key in _WANTED if values.get(key, "") is None),
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
        into += [_with_marker(text, marker.strip()) for text in _texts(texts)]
    return tuple(required), tuple((name, tuple(texts)) for name, texts in extras.items())


def _with_marker(text: str, marker: str) -> str:
    if not marker:
        return text
    requirement, found, own = text.partition(";")
    return f"{requirement.strip()} ; {f'({own.strip()}) and ({marker})' if found else marker}"


def _text(value: object) -> str | None:
    return value.strip() if isinstance(value, str) and value.strip() else None


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(line.strip() for line in value.splitlines() if line.strip())
    if isinstance(value, (list, tuple)):
        return tuple(one for one in value if isinstance(one, str))
    return ()


def _document(data: bytes | None) -> dict[str, Any]:
    try:
        return tomllib.loads((data or b"").decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError):
        return {}


def _setup_cfg(data: bytes | None) -> dict[str, Any] | None:
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


def _setup_py(data: bytes | None) -> dict[str, Any] | None:
    """Return the literal arguments of ``setup()``; a computed one is None."""
    if data is None:
        return None
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
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
                if keyword.arg in _WANTED
            }
    return {}


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
