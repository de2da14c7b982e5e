"""``--rewrite``: what is changed in images, workflows, Makefiles and scripts, and what is left to a person."""

from __future__ import annotations

from textwrap import dedent

import pytest

from poetry_aiops.migrate.legacy.find import read_old_file
from poetry_aiops.migrate.legacy.model import Knowledge
from poetry_aiops.migrate.legacy.rewrite import rewritten
from poetry_aiops.migrate.planning.entry import PlannedGroup


KNOWN = Knowledge(
    {
        "deps/base.txt": ("main",),
        "deps/gpu.txt": ("main", "gpu"),
        "tools.txt": ("tools",),
    },
    (PlannedGroup("main"), PlannedGroup("tools"), PlannedGroup("gpu", optional=True, backend="cu126")),
    paths=frozenset({"deps/base.txt", "deps/gpu.txt", "tools.txt", "app/serve.py", "deps/README.md"}),
)
POETRY = (
    "RUN python -m venv /opt/poetry \\\n    && /opt/poetry/bin/pip install --no-cache-dir poetry==2.5.1 \\\n"
    "    && ln -s /opt/poetry/bin/poetry /usr/local/bin/poetry\nENV POETRY_VIRTUALENVS_CREATE=false\n"
)


def new(path: str, text: str, known: Knowledge = KNOWN) -> str:
    """Return the new text, or ``""`` where nothing is changed."""
    old = read_old_file(path, dedent(text).lstrip("\n"), known)
    assert old is not None
    changed, hits = rewritten(old)
    assert bool(hits) == (changed != old.file.text)
    return changed if hits else ""


def test_an_image_gets_poetry_the_lock_where_it_installs_and_the_new_command() -> None:
    text = """
        FROM python:3.12-slim AS base
        ENV HOME_OF_APP=/srv
        WORKDIR $HOME_OF_APP/app
        COPY deps/base.txt /tmp/wanted.txt
        RUN pip install --no-cache-dir \\
            # only what runs
            -r /tmp/wanted.txt && rm -rf /root/.cache
        FROM base AS tools
        COPY tools.txt .
        RUN cd /srv/app && pip3 install -q -r tools.txt
        """
    assert new("docker/Dockerfile", text) == (
        "FROM python:3.12-slim AS base\nENV HOME_OF_APP=/srv\nWORKDIR $HOME_OF_APP/app\n"
        + POETRY
        + "COPY pyproject.toml poetry.lock ./\nRUN poetry install --only main && rm -rf /root/.cache\n"
        "FROM base AS tools\nCOPY pyproject.toml poetry.lock ./\n"
        "RUN cd /srv/app && poetry install --only tools\n"
    )


def test_a_whole_repository_in_an_image_and_a_hardware_variant() -> None:
    text = "FROM python:3.12\nWORKDIR /job\nCOPY . /app\nRUN pip install -r /app/deps/gpu.txt\n"
    changed = new("Dockerfile", text)
    assert "poetry==2.5.1 poetry-aiops" in changed
    assert changed.endswith("RUN poetry -C /app hw-install --hardware cu126 --only main\n")


