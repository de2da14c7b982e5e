from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.every import for_each

from poetry_aiops.index.simple_page import (
    JSON_TYPE,
    Needed,
    Page,
    UnreadablePageError,
    files_by_version,
    page_files,
    page_of,
)


def page(*files: Any, name: str = "my-lib", status: Any = None) -> Page:
    content = json.dumps({"files": files, "project-status": status}).encode()
    found, reported = page_files(content, JSON_TYPE)
    return page_of(files_by_version(name, found), reported)


def html(body: str, name: str = "my-lib") -> Page:
    files, reported = page_files(body.encode(), "text/html; charset=utf-8")
    return page_of(files_by_version(name, files), reported)


def file(filename: str, **more: Any) -> dict[str, Any]:
    return {"filename": filename, **{key.replace("_", "-"): value for key, value in more.items()}}


@for_each(
    ("filename", "version"),
    [
        ("my_lib-1.0-py3-none-any.whl", "1.0"),
        ("my_lib-1.0-1-py3-none-any.whl", "1.0"),
        ("my_lib-1.0+cu126-cp312-cp312-linux_x86_64.whl", "1.0+cu126"),
        ("my_lib-1!2.0.post1-py3-none-any.whl", "1!2.0.post1"),
        ("my-lib-1.0.tar.gz", "1.0"),
        ("my_lib-1.0.zip", "1.0"),
        ("My.Lib-1.0-beta2.tar.gz", "1.0b2"),
        ("my-lib-01.00.tar.bz2", "1.0"),
    ],
)
def test_the_version_is_read_from_the_name(filename: str, version: str) -> None:
    assert [release.version for release in page(file(filename)).releases] == [version]


def test_a_name_that_looks_like_a_version_is_not_one() -> None:
    assert [r.version for r in page(file("my-2-lib-3.0.tar.gz"), name="my-2-lib").releases] == ["3.0"]


def test_files_of_other_kinds_and_unreadable_versions_are_left_out() -> None:
    found = page(
        file("my_lib-1.0-py2.7.egg"),
        file("my_lib-1.0.exe"),
        file("my_lib-2004d-py3-none-any.whl"),
        file("other-1.0.tar.gz"),
        file("my_lib-1.0.tar.gz"),
    )
    assert [release.version for release in found.releases] == ["1.0"]


def test_the_files_of_a_version_are_put_together() -> None:
    found = page(
        file("my_lib-1.0-py3-none-any.whl", upload_time="2025-01-02T00:00:00Z", requires_python=">=3.9 "),
        file("my-lib-1.0.tar.gz", upload_time="2025-01-01T00:00:00.500000Z", requires_python=None),
        file(
            "my_lib-1.0.0-cp39-cp39-win32.whl",
            upload_time="2025-02-01T01:00:00+01:00",
            requires_python=">=3.9",
        ),
    )
    (one,) = [release for release in found.releases if release.version == "1.0"]
    other = found.releases[1]
    assert (one.uploaded, one.last_upload) == (
        datetime(2025, 1, 1, microsecond=500000, tzinfo=UTC),
        datetime(2025, 1, 2, tzinfo=UTC),
    )
    assert (one.requires_python, one.has_wheel, one.has_sdist) == ((">=3.9", ""), True, True)
    assert (other.version, other.uploaded) == ("1.0.0", datetime(2025, 2, 1, tzinfo=UTC))


def test_releases_are_ordered_by_version() -> None:
    names = [
        "my_lib-1.10.tar.gz",
        "my_lib-1.9.tar.gz",
        "my_lib-1!0.1.tar.gz",
        "my_lib-2.0rc1.tar.gz",
        "my_lib-2.0.tar.gz",
    ]
    assert [r.version for r in page(*map(file, names)).releases] == ["1.9", "1.10", "2.0rc1", "2.0", "1!0.1"]


@for_each(
    ("locked", "expected"),
    [
        ([], "1.0 1.1 1.2 1.3 2.0 2.1 3.0rc1 3.0 3.1"),  # nothing is locked: all
        (["3.0"], "1.1 1.3 2.0 2.1 3.0rc1 3.0 3.1"),  # recent, the final one before, locked and above
        (["3.0", "2.0"], "1.1 1.3 2.0 2.1 3.0rc1 3.0 3.1"),  # the oldest of two builds decides
        (["1.3"], "1.1 1.2 1.3 2.0 2.1 3.0rc1 3.0 3.1"),
        (["2.5"], "1.1 1.3 2.0 2.1 3.0rc1 3.0 3.1"),  # it is gone
        (["no version"], "1.0 1.1 1.2 1.3 2.0 2.1 3.0rc1 3.0 3.1"),
    ],
)
def test_only_releases_that_a_metric_looks_at_are_kept(locked: list[str], expected: str) -> None:
    uploads = {
        "1.0": "2019",
        "1.1": "2024",  # a late fix of an old line
        "1.2": "2020",
        "1.3": "2025",
        "2.0": "2021",
        "2.1": "2022",
        "3.0rc1": "2022",
        "3.0": "2023",
        "3.1": "2023",
    }
    files = [
        file(f"my_lib-{version}.tar.gz", upload_time=f"{day}-01-01T00:00:00Z", yanked=version == "2.1")
        for version, day in reversed(uploads.items())
    ]
    written = files_by_version("my-lib", files)
    found = page_of(written, None, Needed(frozenset(locked), "2024-01-01"))
    assert " ".join(release.version for release in found.releases) == expected
    later = page_of(written, None, Needed(frozenset({"3.0"}), "2030-01-01"))
    assert " ".join(release.version for release in later.releases) == "1.3 2.0 2.1 3.0rc1 3.0 3.1"


