"""A real Chromium for the page tests, and pages written to disk as ``poetry graph`` would."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Protocol

import pytest
from tests.support.chromium import AXE, chromium, npm_file, running
from tests.support.graph_pages import full_page


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.chromium import Browser, Page


class Opener(Protocol):
    """Opens a page from ``file://`` and waits until it has drawn."""

    def __call__(self, fragment: str = "", page_text: str = "", *, dark: bool = False) -> Page:
        """Open this page, or the one with every part, at ``fragment``."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = chromium()
    if program is None:
        pytest.skip(
            "there is no Chromium: install it, name it in POETRY_AIOPS_CHROMIUM, or set POETRY_AIOPS_INSTALL_CHROMIUM=1"
        )
    with running(program) as started:
        yield started


@pytest.fixture(scope="session")
def axe() -> str:
    """Return axe-core's script."""
    try:
        return npm_file(AXE, "axe.min.js").read_text(encoding="utf-8")
    except FileNotFoundError:
        pytest.skip("npm, which fetches axe-core, is not installed")
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"npm cannot fetch axe-core: {error}")


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[Opener]:
    opened: list[Page] = []

    def opener(fragment: str = "", page_text: str = "", *, dark: bool = False) -> Page:
        file = tmp_path / f"page-{len(opened)}.html"
        file.write_text(page_text or full_page(), encoding="utf-8")
        page = browser.page(dark=dark)
        opened.append(page)
        page.open(file, fragment)
        return page

    yield opener
    for page in opened:
        page.close()
