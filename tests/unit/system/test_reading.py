"""Whatever is at a path, reading it ends at once, in bounded memory, and shows nothing from outside of the project."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from poetry_aiops.system import reading
from poetry_aiops.system.reading import ANYWHERE, RefusedFileError, boundary, open_file, read_file


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes and links of POSIX")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "outside.txt").write_bytes(b"secret")
    root = tmp_path / "project"
    (root / "sub").mkdir(parents=True)
    (root / "sub" / "file.txt").write_bytes(b"inside")
    return root


def test_a_regular_file_and_a_link_inside_are_read(project: Path) -> None:
    (project / "link").symlink_to("sub/file.txt")
    (project / "folder").symlink_to("sub")
    assert read_file(project / "sub" / "file.txt") == b"inside"
    assert read_file(project / "link") == b"inside"
    assert read_file(project / "folder" / "file.txt", within=project) == b"inside"


@pytest.mark.parametrize(
    "target", ["../outside.txt", "/etc/passwd", "sub/../../outside.txt", "up/outside.txt"]
)
def test_a_link_that_leads_out_is_refused(project: Path, target: str) -> None:
    (project / "up").symlink_to("..")
    (project / "link").symlink_to(target)
    with pytest.raises(RefusedFileError, match="leads out"):
        read_file(project / "link")
    with pytest.raises(RefusedFileError, match="leads out"):
        read_file(project / "up" / "outside.txt", within=project)


def test_a_file_that_the_user_named_may_be_anywhere(project: Path) -> None:
    (project / "link").symlink_to("../outside.txt")
    assert read_file(project / "link", within=ANYWHERE) == b"secret"


def test_a_neighbour_whose_name_begins_alike_is_outside(project: Path) -> None:
    other = project.with_name("project-2")
    other.mkdir()
    (other / "file").write_bytes(b"x")
    (project / "link").symlink_to(other / "file")
    with pytest.raises(RefusedFileError):
        read_file(project / "link")


@pytest.mark.parametrize("where", [ANYWHERE, None])
def test_pipes_devices_and_sockets_are_refused_at_once(
    project: Path, monkeypatch: pytest.MonkeyPatch, where: str | None
) -> None:
    os.mkfifo(project / "pipe")
    (project / "zero").symlink_to("/dev/zero")
    (project / "to-pipe").symlink_to("pipe")
    monkeypatch.chdir(project)  # the name of a socket must be short
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket")
        for name in ("pipe", "zero", "to-pipe", "socket"):
            with pytest.raises(RefusedFileError):
                read_file(project / name, within=where)


def test_a_pipe_that_takes_the_place_of_a_file_is_not_waited_for(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = project / "sub" / "file.txt"
    real_open = os.open

    def exchanged(name: str, flags: int) -> int:
        path.unlink()
        os.mkfifo(path)
        return real_open(name, flags)

    monkeypatch.setattr(os, "open", exchanged)
    with pytest.raises(RefusedFileError, match="not a regular file"):
        read_file(path)


@pytest.mark.parametrize("moment", ["before its status is read", "before it is opened"])
def test_a_link_that_takes_the_place_of_a_folder_is_not_followed(
    project: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    elsewhere = project.with_name("elsewhere")
    elsewhere.mkdir()
    (elsewhere / "file.txt").write_bytes(b"secret")
    real_open, really_inside = os.open, reading._is_inside

    def exchange() -> None:
        (project / "sub").rename(project / "moved")
        (project / "sub").symlink_to(elsewhere)

    def opened(name: str, flags: int) -> int:
        exchange()
        return real_open(name, flags)

    def is_inside(path: str, folder: str) -> bool:
        if path.endswith("file.txt"):
            exchange()
        return really_inside(path, folder)

    if moment == "before it is opened":
        monkeypatch.setattr(os, "open", opened)
    else:
        monkeypatch.setattr(reading, "_is_inside", is_inside)
    with pytest.raises(RefusedFileError, match="replaced"):
        read_file(project / "sub" / "file.txt", within=project)


def test_another_file_in_the_place_of_the_one_that_was_checked_is_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = project / "sub" / "file.txt"
    path.with_name("other").write_bytes(b"other")
    real_open = os.open

    def opened(name: str, flags: int) -> int:
        path.with_name("other").replace(path)
        return real_open(name, flags)

    monkeypatch.setattr(os, "open", opened)
    with pytest.raises(RefusedFileError, match="replaced"):
        read_file(path)


def test_a_file_over_the_limit_is_refused_before_and_while_it_is_read(project: Path) -> None:
    path = project / "large"
    with path.open("wb") as file:
        file.truncate(1_000_000_000_000)  # no block of it is on the disk
    with pytest.raises(RefusedFileError, match="larger than 20 MB"):
        read_file(path)
    path.write_bytes(b"12345")
    assert read_file(path, limit=5) == b"12345"
    with pytest.raises(RefusedFileError, match="larger"):
        read_file(path, limit=4)


def test_a_file_that_says_no_size_is_read_to_the_limit() -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("no /proc")
    with pytest.raises(RefusedFileError, match="larger"):
        read_file(Path("/proc/self/status"), limit=10)


def test_a_circle_a_folder_and_nothing_are_errors_of_the_system(project: Path) -> None:
    (project / "a").symlink_to("b")
    (project / "b").symlink_to("a")
    with pytest.raises(OSError, match=r"circle|Too many levels"):
        read_file(project / "a")
    with pytest.raises(IsADirectoryError):
        read_file(project / "sub")
    with pytest.raises(FileNotFoundError):
        read_file(project / "none")


def test_the_repository_around_a_project_is_inside(project: Path) -> None:
    (project.parent / ".git").mkdir()
    (project / "link").symlink_to("../outside.txt")
    assert read_file(project / "link") == b"secret"
    assert boundary(project) == str(project.parent.resolve())


def test_a_repository_that_holds_the_home_folder_is_none(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = project.parent
    (home / ".git").mkdir()
    monkeypatch.setenv("HOME", str(home))
    (project / "link").symlink_to("../outside.txt")
    with pytest.raises(RefusedFileError, match="leads out"):
        read_file(project / "link")


def test_nothing_stays_open_after_an_error(project: Path) -> None:
    with pytest.raises(ZeroDivisionError), open_file(project / "sub" / "file.txt") as file:
        raise ZeroDivisionError
    assert file.closed
