"""What other sources add to a graph: sizes from the indexes with ``--sizes``, advisories from the last health report."""

from __future__ import annotations

import os
import platform
import sys
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from packaging.tags import platform_tags

from poetry_aiops.errors import InputError
from poetry_aiops.graph.advisories import read_findings
from poetry_aiops.graph.requested_scope import machine_of
from poetry_aiops.graph.sizes import Sizes
from poetry_aiops.project.targets import machines_for
from poetry_aiops.project.wheels import ranked_tags, tags_on
from poetry_aiops.system.files import reported
from poetry_aiops.system.reading import LARGEST_REPORT, read_file
from poetry_aiops.system.record import Record
from poetry_aiops.system.reports_folder import REPORTS, reports_of


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from packaging.tags import Tag
    from poetry.poetry import Poetry

    from poetry_aiops.accelerators.host import Host
    from poetry_aiops.cli.output import Output
    from poetry_aiops.graph.advisories import Vulnerabilities
    from poetry_aiops.graph.model import DependencyGraph
    from poetry_aiops.project.model import Lock, Package


LAST_REPORT: Final = "latest_report.json"


class Overlay(Record):
    """Facts that the lock does not hold; ``vulnerabilities`` is None without a health report about this lock."""

    sizes: Sizes | None = None
    vulnerabilities: Vulnerabilities | None = None

    @property
    def bytes_by_name(self) -> Mapping[str, int]:
        """The known sizes, empty when they were not requested."""
        return self.sizes.by_name() if self.sizes else MappingProxyType({})


NO_OVERLAY = Overlay()


# -- sizes --------------------------------------------------------------------------------------------------


def sizes_of(
    poetry: Poetry,
    output: Output,
    packages: Sequence[Package],
    lock: Lock,
    host: Host | None,
) -> Sizes:
    """Ask the indexes for the sizes of packages; what they do not say is unknown with a reason."""
    from poetry_aiops.graph.file_sizes import file_sizes

    machine, order = _here(lock) if host is None else _there(lock, host)
    progress = partial(output.progress, "Asking for sizes")
    return Sizes(machine, file_sizes(packages, order, poetry.pool, poetry.config, progress))


def _here(lock: Lock) -> tuple[str, Mapping[Tag, int]]:
    """Return this machine with the Python that runs Poetry, or the newest one that the lock allows."""
    running = f"{sys.version_info[0]}.{sys.version_info[1]}"
    allowed = [one.python for one in machines_for(lock.python_versions)]
    python = running if running in allowed else allowed[-1]
    described = f"this machine ({platform.system()} {platform.machine()}, Python {python})"
    return described, ranked_tags(python, platform_tags())


def _there(lock: Lock, host: Host) -> tuple[str, Mapping[Tag, int]]:
    machine = machine_of(host, lock)
    order = tags_on(
        machine.python, system=host.os, arch=host.arch, libc=host.libc, os_version=host.os_version
    )
    return machine.name, order


# -- advisories ---------------------------------------------------------------------------------------------


def vulnerabilities_of(output: Output, lock: Lock, graph: DependencyGraph) -> Vulnerabilities | None:
    """Return the vulnerabilities of the last health report; None without one about exactly these locked packages."""
    path = reports_of(lock.path.parent) / LAST_REPORT
    if not os.path.lexists(path):
        return None
    where = f"{REPORTS}/{LAST_REPORT}"
    try:
        findings = read_findings(_read(path, where), where)
    except InputError as error:
        output.warning("\n".join(error.lines()))
        return None
    return findings.on(graph) if findings.is_about(lock) else None


def _read(path: Path, where: str) -> str:
    with reported("cannot be read", where, "Write one with `poetry health`."):
        try:
            return read_file(path, within=path.parents[1], limit=LARGEST_REPORT).decode()
        except UnicodeDecodeError:
            raise InputError("this is not UTF-8 text", where=where) from None
