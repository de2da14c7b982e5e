"""The old pins as a lock that Poetry starts from, so that the first `poetry lock` changes no version.

The stub names each package with its version and index only; Poetry completes it with the files, hashes and
dependencies that the index gives (tried on Poetry 2.1 to 2.5).
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from poetry_aiops.errors import InputError
from poetry_aiops.project.checks import normalised
from poetry_aiops.project.edit_text import toml_text
from poetry_aiops.project.toml import parse_toml


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from poetry_aiops.migrate.planning.convert import OldPin
    from poetry_aiops.migrate.planning.entry import Setting


_HEAD = "# A start for `poetry lock` from the pins of requirements files.\n"


def with_seeds(lock: str | None, pins: Iterable[OldPin], addresses: Mapping[str, str]) -> str | None:
    """Return a poetry.lock to begin with: the project's own and the pins of packages that it does not hold.

    ``addresses`` are the sources' URLs. The same version from the same source stands once, with all its groups.
    None where there is neither a lock nor a pin. Raises InputError for a lock that is no TOML.
    """
    packages: dict[tuple[str, str, str], list[str]] = {}
    there = _locked_names(lock)
    for pin in pins:
        if pin.name in there:
            continue
        groups = packages.setdefault((pin.name, pin.version, pin.source or ""), [])
        if pin.group not in groups:
            groups.append(pin.group)
    if not packages:
        return lock
    blocks = [_package(*key, groups, addresses) for key, groups in sorted(packages.items())]
    if lock is not None:
        return lock.rstrip() + "\n\n" + "\n".join(blocks)
    metadata = '[metadata]\nlock-version = "2.1"\npython-versions = "*"\ncontent-hash = "none"\n'
    return _HEAD + "\n" + "\n".join(blocks) + "\n" + metadata


def _locked_names(lock: str | None) -> frozenset[str]:
    try:
        packages = parse_toml(lock or "").get("package", [])
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            "it cannot be read",
            where="poetry.lock",
            details=(str(error),),
            hint="Repair it, or remove it and migrate again.",
        ) from error
    return frozenset(normalised(str(package["name"])) for package in packages)


def _package(name: str, version: str, source: str, groups: list[str], addresses: Mapping[str, str]) -> str:
    lines = [
        "[[package]]",
        f"name = {toml_text(name)}",
        f"version = {toml_text(version)}",
        'description = ""',
        "optional = false",
        'python-versions = "*"',
        f"groups = [{', '.join(toml_text(group) for group in groups)}]",
        "files = []",
    ]
    if source in addresses:
        lines += [
            "",
            "[package.source]",
            'type = "legacy"',
            f"url = {toml_text(addresses[source].rstrip('/'))}",
            f"reference = {toml_text(source)}",
        ]
    return "\n".join(lines) + "\n"


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
