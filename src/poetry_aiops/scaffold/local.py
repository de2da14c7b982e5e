"""Locked packages that are folders or files: where a build finds them, and where an image needs them."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from poetry_aiops.scaffold.model import LocalPackage
from poetry_aiops.scaffold.quoting import in_path, package_name


if TYPE_CHECKING:
    from poetry_aiops.project.model import Lock, Package


WORKDIR = "/app"


def local_packages(lock: Lock) -> tuple[LocalPackage, ...]:
    """Return the folders and files that the lock names, by path; raises UsageError for what COPY cannot say.

    What is outside the project has a build context of its own: a build sees nothing outside of its folder.
    """
    found: dict[str, LocalPackage] = {}
    for package in lock.packages:
        if package.source is not None and package.source.type in {"directory", "file"}:
            one = _local(package, package.source.url, frozenset(x.context or "" for x in found.values()))
            found.setdefault(one.target, one)
    return tuple(found[target] for target in sorted(found))


def _local(package: Package, url: str, taken: frozenset[str]) -> LocalPackage:
    path = in_path(posixpath.normpath(url.replace("\\", "/")))
    target = posixpath.normpath(posixpath.join(WORKDIR, path))
    is_folder = package.source is not None and package.source.type == "directory"
    editable = package.develop and is_folder
    if not path.startswith(("../", "/")):
        return LocalPackage(package.name, path, target, editable=editable)
    folder, source = (path, ".") if is_folder else (posixpath.dirname(path), posixpath.basename(path))
    name = f"{package_name(package.name)}-source"
    while name in taken:
        name += "-too"
    return LocalPackage(package.name, source, target, context=name, folder=folder, editable=editable)
