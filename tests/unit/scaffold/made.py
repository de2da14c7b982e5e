"""Small projects and locks for the tests of what is scaffolded."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from poetry_aiops.config import read_config
from poetry_aiops.project.model import Lock, LockedFile, Package, PackageSource
from poetry_aiops.project.pyproject import aiops_table, project_from
from poetry_aiops.scaffold.facts import load_image_facts, load_system_facts
from poetry_aiops.scaffold.options import ScaffoldOptions
from poetry_aiops.scaffold.plan import ScaffoldInput, plan


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from poetry_aiops.scaffold.model import ScaffoldPlan


NOTHING_ASKED = ScaffoldOptions()


def document(
    *variants: str, requires: str = ">=3.11,<3.15", aiops: Mapping[str, Any] | None = None, **poetry: Any
) -> dict[str, Any]:
    """Return a pyproject.toml with one optional group for each ``group=backend``."""
    pairs = dict(text.split("=") for text in variants)
    table = {"hardware": {"variants": pairs}} if pairs else {}
    groups = {name: {"optional": True} for name in pairs}
    return {
        "project": {"name": "chatbot", "version": "1", "requires-python": requires},
        "dependency-groups": {"dev": ["pytest"], **{name: ["torch"] for name in pairs}},
        "tool": {
            "poetry": {"group": groups, **{key.replace("_", "-"): one for key, one in poetry.items()}},
            "poetry-aiops": {**table, **(aiops or {})},
        },
    }


def package(
    name: str,
    *groups: str,
    files: Iterable[str] | None = None,
    source: PackageSource | None = None,
    markers: str = "",
    develop: bool = False,
    digest: str = "00",
) -> Package:
    names = (f"{name}-1.0-py3-none-any.whl",) if files is None else tuple(files)
    return Package(
        name=name,
        pretty_name=name,
        version="1.0",
        description="",
        optional=False,
        python_versions="*",
        groups=groups or ("main",),
        markers=markers,
        files=tuple(LockedFile(file, f"sha256:{digest}") for file in names),
        edges=(),
        extras=MappingProxyType({}),
        source=source,
        develop=develop,
    )


def local(name: str, url: str, *, kind: str = "directory", develop: bool = False) -> Package:
    return package(name, files=(), source=PackageSource(kind, url), develop=develop)


def planned(
    project: Mapping[str, Any],
    *packages: Package,
    asked: ScaffoldOptions = NOTHING_ASKED,
    there: Iterable[str] = (),
    extras: bool = False,
    exported: bool = False,
    missing: Iterable[str] = (),
    packaged: frozenset[str] | None = None,
    compiles: Iterable[str] = (),
) -> ScaffoldPlan:
    """Return the plan for a project whose lock holds ``packages``; ``there`` are files beside pyproject.toml."""
    path = Path("pyproject.toml")
    files = set(there)
    given = ScaffoldInput(
        project=project_from(project, path),
        document=project,
        lock=Lock("2.1", ">=3.11", "0" * 64, packages, MappingProxyType({}), Path("poetry.lock")),
        config=read_config(aiops_table(project)),
        extras=extras,
        exists=lambda name: name in files,
        there=lambda name: name not in missing,
        poetry="2.5.1",
        plugin="0.1.0",
        exported=exported,
        tests="tests/test_it.py" in files,
        packaged=packaged,
        compiles=frozenset(compiles),
        written_by="poetry scaffold docker",
    )
    return plan(given, asked, load_image_facts(), load_system_facts())
