"""The old-command report in the kinds of files: Dockerfiles, workflows, Makefiles, documents."""

from __future__ import annotations

from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.migrate.legacy.old_commands import find_old_commands

from poetry_aiops.migrate.legacy.model import Knowledge
from poetry_aiops.migrate.planning.entry import PlannedGroup


KNOWN = Knowledge(
    {
        "requirements.txt": ("main",),
        "requirements-dev.txt": ("dev",),
        "docs/requirements.txt": ("docs",),
    },
    (PlannedGroup("main"), PlannedGroup("dev"), PlannedGroup("docs", optional=True)),
)
MAIN = "poetry install --only main"
DEV = "poetry install --only dev"


def found(path: str, text: str) -> list[tuple[int, str]]:
    hits = find_old_commands(path, dedent(text).lstrip("\n"), KNOWN)
    return [(hit.place.line, hit.today) for hit in hits]


@pytest.mark.parametrize("path", ["Dockerfile", "docker/Dockerfile.gpu", "app.dockerfile", "Containerfile"])
def test_an_image_copies_and_installs_the_new_files(path: str) -> None:
    text = """
        FROM python:3.12
        # pip install -r requirements.txt
        COPY --chown=app requirements.txt setup.py /app/
        RUN apt-get update \\
            # a comment inside
            && pip install -r /app/requirements.txt
        """
    assert found(path, text) == [
        (3, "COPY --chown=app pyproject.toml poetry.lock setup.py /app/"),
        (6, "poetry -C /app install --only main"),
    ]


def test_forms_of_an_image() -> None:
    text = """
        COPY requirements.txt /tmp/requirements.txt
        COPY ["requirements-dev.txt", "./"]
        COPY . .
        COPY --from=build /app/requirements.txt .
        RUN --mount=type=cache,target=/root/.cache pip install -r requirements.txt
        RUN ["pip", "install", "-r", "requirements.txt"]
        RUN --mount=type=bind,source=requirements.txt,target=requirements.txt true
        RUN <<EOF
        pip install -r requirements-dev.txt
        EOF
        CMD pip install -r requirements.txt && python app.py
        LABEL note="pip install -r requirements.txt"
        """
    assert found("Dockerfile", text) == [
        (1, "COPY pyproject.toml poetry.lock /tmp/"),
        (2, "COPY pyproject.toml poetry.lock ./"),
        (5, MAIN),
        (6, MAIN),
        (7, "--mount=type=bind,source=poetry.lock,target=poetry.lock"),
        (9, DEV),
        (11, MAIN),
    ]


def test_an_image_says_where_poetry_installs() -> None:
    (hit,) = find_old_commands("Dockerfile", "RUN pip install -r requirements.txt\n", KNOWN)
    assert "POETRY_VIRTUALENVS_CREATE=false" in hit.why
    (hit,) = find_old_commands(
        "Dockerfile", "ENV POETRY_VIRTUALENVS_CREATE=0\nRUN pip install -r requirements.txt\n", KNOWN
    )
    assert "POETRY_VIRTUALENVS_CREATE" not in hit.why


def test_a_workflow() -> None:
    text = """
        name: pip install -r requirements.txt
        jobs:
          test:
            steps:
              # - run: pip install -r requirements.txt
              - uses: actions/setup-python@v5
                with:
                  python-version: "3.12"
                  cache: 'pip'
                  cache-dependency-path: requirements.txt
              - name: pip install -r requirements.txt
                run: pip install -r requirements.txt
              - run: |
                  python -m pip install --upgrade pip
                  if [ -f requirements-dev.txt ]; then pip install -r requirements-dev.txt; fi
              - run: >-
                  pip install
                  -r requirements.txt
              - run: "pip install -r \\"requirements.txt\\""
              - run: pip install
                  -r requirements-dev.txt
              - uses: actions/cache@v4
                with:
                  key: pip-${{ runner.os }}-${{ hashFiles('requirements*.txt') }}
        """
    assert found(".github/workflows/ci.yml", text) == [
        (9, "cache: poetry"),
        (10, "cache-dependency-path: poetry.lock"),
        (12, MAIN),
        (15, DEV),
        (17, MAIN),
        (19, MAIN),
        (20, DEV),
        (24, "hashFiles('poetry.lock')"),
    ]


def test_folders_of_steps_jobs_and_keys_behind_a_block() -> None:
    text = """
        on: push
        defaults:
          run:
            working-directory: docs
        jobs:
          a:
            steps:
            - run: |
                pip install -r requirements.txt
              name: pip install -r requirements.txt
            - run: pip install -r ../requirements.txt
              working-directory: site
          b:
            defaults: {}
            steps:
            - run: pip install -r ../requirements-dev.txt
        """
    assert found(".github/workflows/ci.yml", text) == [
        (9, "poetry install --only docs"),
        (11, MAIN),
        (16, DEV),
    ]


def test_other_pipelines() -> None:
    gitlab = """
        test:
          cache:
            key:
              files:
                - requirements.txt
          before_script:
            - pip install -r requirements.txt  # fast
            - 'pip install -r requirements-dev.txt'
          script: [pip install -r requirements.txt, pytest]
        """
    assert found(".gitlab-ci.yml", gitlab) == [(5, "- poetry.lock"), (7, MAIN), (8, DEV), (9, MAIN)]
    compose = """
        services:
          web:
            command: ["pip", "install", "-r", "requirements.txt"]
            entrypoint: sh -c "pip install -r requirements-dev.txt && python app.py"
        """
    assert found("docker-compose.yml", compose) == [(3, MAIN), (4, DEV)]
    azure = (
        "steps:\n- script: pip install -r requirements.txt\n  displayName: pip install -r requirements.txt\n"
    )
    assert found("azure-pipelines.yml", azure) == [(2, MAIN)]
    circle = """
        steps:
          - restore_cache:
              key: deps-{{ checksum "requirements.txt" }}
          - run:
              name: install
              command: pip install -r requirements.txt
        """
    assert found(".circleci/config.yml", circle) == [(3, 'checksum "poetry.lock"'), (6, MAIN)]


