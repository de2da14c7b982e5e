"""Images are built once for a whole run, also where several workers share it."""

from __future__ import annotations

import json
import shlex
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock
from scripts.demo_index import MAIN_INDEX
from tests.support.base_images import PYTHON, BaseImages
from tests.support.buildah import why_not
from tests.support.image_projects import (
    COUNTER,
    PASSWORD,
    SHOP,
    SHOP_MODULE,
    USER,
    VISION,
    VISION_MODULE,
    Vault,
    images_index,
    write_chatbot,
    write_outside,
    write_project,
    write_transcribe,
    write_worker,
)
from tests.support.poetry_program import PoetryProgram, Project
from tests.support.ports import free_port
from tests.support.wheels import Distribution


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.support.buildah import Buildah, Done
    from tests.support.index import PackageIndex


@dataclass(frozen=True, slots=True)
class Images:
    """The images of one project, built by its own generated Dockerfile; ``log`` is what the builds wrote."""

    project: Project
    buildah: Buildah
    port: int
    log: str
    secrets: Mapping[str, Path] = field(default_factory=dict)
    contexts: Mapping[str, Path] = field(default_factory=dict)

    def name(self, stage: str) -> str:
        return f"localhost/tests/{self.project.path.name}-{self.port}:{stage}"

    def build(self, stage: str) -> Done:
        """Build up to a stage once more."""
        done = self.buildah.build(
            self.project.path, self.name(stage), stage, secrets=self.secrets, contexts=self.contexts
        )
        assert done.code == 0, done.output[-6000:]
        return done

    def run(self, stage: str, *command: str) -> Done:
        """Run a command in an image as ``docker run`` does."""
        return self.buildah.run(self.name(stage), *command)

    def inside(self, stage: str, *command: str) -> Done:
        """Run a command in an image without its entry point, as ``docker run --entrypoint`` does."""
        return self.buildah.run(self.name(stage), *command, entrypoint=False)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that every worker of this run has."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if own.name.startswith("popen-") else own) / "images"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def bases(shared: Path) -> Iterator[BaseImages]:
    with FileLock(shared / "bases.lock"):
        reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    with BaseImages.in_use() as made:
        yield made


@pytest.fixture(scope="session")
def packages() -> Iterator[PackageIndex]:
    with images_index() as served:
        yield served


@pytest.fixture(scope="session")
def chatbot(shared: Path, bases: BaseImages, packages: PackageIndex) -> Images:
    """Return the images of examples/chatbot: five kinds of hardware, and no package of its own."""
    port = free_port()
    command = f"python -m uvicorn chatbot.app:app --host 0.0.0.0 --port {port}"
    wishes = ("--command", command, "--port", str(port))
    return _built(
        shared / "chatbot", bases, lambda folder: write_chatbot(folder, packages), port=port, wishes=wishes
    )


@pytest.fixture(scope="session")
def counter(shared: Path, bases: BaseImages, packages: PackageIndex) -> Images:
    """Return the images of a project without variants, of which one package has to be compiled."""
    wishes = ("--command", "python -c 'import quick; print(quick.answer())'")
    main = packages.url(MAIN_INDEX)
    return _built(
        shared / "counter", bases, lambda folder: write_project(folder, COUNTER, main=main), wishes=wishes
    )


@pytest.fixture(scope="session")
def vision(shared: Path, bases: BaseImages, packages: PackageIndex) -> Images:
    """Return the images of a package whose GPU variant needs the libraries of its vendor's image."""
    main = packages.url(MAIN_INDEX)
    return _built(
        shared / "vision", bases, lambda folder: write_project(folder, VISION, VISION_MODULE, main=main)
    )


