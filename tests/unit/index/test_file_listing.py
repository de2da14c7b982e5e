"""The files on an index page, in JSON and in HTML, whole and damaged."""

from __future__ import annotations

import json

import pytest
from tests.support.every import for_each

from poetry_aiops.index.simple_page import ListedFile, UnreadablePageError, files_on


PAGE = "https://index.example/simple/idna/"
JSON = "application/vnd.pypi.simple.v1+json"


def from_json(*files: object) -> tuple[ListedFile, ...]:
    return files_on(json.dumps({"files": files}).encode(), JSON, PAGE)


def test_json_tells_sizes_and_addresses_relative_to_the_page() -> None:
    file = {
        "filename": "idna-3.7.tar.gz",
        "url": "../../f/idna-3.7.tar.gz",
        "hashes": {"sha256": "aa"},
        "size": 5,
    }
    assert from_json(file) == (
        ListedFile("idna-3.7.tar.gz", "https://index.example/f/idna-3.7.tar.gz", "aa", 5),
    )


def test_damaged_files_are_passed_over_and_damaged_facts_are_unknown() -> None:
    odd = {"filename": "a.whl", "url": "file:///etc/passwd", "hashes": [], "size": -1}
    assert from_json(7, {"url": "x"}, odd, {"filename": "b.whl", "size": 10**400, "url": "http://[x"}) == (
        ListedFile("a.whl", ""),
        ListedFile("b.whl", ""),
    )


def test_html_tells_hashes_and_no_sizes() -> None:
    text = '<a href="torch-2.9%2Bcpu-cp312-cp312-linux_x86_64.whl#sha256=ab">torch</a><a>x</a><a href="http://[">y</a>'
    assert files_on(text.encode(), "text/html; charset=utf-8", PAGE) == (
        ListedFile(
            "torch-2.9+cpu-cp312-cp312-linux_x86_64.whl",
            f"{PAGE}torch-2.9%2Bcpu-cp312-cp312-linux_x86_64.whl",
            "ab",
        ),
    )


@for_each(
    ("content", "kind"),
    [(b"{]", JSON), (b"[]", JSON), (b'{"files": 1}', JSON), (b"x", "image/png"), (b"x", "")],
)
def test_what_lists_no_files_is_said(content: bytes, kind: str) -> None:
    with pytest.raises(UnreadablePageError, match="answer"):
        files_on(content, kind, PAGE)


def test_a_declaration_that_html_does_not_know_is_no_page() -> None:
    with pytest.raises(UnreadablePageError, match="cannot be read"):
        files_on(b"<a href='idna-3.7.tar.gz'></a><![x[", "text/html", PAGE)


def test_a_web_page_that_links_to_no_files_is_no_listing() -> None:
    with pytest.raises(UnreadablePageError, match="not the page of a package index"):
        files_on(b"<html><a href='/login'>Sign in</a></html>", "text/html", "https://index.example/apple/")
