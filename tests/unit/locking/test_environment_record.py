from __future__ import annotations

import ast
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from poetry_aiops.locking.environment_record import (
    SHEBANG_LIMIT,
    SOURCE,
    look_for_record,
    posix_head,
    read_record,
    record_path,
    windows_starter,
    write_record,
)
from poetry_aiops.locking.record import InstallRecord, Needs


if TYPE_CHECKING:
    from pathlib import Path


posix_only = pytest.mark.skipif(sys.platform == "win32", reason="programs of POSIX")


def record(requested: str | None = "cu126") -> InstallRecord:
    return InstallRecord(
        "ml-cpu", "cpu", requested, "production", "2.14.1", "3.12.1", sys.platform, "any", Needs("cpu")
    )


def environment(folder: Path) -> tuple[Path, Path, Path]:
    """Make the parts of an environment that count: its folder, its scripts and a Python that starts this one."""
    scripts = folder / "bin"
    scripts.mkdir(parents=True)
    python = scripts / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return folder, scripts, python


def told_by(program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False, timeout=60)


def test_a_record_comes_back_as_it_was_written(tmp_path: Path) -> None:
    files = write_record(tmp_path, tmp_path / "bin", tmp_path / "bin" / "python", record())
    assert files[0] == record_path(tmp_path)
    assert all(file.is_file() for file in files)
    assert read_record(tmp_path) == record()


def test_an_environment_without_a_record_has_none_and_no_problem(tmp_path: Path) -> None:
    reading = look_for_record(tmp_path / "nowhere")
    assert (reading.record, reading.problem) == (None, None)


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe\x00", b'{"schema": "poetry-aiops/record/1"}'])
def test_a_broken_record_counts_as_none_and_the_reason_is_there(tmp_path: Path, content: bytes) -> None:
    record_path(tmp_path).write_bytes(content)
    reading = look_for_record(tmp_path)
    assert reading.record is None
    assert str(record_path(tmp_path)) in (reading.problem or "")
    assert read_record(tmp_path) is None


def test_a_folder_in_the_records_place_is_told(tmp_path: Path) -> None:
    record_path(tmp_path).mkdir()
    assert "cannot be read" in (look_for_record(tmp_path).problem or "")


def test_writing_into_a_folder_that_is_none_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match="file"):
        write_record(tmp_path / "file", tmp_path / "bin", tmp_path / "python", record())


# -- the program ----------------------------------------------------------------------------------------


def test_a_plain_path_stands_in_the_first_line() -> None:
    assert posix_head("/env/bin/python") == b"#!/env/bin/python -IS\n"


@pytest.mark.parametrize(
    "python",
    [
        "/my env/bin/python",
        f"/{'x' * SHEBANG_LIMIT}/bin/python",
        "/it's an/env/python",
        "/a \\udb/bin/python",
    ],
)
def test_other_paths_go_through_the_shell_and_stay_python(python: str) -> None:
    head = posix_head(python)
    assert head.startswith(b"#!/bin/sh\n")
    assert ast.get_docstring(ast.parse(head + SOURCE.read_bytes()))


def test_the_first_line_is_never_longer_than_the_limit() -> None:
    for length in range(SHEBANG_LIMIT - 30, SHEBANG_LIMIT + 10):
        first = posix_head("/" + "x" * length).split(b"\n")[0]
        assert len(first) + 1 <= SHEBANG_LIMIT


def test_a_path_that_just_fits_stands_in_the_first_line() -> None:
    longest = "/" + "x" * (SHEBANG_LIMIT - len(posix_head("/")))
    assert posix_head(longest) == f"#!{longest} -IS\n".encode()
    assert posix_head(f"{longest}x").startswith(b"#!/bin/sh\n")


@posix_only
@pytest.mark.parametrize(
    "name", ["env", "my env", "it's $HOME `env`", "back\\slash", "ü", "n" * 200, "new\nline"]
)
def test_the_program_runs_in_an_environment_of_any_name(tmp_path: Path, name: str) -> None:
    folder, scripts, python = environment(tmp_path / name)
    system = {"linux": "linux", "darwin": "macos"}.get(sys.platform, "other")
    made = InstallRecord(None, None, None, None, None, "3.12.1", system, os.uname().machine, Needs("cpu"))
    write_record(folder, scripts, python, made)
    ended = told_by(scripts / "hw-check")
    assert (ended.returncode, ended.stderr) == (0, ""), ended
    assert "fits this machine" in ended.stdout


@posix_only
def test_the_module_is_the_source_and_every_start_finds_its_bytecode(tmp_path: Path) -> None:
    folder, scripts, python = environment(tmp_path / "env")
    program, module = write_record(folder, scripts, python, record())[1:]
    assert program.stat().st_mode & 0o777 == 0o755
    assert module.read_bytes() == SOURCE.read_bytes()
    kept = scripts / "__pycache__" / f"hw_check.{sys.implementation.cache_tag}.pyc"
    made = kept.stat()
    os.utime(module, (0, 0))  # as an image does whose layers have one date
    assert "does not fit" in told_by(program).stderr
    assert (kept.stat().st_ino, kept.stat().st_mtime_ns) == (made.st_ino, made.st_mtime_ns)
    module.write_bytes(module.read_bytes().replace(b"does not fit this machine", b"is no match"))
    assert "is no match" in told_by(program).stderr
    module.unlink()
    ended = told_by(program)
    assert (ended.returncode, "poetry hw-install" in ended.stderr) == (2, True)


@posix_only
def test_a_start_loads_no_module_that_costs_as_much_as_python_itself(tmp_path: Path) -> None:
    folder, scripts, python = environment(tmp_path / "env")
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -X importtime "$@"\n')
    made = InstallRecord(None, None, None, None, None, "3.12.1", "", "", Needs("cpu"))
    write_record(folder, scripts, python, made)
    ended = told_by(scripts / "hw-check", "--quiet", "--", "true")
    loaded = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()}
    assert ended.returncode == 0
    assert "hw_check" in loaded
    assert (
        loaded & {"re", "json", "enum", "signal", "subprocess", "glob", "shutil", "typing", "pathlib"}
        == set()
    )


@posix_only
def test_the_program_gives_the_exit_code_and_takes_options(tmp_path: Path) -> None:
    folder, scripts, python = environment(tmp_path / "my env")
    write_record(folder, scripts, python, record())
    record_path(folder).write_bytes(b"broken")
    ended = told_by(scripts / "hw-check", "--json")
    assert ended.returncode == 2
    assert '"fits": null' in ended.stdout


@posix_only
def test_a_link_to_the_program_finds_the_record_of_its_environment(tmp_path: Path) -> None:
    folder, scripts, python = environment(tmp_path / "env")
    write_record(folder, scripts, python, record())
    record_path(folder).write_bytes(b"broken")
    link = tmp_path / "elsewhere" / "deep" / "hw-check"
    link.parent.mkdir(parents=True)
    link.symlink_to(scripts / "hw-check")
    assert str(record_path(folder)) in told_by(link).stderr


def test_windows_starts_the_interpreter_beside_the_program() -> None:
    beside = windows_starter(r"C:\env\Scripts", r"C:\env\Scripts\python.exe")
    assert beside == '@"%~dp0python.exe" -IS "%~dp0hw_check.py" %*\r\n'


def test_windows_names_another_interpreter_in_full() -> None:
    assert '@"C:\\100%%\\python.exe"' in windows_starter(r"C:\100%\Scripts", r"C:\100%\python.exe")
