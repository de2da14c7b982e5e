"""The main job on real input: real packages from the package index, and a real CPU build of torch.

The CPU build is a wheel in a folder of pip's ``find-links``; it is served on 127.0.0.1. The CUDA build is torch
2.15 from the package index: only its metadata is fetched, nothing of it is installed here.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from poetry.repositories.pypi_repository import PyPiRepository
from tests.support.index import PackageIndex
from tests.support.poetry_program import Project, way_out
from tests.support.wheels import Distribution


if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.poetry_program import PoetryProgram


pytestmark = pytest.mark.slow

SIMPLE_INDEX = PyPiRepository()._base_url + "simple/"
WHEEL = re.compile(
    rf"torch-(?P<version>[0-9.]+\+cpu)-cp3{sys.version_info.minor}-cp3{sys.version_info.minor}-manylinux\S*_x86_64\.whl"
)

PROJECT = """\
[project]
name = "chatbot"
version = "0.1.0"
requires-python = ">=3.{minor},<3.{next}"
dependencies = ["fastapi", "uvicorn[standard]", "transformers"]

[dependency-groups]
ml-cpu = ["torch (=={cpu_version})"]
ml-gpu = ["torch (>=2.15)"]

[tool.poetry]
package-mode = false
[tool.poetry.group.ml-cpu]
optional = true
[tool.poetry.group.ml-gpu]
optional = true
[tool.poetry.group.ml-cpu.dependencies]
torch = {{source = "torch-cpu"}}

[tool.poetry-aiops.hardware.variants]
ml-cpu = "cpu"
ml-gpu = "cu130"

[[tool.poetry.source]]
name = "index"
url = "{index}"
priority = "primary"
[[tool.poetry.source]]
name = "torch-cpu"
url = "{cpu_index}"
priority = "explicit"
"""


def real_cpu_wheel() -> Path | None:
    """Return the wheel of torch's CPU build for this Python in a folder of pip's find-links."""
    asked = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    ).stdout
    folders = re.findall(r"find-links='([^']+)'", asked) + os.environ.get("PIP_FIND_LINKS", "").split()
    wheels = [
        path for folder in folders for path in Path(folder).glob("torch-*.whl") if WHEEL.fullmatch(path.name)
    ]
    return wheels[0] if wheels else None


def index_answers() -> bool:
    try:
        with urllib.request.urlopen(SIMPLE_INDEX + "uvicorn/", timeout=20):
            return True
    except (urllib.error.URLError, TimeoutError):
        return False


@pytest.fixture(scope="module")
def cpu_wheel() -> Path:
    wheel = real_cpu_wheel()
    if wheel is None:
        pytest.skip("no CPU wheel of torch for this Python lies in a folder of pip's find-links")
    if not index_answers():
        pytest.skip("the package index does not answer")
    return wheel


@pytest.fixture(scope="module")
def cpu_index(cpu_wheel: Path) -> Iterator[PackageIndex]:
    index = PackageIndex()
    index.publish_file("cpu", Distribution.of(cpu_wheel))
    with index:
        yield index


def packages(project: Project) -> list[str]:
    return sorted(project.installed())


def torch_says(project: Project) -> str:
    python = project.path / ".venv" / "bin" / "python"
    program = "import torch; print(torch.__version__, float(torch.ones(3).sum()))"
    return subprocess.run([python, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def test_a_real_chatbot_is_locked_once_and_installed_for_this_machine(
    poetry: PoetryProgram, cpu_wheel: Path, cpu_index: PackageIndex, tmp_path: Path
) -> None:
    match = WHEEL.fullmatch(cpu_wheel.name)
    assert match
    minor = sys.version_info.minor
    text = PROJECT.format(
        minor=minor,
        next=minor + 1,
        cpu_version=match["version"],
        index=SIMPLE_INDEX,
        cpu_index=cpu_index.url("cpu"),
    )
    project = Project(tmp_path / "chatbot")
    project.path.mkdir()
    project.pyproject.write_text(text, "utf-8")
    network = way_out()

    poetry.must(project, "lock", **network)
    locked = project.lock_path.read_text("utf-8")
    assert len(re.findall(r'^name = "torch"$', locked, re.MULTILINE)) == 2
    assert locked.count('\nname = "nvidia-cublas"\n') == 1

    poetry.must(project, "hw-install", "--verify", **network)
    assert torch_says(project) == f"{match['version']} 3.0"
    assert [name for name in packages(project) if name.startswith(("nvidia-", "triton"))] == []

    poetry.must(project, "check", "--lock", "--no-plugins", **network)
    poetry.must(project, "sync", "--no-plugins", "--with", "ml-cpu", **network)
    assert torch_says(project) == f"{match['version']} 3.0"
    plain = poetry.must(project, "install", "--no-plugins", "--with", "ml-gpu", "--dry-run", **network)
    assert re.search(r"torch \(\S+ -> 2\.1[5-9]\S*\)", plain.stdout)
    assert "nvidia-cublas" in plain.stdout
