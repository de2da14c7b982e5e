"""The files around requirements files, inside of the project or its repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.migrate.request import ProjectFolder
from poetry_aiops.system.reading import LARGEST


if TYPE_CHECKING:
    from pathlib import Path

    from pytest_mock import MockerFixture


def folder(root: Path, **replaced: bytes) -> ProjectFolder:
    return ProjectFolder(root, replaced)


def project(tmp_path: Path) -> Path:
    root = tmp_path / "repository" / "service"
    (root / "requirements").mkdir(parents=True)
    (root / "requirements" / "base.txt").write_bytes(b"six\r\n")
    (root.parent / "common.txt").write_bytes(b"idna\n")
    (tmp_path / "outside.txt").write_bytes(b"secret\n")
    return root


def test_a_file_is_read_byte_for_byte(tmp_path: Path) -> None:
    assert folder(project(tmp_path)).read("requirements/base.txt") == b"six\r\n"


def test_what_is_not_on_the_disk_yet_comes_first(tmp_path: Path) -> None:
    found = ProjectFolder(project(tmp_path), {"requirements/base.txt": b"new\n", "other.txt": b"x"})
    assert found.read("requirements/base.txt") == b"new\n"
    assert found.read("other.txt") == b"x"


def test_no_file_and_no_regular_file_are_none(tmp_path: Path) -> None:
    found = folder(project(tmp_path))
    assert found.read("requirements") is None
    assert found.read("missing.txt") is None
    assert found.read("a\0b") is None


def test_beside_the_project_only_the_repository_is_read(tmp_path: Path) -> None:
    root = project(tmp_path)
    assert folder(root).read("../common.txt") is None
    (root.parent / ".git").mkdir()
    assert folder(root).read("../common.txt") == b"idna\n"
    assert folder(root).read("../../outside.txt") is None


def test_a_link_that_leads_out_of_it_is_not_followed(tmp_path: Path) -> None:
    root = project(tmp_path)
    (root / "link.txt").symlink_to(tmp_path / "outside.txt")
    (root / "round").symlink_to(root / "round")
    assert folder(root).read("link.txt") is None
    assert folder(root).read("round") is None


def test_huge_files_are_not_read(tmp_path: Path) -> None:
    root = project(tmp_path)
    with (root / "huge.txt").open("wb") as file:
        file.truncate(LARGEST + 1)
    assert folder(root).read("huge.txt") is None


def test_folders_and_their_names_are_told(tmp_path: Path) -> None:
    found = folder(project(tmp_path))
    assert found.is_folder("requirements")
    assert not found.is_folder("requirements/base.txt")
    assert not found.is_folder("../..")
    assert found.names("requirements") == ["base.txt"]
    assert found.names("missing") == []
    assert found.names("../..") == []


def test_a_file_that_may_not_be_read_is_none(tmp_path: Path, mocker: MockerFixture) -> None:
    mocker.patch("os.open", side_effect=PermissionError)
    assert folder(project(tmp_path)).read("requirements/base.txt") is None
