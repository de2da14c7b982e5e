"""Small locks, records and findings for tests."""

from __future__ import annotations

import tomllib

from datetime import UTC
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from poetry_aiops.health.advisory import Audit
from poetry_aiops.health.advisory import Finding
from poetry_aiops.health.advisory import PackageAudit
from poetry_aiops.health.advisory import Rating
from poetry_aiops.health.advisory import Severity
from poetry_aiops.health.advisory import Status
from poetry_aiops.health.records import PYPI
from poetry_aiops.health.records import About
from poetry_aiops.health.records import IndexRecord
from poetry_aiops.health.records import IndexRecords
from poetry_aiops.health.records import Release
from poetry_aiops.health.score import security_metric
from poetry_aiops.project.lockfile import lock_from
from poetry_aiops.project.pyproject import project_from


if TYPE_CHECKING:
    from poetry_aiops.health.metric import Metric
    from poetry_aiops.project.model import Lock
    from poetry_aiops.project.model import Project


NOW = datetime(2026, 7, 1, tzinfo=UTC)


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def release(
    version: str,
    uploaded: str | None = None,
    *,
    requires_python: str = "",
    yanked: str | None = None,
    wheel: bool = True,
    provenance: bool | None = None,
    last: str | None = None,
) -> Release:
    first = day(uploaded) if uploaded else None
    return Release(
        version=version,
        uploaded=first,
        last_upload=day(last) if last else first,
        requires_python=(requires_python,),
        has_wheel=wheel,
        has_sdist=True,
        yanked=yanked,
        provenance=provenance,
    )


def records(**by_name: IndexRecord | tuple[Release, ...]) -> IndexRecords:
    """Return records of PyPI by package name (underscores stand for dashes)."""
    found = {}
    for written, value in by_name.items():
        name = written.replace("_", "-")
        found[PYPI, name] = value if isinstance(value, IndexRecord) else record(name, *value)
    return IndexRecords(MappingProxyType(found))


def record(name: str, *releases: Release, about: About | None = None) -> IndexRecord:
    ordered = tuple(sorted(releases, key=lambda one: one.parsed))
    return IndexRecord(PYPI, name, NOW, ordered, about or About())


def lock_of(text: str, python: str = ">=3.10,<4.0") -> Lock:
    """Return a lock from lines like ``apple 1.0 [python] -> pear >=1,<2; plum *``."""
    packages = [_package(line) for line in text.strip().splitlines()]
    metadata = {"lock-version": "2.1", "python-versions": python, "content-hash": "0"}
    return lock_from({"package": packages, "metadata": metadata}, Path("poetry.lock"))


def _package(line: str) -> dict[str, object]:
    head, _, tail = line.partition("->")
    name, version, *python = head.split()
    wanted = dict(part.strip().split(" ", 1) for part in tail.split(";") if part.strip())
    return {
        "name": name,
        "version": version,
        "optional": False,
        "python-versions": python[0] if python else "*",
        "groups": ["main"],
        "files": [],
        "dependencies": wanted,
    }


def project_of(*requirements: str, python: str = ">=3.10,<4.0") -> Project:
    """Return a project whose main group asks for these, in PEP 508's form."""
    listed = ", ".join(f'"{one}"' for one in requirements)
    text = (
        f'[project]\nname = "fruit"\nversion = "1"\nrequires-python = "{python}"\ndependencies = [{listed}]\n'
    )
    return project_from(tomllib.loads(text), Path("pyproject.toml"))


def finding(
    package: str = "apple",
    id: str = "GHSA-1",  # noqa: A002 - the field's name
    severity: Severity = Severity.HIGH,
    *,
    version: str = "1.0",
    aliases: tuple[str, ...] = (),
    fixed_in: tuple[str, ...] = (),
) -> Finding:
    return Finding(
        package=package,
        version=version,
        id=id,
        aliases=aliases,
        records=(id,),
        severity=severity,
        cvss=None,
        fixed_in=fixed_in,
        withdrawn=None,
        summary="",
        url="",
        published="",
        rating=Rating(severity),
        notes=(),
        groups=("main",),
        dev_only=False,
        builds=((package, version, ("", "", "")),),
    )


def metric_of(audit: Audit) -> Metric:
    """Return the security metric of an audit of which nothing is ignored and all is installed together."""
    groups = frozenset(group for package in audit.packages for group in package.groups)
    return security_metric(audit, audit.findings, [groups])


def audit_of(*findings: Finding, failed: tuple[str, ...] = ()) -> Audit:
    names = sorted({one.package for one in findings} | set(failed) | {"plum"})
    packages = tuple(
        PackageAudit(
            key=(name, "1.0", ("", "", "")),
            name=name,
            version="1.0",
            audited_as="1.0",
            groups=("main",),
            dev_only=False,
            status=Status.FAILED if name in failed else Status.AUDITED,
            findings=tuple(one for one in findings if one.package == name),
        )
        for name in names
    )
    return Audit(packages, ())
