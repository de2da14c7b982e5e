"""Which package source of the project a PyTorch index is, and which sources have to be added."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poetry_aiops.errors import UsageError
from poetry_aiops.project.checks import normalised
from poetry_aiops.project.model import Source


if TYPE_CHECKING:
    from collections.abc import Sequence

    from poetry_aiops.hardware.recipes import Recipes
    from poetry_aiops.project.checks import Checker


TORCH_INDEX_VARIABLE = "POETRY_AIOPS_TORCH_INDEX"
_ADDRESS = re.compile(r"(?P<scheme>https?)://(?P<host>[^/\s]+)(?P<path>/\S*)?", re.IGNORECASE)


class IndexSources:
    """The project's sources and those that are still to be written, in the order in which they were requested."""

    def __init__(
        self,
        existing: Sequence[Source],
        torch_index: str | None,
        recipes: Recipes,
        checker: Checker,
    ) -> None:
        self._existing = tuple(existing)
        self._facts = recipes.facts
        self._address = _checked(torch_index) if torch_index else recipes.facts.torch_index
        self._backends = frozenset(recipes.known_backends())
        self._checker = checker
        self._new: dict[str, Source] = {}
        self._told: set[str] = set()
        self.notes: list[str] = []

    @property
    def new(self) -> tuple[Source, ...]:
        return tuple(self._new.values())

    def name_for(self, backend: str) -> str:
        """Return the name of the source that is the index of a backend; it is planned where there is none."""
        own = self._facts.own_index(backend)
        name = normalised(own.name if own else self._facts.torch_source.replace("{backend}", backend))
        same_name = next((one for one in self._existing if normalised(one.name) == name), None)
        found = same_name or next((one for one in self._existing if backend in self._told_by(one)), None)
        if found is None:
            url = own.url if own else self._address.replace("{backend}", backend)
            self._new.setdefault(name, Source(name, url, own.priority if own else "explicit"))
            return name
        self._check(found, backend)
        return found.name

    def _told_by(self, source: Source) -> frozenset[str]:
        """Return the backends that the path of a source's address spells out."""
        return self._backends.intersection(source.url.lower().split("/"))

    def _check(self, source: Source, backend: str) -> None:
        others = self._told_by(source) - {backend}
        if source.name in self._told:
            return
        self._told.add(source.name)
        if others and backend not in self._told_by(source):
            self._checker.report(
                f"[[tool.poetry.source]] {source.name}",
                f"its address is the index of {', '.join(sorted(others))}, not of {backend}",
                "Correct the address or rename the source.",
            )
        elif source.priority != "explicit" and not self._facts.own_index(backend):
            self.notes.append(
                f"the source {source.name} has the priority {source.priority}, so Poetry searches it for every"
                ' package; priority = "explicit" limits it to those that name it'
            )


def _checked(address: str) -> str:
    """Return the address with a place for the backend; raises UsageError for one that must not be written down."""
    match = _ADDRESS.fullmatch(address.strip())
    if match is None:
        raise UsageError(
            "is not the address of an index",
            where=TORCH_INDEX_VARIABLE,
            hint="Write for example https://mirror.example/whl, or https://mirror.example/{backend}/simple/.",
        )
    if "@" in match["host"]:
        raise UsageError(
            "holds a user name or a password, and addresses are written into pyproject.toml",
            where=TORCH_INDEX_VARIABLE,
            hint="Leave it out and use `poetry config http-basic.NAME USER PASSWORD`.",
        )
    return address.strip() if "{backend}" in address else address.strip().rstrip("/") + "/{backend}"
