from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from poetry_aiops.errors import InputError
from poetry_aiops.project.toml import load_toml


if TYPE_CHECKING:
    from pathlib import Path


def load(path: Path) -> object:
    return load_toml(path, broken_hint="mend it", conflict_hint="choose a side")


def refused(path: Path, content: bytes) -> InputError:
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        load(path)
    return caught.value


def test_windows_line_ends_are_read(tmp_path: Path) -> None:
    path = tmp_path / "poetry.lock"
    path.write_bytes(b'[a]\r\nb = "c"\r\n')
    assert load(path) == {"a": {"b": "c"}}


def test_broken_toml_is_refused_with_line_and_column(tmp_path: Path) -> None:
    error = refused(tmp_path / "pyproject.toml", b"[a]\nb = \n")
    assert error.where == "pyproject.toml:2:5"
    assert error.hint == "mend it"


def test_toml_that_ends_too_early_is_refused_at_its_last_line(tmp_path: Path) -> None:
    error = refused(tmp_path / "pyproject.toml", b'[a]\nb = "c')
    assert error.where is not None
    assert error.where.startswith("pyproject.toml:2:")


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_a_merge_conflict_is_refused_at_its_first_marker(tmp_path: Path, line_end: bytes) -> None:
    lines = [b"[a]", b'b = "1"', b"<<<<<<< HEAD", b'c = "2"', b"=======", b'c = "3"', b">>>>>>> other", b""]
    error = refused(tmp_path / "poetry.lock", line_end.join(lines))
    assert error.where == "poetry.lock:3"
    assert "merge conflict" in error.what
    assert error.hint == "choose a side"


def test_a_marker_that_was_left_behind_is_a_conflict_too(tmp_path: Path) -> None:
    error = refused(tmp_path / "poetry.lock", b'[a]\nc = "2"\n>>>>>>> 1234abc (theirs)\n')
    assert error.where == "poetry.lock:3"


def test_conflict_markers_inside_a_text_are_no_conflict(tmp_path: Path) -> None:
    path = tmp_path / "poetry.lock"
    path.write_text('a = """\n<<<<<<< HEAD\n"""\n', encoding="utf-8")
    assert load(path) == {"a": "<<<<<<< HEAD\n"}


def test_bytes_that_are_no_utf8_are_refused_with_their_line(tmp_path: Path) -> None:
    error = refused(tmp_path / "pyproject.toml", b'a = "b"\nname = "caf\xe9"\n')
    assert error.where == "pyproject.toml:2"


def test_a_byte_order_mark_is_named(tmp_path: Path) -> None:
    error = refused(tmp_path / "pyproject.toml", b"\xef\xbb\xbf[a]\n")
    assert "byte order mark" in error.what


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load(tmp_path / "pyproject.toml")


def test_a_folder_in_place_of_the_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"x = " + b"[" * 600 + b"]" * 600, "this is not valid TOML: lists or tables are nested too deep"),
        (b"x = " + b"9" * 5000, "this is not valid TOML: a number has too many digits"),
    ],
)
def test_what_pythons_reader_cannot_cope_with_is_refused_too(
    tmp_path: Path, content: bytes, what: str
) -> None:
    error = refused(tmp_path / "pyproject.toml", content)
    assert (error.what, error.hint) == (what, "mend it")
