"""The documentation as a site: it builds, every link in it leads somewhere, and it asks no other host for anything."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote, urlsplit

import pytest
from tests.docs.console import REPOSITORY
from tests.support.chromium import chromium, running


if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.slow
Attributes: TypeAlias = "list[tuple[str, str | None]]"

LOADS = {("link", "href"), ("object", "data"), ("use", "href"), ("form", "action")}
"""What a browser fetches by itself, beside every ``src``, ``srcset`` and ``poster``; a link of a page is not."""

OFF_SITE = re.compile(r"(?:https?:)?//")
WIDTHS = (390, 1280)


class Html(HTMLParser):
    """What a page links to, what it loads, and where a link may point in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        for name, value in given.items():
            if name in {"src", "srcset", "poster"} or (tag, name) in LOADS:
                self.loads.append(value)
            elif (tag, name) == ("a", "href"):
                self.links.append(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as `make docs` does; what would be a warning ends the build."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Html]:
    """Read every page but the one that a server shows for what is not there: its addresses begin at the root."""
    found = sorted(page for page in site.rglob("*.html") if page.name != "404.html")
    return {page: Html(page.read_text("utf-8")) for page in found}


def test_every_page_of_docs_and_every_example_is_on_the_site(site: Path) -> None:
    sources = [
        *(page.relative_to(REPOSITORY / "docs") for page in (REPOSITORY / "docs").rglob("*.md")),
        *(page.relative_to(REPOSITORY) for page in (REPOSITORY / "examples").glob("*/README.md")),
    ]
    built = [source.with_suffix(".html") for source in sources]
    built = [page.with_name("index.html") if page.stem == "README" else page for page in built]
    assert [str(page) for page in built if not (site / page).is_file()] == []


def test_no_page_loads_anything_from_elsewhere(site: Path, pages: dict[Path, Html]) -> None:
    off_site = {
        str(page.relative_to(site)): foreign
        for page, html in pages.items()
        if (foreign := [target for target in html.loads if OFF_SITE.match(target)])
    }
    assert off_site == {}


def test_no_style_sheet_loads_anything_from_elsewhere(site: Path) -> None:
    wanted = re.compile(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')]+)""")
    off_site = [found for sheet in site.rglob("*.css") for found in wanted.findall(sheet.read_text("utf-8"))]
    assert off_site == []


def test_every_link_and_every_picture_leads_somewhere(site: Path, pages: dict[Path, Html]) -> None:
    dead = {
        str(page.relative_to(site)): targets
        for page, html in pages.items()
        if (targets := [one for one in (*html.links, *html.loads) if not leads_somewhere(page, one, pages)])
    }
    assert dead == {}


def test_every_page_has_a_link_to_edit_its_source(site: Path, pages: dict[Path, Html]) -> None:
    wrong = {}
    for page, html in pages.items():
        sources = [link.partition("/edit/main/")[2] for link in html.links if "/edit/main/" in link]
        if len(sources) != 1 or not (REPOSITORY / sources[0]).is_file():
            wrong[str(page.relative_to(site))] = sources
    assert wrong == {}


def test_a_link_that_leads_nowhere_is_found(site: Path, pages: dict[Path, Html]) -> None:
    front = site / "index.html"
    assert not leads_somewhere(front, "reference/cli.html#no-such-heading", pages)
    assert not leads_somewhere(front, "no-such-page.html", pages)
    assert leads_somewhere(front, "reference/cli.html#exit-codes", pages)


def leads_somewhere(page: Path, target: str, pages: dict[Path, Html]) -> bool:
    """Say whether a link of a page leads to a file of the site, and to a place in it; other hosts are not asked."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return True
    file = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if file.is_dir():
        file /= "index.html"
    known = pages.get(file)
    return file.is_file() and (
        not parts.fragment or known is None or unquote(parts.fragment) in known.anchors
    )


def test_a_browser_finds_all_it_needs_on_the_disk_and_no_page_is_wider_than_a_phone(
    pages: dict[Path, Html],
) -> None:
    program = chromium()
    if program is None:
        pytest.skip("no Chromium; POETRY_AIOPS_INSTALL_CHROMIUM=1 installs one")
    with running(program) as browser:
        window = browser.page()
        for page in pages:
            window.send("Page.navigate", url=page.as_uri())
            window.wait(f"document.readyState === 'complete' && location.href === {page.as_uri()!r}")
            for width in WIDTHS:
                window.size(width, 900)
                assert window.run("document.documentElement.scrollWidth") <= width, f"{page} at {width}"
        assert [address for address in window.requests() if not address.startswith("data:")] == []
        assert window.complaints() == []


def test_the_search_works_from_the_disk(site: Path) -> None:
    program = chromium()
    if program is None:
        pytest.skip("no Chromium; POETRY_AIOPS_INSTALL_CHROMIUM=1 installs one")
    with running(program) as browser:
        window = browser.page()
        window.send("Page.navigate", url=(site / "index.html").as_uri())
        window.wait("document.readyState === 'complete' && document.querySelector('.md-search__input')")
        window.run("document.querySelector('.md-search__input').focus()")
        window.type("libyear")
        window.press("s")
        window.wait("document.querySelectorAll('.md-search-result__item').length > 0")
        assert "Health" in window.text(".md-search-result__list")
