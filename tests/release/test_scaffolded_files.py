"""What ``poetry scaffold`` writes for projects of every shape satisfies the linters of those who will run it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING

import pytest
from tests.support.linters import assert_clean
from tests.unit.scaffold.made import document, local, package, planned

from poetry_aiops.project.model import PackageSource
from poetry_aiops.scaffold.facts import load_actions
from poetry_aiops.scaffold.options import ScaffoldOptions
from poetry_aiops.scaffold.render import compose, dockerfile, update_workflow, workflow


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from poetry_aiops.scaffold.model import ScaffoldPlan


pytestmark = pytest.mark.slow

UVICORN = package("uvicorn")
OVER_SSH = {"one": "git@git.example:acme/one.git", "two": "ssh://git@git.example:2222/two.git"}
SERVED = ScaffoldOptions(command=("uvicorn", "chatbot.app:app", "--host", "0.0.0.0"), port=8000)
ALL = (
    "ml-cpu=cpu",
    "ml-gpu=cu126",
    "ml-cu130=cu130",
    "ml-amd=rocm7.2",
    "ml-xpu=xpu",
    "ml-mps=mps",
    "edge=jetson",
)
PRIVATE = [{"name": "corp", "url": "https://packages.example/simple", "priority": "primary"}]
VERSIONED = {
    **document("ml-cpu=cpu", "ml-gpu=cu126"),
    "build-system": {"requires": ["poetry-dynamic-versioning"]},
}

SHAPES: dict[str, Callable[[], ScaffoldPlan]] = {
    "no-variants": partial(planned, document(), package("fastapi")),
    "every-backend": partial(
        planned,
        document(*ALL),
        package("torch", "ml-gpu", "ml-amd"),
        package("pytest", "dev"),
        UVICORN,
        asked=SERVED,
    ),
    "vendors-images": partial(
        planned,
        document(*ALL),
        package("cupy", "ml-gpu", "ml-cu130", "ml-amd"),
        UVICORN,
        asked=replace(SERVED, python="3.12"),
    ),
    "no-package": partial(
        planned, document("ml-cpu=cpu", "ml-gpu=cu126", package_mode=False), UVICORN, asked=SERVED
    ),
    "private-sources": partial(planned, document(source=PRIVATE), package("fastapi"), exported=True),
    "local-folders": partial(
        planned,
        document("ml-cpu=cpu", "ml-gpu=cu126"),
        local("lib", "libs/lib", develop=True),
        local("common", "../common"),
        local("wheel", "../files/w.whl", kind="file"),
    ),
    "compiled": partial(
        planned, document(), package("mysqlclient", files=["m-1.0.tar.gz"]), there=["poetry.toml"]
    ),
    "private-git-worker": partial(
        planned,
        document("ml-cpu=cpu", "ml-gpu=cu126"),
        *(package(name, files=(), source=PackageSource("git", url)) for name, url in OVER_SSH.items()),
        package("celery"),
        package("cupy", "ml-gpu"),
        asked=ScaffoldOptions(command=("celery", "-A", "jobs", "worker")),
    ),
    "version-from-git": partial(planned, VERSIONED, package("torch", "ml-gpu"), exported=True),
    "odd-names": partial(
        planned,
        document("python=cpu", "3d=cu126", "production=rocm7.2"),
        asked=ScaffoldOptions(command=('a "b', "$c")),
    ),
}


@cache
def plan_of(shape: str) -> ScaffoldPlan:
    return SHAPES[shape]()


@pytest.mark.parametrize("shape", SHAPES)
def test_the_dockerfile_satisfies_hadolint(shape: str, tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text(dockerfile(plan_of(shape)), "utf-8")
    assert_clean("hadolint", path)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_compose_file_satisfies_its_schema(shape: str, tmp_path: Path) -> None:
    path = tmp_path / "compose.yaml"
    path.write_text(compose(plan_of(shape)), "utf-8")
    assert_clean("check-jsonschema", "--builtin-schema", "vendor.compose-spec", path)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_workflows_satisfy_actionlint_zizmor_and_the_schema(shape: str, tmp_path: Path) -> None:
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    plan, actions = plan_of(shape), load_actions()
    for place in ("", "services/api"):
        name = f"poetry{place.replace('/', '-')}"
        (folder / f"{name}.yml").write_text(workflow(plan, actions, place), "utf-8")
        (folder / f"{name}-update.yml").write_text(
            update_workflow(plan, actions, place, f"{name}.yml"), "utf-8"
        )
    files = sorted(folder.iterdir())
    assert_clean("actionlint", *files)
    assert_clean("zizmor", *files)
    assert_clean("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *files)
