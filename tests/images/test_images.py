"""Generated Dockerfiles are built by buildah, stage by stage, and what comes out of them is run.

What stands in for something else: the base images (Debian with its own Python), the packages (their names and versions,
not their content), and a machine without any GPU. Everything else is real: Poetry, this plugin, apt, the compiler.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest
from tests.images.conftest import answer, stages_of
from tests.support.image_projects import MARK, OUTSIDE, PASSWORD, USER
from tests.support.poetry_program import installed_packages


if TYPE_CHECKING:
    from pathlib import Path

    from tests.images.conftest import Images


pytestmark = pytest.mark.slow

GPU_BUILDS = {"ml-gpu": "cu126", "ml-cu130": "cu130", "ml-rocm": "rocm7.2"}
REFUSALS = {
    "ml-gpu": "ml-gpu (cu126) does not fit this machine: no NVIDIA GPU was found",
    "ml-cu130": "ml-cu130 (cu130) does not fit this machine: no NVIDIA GPU was found",
    "ml-rocm": "ml-rocm (rocm7.2) does not fit this machine: no AMD GPU is ready to compute",
    "edge": "edge (jetson) does not fit this machine: this is not a Jetson",
}
TORCH = "2.14.1"
BUILDING = ("poetry", "gcc", "cc", "c++", "make", "ld", "uv")
"""Programs that a shipped image has no use for; pip is one more, which Python's own images bring along."""


def left_over(root: Path) -> set[str]:
    """Return what building an image may have left in it."""
    places = [root / place for place in ("usr/bin", "usr/local/bin", "app/.venv/bin", "opt/poetry/bin")]
    found = {
        str(path.relative_to(root))
        for place in places
        for name in BUILDING
        if os.path.lexists(path := place / name)  # a link of an image leads nowhere out here
    }
    caches = (
        "root/.cache/*",
        "home/app/.cache/*",
        "var/lib/apt/lists/*Packages*",
        "var/cache/apt/archives/*.deb",
    )
    found |= {str(path.relative_to(root)) for pattern in caches for path in root.glob(pattern)}
    found |= {name for name in ("opt/poetry", "tmp/dist", "app/.poetry") if (root / name).exists()}
    return found | {path.name for path in (root / "app/.venv/bin").glob("pip*")}


def test_every_stage_of_the_chatbot_is_built_and_has_its_own_build_of_torch(chatbot: Images) -> None:
    stages = stages_of((chatbot.project.path / "Dockerfile").read_text(encoding="utf-8"))

    assert set(stages) >= {"ml-cpu", *GPU_BUILDS, "edge", "development", "production"}
    assert {stage for stage in stages if f"AS {stage}\n" not in chatbot.log} == set()
    for stage, backend in {"ml-cpu": "cpu", "production": "cpu", **GPU_BUILDS}.items():
        with chatbot.buildah.files(chatbot.name(stage)) as root:
            installed = installed_packages(root / "app")
        assert installed["torch"] == f"{TORCH}+{backend}", stage
        assert "pytest" not in installed, "tools of the development groups"
    with chatbot.buildah.files(chatbot.name("edge")) as root:
        assert {"onnxruntime", "torch"} & installed_packages(root / "app").keys() == {"onnxruntime"}


def test_production_serves_the_app_behind_hw_check_with_nothing_but_the_images_own_command(
    chatbot: Images,
) -> None:
    settings = chatbot.buildah.settings(chatbot.name("production"))
    runs = []
    server = threading.Thread(target=lambda: runs.append(chatbot.run("production")), daemon=True)
    server.start()

    health = answer(f"http://127.0.0.1:{chatbot.port}/health")
    checked = chatbot.inside("production", *settings.healthcheck)
    reply = answer(f"http://127.0.0.1:{chatbot.port}/chat", {"message": "When are you open?"})
    server.join(60)

    assert health == {"status": "ok", "engine": f"torch {TORCH}+cpu", "device": "cpu"}
    assert "open" in reply["reply"]
    assert settings.entrypoint[0] == "hw-check"
    assert settings.healthcheck
    assert checked.code == 0, checked.output
    assert runs[0].code == 0, runs[0].output


def test_images_run_as_a_user_who_can_change_nothing_of_the_app(chatbot: Images) -> None:
    assert chatbot.buildah.settings(chatbot.name("production")).user == "10001:10001"
    look = "id -u; id -g; python -c 'import getpass; print(getpass.getuser())'; touch ~/x && echo home"
    change = "touch /app/x || touch /app/chatbot/x || touch /app/.venv/x || echo read-only"

    done = chatbot.run("production", "sh", "-c", f"({look}; {change}) 2>&1")

    words = done.output.split("\n")  # from one stream, or an error message could split a line of the other
    assert words.count("10001") == 2, done.output
    assert {"app", "home", "read-only"} <= set(words), done.output


