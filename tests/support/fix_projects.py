"""What the end-to-end tests of ``poetry health --fix`` share: an index, projects that were locked long ago, advisories."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support import fix_driver
from tests.support.index import PackageIndex
from tests.support.projects import project_from
from tests.unit.health.osv import record


if TYPE_CHECKING:
    from tests.support.poetry_program import PoetryProgram, Project, Run


DRIVER = Path(fix_driver.__file__)
HEAD = """\
[project]
name = "shop"
version = "0.1.0"
requires-python = ">=3.11,<4.0"
dependencies = [{main}]

[tool.poetry]
package-mode = false
"""


VARIANTS = """
[dependency-groups]
ml-cpu = ["torch"]
ml-gpu = ["torch"]
[tool.poetry.group.ml-cpu]
optional = true
[tool.poetry.group.ml-gpu]
optional = true
[tool.poetry.group.ml-cpu.dependencies]
torch = {source = "pytorch-cpu"}
[tool.poetry.group.ml-gpu.dependencies]
torch = {source = "pytorch-cu126"}

[tool.poetry-aiops.hardware.variants]
ml-cpu = "cpu"
ml-gpu = "cu126"
"""


def shop(*main: str) -> str:
    return HEAD.format(main=", ".join(f'"{one}"' for one in main))


def fix_index() -> PackageIndex:
    """Return an index, not started: a web framework, its toolkit and what they need, in old and fixed versions."""
    served = PackageIndex()
    for version in ("1.0", "1.1", "1.2", "2.0"):
        served.publish("pypi", "parser", version)
    for version, bound in {"0.1": ">=0.3,<0.4", "0.2": ">=0.3,<0.5", "0.3": ">=0.3"}.items():
        served.publish("pypi", "webapi", version, [f"toolkit{bound}"])
    served.publish("pypi", "toolkit", "0.3", ["parser>=1"])
    served.publish("pypi", "toolkit", "0.4", ["parser>=1", "looper>=4"])
    served.publish("pypi", "toolkit", "0.5", ["parser"])
    for version in ("3.0", "4.0"):
        served.publish("pypi", "looper", version)
    served.publish("pypi", "frozen", "1.0", ["stuck<2"])
    served.publish("pypi", "frozen", "1.1", ["stuck<2"])
    for version in ("1.0", "2.0"):
        served.publish("pypi", "stuck", version)
    for build in ("cpu", "cu126"):
        for torch in ("2.10.0", "2.11.0"):
            served.publish(build, "torch", f"{torch}+{build}", ["parser"])
        served.publish(build, "torch", f"2.12.0+{build}", ["parser", "looper"])
    return served


@dataclass(frozen=True, slots=True)
class FixBench:
    """One test's place: a program with a home of its own, the index, and a folder for a project and advisories."""

    poetry: PoetryProgram
    index: PackageIndex
    folder: Path

    @property
    def advisories(self) -> Path:
        return self.folder / "advisories"

    def tell(self, identity: str, name: str, fixed: str | None) -> None:
        """Write an advisory about every version before ``fixed``, or about all of them."""
        events = [{"introduced": "0"}, *([{"fixed": fixed}] if fixed else [])]
        self.advisories.mkdir(exist_ok=True)
        path = self.advisories / f"{identity}.json"
        path.write_text(json.dumps(record(identity, name, *events)), "utf-8")

    def make(self, text: str, *pins: str) -> Project:
        """Return a project that was locked when these versions were the newest."""
        pinned = "".join(f', "{pin}"' for pin in pins)
        project = project_from(text.replace('"]\n', f'"{pinned}]\n', 1), self.index, self.folder / "shop")
        self.poetry.must(project, "lock")
        project_from(text, self.index, project.path)
        self.poetry.must(project, "lock")
        return project

    def run(self, project: Project, *flags: str, **environment: str) -> Run:
        """Run the fixes as a program."""
        return self._driver.run(project, str(self.advisories), *flags, **environment)

    def fixed(self, project: Project, *flags: str, **environment: str) -> dict[str, Any]:
        """Run the fixes and return what they tell; fails the test when they end with an error."""
        done = self.run(project, *flags, **environment)
        assert done.code == 0, str(done)
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def interrupted(self, project: Project) -> int:
        """Start the fixes, press Ctrl+C when the staged project is there, and return the exit code."""
        program = self._driver
        temporary = project.path.with_name("temporary")
        temporary.mkdir()
        started = subprocess.Popen(
            [program.executable, *program.arguments, str(self.advisories)],
            cwd=project.path,
            env={**program._environment(), "TMPDIR": str(temporary)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        patience = time.monotonic() + 150
        while not list(temporary.glob("poetry-aiops-staged-*/poetry.lock")) and time.monotonic() < patience:
            time.sleep(0.02)
        time.sleep(0.2)
        started.send_signal(signal.SIGINT)
        return started.wait(timeout=150)

    @property
    def _driver(self) -> PoetryProgram:
        return replace(self.poetry, executable=Path(sys.executable), arguments=(str(DRIVER),))


def by_package(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the fixes of an answer by package."""
    return {one["package"]: one for one in answer["fixes"]}
