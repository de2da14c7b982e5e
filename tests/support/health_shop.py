"""A small shop whose lock `poetry health` looks at: an index with dates, a private source, and advisories."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tests.support.index import PackageIndex, Story
from tests.support.projects import project_from
from tests.support.schemas import conforming
from tests.unit.health.osv import record


if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.support.osv_server import OsvServer
    from tests.support.poetry_program import PoetryProgram, Project, Run, Started


HIGH = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"
LOW = "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"
PRIVATE = ("house-secret", "house-helper")

PYPROJECT = """\
[project]
name = "shop"
version = "0.1.0"
requires-python = ">=3.11,<4.0"
dependencies = [
    "webapi>=1,<2",
    "parser",
]

[dependency-groups]
test = ["tester"]
inner = ["house-secret", "house-helper"]

[tool.poetry]
package-mode = false

[tool.poetry.group.inner.dependencies]
house-secret = {source = "house"}
house-helper = {source = "house"}
"""


def publish(index: PackageIndex) -> None:
    """Offer what was there when the shop was locked."""
    for name, version, needs, when, licence in (
        ("webapi", "1.0", ["toolkit>=1,<2"], "2026-01-10", "License-Expression: Apache-2.0"),
        ("toolkit", "1.0", [], "2026-01-05", "License-Expression: GPL-3.0-or-later AND Zlib"),
        ("parser", "1.0", [], "2021-01-01", "Classifier: License :: OSI Approved :: BSD License"),
        ("tester", "1.0", [], "2026-02-01", "License: MIT License"),
    ):
        wheel = index.publish("pypi", name, version, needs)
        index.publish_file("pypi", replace(wheel, metadata=wheel.metadata + f"{licence}\n".encode()))
        index.uploaded("pypi", name, version, f"{when}T12:00:00Z")
    index.publish("house", "house-helper", "1.0")
    index.publish("house", "house-secret", "1.0", ["house-helper"])


def publish_newer(index: PackageIndex) -> None:
    """Offer what came after the shop was locked."""
    for version, when in (("1.1", "2026-03-01"), ("2.0", "2026-06-01")):
        index.publish("pypi", "toolkit", version)
        index.uploaded("pypi", "toolkit", version, f"{when}T12:00:00Z")
    index.yank("pypi", "parser", "1.0", "it parses wrongly")
    index.tell("pypi", "tester", Story(status="archived"))


def rated(identity: str, name: str, vector: str, *events: dict[str, str], **fields: Any) -> dict[str, Any]:
    """Return a record with a CVSS vector."""
    return record(identity, name, *events, severity=[{"type": "CVSS_V3", "score": vector}], **fields)


TOOLKIT = rated(
    "GHSA-tool-kits-0001",
    "toolkit",
    HIGH,
    {"introduced": "0"},
    {"fixed": "1.1"},
    aliases=["CVE-2026-0001"],
    summary="A toolkit that opens the door",
)
TESTER = rated("PYSEC-2026-7", "tester", LOW, summary="A tester that talks too much")


@dataclass(frozen=True, slots=True)
class Shop:
    """The shop, a program to look at it, and the service that knows advisories."""

    poetry: PoetryProgram
    project: Project
    osv: OsvServer | None

    @property
    def variables(self) -> dict[str, str]:
        """The environment of a run: every service is one of ours, or none."""
        return {
            "POETRY_AIOPS_OSV_URL": self.osv.url if self.osv else "http://127.0.0.1:9",
            "POETRY_AIOPS_PUBLIC_SOURCES": "stand-in",
            "POETRY_AIOPS_TOP_PACKAGES_URL": "none",
        }

    @property
    def reports(self) -> Path:
        return self.project.path / "dependency_reports"

    def look(self, *args: str, **environment: str) -> Run:
        """Run ``poetry health ARGS``; fails on a traceback."""
        run = self.poetry.run(self.project, "health", *args, **{**self.variables, **environment})
        assert "Traceback" not in run.output, str(run)
        return run

    def document(self, *args: str, code: int | None = None, **environment: str) -> Any:
        """Run it with JSON and return the document, which conforms to its schema."""
        run = self.look("--format", "json", *args, **environment)
        assert code is None or run.code == code, str(run)
        return conforming(run.stdout)

    def started(self, *args: str) -> AbstractContextManager[Started]:
        """Start ``poetry health ARGS`` and leave it running."""
        return self.poetry.started(self.project, "health", *args, environment=self.variables)

    def add_policy(self, text: str) -> None:
        """Append a table to pyproject.toml; the lock stays the one that belongs to it."""
        with self.project.pyproject.open("a", encoding="utf-8") as file:
            file.write(f"\n[tool.poetry-aiops.health]\n{text}\n")

    def add_licences(self, text: str) -> None:
        """Write the table of licences, in place of one that is there; the lock stays the one that belongs to it."""
        path = self.project.pyproject
        head, _, _ = path.read_text("utf-8").partition("[tool.poetry-aiops.health.licenses]")
        path.write_text(f"{head}[tool.poetry-aiops.health.licenses]\n{text}\n", "utf-8")

    def set_aside(self) -> None:
        """Forget the advisories that were kept, as after ten minutes."""
        for file in (self.poetry.home / "cache").rglob("*"):
            if file.is_file() and "advisories" in file.parts:
                file.unlink()


def shop_locked(poetry: PoetryProgram, index: PackageIndex, folder: Path) -> Project:
    """Return the shop with the lock of its time."""
    project = project_from(PYPROJECT, index, folder)
    poetry.must(project, "lock")
    return project


def by_name(document: Any) -> dict[str, Any]:
    return {package["name"]: package for package in document["packages"]}


def found(document: Any) -> set[str]:
    return {advisory["id"] for package in document["packages"] for advisory in package["advisories"]}