@pytest.mark.parametrize(
    "text",
    [
        "FROM ubuntu:24.04\nCOPY tools.txt .\nRUN pip install -r tools.txt\n",
        "FROM python:3.12\nUSER app\nCOPY tools.txt .\nRUN pip install -r tools.txt\n",
        "FROM python:3.12\nRUN python -m venv /venv\nENV PATH=/venv/bin:$PATH\nCOPY tools.txt .\nRUN pip install -r tools.txt\n",
        "FROM python:3.12\nCOPY tools.txt .\nRUN pip install -r tools.txt gunicorn\n",
        "FROM python:3.12\nCOPY tools.txt .\nRUN pip install --no-deps -r tools.txt\n",
        "FROM python:3.12\nCOPY tools.txt .\nRUN pip install -r tools.txt\nRUN ./check tools.txt\n",
        "FROM python:3.12\nCOPY tools.txt .\nRUN pip install -r tools.txt\nRUN pip download -d w -r tools.txt\n",
        'FROM python:3.12\nCOPY tools.txt .\nRUN ["pip", "install", "-r", "tools.txt"]\n',
        "FROM python:3.12\nRUN pip install poetry\nCOPY tools.txt .\nRUN pip install -r tools.txt\n",
        "FROM python:3.9-slim\nCOPY tools.txt .\nRUN pip install -r tools.txt\n",
        "FROM python:3.10\nCOPY deps/gpu.txt .\nRUN pip install -r gpu.txt\n",
        "FROM python:3.12\nADD https://files.example/tools.txt .\nRUN pip install -r tools.txt\n",
    ],
    ids=[
        "no-python",
        "user",
        "path",
        "package",
        "option",
        "other-use",
        "second",
        "exec",
        "poetry",
        "old-python",
        "old-python-for-plugin",
        "remote",
    ],
)
def test_an_image_with_anything_uncertain_is_left_as_it_is(text: str) -> None:
    assert new("Dockerfile", text) == ""


def test_a_folder_with_other_files_in_it_is_still_copied() -> None:
    text = "FROM python:3.12\nWORKDIR /app\nCOPY deps/ /app/deps/\nRUN pip install -r deps/base.txt\n"
    old = read_old_file("Dockerfile", text, KNOWN)
    assert old is not None
    today = [finding.today for finding in old.findings]
    assert today == [
        "COPY pyproject.toml poetry.lock ./\nCOPY deps/ /app/deps/",
        "poetry install --only main",
    ]


def test_a_workflow_gets_a_step_with_poetry_in_each_job_that_needs_it() -> None:
    text = """
        on: push
        jobs:
          test:
            runs-on: ubuntu-latest
            defaults:
              run:
                working-directory: deps
            steps:
              - uses: actions/setup-python@v5
              - name: install
                run: |
                  python -m pip install -U pip
                  pip install -r base.txt
              - run: pip install -r ../tools.txt
          lint:
            container: python:3.12
            steps:
              - uses: actions/setup-python@v5
              - run: pip install -r tools.txt
        """
    step = (
        "      - name: Install Poetry\n"
        "        run: pipx install --python python poetry==2.5.1 && poetry config virtualenvs.create false\n"
    )
    before = dedent(text).lstrip("\n")
    expected = before.replace("      - name: install\n", step + "      - name: install\n")
    expected = expected.replace("pip install -r base.txt", "poetry install --only main")
    expected = expected.replace("pip install -r ../tools.txt", "poetry install --only tools")
    assert new(".github/workflows/ci.yml", text) == expected
    assert new(".gitlab-ci.yml", "test:\n  script:\n    - pip install -r tools.txt\n") == ""


def test_a_job_with_a_python_that_is_too_old_for_poetry_is_left_as_it_is() -> None:
    text = """
        jobs:
          test:
            strategy:
              matrix:
                python: [VERSIONS]
            steps:
              - uses: actions/setup-python@v3.1
                with: {python-version: "${{ matrix.python }}"}
              - run: pip install -r tools.txt
        """
    path = ".github/workflows/ci.yml"
    assert new(path, text.replace("VERSIONS", '"3.9", "3.12"')) == ""
    assert "poetry install --only tools" in new(path, text.replace("VERSIONS", '"3.10", "3.12"'))


def test_scripts_and_makefiles_keep_everything_around_the_command() -> None:
    text = "set -e\nREQ=tools.txt\nif true; then\n  pip install \\\n    -r $REQ || exit 1  # all\nfi\nsudo pip install -r tools.txt\n"
    assert new("setup.sh", text) == (
        "set -e\nREQ=tools.txt\nif true; then\n  poetry install --only tools || exit 1  # all\nfi\n"
        "sudo pip install -r tools.txt\n"
    )
    make = "all:\n\t@$(PIP) install -r tools.txt && poetry install --no-dev\n\t.venv/bin/pip install -r tools.txt\n"
    assert new("Makefile", make) == (
        "all:\n\t@poetry install --only tools && poetry install --only main\n\t.venv/bin/pip install -r tools.txt\n"
    )
