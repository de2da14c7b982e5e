"""The versions of Poetry that the plugin was tried with."""

from __future__ import annotations

from typing import Final

from packaging.version import Version
from poetry.__version__ import __version__ as poetry_version

from poetry_aiops.errors import UsageError


OLDEST_KNOWN: Final = (2, 1)
NEWEST_KNOWN: Final = (2, 5)
_FIRST_WITH_DEPENDENCY_GROUPS: Final = (2, 2)


def foreign_poetry(detail: str) -> UsageError:
    """Return the refusal to work on variants with this Poetry, with the versions that work."""
    oldest, newest = (".".join(map(str, version)) for version in (OLDEST_KNOWN, NEWEST_KNOWN))
    return UsageError(
        f"Poetry {poetry_version} is not supported: its internals differ from those of {oldest} to {newest}",
        details=(detail,),
        hint=f"Use Poetry {oldest} to {newest}, or update the plugin: `poetry self update poetry-aiops`.",
    )


def knows_dependency_groups() -> bool:
    """Say whether the running Poetry reads ``[dependency-groups]`` (PEP 735), as it does from 2.2 on."""
    return Version(poetry_version).release[:2] >= _FIRST_WITH_DEPENDENCY_GROUPS
