"""The names that pyproject.toml writes down as dependencies, whether Poetry reads that table or not.

Poetry leaves an entry of ``[tool.poetry.dependencies]`` out when ``[project] dependencies`` is there and does not
name it; the author of such an entry should see it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from poetry_aiops.project.checks import normalised


_NAME = re.compile(r"\s*([A-Za-z0-9][\w.-]*)")


def declared_names(document: Mapping[str, object]) -> set[str]:
    """Return every declared dependency's canonical name; what is no table or list is passed over."""
    return {normalised(name) for name in _names(document)} - {"python"}


def _names(document: Mapping[str, object]) -> Iterator[str]:
    standard = _table(document.get("project"))
    yield from _listed(standard.get("dependencies"))
    for entries in _table(standard.get("optional-dependencies")).values():
        yield from _listed(entries)
    for entries in _table(document.get("dependency-groups")).values():
        yield from _listed(entries)
    poetry = _table(_table(document.get("tool")).get("poetry"))
    yield from _table(poetry.get("dependencies"))
    yield from _table(poetry.get("dev-dependencies"))
    for group in _table(poetry.get("group")).values():
        yield from _table(_table(group).get("dependencies"))


def _table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _listed(value: object) -> Iterator[str]:
    for text in value if isinstance(value, list) else ():
        found = _NAME.match(text) if isinstance(text, str) else None
        if found:
            yield found[1].rstrip("-_.")