def test_make_and_just() -> None:
    make = (
        "# pip install -r requirements.txt\nPIP ?= pip\nINSTALL = pip install -r requirements-dev.txt\n"
        "install: requirements.txt\n\t@$(PIP) install \\\n\t  -r requirements.txt\n\t@echo pip install -r x\n"
        "\t-$(VENV)/bin/pip install -r requirements-dev.txt\n"
    )
    assert found("Makefile", make) == [(3, DEV), (5, MAIN), (8, DEV)]
    (hit,) = find_old_commands("Makefile", "a:\n\t@$(PIP) install -r requirements.txt\n", KNOWN)
    assert hit.text == "$(PIP) install -r requirements.txt"
    assert found("justfile", "install:\n  @pip install -r requirements.txt\n") == [(2, MAIN)]


def test_tox_and_setup_cfg() -> None:
    tox = """
        [testenv]
        deps =
            pytest
            -r requirements.txt
            lint: -r{toxinidir}/requirements-dev.txt
        commands =
            {envpython} -m pip install -r requirements.txt
            pytest  # pip install -r requirements.txt
        """
    assert found("tox.ini", tox) == [
        (4, f"commands_pre = {MAIN}"),
        (5, f"commands_pre = {DEV}"),
        (7, MAIN),
    ]
    assert found("setup.cfg", "[options]\ninstall_requires = file: requirements.txt\n") == [(2, "")]


def test_nox_and_tasks() -> None:
    nox = """
        import nox

        @nox.session
        def tests(session):
            \"\"\"Runs pip install -r requirements.txt.\"\"\"
            session.install("-r", "requirements.txt", "pytest")
            session.run("pip", "install", "-r", "requirements-dev.txt")
            session.install("ruff")
        """
    assert found("noxfile.py", nox) == [(6, MAIN), (7, DEV)]
    tasks = 'import os\nfrom subprocess import run\nos.system("pip install -r requirements.txt")\nrun(["pip", "install", "-r", "requirements.txt"])\n'
    assert found("tasks.py", tasks) == [(3, MAIN), (4, MAIN)]
    assert found("noxfile.py", "def broken(:\n  pip install -r requirements.txt") == []


def test_other_services() -> None:
    assert found(".readthedocs.yaml", "python:\n  install:\n    - requirements: docs/requirements.txt\n") == [
        (3, "- VIRTUAL_ENV=$READTHEDOCS_VIRTUALENV_PATH poetry install --only docs")
    ]
    assert found("cog.yaml", "build:\n  python_requirements: requirements.txt\n") == [
        (2, "python_requirements: requirements.txt")
    ]
    assert found(".github/dependabot.yml", "updates:\n  - package-ecosystem: pip\n    directory: /\n") == []
    hooks = "repos:\n- repo: x\n  hooks:\n  - id: poetry-lock\n    args: [--no-update]\n  - id: pip-compile\n"
    assert found(".pre-commit-config.yaml", hooks) == [(5, ""), (6, "id: poetry-lock")]


def test_old_tables_and_keys_of_pyproject() -> None:
    text = """
        [tool.poetry.dev-dependencies]
        [[tool.poetry.source]]
        name = "a"
        default = true
        [[tool.poetry.source]]
        secondary = true
        [[tool.poetry.source]]
        priority = "secondary"
        [[tool.poetry.source]]
        priority = "explicit"
        [tool.other]
        default = true
        [tool.poe.tasks]
        install = "pip install -r requirements.txt"
        """
    assert found("pyproject.toml", text) == [
        (1, "[tool.poetry.group.dev.dependencies]"),
        (4, 'priority = "primary"'),
        (6, 'priority = "supplemental"'),
        (8, 'priority = "supplemental"'),
        (14, MAIN),
    ]


def test_old_poetry_and_its_variables() -> None:
    text = "FROM x\nENV POETRY_VERSION=1.8.2\nENV POETRY_VIRTUALENVS_PREFER_ACTIVE_PYTHON=true\nENV POETRY_VERSION=2.1.0\n"
    assert found("Dockerfile", text) == [(2, "POETRY_VERSION=2.5.1"), (3, "")]


PIECES = [
    *("pip install -r requirements.txt", "poetry install --no-dev", "run: |", "- ", "RUN ", "COPY ", "\\"),
    *"\n\n\n\t  '\"`$(){}[]<>|&;#:=@-",
]
PIECES += [
    "<<EOF",
    "EOF",
    "requirements.txt",
    ">",
    "deps =",
    "[tool.poetry.source]",
    "\r\n",
    "\x1b[0m",
]


@pytest.mark.parametrize(
    "path",
    [
        "a.sh",
        "Dockerfile",
        "a.yml",
        "Makefile",
        "justfile",
        "tox.ini",
        "noxfile.py",
        "pyproject.toml",
    ],
)
@settings(max_examples=60, deadline=None)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=30))
def test_broken_files_are_read_without_an_error(path: str, pieces: list[str]) -> None:
    text = "".join(pieces) + "\npip poetry"
    last = len(text.replace("\r\n", "\n").split("\n"))
    for hit in find_old_commands(path, text, KNOWN):
        assert 1 <= hit.place.line <= last
        assert hit.text.isprintable()
