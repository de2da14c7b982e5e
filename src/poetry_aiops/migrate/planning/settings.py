"""pip's options about building and binaries -> Poetry's settings in poetry.toml."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, Final

import tomlkit
from tomlkit.exceptions import TOMLKitError

from poetry_aiops.errors import InputError
from poetry_aiops.migrate.planning.entry import Setting
from poetry_aiops.project.checks import normalised
from poetry_aiops.project.toml import parse_toml


if TYPE_CHECKING:
    from collections.abc import Sequence

    from poetry_aiops.migrate.model import Tree


SETTINGS_OPTIONS: Final = {
    "no-binary": "poetry.toml installer.no-binary",
    "only-binary": "poetry.toml installer.only-binary",
    "pre": "allow-prereleases of each package of the file",
}
"""Options that become something of Poetry's, and what they become."""

_FORMATS = {"no-binary": "installer.no-binary", "only-binary": "installer.only-binary"}
_ALL, _NONE = ":all:", ":none:"


def settings_of(tree: Tree) -> tuple[Setting, ...]:
    """Return the settings that all files together require; pip applies these options to everything."""
    values: dict[str, dict[str, None]] = {}
    lines = (line for file in tree.files.values() for line in file.lines)
    for option in (option for line in lines for option in line.options if option.name in _FORMATS):
        chosen = values.setdefault(_FORMATS[option.name], {})
        for name in map(str.strip, (option.value or "").split(",")):
            if name == _NONE:
                chosen.clear()
            elif name:
                chosen[name if name == _ALL else normalised(name)] = None
    return tuple(
        Setting(key, _ALL if _ALL in chosen else tuple(chosen)) for key, chosen in values.items() if chosen
    )


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
