"""A project's page on a package index -> its files with their sizes: JSON (PEP 691, 700) and HTML (PEP 503).

HTML pages name no sizes; then ``size`` is None and the file's address can be asked.
"""

from __future__ import annotations

import json
import posixpath
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Final
from urllib.parse import parse_qs, unquote, urljoin, urlsplit


ACCEPT: Final = (
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"
)

LARGEST: Final = 1 << 50
"""Bytes; no file of a package has as many, and a hostile page must not make us compute with its numbers."""


class UnreadableListingError(Exception):
    """A page that lists no files; the text says why."""


@dataclass(frozen=True, slots=True)
class ListedFile:
    """One file of a page; ``sha256`` is empty and ``size`` None where the page does not tell them."""

    name: str
    url: str
    sha256: str = ""
    size: int | None = None


def files_on(content: bytes, content_type: str, address: str) -> tuple[ListedFile, ...]:
    """Return the files of a page that lies at ``address``; raises UnreadableListingError for what is no page."""
    if "json" in content_type:
        return tuple(_from_json(content, address))
    if "html" in content_type:
        return tuple(_from_html(content.decode("utf-8", errors="replace"), address))
    raise UnreadableListingError("it answered with something that is not an index page")


def _from_json(content: bytes, address: str) -> list[ListedFile]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise UnreadableListingError("its answer is not a JSON document") from None
    files = document.get("files") if isinstance(document, dict) else None
    if not isinstance(files, list):
        raise UnreadableListingError("its answer has no list of files")
    return [found for file in files if (found := _file(file, address)) is not None]


def _file(file: object, address: str) -> ListedFile | None:
    if not isinstance(file, dict) or not isinstance(name := file.get("filename"), str):
        return None
    hashes, size, url = file.get("hashes"), file.get("size"), file.get("url")
    sha256 = hashes.get("sha256") if isinstance(hashes, dict) else None
    return ListedFile(
        name,
        _joined(address, url) if isinstance(url, str) else "",
        sha256 if isinstance(sha256, str) else "",
        size if isinstance(size, int) and not isinstance(size, bool) and 0 <= size < LARGEST else None,
    )


def _from_html(text: str, address: str) -> list[ListedFile]:
    parser = _Links()
    try:
        parser.feed(text)
    except AssertionError:  # html.parser's word for a declaration that it does not know
        raise UnreadableListingError("its answer is a web page that cannot be read") from None
    return [_link(href, address) for href in parser.links]


def _link(href: str, address: str) -> ListedFile:
    parts = urlsplit(href)
    sha256 = parse_qs(parts.fragment).get("sha256", [""])[0]
    return ListedFile(unquote(posixpath.basename(parts.path)), _joined(address, href), sha256)


def _joined(address: str, href: str) -> str:
    try:
        url = urljoin(address, href.partition("#")[0])
    except ValueError:
        return ""
    return url if url.lower().startswith(("https://", "http://")) else ""


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        href = dict(attrs).get("href") if tag == "a" else None
        if href and _is_address(href):
            self.links.append(href)


def _is_address(href: str) -> bool:
    try:
        urlsplit(href)
    except ValueError:
        return False
    return True
