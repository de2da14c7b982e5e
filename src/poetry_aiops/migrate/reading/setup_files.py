"""What is in setup.cfg and in the literal arguments of setup.py, read without running anything."""

from __future__ import annotations

import ast
import configparser
from typing import Any, Final


WANTED: Final = ("name", "version", "description", "python_requires", "install_requires", "extras_require")
"""The facts that are searched for, by the names of setuptools' arguments."""


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
    tree = _parsed(data)
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


def _parsed(data: bytes) -> ast.Module | None:
    """Return the program, with bytes that are no text in its encoding replaced; None for what is none."""
    for source in (data, data.decode("utf-8", "replace")):
        try:
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
