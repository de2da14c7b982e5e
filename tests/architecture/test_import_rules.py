"""The import directions between rooms; docs/explanation/architecture.md gives the picture."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import poetry_aiops


if TYPE_CHECKING:
    from collections.abc import Iterator


SOURCE = Path(poetry_aiops.__file__).parent
SERVICES = ("hardware", "locking", "health", "graph", "migrate", "export", "scaffold")
READS_HARDWARE = ("locking", "export", "scaffold")

ROOMS_A_ROOM_MAY_IMPORT: dict[str, frozenset[str]] = {
    "__init__": frozenset(),
    "system": frozenset({"errors"}),
    "index": frozenset({"errors", "system", "project"}),
    "errors": frozenset(),
    "plugin": frozenset(),
    "data": frozenset(),  # facts, schemas, and programs that run in environments without this package
    "config": frozenset({"errors", "project", "system"}),
    "project": frozenset({"errors", "system"}),
    "report": frozenset({"errors", "config", "project", "system", *SERVICES}),
    "adapters": frozenset({"errors", "config", "project", "system", "index", *SERVICES}),
    "runs": frozenset({"errors", "config", "project", "system", "report", "adapters", *SERVICES}),
    "commands": frozenset({"errors", "config", "project", "system", "report", "adapters", "runs", *SERVICES}),
    **{
        service: frozenset(
            {"errors", "config", "project", "system"} | ({"hardware"} if service in READS_HARDWARE else set())
        )
        for service in SERVICES
    },
}

ROOMS_THAT_MAY_USE: dict[str, frozenset[str]] = {
    "cleo": frozenset({"commands", "runs"}),
    "poetry": frozenset({"plugin", "commands", "runs", "adapters", "index"}),
    "networkx": frozenset({"graph"}),
    "httpx": frozenset({"adapters"}),
    "requests": frozenset({"adapters"}),
    "urllib.error": frozenset({"adapters"}),  # urllib.parse only takes texts apart
    "urllib.request": frozenset({"adapters"}),
    "socket": frozenset({"adapters", "index"}),
    "subprocess": frozenset({"adapters", "data"}),
    "pip_audit": frozenset({"adapters"}),
}


def modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def room(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return parts[0]


def imports_at_runtime(path: Path) -> Iterator[tuple[int, str]]:
    """Every imported module outside ``if TYPE_CHECKING`` blocks: types alone bind nothing together."""
    tree = ast.parse(path.read_text("utf-8"))
    typing_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING"
        for statement in block.body
        for node in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module


def breaches(path: Path) -> Iterator[str]:
    """Yield what a module imports against the direction of its room."""
    here = room(path)
    for line, module in imports_at_runtime(path):
        where = f"{path.relative_to(SOURCE)}:{line}"
        top, *rest = module.split(".")
        if (
            top == "poetry_aiops"
            and rest
            and rest[0] != here
            and rest[0] not in ROOMS_A_ROOM_MAY_IMPORT[here]
        ):
            yield f"{where}: {here} must not import {module}"
        for name, rooms in ROOMS_THAT_MAY_USE.items():
            if (module == name or module.startswith(f"{name}.")) and here not in rooms:
                yield f"{where}: {module} is not for {here}"


def test_a_room_imports_only_what_its_direction_allows() -> None:
    assert [breach for path in modules() for breach in breaches(path)] == []


def test_every_room_has_its_rule() -> None:
    assert {room(path) for path in modules()} <= ROOMS_A_ROOM_MAY_IMPORT.keys()


def test_every_package_folder_says_what_it_holds() -> None:
    silent = [
        str(folder.relative_to(SOURCE))
        for folder in SOURCE.rglob("*")
        if folder.is_dir()
        and any(folder.glob("*.py"))
        and not ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8")))
    ]
    assert silent == []
