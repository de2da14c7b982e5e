from __future__ import annotations

from typing import Any

import pytest
from tests.support.every import for_each

from poetry_aiops.errors import ConfigError
from poetry_aiops.export.model import GroupSelection
from poetry_aiops.export.settings import ExportSettings, read_settings


def test_without_a_table_the_default_bundle_is_written_and_nothing_is_automatic() -> None:
    assert read_settings({}) == ExportSettings(auto=False, hashes=None, defaults=None, files=())


def test_a_file_is_read_with_its_groups_and_a_format_by_its_name() -> None:
    files = read_settings(
        {
            "files": {
                "requirements.txt": {},
                "docker/GPU.txt": {"groups": ["main", "ML_GPU"], "base": "requirements.txt", "hashes": False},
                "constraints-dev.txt": {"groups": ["dev"], "extras": ["Speed"]},
                "pylock.dev.toml": {},
                "pins.txt": {"format": "constraints"},
            }
        }
    ).files
    assert [(one.path, one.format) for one in files] == [
        ("requirements.txt", "requirements"),
        ("docker/GPU.txt", "requirements"),
        ("constraints-dev.txt", "constraints"),
        ("pylock.dev.toml", "pylock"),
        ("pins.txt", "constraints"),
    ]
    assert files[1].selection == GroupSelection(("main", "ml-gpu"))
    assert (files[1].base, files[1].hashes) == ("requirements.txt", False)
    assert files[2].selection == GroupSelection(("dev",), ("speed",))


def test_the_default_files_stay_beside_own_files_unless_they_are_turned_off() -> None:
    assert read_settings({"files": {"a.txt": {}}}).defaults is None
    assert read_settings({"files": {"a.txt": {}}, "defaults": False}).defaults == ()
    assert read_settings({"defaults": ["base", "pylock"]}).defaults == ("base", "pylock")
    with pytest.raises(ConfigError, match=r"not a kind of file[^?]*\?"):
        read_settings({"defaults": ["pylok"]})


@for_each(
    "path",
    [
        "../out.txt",
        "/etc/out.txt",
        "a/../../out.txt",
        "C:\\out.txt",
        "C:out.txt",
        "\\\\host\\share",
        "..",
        ".",
        "",
    ],
)
def test_a_path_out_of_the_project_is_refused(path: str) -> None:
    with pytest.raises(ConfigError, match="not a file inside the project"):
        read_settings({"files": {path: {}}})
    with pytest.raises(ConfigError, match="not a file inside the project"):
        read_settings({"files": {"a.txt": {"base": path}}})


@pytest.mark.parametrize("path", ["poetry.lock", "./pyproject.toml", "Poetry.Lock", ".git/config"])
def test_files_of_others_are_never_written(path: str) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        read_settings({"files": {path: {"format": "requirements"}}})


@for_each(
    ("table", "said"),
    [
        ({"atuo": True}, 'Did you mean "auto"?'),
        ({"auto": "yes"}, "must be true or false"),
        ({"files": {"a.txt": {"group": ["main"]}}}, 'Did you mean "groups"?'),
        ({"files": {"a.txt": {"groups": "main"}}}, "must be a list"),
        ({"files": {"a.txt": {"groups": []}}}, "does not name a group"),
        ({"files": {"a.txt": {"format": "pylok"}}}, 'Did you mean "pylock"?'),
        ({"files": {"a.toml": {}}}, "not a name for a pylock file"),
        ({"files": {"pylock.a.b.toml": {}}}, "not a name for a pylock file"),
        ({"files": {"pylock.toml": {"base": "a.txt"}}}, "only a requirements file"),
        ({"files": {"a.txt": {}, "./A.txt": {}}}, "the same file"),
        ({"files": []}, "must be a table"),
        ([], "must be a table"),
    ],
)
def test_wrong_entries_are_told_with_their_key(table: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=r"\[tool\.poetry-aiops\.export") as reported:
        read_settings(table)
    assert said in str(reported.value)


def test_a_format_of_another_type_is_one_problem() -> None:
    with pytest.raises(ConfigError, match="must be text in quotes, but is a number") as reported:
        read_settings({"files": {"a.txt": {"format": 3}}})
    assert reported.value.details == ()


def test_everything_wrong_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as reported:
        read_settings({"auto": 1, "hashes": "no", "files": {"../a": {"x": 1}}})
    assert len(reported.value.details) == 4
