"""What PyPI's own JSON (``/pypi/<name>/json``) adds to the simple API: owners and the newest release's classifiers.

Most other indexes have no such page; that is no failure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final


if TYPE_CHECKING:
    from poetry_aiops.index.release_records import About


_INACTIVE: Final = "Development Status :: 7 - Inactive"
_UNREADABLE: Final = "its index describes the project in no readable way"
_NO_OWNERS: Final = "its index names no owners"


def about_from(content: bytes, about: About) -> About:
    """Return ``about`` with what the document says; what it does not say is None with a reason."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, Mapping):
        return replace(about, owners=None, inactive=None, owners_reason=_UNREADABLE)
    owners = _owners(document.get("ownership"))
    reason = _NO_OWNERS if owners is None else ""
    return replace(about, owners=owners, inactive=_inactive(document.get("info")), owners_reason=reason)


def _owners(value: object) -> int | None:
    """Return how many people may upload; an organisation stands for at least two."""
    roles = value.get("roles") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or not isinstance(roles, list):
        return None
    users = {
        role["user"] for role in roles if isinstance(role, Mapping) and isinstance(role.get("user"), str)
    }
    return max(len(users), 2 if value.get("organization") else 0) or None


def _inactive(value: object) -> bool | None:
    classifiers = value.get("classifiers") if isinstance(value, Mapping) else None
    return _INACTIVE in classifiers if isinstance(classifiers, list) else None
