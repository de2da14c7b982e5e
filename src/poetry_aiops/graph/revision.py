"""The graph of a lock and a pyproject.toml that are given as bytes, for example from another revision."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from poetry_aiops.errors import InputError
from poetry_aiops.graph.build import build_graph
from poetry_aiops.graph.model import Scope
from poetry_aiops.project.lockfile import lock_from
from poetry_aiops.project.pyproject import project_from
from poetry_aiops.project.toml import parse_toml


if TYPE_CHECKING:
    from collections.abc import Mapping

    from poetry_aiops.graph.model import DependencyGraph


_EVERYTHING = Scope()


def graph_at(revision: str, pyproject: bytes, lock: bytes, scope: Scope = _EVERYTHING) -> DependencyGraph:
    """Return the graph at a revision; groups of ``scope`` that were not there yet count as empty.

    Raises InputError that names the revision with the file.
    """
    project = _document(pyproject, f"pyproject.toml at {revision}")
    locked = _document(lock, f"poetry.lock at {revision}")
    return build_graph(
        project_from(project, Path(f"pyproject.toml at {revision}")),
        lock_from(locked, Path(f"poetry.lock at {revision}")),
        scope,
        project,
    )


def _document(data: bytes, where: str) -> Mapping[str, object]:
    try:
        return parse_toml(data.decode())
    except UnicodeDecodeError:
        raise InputError(
            "this is not UTF-8 text", where=where, hint="Compare with another revision."
        ) from None
    except tomllib.TOMLDecodeError as error:
        what = f"this is not valid TOML: {error}"
        raise InputError(what, where=where, hint="Compare with another revision.") from None
