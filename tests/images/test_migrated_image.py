"""examples/container from requirements files to a running container, by ``migrate-reqs --rewrite`` alone.

The packages and the base image are stand-ins, as in ``test_images``.
"""

from __future__ import annotations

import subprocess
import threading
from typing import TYPE_CHECKING

import pytest
from tests.docs.places import stand_ins, write_container
from tests.images.conftest import answer
from tests.support.image_projects import BODIES
from tests.support.poetry_program import PoetryProgram, Project
from tests.support.ports import free_port


if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.base_images import BaseImages
    from tests.support.buildah import Done


pytestmark = pytest.mark.slow

IMAGE = "localhost/tests/migrated:runtime"
LISTED = (
    "from importlib.metadata import distributions as d; print(*(f'{one.name}=={one.version}' for one in d()))"
)


def test_a_chatbot_with_requirements_files_becomes_a_running_container(
    tmp_path: Path, bases: BaseImages
) -> None:
    project, port = tmp_path / "chatbot", free_port()
    with stand_ins(BODIES) as index:
        write_container(project, index)
        dockerfile = project / "Dockerfile"
        dockerfile.write_text(dockerfile.read_text("utf-8").replace("8000", str(port)), "utf-8")

        PoetryProgram.of_this_environment(tmp_path / "home").must(
            Project(project), "migrate-reqs", "--rewrite"
        )

        changed = subprocess.run(
            ["git", "diff", "--name-only"], cwd=project, check=True, capture_output=True, text=True
        )
        assert changed.stdout.split() == [".github/workflows/ci.yml", "Dockerfile"]
        bases.stand_in(dockerfile.read_text("utf-8"))
        pip = f"{bases.pip_settings}:/etc/pip.conf:ro"
        buildah = bases.buildah.with_volumes(*bases.buildah.volumes, pip)
        built = buildah.build(project, IMAGE, "runtime")
        assert built.code == 0, built.output[-6000:]

    installed = buildah.run(IMAGE, "python", "-c", LISTED).output.split()
    assert {"anyio==4.12.1", "fastapi==0.119.1", "torch==2.5.1+cu121"} <= set(installed)
    assert not any(name.startswith("pytest==") for name in installed)

    runs: list[Done] = []
    server = threading.Thread(target=lambda: runs.append(buildah.run(IMAGE)), daemon=True)
    server.start()
    health = answer(f"http://127.0.0.1:{port}/health")
    reply = answer(f"http://127.0.0.1:{port}/chat", {"message": "When are you open?"})
    server.join(60)

    assert health == {"status": "ok", "torch": "2.5.1+cu121"}
    assert reply == {"reply": "We are open from 9 to 18."}
    assert runs[0].code == 0, runs[0].output
