"""The text of poetry.toml with the planned settings; what stands there already stays."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from poetry_aiops.errors import InputError
from poetry_aiops.project.toml import parse_toml


if TYPE_CHECKING:
    from collections.abc import Sequence

    from poetry_aiops.migrate.planning.entry import Setting


def with_settings(text: str, settings: Sequence[Setting]) -> str:
    """Return the text with the settings joined to its own; raises InputError for a file that is no TOML."""
    try:
        document: Any = tomlkit.parse(text)
        for setting in settings:
            table, _, key = setting.key.partition(".")
            if table not in document:
                document[table] = tomlkit.table()
            document[table][key] = _joined(document[table].get(key), setting.value)
        changed = tomlkit.dumps(document)
        parse_toml(changed)
    except (TOMLKitError, tomllib.TOMLDecodeError, AttributeError, TypeError, RecursionError) as error:
        raise InputError(
            "the file cannot be read as Poetry's settings",
            where="poetry.toml",
            hint="Repair it, or remove the options.",
            details=(str(error),),
        ) from error
    return changed


def _joined(there: object, value: str | tuple[str, ...]) -> object:
    """Return ``:all:`` where either says so, else all names together."""
    if isinstance(value, str) or there is True or there == ":all:":
        return ":all:"
    names = there if isinstance(there, list) else [one for one in str(there or "").split(",") if one]
    return [*names, *(name for name in value if name not in names)]
