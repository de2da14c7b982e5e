"""The name of a project in a folder, read from its pyproject.toml, setup.cfg or setup.py without running anything."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from poetry_aiops.migrate.reading.setup_files import setup_cfg_values, setup_py_values
from poetry_aiops.project.toml import parse_toml


if TYPE_CHECKING:
    from collections.abc import Mapping

    from poetry_aiops.migrate.reading.notes import Neighbours


_TABLES = (("project", "name"), ("tool", "poetry", "name"), ("tool", "flit", "metadata", "dist-name"))


def project_name(folder: str, neighbours: Neighbours) -> str | None:
    """Return the name that the project in a folder gives itself, None where no file of it says one."""
    prefix = "" if folder == "." else f"{folder}/"
    own = neighbours.read(f"{prefix}pyproject.toml")
    return (
        (_of_pyproject(own.decode("utf-8", "replace")) if own is not None else None)
        or _named(setup_cfg_values(neighbours.read(f"{prefix}setup.cfg")))
        or _named(setup_py_values(neighbours.read(f"{prefix}setup.py")))
    )


def is_project(folder: str, neighbours: Neighbours) -> bool:
    """Tell whether pip would install a folder: it holds a pyproject.toml or a setup.py."""
    return not {"pyproject.toml", "setup.py"}.isdisjoint(neighbours.names(folder))


def _of_pyproject(text: str) -> str | None:
    try:
        document = parse_toml(text)
    except tomllib.TOMLDecodeError:
        return None
    for path in _TABLES:
        value: object = document
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None


def _named(values: Mapping[str, object] | None) -> str | None:
    name = (values or {}).get("name")
    return name if isinstance(name, str) and name else None
