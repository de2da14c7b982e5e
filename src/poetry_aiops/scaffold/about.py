"""What pyproject.toml says beyond dependencies: what to run, and who would ask git for the version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from packaging.requirements import InvalidRequirement, Requirement

from poetry_aiops.project.checks import normalised


if TYPE_CHECKING:
    from collections.abc import Callable


_VERSION_FROM_GIT: Final = {
    "setuptools-scm": "SETUPTOOLS_SCM_PRETEND_VERSION",
    "hatch-vcs": "SETUPTOOLS_SCM_PRETEND_VERSION",
    "poetry-dynamic-versioning": "POETRY_DYNAMIC_VERSIONING_BYPASS",
    "pdm-backend": "PDM_BUILD_SCM_VERSION",
}
"""Build requirements that ask git for the version, and the variable that answers in its stead (their manuals)."""

_ASKS_ONLY_WHEN_TOLD: Final = {"pdm-backend"}


def own_command(
    document: Mapping[str, object], name: str, exists: Callable[[str], bool]
) -> tuple[str, ...] | None:
    """Return what the project runs: its only script, the one with its own name, or its package; None for none.

    ``exists`` says whether a path of the project is a file.
    """
    scripts = sorted({*_keys(document, "project", "scripts"), *_keys(document, "tool", "poetry", "scripts")})
    if len(scripts) == 1:
        return (scripts[0],)
    own = [script for script in scripts if normalised(script) == normalised(name)]
    if own:
        return (own[0],)
    module = name.replace("-", "_").replace(".", "_")
    if any(exists(f"{folder}{module}/__main__.py") for folder in ("", "src/")):
        return ("python", "-m", module)
    return None


def version_variables(document: Mapping[str, object]) -> tuple[str, ...]:
    """Return the variables through which the build backend takes the version that it would ask git for."""
    table = document.get("build-system")
    requires = table.get("requires") if isinstance(table, Mapping) else None
    names = [_name_in(text) for text in requires or () if isinstance(text, str)]
    dynamic = _at(document, "project", "dynamic")
    told = isinstance(dynamic, list) and "version" in dynamic
    return tuple(
        dict.fromkeys(
            _VERSION_FROM_GIT[name]
            for name in names
            if name in _VERSION_FROM_GIT and (told or name not in _ASKS_ONLY_WHEN_TOLD)
        )
    )


def requires_this_plugin(document: Mapping[str, object]) -> bool:
    """Say whether the project asks every Poetry that works on it for this plugin."""
    return "poetry-aiops" in _keys(document, "tool", "poetry", "requires-plugins")


def _name_in(text: str) -> str:
    try:
        return normalised(Requirement(text).name)
    except InvalidRequirement:
        return ""


def _keys(document: Mapping[str, object], *path: str) -> tuple[str, ...]:
    found = _at(document, *path)
    return tuple(str(key) for key in found) if isinstance(found, Mapping) else ()


def _at(document: object, *path: str) -> object:
    for key in path:
        document = document.get(key) if isinstance(document, Mapping) else None
    return document
