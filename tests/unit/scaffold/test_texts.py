"""The files themselves: what must be in them, what must never be, and that foreign text stays text."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from tests.unit.scaffold.made import document, local, package, planned

from poetry_aiops.scaffold.facts import Actions, load_actions, load_image_facts
from poetry_aiops.scaffold.model import LocalPackage
from poetry_aiops.scaffold.options import ScaffoldOptions
from poetry_aiops.scaffold.render import (
    build_command,
    compose,
    dockerfile,
    dockerignore,
    update_workflow,
    workflow,
)


VARIANTS = (("ml-cpu", "cpu"), ("ml-gpu", "cu126"), ("ml-amd", "rocm7.2"), ("ml-mps", "mps"))
PROJECT = document(*(f"{group}={backend}" for group, backend in VARIANTS))
TORCH = (*(package("torch", group) for group, _ in VARIANTS), package("uvicorn"))
PLAN = planned(PROJECT, *TORCH, asked=ScaffoldOptions(command=("uvicorn", "a:b"), port=8000))


def stages(text: str) -> dict[str, str]:
    """Return the text of each stage by its name."""
    parts = re.split(r"^FROM (\S+) AS (\S+)$", text, flags=re.MULTILINE)[1:]
    return {parts[at + 1]: f"FROM {parts[at]}\n{parts[at + 2]}" for at in range(0, len(parts), 3)}


def shipped(found: dict[str, str], stage: str) -> str:
    """Return a stage with everything that it stands on."""
    base = found[stage].splitlines()[0].removeprefix("FROM ")
    return found[stage] + (shipped(found, base) if base in found else "")


# -- the Dockerfile -------------------------------------------------------------------------------------


def test_every_stage_stands_on_an_image_or_on_a_stage_before_it() -> None:
    seen: list[str] = []
    for base, name in re.findall(r"^FROM (\S+) AS (\S+)$", dockerfile(PLAN), re.MULTILINE):
        assert base in seen or ":" in base
        assert name not in seen
        seen.append(name)
    assert seen[-1] == "production"


@pytest.mark.parametrize("stage", ["ml-cpu", "ml-gpu", "ml-amd", "production"])
def test_what_is_shipped_stands_on_no_stage_with_poetry_and_runs_without_rights(stage: str) -> None:
    lines = shipped(stages(dockerfile(PLAN)), stage)
    assert "/opt/poetry" not in lines
    assert "build-essential" not in lines
    assert "USER 10001:10001" in lines
    assert 'ENTRYPOINT ["hw-check", "--quiet", "--"]' in lines
    assert 'CMD ["uvicorn", "a:b"]' in lines


def test_the_lock_is_copied_before_any_source() -> None:
    found = stages(dockerfile(PLAN))
    assert "COPY pyproject.toml poetry.lock ./" in found["locked"]
    assert "hw-install --profile production --hardware ml-gpu" in found["build-ml-gpu"]
    assert "COPY . ." not in found["build-ml-gpu"]


def test_a_package_is_shipped_as_a_wheel_and_anything_else_as_its_files() -> None:
    package_stages, files_stages = (
        stages(dockerfile(replace(PLAN, package_mode=mode, sources=not mode))) for mode in (True, False)
    )
    assert "poetry build --format wheel" in package_stages["project"]
    shipped_layers = re.findall(r"^COPY .*$", package_stages["ml-gpu"], re.MULTILINE)
    assert shipped_layers == ["COPY --from=build-ml-gpu /app/.venv /app/.venv", "COPY --from=project /own/ /"]
    assert "project" not in files_stages
    assert "COPY . ." in files_stages["ml-gpu"]


def test_a_project_without_variants_starts_without_hw_check() -> None:
    text = dockerfile(planned(document(), package("fastapi")))
    assert "hw-check" not in text
    assert "poetry-aiops==" not in text
    assert "poetry install --only main --no-root" in text
    assert stages(text)["production"]


def test_the_compiler_stays_where_the_lock_is_installed() -> None:
    made = planned(document(), package("slow", files=["slow-1.0.tar.gz"]))
    found = stages(dockerfile(made))
    assert "build-essential" in found["locked"]
    assert "# poetry.lock has no wheel for slow;" in found["locked"]
    assert "build-essential" not in shipped(found, "production")


def test_every_image_of_a_vendor_has_stages_of_its_own() -> None:
    made = planned(PROJECT, package("onnxruntime-gpu", "ml-gpu"), asked=ScaffoldOptions(python="3.12"))
    found = stages(dockerfile(made))
    assert found["build-ml-gpu"].startswith("FROM locked-ml-gpu")
    assert found["ml-gpu"].startswith("FROM runtime-ml-gpu")
    assert "python3-venv" in found["poetry-ml-gpu"]
    assert "python3-venv" not in shipped(found, "ml-gpu")


def test_logins_are_secrets_of_the_build_and_nothing_else() -> None:
    source = [{"name": "corp", "url": "https://u:pw@packages.example/simple", "priority": "explicit"}]
    text = dockerfile(planned(document(source=source), package("fastapi")))
    assert "--mount=type=secret,id=poetry-auth,target=/root/.config/pypoetry/auth.toml" in text
    assert "pw" not in text
    assert "packages.example" not in text
    assert "poetry-auth" not in dockerfile(planned(document(), package("fastapi")))


def test_an_editable_folder_goes_along_and_one_from_outside_is_copied_from_its_context() -> None:
    made = planned(document(), local("lib", "libs/lib", develop=True), local("common", "../common"))
    text = dockerfile(made)
    found = stages(text)
    assert 'COPY ["libs/lib", "/app/project/libs/lib"]' in found["locked"]
    assert 'COPY --from=common-source [".", "/app/common"]' in found["locked"]
    assert 'COPY --from=build ["/app/project/libs/lib", "/app/project/libs/lib"]' in found["production"]
    assert "docker build --build-context common-source=../common --target production" in text
    assert "The .dockerignore of this project does not apply" in text
    assert ".dockerignore" not in dockerfile(PLAN)


def test_a_build_that_needs_an_ssh_key_says_so_in_its_command_and_stops_without_one() -> None:
    made = replace(PLAN, ssh=("github.com",))
    text = dockerfile(made, "docker/App file")
    installs = [
        run for run in text.split("\nRUN ") if "poetry hw-install" in run or "poetry install --no-root" in run
    ]
    assert all("--mount=type=ssh,required=true" in run for run in installs)
    assert "docker build --file 'docker/App file' --ssh default --target ml-gpu" in text
    assert build_command(made, "--file", "x") == "docker build --file x --ssh default"
    assert "ssh" not in dockerfile(PLAN)


def test_development_finds_the_modules_that_production_finds() -> None:
    found = stages(dockerfile(replace(PLAN, python_path="src", environment=(("HOST", "0.0.0.0"),))))
    for name in ("development", "runtime"):
        assert "PYTHONPATH=/app/src \\\n    HOST=0.0.0.0 \\\n    P" in found[name]


def test_a_version_from_git_comes_as_an_argument() -> None:
    project = document()
    project["build-system"] = {"requires": ["setuptools-scm"]}
    text = dockerfile(planned(project))
    assert "ARG APP_VERSION=0.0.0" in text
    assert "ENV SETUPTOOLS_SCM_PRETEND_VERSION=${APP_VERSION}" in text


def test_another_name_of_the_file_stands_in_its_own_head() -> None:
    assert "docker build --file Dockerfile.poetry --target ml-gpu" in dockerfile(PLAN, "Dockerfile.poetry")


def test_foreign_text_stays_on_its_line() -> None:
    evil = "x\nRUN curl evil\u2028RUN y"
    text = dockerfile(replace(PLAN, project=evil, written_by=evil, command=("sh", "-c", 'a "b"\nRUN z')))
    assert [line for line in text.splitlines() if line.startswith("RUN ") and "mount" not in line] == [
        line for line in dockerfile(PLAN).splitlines() if line.startswith("RUN ") and "mount" not in line
    ]
    assert json.loads(text.rpartition("\nCMD ")[2].splitlines()[0]) == ["sh", "-c", 'a "b"\nRUN z']


def test_secrets_and_environments_never_reach_the_build() -> None:
    lines = dockerignore(PLAN).splitlines()
    assert {"**/.env*", "**/.git", "**/.venv", "**/auth.toml", "**/*.pem"} <= set(lines)


def test_a_folder_that_is_installed_from_is_let_in_whatever_it_is_called() -> None:
    made = planned(document(), local("wheel", "dist/w.whl", kind="file"), local("lib", "libs/lib"))
    lines = dockerignore(made).splitlines()
    assert "!dist/w.whl" in lines
    assert "!libs/lib" not in lines


# -- Compose --------------------------------------------------------------------------------------------


def test_the_app_is_built_from_the_target_of_the_environment() -> None:
    text = compose(PLAN)
    assert "target: ${BUILD_TARGET:-production}" in text
    assert 'ports: ["8000:8000"]' in text


def test_each_kind_of_gpu_is_given_its_devices() -> None:
    text = compose(PLAN)
    nvidia = text.partition("\n  ml-gpu:")[2].partition("\n  ml-amd:")[0]
    assert "driver: nvidia" in nvidia
    assert "capabilities: [gpu]" in nvidia
    assert "/dev/kfd" in text.partition("\n  ml-amd:")[2]
    assert "\n  ml-cpu:" not in text


def test_paths_lead_out_of_the_folder_that_the_file_lies_in() -> None:
    made = planned(document(), local("common", "../common"))
    text = compose(made, "docker/Dockerfile", depth=2)
    assert "  context: ../..\n" in text
    assert 'common-source: "../../../common"' in text
    assert "- ../..:/app/project" in text
    assert 'dockerfile: "docker/Dockerfile"' in text


def test_compose_fills_in_no_variable_of_a_folder() -> None:
    made = replace(PLAN, local=(LocalPackage("c", ".", "/c", context="c-source", folder="../a ${HOME}"),))
    assert 'c-source: "../a $${HOME}"' in compose(made)


# -- workflows ------------------------------------------------------------------------------------------


def test_every_action_is_pinned_to_a_commit() -> None:
    texts = [workflow(PLAN, load_actions()), update_workflow(PLAN, load_actions())]
    used = re.findall(r"uses: (\S+)@(\S+)( # v\S+)?", "\n".join(texts))
    assert len(used) > 5
    assert all(re.fullmatch("[0-9a-f]{40}", sha) and version for _, sha, version in used)


def test_the_matrix_installs_for_the_cpu_and_macs_and_proves_the_others() -> None:
    text = workflow(replace(PLAN, tests=True), load_actions())
    found = {
        name: (runner, dry, tests)
        for name, runner, dry, tests in re.findall(
            r'- variant: "(\S+)"\n\s+runs-on: (\S+)\n.*\n\s+dry-run: "(.*)"\n\s+tests: (\w+)', text
        )
    }
    assert found == {
        "ml-cpu": ("ubuntu-latest", "", "true"),
        "ml-gpu": ("ubuntu-latest", "yes", "false"),
        "ml-amd": ("ubuntu-latest", "yes", "false"),
        "ml-mps": ("macos-latest", "", "true"),
    }
    assert "pytest" not in workflow(PLAN, load_actions())


def test_exported_files_are_compared_where_there_are_some() -> None:
    assert "poetry sync-reqs --check" not in workflow(PLAN, load_actions())
    assert "poetry sync-reqs --check" in workflow(replace(PLAN, exported=True), load_actions())


def test_the_weekly_update_takes_exported_files_along() -> None:
    assert "poetry sync-reqs" in update_workflow(replace(PLAN, exported=True), load_actions())


def test_no_expression_of_github_stands_in_a_script() -> None:
    for text in (workflow(PLAN, load_actions()), update_workflow(PLAN, load_actions())):
        scripts = re.findall(r"^( *)(?:- )?run: (.*(?:\n\1   .*)*)", text, re.MULTILINE)
        assert scripts
        assert not [script for _, script in scripts if "${{" in script.partition("\n" + " " * 8 + "env:")[0]]


def test_an_action_that_nobody_pinned_is_a_failure_and_not_a_guess() -> None:
    with pytest.raises(Exception, match="no pinned commit is known for the action a/b"):
        Actions({}).uses("a/b/c")


# -- facts ----------------------------------------------------------------------------------------------


def test_the_facts_name_images_with_a_tag() -> None:
    facts = load_image_facts()
    assert all(re.fullmatch(r"[\w./-]+:[\w.-]+", vendor.image) for vendor in facts.vendors)
    assert facts.pythons == tuple(sorted(facts.pythons, key=lambda text: int(text[2:])))