@pytest.fixture(scope="session")
def shop(shared: Path, bases: BaseImages, packages: PackageIndex) -> Images:
    """Return the images of a package without variants whose only source asks for a login."""
    auth = shared / "auth.toml"
    auth.write_text(f'[http-basic.vault]\nusername = "{USER}"\npassword = "{PASSWORD}"\n', encoding="utf-8")
    server = Vault(packages)
    return _built(
        shared / "shop",
        bases,
        lambda folder: write_project(folder, SHOP, SHOP_MODULE, vault=server.url),
        secrets={"poetry-auth": auth},
    )


@pytest.fixture(scope="session")
def transcribe(shared: Path, bases: BaseImages, packages: PackageIndex) -> Images:
    """Return the images of a program for the command line that needs a library of the system."""
    main = packages.url(MAIN_INDEX)
    return _built(shared / "transcribe", bases, lambda folder: write_transcribe(folder, main=main))


@pytest.fixture(scope="session")
def worker(shared: Path, bases: BaseImages, packages: PackageIndex) -> Images:
    """Return the images of a service two folders below its repository's root, which shares a library."""
    main, (core,) = packages.url(MAIN_INDEX), bases.wheels.glob("poetry_core-*.whl")
    packages.publish_file(MAIN_INDEX, Distribution.of(core))
    return _built(
        shared / "repository" / "services" / "worker",
        bases,
        lambda folder: write_worker(folder, main=main),
        contexts={"common-source": shared / "repository" / "libs" / "common"},
    )


def _built(
    folder: Path,
    bases: BaseImages,
    write: Callable[[Path], None],
    *,
    port: int = 0,
    wishes: tuple[str, ...] = (),
    secrets: Mapping[str, Path] | None = None,
    contexts: Mapping[str, Path] | None = None,
) -> Images:
    """Return the images of a project, built by the worker that comes first."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    note = folder.with_suffix(".json")
    secrets = {"pip-conf": bases.pip_settings, **(secrets or {})}
    with FileLock(folder.with_suffix(".lock")):
        if note.exists():
            known = json.loads(note.read_text(encoding="utf-8"))
            return Images(
                Project(folder), bases.buildah, known["port"], known["log"], secrets, contexts or {}
            )
        write(folder)
        _scaffold(Project(folder), folder.with_name(f"{folder.name}-home"), wishes)
        write_outside(folder)
        made = Images(Project(folder), bases.buildah, port, "", secrets, contexts or {})
        log = _build_everything(made, bases)
        note.write_text(json.dumps({"port": port, "log": log}), encoding="utf-8")
        return replace(made, log=log)


def _scaffold(project: Project, home: Path, wishes: tuple[str, ...]) -> None:
    poetry = PoetryProgram.of_this_environment(home)
    login = {"POETRY_HTTP_BASIC_VAULT_USERNAME": USER, "POETRY_HTTP_BASIC_VAULT_PASSWORD": PASSWORD}
    poetry.must(project, "lock", **login)
    poetry.must(project, "scaffold", "docker", "--python", PYTHON, *wishes)


def _build_everything(images: Images, bases: BaseImages) -> str:
    """Build every stage: what other projects have as well by one worker at a time, the rest within what needs it."""
    text = (images.project.path / "Dockerfile").read_text(encoding="utf-8")
    bases.stand_in(text)
    stages = stages_of(text)
    with bases.lock():
        log = [images.build(stage).output for stage in stages if stage.startswith("poetry")]
    last = [
        stage
        for stage in stages
        if not stage.startswith(("python", "poetry", "locked", "build", "project", "runtime"))
    ]
    return "\n".join([*log, *(images.build(stage).output for stage in last)])


def stages_of(dockerfile: str) -> list[str]:
    """Return the names of a Dockerfile's stages."""
    lines = (shlex.split(line, comments=True) for line in dockerfile.splitlines() if line.startswith("FROM "))
    return [words[3] for words in lines]


def answer(address: str, document: dict[str, str] | None = None) -> dict[str, str]:
    """Return what a service says, as soon as it is there."""
    data = None if document is None else json.dumps(document).encode()
    deadline = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(urllib.request.Request(address, data), timeout=60) as response:
                found: dict[str, str] = json.load(response)
                return found
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