@for_each(
    ("marks", "expected"),
    [
        ([True, "bad"], "bad"),
        ([True, True], ""),
        (["", ""], ""),
        (["b", "a"], "a; b"),
        ([True, False], None),
        ([True, None], None),
        (["line\nbreak\x1b[0m"], "line break[0m"),
    ],
)
def test_a_version_is_yanked_when_every_file_is(marks: list[object], expected: str | None) -> None:
    files = [file(f"my_lib-1.0-{number}-py3-none-any.whl", yanked=mark) for number, mark in enumerate(marks)]
    assert page(*files).releases[0].yanked == expected


@for_each(
    ("given_values", "expected"),
    [([], None), (["u"], True), ([None], False), (["u", None], False), (["u", "v"], True)],
)
def test_provenance_is_unknown_where_the_index_does_not_speak_of_it(
    given_values: list[str | None], expected: bool | None
) -> None:
    files = [
        file(f"my_lib-1.0-{n}-py3-none-any.whl", provenance=value) for n, value in enumerate(given_values)
    ]
    assert page(*(files or [file("my_lib-1.0.tar.gz")])).releases[0].provenance is expected


def test_an_upload_time_that_is_none_stays_unknown() -> None:
    files = [file("my_lib-1.0.tar.gz", upload_time=value) for value in ("yesterday", 5, None)]
    assert page(*files).releases[0].uploaded is None


@for_each(
    ("reported", "expected"),
    [
        ({"status": "archived", "reason": "moved\nto x"}, ("archived", "moved to x")),
        ({"status": "active"}, ("active", "")),
        ({"status": "sold"}, (None, "")),
        ("archived", (None, "")),
        (None, (None, "")),
    ],
)
def test_the_project_status_is_read(reported: object, expected: tuple[str | None, str]) -> None:
    found = page(status=reported)
    assert (found.status, found.status_reason) == expected


def test_html_gives_all_but_the_times() -> None:
    found = html(
        '<meta name="pypi:repository-version" content="1.4">'
        '<meta name="pypi:project-status" content="deprecated">'
        '<a href="../../f/my_lib-1.0%2Bcpu-py3-none-any.whl#sha256=00" data-requires-python="&gt;=3.9"'
        ' data-yanked="bad" data-provenance="https://x.example/p">my_lib</a>'
        '<a href="my-lib-0.9.tar.gz" data-yanked>old</a>'
    )
    old, new = found.releases
    assert (new.version, new.requires_python, new.yanked, new.provenance) == (
        "1.0+cpu",
        (">=3.9",),
        "bad",
        True,
    )
    assert (old.version, old.yanked, old.uploaded, found.status) == ("0.9", "", None, "deprecated")


@for_each(
    ("content", "kind"),
    [
        (b"", JSON_TYPE),
        (b"{]", JSON_TYPE),
        (b"[1]", JSON_TYPE),
        (b'{"files": {}}', JSON_TYPE),
        (b"[" * 100_000, JSON_TYPE),
        (b"\xff\xfe\x00", JSON_TYPE),
        (b"<h1>Sign in</h1>", "text/html"),
        (b'<a href="/login">Sign in</a>', "text/html"),
        (b'{"files": [{"filename": "x-1.0.tar.gz"}], "files": []}', JSON_TYPE),
        (b"GIF89a", "image/gif"),
        (b"", ""),
        (b'{"meta": {"api-version": "2.0"}, "files": []}', JSON_TYPE),
        (b'<meta name="pypi:repository-version" content="2.0"><a href="x-1.0.tar.gz">x</a>', "text/html"),
        (b'<html><body><a href="x-1.0.tar.gz">x-1.0.tar.gz</a><a href="x-2', "text/html"),
    ],
)
def test_what_is_no_index_page_is_refused(content: bytes, kind: str) -> None:
    with pytest.raises(UnreadablePageError):
        page_files(content, kind)


def test_the_page_of_another_project_is_refused_and_its_files_do_not_count() -> None:
    with pytest.raises(UnreadablePageError, match=r"it lists other-1\.1"):
        page(file("other-1.0-py3-none-any.whl"), file("other-1.1.tar.gz"))
    mixed = page(file("other-9.0-py3-none-any.whl"), file("My__Lib-1.0-py3-none-any.whl"))
    assert [release.version for release in mixed.releases] == ["1.0"]


def test_a_hostile_file_name_costs_no_time() -> None:
    names = ["-".join("a" * 20_000) + ".tar.gz"] * 50
    assert page(*map(file, names)).releases == ()


def test_damaged_entries_do_no_harm() -> None:
    found = page(
        None, 3, "x", [], {}, {"filename": 5}, file("my_lib-1.0.tar.gz", yanked=7, requires_python=8)
    )
    assert [(r.version, r.yanked, r.requires_python) for r in found.releases] == [("1.0", None, ("",))]


leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("my_lib-1.0.tar.gz")
json_values = leaves | st.lists(leaves, max_size=2) | st.dictionaries(st.just("status"), leaves, max_size=1)
keys = st.sampled_from(["filename", "upload-time", "yanked", "requires-python", "provenance", "x"])


@given(st.lists(st.dictionaries(keys, json_values, max_size=4), max_size=4), json_values)
def test_any_json_is_read_or_refused(files: list[object], status: object) -> None:
    try:
        found = page(*files, status=status)
    except UnreadablePageError:
        return
    assert all(release.parsed for release in found.releases)


@given(st.text())
def test_any_html_is_read_or_refused(text: str) -> None:
    try:
        found = html(text)
    except UnreadablePageError:
        return
    assert isinstance(found, Page)
