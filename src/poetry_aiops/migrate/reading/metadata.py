"""The name of a project in a folder, read from its pyproject.toml, setup.cfg or setup.py without running anything."""

from __future__ import annotations

import ast
import configparser
import tomllib

from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Mapping

    from poetry_aiops.migrate.reading.notes import Neighbours


_TABLES = (("project", "name"), ("tool", "poetry", "name"), ("tool", "flit", "metadata", "dist-name"))


def project_name(folder: str, neighbours: Neighbours) -> str | None:
    """Return the name that the project in a folder gives itself, None where no file of it says one."""
    prefix = "" if folder == "." else f"{folder}/"
    for file, read in (
        ("pyproject.toml", _of_pyproject),
        ("setup.cfg", _of_setup_cfg),
        ("setup.py", _of_setup_py),
    ):
        data = neighbours.read(prefix + file)
        name = read(data.decode("utf-8", "replace")) if data is not None else None
        if name:
            return name
    return None


def is_project(folder: str, neighbours: Neighbours) -> bool:
    """Tell whether pip would install a folder: it holds a pyproject.toml or a setup.py."""
    return not {"pyproject.toml", "setup.py"}.isdisjoint(neighbours.names(folder))


def _of_pyproject(text: str) -> str | None:
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None
    for path in _TABLES:
        value: object = document
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None


def _of_setup_cfg(text: str) -> str | None:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    name = parser.get("metadata", "name", fallback="").strip()
    return None if name.startswith(("attr:", "file:")) else name or None


def _of_setup_py(text: str) -> str | None:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node) == "setup":
            for keyword in node.keywords:
                if keyword.arg == "name":
                    return _text(keyword.value, constants)
    return None


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _text(node: ast.expr, constants: Mapping[str, object]) -> str | None:
    value: object = None
    if isinstance(node, ast.Constant):
        value = node.value
    elif isinstance(node, ast.Name):
        value = constants.get(node.id)
    return value if isinstance(value, str) and value else None
