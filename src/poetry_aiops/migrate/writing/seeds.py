"""The old pins as a lock that Poetry starts from, so that the first `poetry lock` changes no version.

This stub names each package with its version and index only; Poetry completes it with the files, hashes and
dependencies that the index gives (tried on Poetry 2.1 to 2.5).
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import tomlkit

from poetry_aiops.errors import InputError
from poetry_aiops.project.checks import normalised
from poetry_aiops.project.toml import parse_toml


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from poetry_aiops.migrate.planning.convert import OldPin


_HEAD = "# A start for `poetry lock` from the pins of requirements files.\n"


def with_seeds(lock: str | None, pins: Iterable[OldPin], addresses: Mapping[str, str]) -> str | None:
    """Return a poetry.lock to begin with: the project's own and the pins of packages that it does not hold.

    ``addresses`` are the sources' URLs. The same version from the same source stands once, with all its groups.
    None where there is neither a lock nor a pin. Raises InputError for a lock that is no TOML.
    """
    try:
        locked = parse_toml(lock or "").get("package", [])
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            "it cannot be read",
            where="poetry.lock",
            details=(str(error),),
            hint="Repair it, or remove it and migrate again.",
        ) from error
    there = {normalised(str(package["name"])) for package in locked}
    groups: dict[tuple[str, str, str], dict[str, None]] = {}
    for pin in pins:
        if pin.name not in there:
            groups.setdefault((pin.name, pin.version, pin.source or ""), {})[pin.group] = None
    if not groups:
        return lock
    packages = []
    for (name, version, source), names in sorted(groups.items()):
        package = {
            "name": name,
            "version": version,
            "description": "",
            "optional": False,
            "python-versions": "*",
        }
        package |= {"groups": list(names), "files": []}
        if source in addresses:
            package["source"] = {"type": "legacy", "url": addresses[source].rstrip("/"), "reference": source}
        packages.append(package)
    if lock is not None:
        return f"{lock.rstrip()}\n\n{tomlkit.dumps({'package': packages})}"
    metadata = {"lock-version": "2.1", "python-versions": "*", "content-hash": "none"}
    return _HEAD + tomlkit.dumps({"package": packages, "metadata": metadata})
