"""What ``poetry graph`` lays over the graph: sizes with ``--sizes``, advisories from a health report."""

from __future__ import annotations

import os
import platform
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from packaging.tags import platform_tags

from poetry_aiops.errors import InputError
from poetry_aiops.graph.advisories import read_findings
from poetry_aiops.graph.scope import machine_for
from poetry_aiops.graph.sizes import Sizes
from poetry_aiops.project.targets import machines_for
from poetry_aiops.project.wheels import ranked_tags, tags_on
from poetry_aiops.system.reading import ANYWHERE, LARGEST_REPORT, read_file
from poetry_aiops.system.reports_folder import REPORTS, reports_of


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packaging.tags import Tag
    from poetry.poetry import Poetry

    from poetry_aiops.accelerators.host import Host
    from poetry_aiops.cli.output import Output
    from poetry_aiops.graph.advisories import HealthFindings, Vulnerabilities
    from poetry_aiops.graph.model import DependencyGraph
    from poetry_aiops.project.model import Lock, Package


LAST_REPORT: Final = "latest_report.json"


# -- sizes --------------------------------------------------------------------------------------------------


def sizes_of(
    poetry: Poetry,
    output: Output,
    packages: Sequence[Package],
    lock: Lock,
    host: Host | None,
) -> Sizes:
    """Ask the indexes for the sizes of packages; what they do not tell is unknown with a reason."""
    from poetry_aiops.graph.file_sizes import file_sizes

    machine, order = _here(lock) if host is None else _there(lock, host)
    progress = partial(output.progress, "Asking for sizes")
    return Sizes(machine, file_sizes(packages, order, poetry.pool, poetry.config, progress))


def _here(lock: Lock) -> tuple[str, Mapping[Tag, int]]:
    """Return this machine with the Python that runs Poetry, or the newest one that the lock allows."""
    running = f"{sys.version_info[0]}.{sys.version_info[1]}"
    allowed = sorted({one.python for one in machines_for(lock.python_versions)}, key=_minor)
    python = running if running in allowed or not allowed else allowed[-1]
    words = f"this machine ({platform.system()} {platform.machine()}, Python {python})"
    return words, ranked_tags(python, platform_tags())


def _there(lock: Lock, host: Host) -> tuple[str, Mapping[Tag, int]]:
    python = ".".join(host.python.split(".")[:2]) if host.python else None
    machine = machine_for(lock.python_versions, f"{host.os}-{host.arch}", python)
    order = tags_on(
        machine.python, system=host.os, arch=host.arch, libc=host.libc, os_version=host.os_version
    )
    return machine.name, order


def _minor(python: str) -> int:
    return int(python.partition(".")[2])


# -- advisories ---------------------------------------------------------------------------------------------


def vulnerabilities_of(
    named: str | None, output: Output, lock: Lock, graph: DependencyGraph
) -> Vulnerabilities | None:
    """Return the vulnerabilities of ``--health-report``, else of the last report where it is about this lock.

    None without any. Raises InputError for a named report that cannot be read.
    """
    if named:
        findings = _read(Path(named), f"--health-report {named}", within=ANYWHERE)
        if not findings.is_about(lock):
            output.warning(f"{named} is not about this state of poetry.lock")
            return None
        return findings.on(graph)
    path = reports_of(lock.path.parent) / LAST_REPORT
    if not os.path.lexists(path):
        return None
    try:
        findings = _read(path, f"{REPORTS}/{LAST_REPORT}", within=lock.path.parent)
    except InputError as error:
        output.warning("\n".join(error.lines()))
        return None
    return findings.on(graph) if findings.is_about(lock) else None


def _read(path: Path, where: str, *, within: Path | str) -> HealthFindings:
    try:
        text = read_file(path, within=within, limit=LARGEST_REPORT).decode()
    except UnicodeDecodeError:
        raise InputError("this is not UTF-8 text", where=where) from None
    except OSError as error:
        raise InputError(
            f"cannot be read: {error.strerror or error}",
            where=where,
            hint="Write one with `poetry health --output FILE.json`.",
        ) from error
    return read_findings(text, where)