def test_images_for_a_gpu_refuse_to_start_without_one_and_say_why(chatbot: Images) -> None:
    for stage, reason in REFUSALS.items():
        done = chatbot.run(stage)

        assert done.code == 1, (stage, done.output)
        assert reason in done.output, stage


def test_no_image_that_is_shipped_holds_poetry_a_compiler_or_a_cache(
    chatbot: Images, counter: Images, vision: Images, shop: Images
) -> None:
    shipped = [(chatbot, stage) for stage in ("production", "edge", *GPU_BUILDS)]
    shipped += [(counter, "production"), (vision, "ml-cpu"), (vision, "ml-gpu"), (shop, "production")]

    with counter.buildah.files(counter.name("development")) as root:
        assert left_over(root) >= {"usr/bin/gcc", "usr/local/bin/poetry", "opt/poetry"}, "what is looked for"
    for images, stage in shipped:
        with images.buildah.files(images.name(stage)) as root:
            assert left_over(root) == set(), (images.project.path.name, stage)


def test_a_change_of_the_sources_installs_nothing_again(chatbot: Images) -> None:
    app = chatbot.project.path / "chatbot" / "app.py"
    app.write_text(app.read_text(encoding="utf-8") + "\nCHANGED = True\n", encoding="utf-8")

    rebuilt = chatbot.build("ml-gpu")

    assert "Installing torch" in chatbot.log
    assert "Installing" not in rebuilt.output
    assert "hw-install" in rebuilt.output
    done = chatbot.inside("ml-gpu", "grep", "CHANGED", "/app/chatbot/app.py")
    assert done.output.strip() == "CHANGED = True"


def test_secrets_history_and_environments_of_the_folder_are_in_no_layer(
    chatbot: Images, shop: Images, tmp_path: Path
) -> None:
    shop.build("project")

    for images, source, last in (
        (chatbot, b"Ask me about opening hours", ()),
        (shop, b"open with h11", ("project",)),
    ):
        for name in OUTSIDE:
            assert MARK in (images.project.path / name).read_text(encoding="utf-8")
        for stage in ("production", "development", *last):
            content = images.buildah.archive(images.name(stage), tmp_path / "image.tar")
            assert source in content, "the sources themselves"
            assert MARK.encode() not in content, (images.project.path.name, stage)


def test_the_development_image_has_poetry_and_the_tools_and_runs_as_the_same_user(chatbot: Images) -> None:
    done = chatbot.inside(
        "development", "sh", "-c", "id -u; poetry --version; python -m pytest --version; hw-check"
    )

    assert done.output.splitlines()[0] == "10001"
    assert "Poetry (version" in done.output
    assert "ml-cpu (cpu) fits this machine" in done.output
    with chatbot.buildah.files(chatbot.name("development")) as root:
        (site,) = (root / "opt/venv/lib").glob("python*/site-packages")
        assert list(site.glob("pytest-9*.dist-info"))


def test_what_needs_a_compiler_is_compiled_and_runs_without_one(counter: Images) -> None:
    done = counter.run("production")

    assert "build-essential" in (counter.project.path / "Dockerfile").read_text(encoding="utf-8")
    assert (done.code, done.output.strip()) == (0, "42")


def test_a_vendors_image_gets_the_python_of_its_system_and_the_projects_own_wheel(vision: Images) -> None:
    text = (vision.project.path / "Dockerfile").read_text(encoding="utf-8")

    refused, run = vision.run("ml-gpu"), vision.inside("ml-gpu", "vision")

    assert "FROM nvidia/cuda:" in text
    assert refused.code == 1
    assert "no NVIDIA GPU" in refused.output
    assert run.code == 0, run.output
    assert "onnxruntime-gpu" in run.output
    assert "onnxruntime-gpu" not in vision.run("ml-cpu", "vision").output


def test_a_package_runs_by_its_script_and_the_login_of_its_source_is_in_no_layer_and_no_history(
    shop: Images, tmp_path: Path
) -> None:
    done = shop.run("production")

    assert (done.code, done.output.strip()) == (0, "open with h11 0.16.0")
    shop.build("build")
    for stage in ("production", "build", "development"):
        content = shop.buildah.archive(shop.name(stage), tmp_path / "image.tar")
        assert (b"open with h11" in content) is (stage != "build"), "the sources themselves"
        assert PASSWORD.encode() not in content, stage
        assert PASSWORD not in shop.buildah.settings(shop.name(stage)).history
        assert USER not in shop.buildah.settings(shop.name(stage)).history


def test_a_program_for_the_command_line_finds_its_system_library_and_ends(transcribe: Images) -> None:
    done = transcribe.run("production")

    assert done.code == 0, done.output
    assert done.output.strip().startswith("read with libsndfile-")


def test_a_service_of_a_repository_gets_its_own_library_and_the_shared_one(worker: Images) -> None:
    for done in (worker.run("production"), worker.inside("development", "python", "-m", "worker")):
        assert (done.code, done.output.strip()) == (0, "common queues"), done.output
