"""What the installed ``packaging`` says about a pylock document; older releases say nothing."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any


if TYPE_CHECKING:
    from collections.abc import Mapping


def what_is_wrong(document: Mapping[str, Any]) -> str | None:
    """Return why the document is no valid pylock (PEP 751), None when it is or when nobody can tell.

    Times may be text, as ``datetime.fromisoformat`` reads them.
    """
    try:
        from packaging.pylock import Pylock, PylockValidationError
    except ImportError:
        return None
    try:
        Pylock.from_dict(_with_times(document))  # checks everything; validate() would do it a second time
    except PylockValidationError as error:
        return str(error)
    return None


def _with_times(value: Any, key: str = "") -> Any:  # noqa: ANN401 - any TOML value
    if isinstance(value, list):
        return [_with_times(one) for one in value]
    if isinstance(value, dict):
        return {name: _with_times(one, name) for name, one in value.items()}
    return datetime.fromisoformat(value) if key == "upload-time" else value
