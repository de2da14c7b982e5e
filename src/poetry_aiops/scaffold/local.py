"""Locked packages that are folders or files: where a build finds them, and where an image needs them."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from poetry_aiops.errors import UsageError
from poetry_aiops.scaffold.model import LocalPackage
from poetry_aiops.scaffold.quoting import in_path, package_name
from poetry_aiops.system.text import one_line


if TYPE_CHECKING:
    from collections.abc import Callable

    from poetry_aiops.project.model import Lock, Package


_LOCAL = frozenset({"directory", "file"})
_HOST = r"[A-Za-z0-9.-]+"
_SSH = re.compile(
    rf"(?:git\+)?ssh://(?:[^@/\s]+@)?(?P<url>{_HOST}(?::\d+)?)/.*|[^@/:\s]+@(?P<scp>{_HOST}):(?!//).*"
)


def workdir_of(lock: Lock) -> str:
    """Return the project's folder in an image: as deep below /app as the lock's folders are above the project.

    So ``../lib`` becomes /app/lib and no folder of the system.
    """
    sources = [one.source.url for one in lock.packages if one.source and one.source.type in _LOCAL]
    paths = [posixpath.normpath(url.replace("\\", "/")).split("/") for url in sources]
    name = "project"
    while any(name in path for path in paths):
        name += "-"
    return "/".join(["/app", *[name] * max((path.count("..") for path in paths), default=0)])


def local_packages(lock: Lock, there: Callable[[str], bool], workdir: str) -> tuple[LocalPackage, ...]:
    """Return the folders and files that the lock names, by path; ``workdir`` is the project's folder in an image.

    What is outside the project has a build context of its own: a build sees nothing outside of its folder. Raises
    UsageError for what COPY cannot say, and for a path that ``there`` does not find.
    """
    found: dict[str, LocalPackage] = {}
    for package in lock.packages:
        if package.source is not None and package.source.type in _LOCAL:
            if not there(package.source.url):
                raise UsageError(
                    f"{package.name} is locked from {one_line(package.source.url)}, which is missing",
                    where="poetry.lock",
                    hint="Check the project out with this folder, or correct the path and run `poetry lock`.",
                )
            taken = frozenset(x.context or "" for x in found.values())
            one = _local(package, package.source.url, workdir, taken)
            found.setdefault(one.target, one)
    return tuple(found[target] for target in sorted(found))


def _local(package: Package, url: str, workdir: str, taken: frozenset[str]) -> LocalPackage:
    path = in_path(posixpath.normpath(url.replace("\\", "/")))
    target = posixpath.normpath(posixpath.join(workdir, path))
    is_folder = package.source is not None and package.source.type == "directory"
    editable = package.develop and is_folder
    if not path.startswith(("../", "/")):
        return LocalPackage(package.name, path, target, editable=editable)
    folder, source = (path, ".") if is_folder else (posixpath.dirname(path), posixpath.basename(path))
    name = f"{package_name(package.name)}-source"
    while name in taken:
        name += "-too"
    return LocalPackage(package.name, source, target, context=name, folder=folder, editable=editable)


def ssh_hosts(lock: Lock) -> tuple[str, ...]:
    """Return the hosts, with their ports, from which Git dependencies are fetched over ssh."""
    urls = (one.source.url for one in lock.packages if one.source is not None and one.source.type == "git")
    found = (_SSH.fullmatch(url) for url in urls)
    return tuple(sorted({match["url"] or match["scp"] for match in found if match}))
