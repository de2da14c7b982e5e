"""The old-command report: what is found, at which line, and what stands there today."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.unit.migrate.legacy.old_commands import find_old_commands

from poetry_aiops.migrate.legacy.model import Knowledge, OldCommand, install_files
from poetry_aiops.migrate.model import Place, Reading, ReadRequirement, Tree
from poetry_aiops.migrate.old_commands import knowledge_in
from poetry_aiops.migrate.planning.entry import Edits, PlannedGroup
from poetry_aiops.migrate.planning.roles import Role
from poetry_aiops.system.repository_files import RepositoryFile


if TYPE_CHECKING:
    from pytest_mock import MockerFixture


KNOWN = Knowledge(
    files={
        "requirements.txt": ("main",),
        "requirements-dev.txt": ("main", "dev"),
        "requirements/test.txt": ("test",),
        "requirements/docs.in": ("docs",),
        "requirements_cu128.txt": ("ml-cu128",),
        "requirements-serve.txt": ("main", "serve"),
    },
    groups=(
        PlannedGroup("main"),
        PlannedGroup("dev"),
        PlannedGroup("test"),
        PlannedGroup("docs"),
        PlannedGroup("serve", optional=True),
        PlannedGroup("ml-cu128", optional=True, backend="cu128"),
    ),
)


def found(text: str, path: str = "setup.sh", known: Knowledge = KNOWN) -> list[tuple[int, str]]:
    return [(one.place.line, one.today) for one in find_old_commands(path, text, known)]


def only(text: str, path: str = "setup.sh", known: Knowledge = KNOWN) -> OldCommand:
    (one,) = find_old_commands(path, text, known)
    return one


@pytest.mark.parametrize(
    ("line", "today"),
    [
        ("pip install -r requirements.txt", "poetry install --only main"),
        ("pip3 install -r requirements.txt", "poetry install --only main"),
        ("pip3.11 install --no-cache-dir -r requirements.txt", "poetry install --only main"),
        ("pip install -rrequirements.txt", "poetry install --only main"),
        ("pip install --requirement=requirements.txt", "poetry install --only main"),
        ("pip install --requirement ./requirements.txt -c constraints.txt", "poetry install --only main"),
        ("pip install -Ur requirements.txt", "poetry install --only main"),
        ("pip install -q -U -r 'requirements.txt'", "poetry install --only main"),
        ("python -m pip install -r requirements.txt", "poetry install --only main"),
        ("python3 -u -m pip install -r requirements.txt", "poetry install --only main"),
        ("py -3 -m pip install -r requirements.txt", "poetry install --only main"),
        ("sudo -H pip install -r requirements.txt", "poetry install --only main"),
        ("PIP_NO_CACHE_DIR=1 pip install -r requirements.txt", "poetry install --only main"),
        ("$VENV/bin/pip install -r requirements.txt", "poetry install --only main"),
        ('"${VENV}/bin/pip" install -r requirements.txt', "poetry install --only main"),
        ("$PIP install -r requirements.txt", "poetry install --only main"),
        ("${PYTHON} -m pip install -r requirements.txt", "poetry install --only main"),
        ("uv pip install --system -r requirements.txt", "poetry install --only main"),
        ("poetry run pip install -r requirements.txt", "poetry install --only main"),
        ("docker compose run --rm web pip install -r requirements.txt", "poetry install --only main"),
        ("cat requirements.txt | xargs -n 1 pip install", "poetry install --only main"),
        ("pip install $(cat requirements.txt)", "poetry install --only main"),
        ("bash -c 'cd app && pip install -r requirements.txt'", "poetry install --only main"),
        ("pip install -r /app/requirements.txt", "poetry install --only main"),
        ("pip install -r requirements/test.txt", "poetry install --only test"),
        ("pip install -r requirements.txt -r requirements/test.txt", "poetry install --only main,test"),
        ("pip install -r requirements-serve.txt", "poetry install --only main,serve"),
        ("pip install -r requirements_cu128.txt", "poetry hw-install --hardware cu128"),
        (
            "pip install -r requirements.txt -r requirements_cu128.txt",
            "poetry hw-install --hardware cu128 --only main",
        ),
        ("pip install -e .", "poetry install"),
        ("pip install -e '.[serve]'", "poetry install --with serve"),
        ('pip install --editable ".[gpu,docs]"', "poetry install --with docs --extras gpu"),
        ("pip install .", "poetry install --only main"),
        ("pip-compile requirements/docs.in", "poetry lock"),
        ("pip-compile --upgrade requirements/docs.in", "poetry update --lock"),
        ("pip-compile -P torch requirements/docs.in", "poetry update --lock torch"),
        ("uv pip compile requirements/docs.in -o requirements/docs.txt", "poetry lock"),
        ("python -m piptools compile requirements/docs.in", "poetry lock"),
        ("pip-sync requirements-dev.txt", "poetry sync --only main,dev"),
        ("pip-sync requirements.txt requirements/test.txt", "poetry sync --only main,test"),
        ("uv pip sync requirements.txt", "poetry sync --only main"),
        ("pip freeze > requirements.txt", "poetry sync-reqs"),
        ("pip freeze | grep -v torch > requirements.txt", ""),
        ("pip download -d wheels -r requirements.txt", "poetry sync-reqs --wheelhouse wheels"),
        (
            "pip wheel -w dist -r requirements_cu128.txt",
            "poetry sync-reqs --wheelhouse dist --hardware cu128",
        ),
        ("pip install --target build -r requirements.txt", "poetry sync-reqs"),
    ],
)
def test_a_command_of_pip_has_its_form_of_today(line: str, today: str) -> None:
    assert found(f"#!/bin/sh\n{line}\n") == ([(2, today)] if today else [])


@pytest.mark.parametrize(
    ("line", "today"),
    [
        ("poetry install --no-dev", "poetry install --only main"),
        ("poetry install --no-dev --no-root", "poetry install --only main --no-root"),
        ("poetry install --no-root --no-dev -E serve", "poetry install --no-root --only main -E serve"),
        ("poetry -n install --no-dev", "poetry -n install --only main"),
        ("poetry -C app install --no-dev", "poetry -C app install --only main"),
        ("python -m poetry install --no-dev", "poetry install --only main"),
        ("poetry install --dev-only", "poetry install --only dev"),
        ("poetry install --default", "poetry install --only main"),
        ("poetry install --remove-untracked", "poetry sync"),
        ("poetry install --sync --only main", "poetry sync --only main"),
        ("poetry self install --sync", "poetry self sync"),
        ("poetry install --only main --with edge", "poetry install --only main,edge"),
        ("poetry install --with=edge --only=main --no-root", "poetry install --only main,edge --no-root"),
        ("poetry lock --no-update", "poetry lock"),
        ("poetry lock --check", "poetry check --lock"),
        ("poetry update --no-dev", "poetry update --only main"),
        ("poetry show --no-dev", "poetry show --only main"),
        ("poetry shell", "eval $(poetry env activate)"),
        ("poetry plugin add poetry-plugin-export", "poetry self add poetry-plugin-export"),
        ("poetry cache:clear --all .", "poetry cache clear --all ."),
        ("poetry self:update", "poetry self update"),
        ("poetry config experimental.new-installer false", ""),
        ("poetry config installer.modern-installation false", ""),
        ("poetry config experimental.system-git-client true", "poetry config system-git-client true"),
        (
            "poetry config --local virtualenvs.prefer-active-python true",
            "poetry config --local virtualenvs.use-poetry-python false",
        ),
        (
            "poetry source add --default x https://a.example/simple",
            "poetry source add --priority primary x https://a.example/simple",
        ),
        (
            "poetry source add --secondary x https://a.example",
            "poetry source add --priority supplemental x https://a.example",
        ),
        (
            "poetry source add --priority=secondary x https://a.example",
            "poetry source add --priority supplemental x https://a.example",
        ),
        (
            "poetry source add -v --priority default x https://a.example",
            "poetry source add -v --priority primary x https://a.example",
        ),
        ("poetry build --local-version cu126", "poetry build --config-settings local-version=cu126"),
        ("poetry new --src foo", "poetry new foo"),
        ("poetry export --without-hashes | pip install -r /dev/stdin", "poetry sync --only main"),
        ("poetry export --with docs | pip install -r /dev/stdin", "poetry sync --with docs"),
        (
            "curl -sSL https://raw.githubusercontent.com/python-poetry/poetry/master/get-poetry.py | python -",
            "curl -sSL https://install.python-poetry.org | python3 -",
        ),
        ("pip install poetry==1.8.3", "poetry==2.5.1"),
        ("pip install 'poetry==1.*'", "poetry==2.5.1"),
    ],
)
def test_an_old_form_of_poetry_has_its_form_of_today(line: str, today: str) -> None:
    hits = [hit for hit in find_old_commands("setup.sh", line, KNOWN) if hit.rule != "poetry-export"]
    assert [(hit.place.line, hit.today) for hit in hits] == [(1, today)]


@pytest.mark.parametrize(
    "line",
    [
        "# pip install -r requirements.txt",
        "true # pip install -r requirements.txt",
        'echo "run pip install -r requirements.txt first"',
        "echo run pip install -r requirements.txt first",
        "pip install --upgrade pip",
        "pip install poetry",
        "pip install poetry==2.1.4",
        "pip install pytest ruff",
        "pip install -c constraints.txt ruff",
        "pip install -r tools/other-requirements.txt",
        "pip install -r examples/chat/deps.txt",
        "pip uninstall -y -r requirements.txt",
        "pip list",
        "pip freeze",
        "pip freeze > /tmp/snapshot.log",
        "pip --version",
        "pipx install poetry",
        "poetry install",
        "poetry install --only main",
        "poetry install --only main,edge --no-root",
        "poetry install --with dev --without docs",
        "poetry install --compile",
        "poetry sync",
        "poetry add --dev ruff",
        "poetry add -D ruff",
        "poetry remove --dev ruff",
        "poetry lock",
        "poetry lock --regenerate",
        "poetry check --lock",
        "poetry config virtualenvs.create false",
        "poetry config virtualenvs.in-project true",
        "poetry config system-git-client true",
        "poetry source add --priority explicit torch https://a.example/whl",
        "poetry run python train.py --no-dev",
        "poetry run mytool install --sync",
        "poetry env activate",
        "poetry show --tree",
        "poetry --version",
        "ls requirements.txt",
        "cat requirements.txt | pip install ruff",
        "xargs -a tools.list pip install",
        "git add requirements.txt",
        "cp requirements.txt /tmp",
        "npm install --no-dev",
        "cat <<EOF\npip install -r requirements.txt\nEOF",
        "rg 'pip install -r requirements.txt' docs",
    ],
)
def test_what_is_right_or_only_talks_about_a_command_is_not_reported(line: str) -> None:
    assert found(line) == []


def test_the_line_is_the_first_one_of_a_continued_command() -> None:
    text = (
        "set -e\n\napt-get update && \\\n  pip install \\\n    --no-cache-dir \\\n    -r requirements.txt\n"
    )
    assert found(text) == [(4, "poetry install --only main")]
    assert only(text).text == "pip install --no-cache-dir -r requirements.txt"


def test_every_command_of_a_line_is_reported() -> None:
    text = "pip install -r requirements.txt && poetry shell; poetry lock --no-update || true"
    assert [today for _, today in found(text)] == [
        "poetry install --only main",
        "eval $(poetry env activate)",
        "poetry lock",
    ]


def test_credentials_and_control_characters_are_taken_out() -> None:
    text = "pip install -r requirements.txt --index-url https://me:hunter2@host.example/simple\x1b[31m\x07"
    hit = only(text)
    assert "hunter2" not in str(hit)
    assert hit.text.isprintable()


def test_a_package_beside_the_file_is_named_as_it_would_stay_outside_of_the_lock() -> None:
    assert "gunicorn would not be in it" in only("pip install -r requirements.txt gunicorn wheel").why


def test_a_package_is_not_installed_itself_where_pip_installed_a_file_only() -> None:
    known = Knowledge(KNOWN.files, KNOWN.groups, is_package=True)
    assert found("pip install -r requirements.txt", known=known) == [
        (1, "poetry install --only main --no-root")
    ]
    assert found("pip install -r requirements.txt -e .", known=known) == [(1, "poetry install --only main")]


def test_all_default_groups_need_no_option() -> None:
    known = Knowledge(
        {"requirements-dev.txt": ("main", "dev"), "all.txt": ("main", "dev", "serve")},
        (PlannedGroup("main"), PlannedGroup("dev"), PlannedGroup("serve", optional=True)),
    )
    assert found("pip install -r requirements-dev.txt", known=known) == [(1, "poetry install")]
    assert found("pip install -r all.txt", known=known) == [(1, "poetry install --with serve")]


@pytest.mark.parametrize("name", ["requirements/${ENV}.txt", "requirements/*.txt", "requirements/$1.txt"])
def test_a_variable_in_the_file_name_is_told_as_not_sure(name: str) -> None:
    hit = only(f"pip install -r {name}")
    assert (hit.today, hit.confidence) == (
        "poetry install --only test",
        "certain",
    )
    known = Knowledge({**KNOWN.files, "requirements/lint.txt": ("lint",)}, KNOWN.groups)
    assert only(f"pip install -r {name}", known=known).confidence == "likely"


def test_a_file_that_the_same_script_exports_is_not_certain() -> None:
    hits = find_old_commands(
        "build.sh", "poetry export -o requirements.txt\npip install -r requirements.txt\n", KNOWN
    )
    assert [(hit.rule, hit.confidence) for hit in hits] == [
        ("poetry-export", "likely"),
        ("pip-install-requirements", "likely"),
    ]


def test_export_is_fine_where_the_plugin_is_installed() -> None:
    assert found("pip install poetry poetry-plugin-export\npoetry export -o out.txt\n") == []


def test_pip_cannot_read_requirements_from_a_dash() -> None:
    hit = only("pip install poetry-plugin-export\npoetry export | pip download -d w -r -\n")
    assert (hit.place.line, hit.today) == (2, "poetry export | pip download -d w -r /dev/stdin")
    assert hit.text == "poetry export | pip download -d w -r -"


def test_a_message_says_since_when_and_what_was_tried() -> None:
    assert only("poetry lock --no-update").why.startswith("`--no-update` is gone since Poetry 2.0")
    assert "deprecated" in only("poetry install --sync").why
    assert only("curl https://x.example/get-poetry.py | python").confidence == "likely"


def test_a_file_of_an_unknown_kind_has_no_findings() -> None:
    assert found("pip install -r requirements.txt", "src/app.py") == []


def test_a_line_of_many_megabytes_of_quotes_is_read_in_time() -> None:
    assert found("pip " + "'\"$(" * 20_000) == []


def test_a_file_beside_the_script_that_was_not_migrated_is_not_the_migrated_one() -> None:
    known = Knowledge(KNOWN.files, KNOWN.groups, paths=frozenset({"examples/a/requirements.txt"}))
    assert found("pip install -r requirements.txt", "examples/a/run.sh", known) == []
    assert found("pip install -r ../../requirements.txt", "examples/a/run.sh", known) == [
        (1, "poetry install --only main")
    ]
    assert found("pip install -r requirements.txt", "examples/b/run.sh", known) == [
        (1, "poetry install --only main")
    ]


def test_cd_tells_which_of_two_files_is_meant() -> None:
    known = Knowledge(KNOWN.files, KNOWN.groups, paths=frozenset({"backend/requirements.txt"}))
    assert found("cd backend && pip install -r requirements.txt", known=known) == []
    assert found("cd backend\ncd ..\npip install -r requirements.txt", known=known) == [
        (3, "poetry install --only main")
    ]
    assert found("cd requirements && pip install -r test.txt") == [(1, "poetry install --only test")]


def test_a_group_of_pip_is_a_group_of_poetry() -> None:
    assert found("pip install -e . --group test --group serve") == [(1, "poetry install --with serve")]


def test_a_name_without_folder_is_the_only_file_of_that_name() -> None:
    known = Knowledge({"backend/requirements.txt": ("main",)})
    image = "COPY backend/requirements.txt .\nRUN pip install -r requirements.txt\n"
    assert found(image, "Dockerfile", known) == [
        (1, "COPY pyproject.toml poetry.lock ./"),
        (2, "poetry install --only main"),
    ]


def test_what_is_known_comes_from_the_roles_of_all_files(mocker: MockerFixture) -> None:
    roles = {
        "requirements.txt": Role("requirements.txt", "main", "main", ""),
        "dev.txt": Role("dev.txt", "group", "dev", ""),
        "constraints.txt": Role("constraints.txt", "constraints", "constraints", ""),
        "gpu.txt": Role("gpu.txt", "variant", "ml-cu128", "", optional=True, backend="cu128"),
        "dev-pins.txt": Role("dev-pins.txt", "seed", "dev", "", pins="dev.txt"),
    }
    reading = Reading(
        "dev.txt",
        (),
        (),
        (),
        (),
        files=("requirements.txt", "dev.txt"),
        constraint_files=("constraints.txt",),
    )
    project = ReadRequirement(Place("test.txt", 1), "app", "app", origin="project", extras=("x", "gone"))
    roles["test.txt"] = Role("test.txt", "group", "test", "")
    own = Reading("test.txt", (project,), (), (), (), ("test.txt",), ())
    groups = (
        PlannedGroup("main"),
        PlannedGroup("dev"),
        PlannedGroup("test"),
        PlannedGroup("ml-cu128", optional=True, backend="cu128"),
    )
    tree = Tree({}, {"dev.txt": reading, "test.txt": own}, ())
    given = mocker.Mock(tree=tree, listing=[RepositoryFile("run.sh", 1)])
    given.plan.configure_mock(roles=roles, edits=Edits(groups, extras=(("X", ()),)))
    given.identity.package_mode, given.around.existing = True, None
    known = knowledge_in(given)
    assert known.files == {
        "requirements.txt": ("main",),
        "dev.txt": ("main", "dev"),
        "gpu.txt": ("ml-cu128",),
        "dev-pins.txt": ("main", "dev"),
        "test.txt": ("main", "test"),
    }
    assert known.extras == {"test.txt": ("x",)}
    assert install_files(["test.txt"], known) == "poetry install --only main,test --extras x"
    assert install_files(["requirements.txt"], known) == "poetry install --only main --no-root"
    assert (known.groups, known.is_package, known.paths) == (groups, True, frozenset({"run.sh"}))
