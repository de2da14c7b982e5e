"""Which extras of a locked package bring which of its dependencies: Poetry's rule (``Provider.complete_package``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.project.checks import normalised
from poetry_aiops.project.targets import extras_switching


if TYPE_CHECKING:
    from collections.abc import Iterable

    from poetry_aiops.project.model import LockedDependency, Package


def switching_extras(package: Package, line: LockedDependency) -> tuple[str, ...]:
    """Return the extras of ``package`` that switch a line on: by its marker, else by the names in its extras."""
    named = extras_switching(line.marker)
    if named or not line.optional:
        return tuple(sorted(named))
    return tuple(
        sorted(
            extra
            for extra, texts in package.extras.items()
            if any(_is_about(text, line.name) for text in texts)
        )
    )


def own_extras(package: Package, extras: Iterable[str]) -> frozenset[str]:
    """Return extras of a package with those that they ask of the package itself, as ``all = ["app[cli,web]"]`` does.

    poetry.lock has no line for such a dependency.
    """
    found: set[str] = set()
    waiting = list(extras)
    while waiting:
        extra = waiting.pop()
        if extra not in found:
            found.add(extra)
            for text in package.extras.get(extra, ()):
                if _is_about(text, package.name) and "[" in text:
                    inside = text.partition("[")[2].partition("]")[0]
                    waiting += [normalised(one.strip()) for one in inside.split(",") if one.strip()]
    return frozenset(found)


def _is_about(text: str, name: str) -> bool:
    """Say whether a requirement text such as ``torch (>=2)`` or ``torch[cuda]`` is about ``name``."""
    end = next((place for place, char in enumerate(text) if not (char.isalnum() or char in "-_.")), len(text))
    return normalised(text[:end]) == name
