from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

from tests.unit.health.health_sample import blind, clean, sample

from poetry_aiops.health.gate import Gate
from poetry_aiops.health.report.page import health_page


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.crossed: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if self.open.pop() != tag:
            self.crossed.append(tag)


def test_the_policy_admits_the_one_style_by_its_hash_and_nothing_else() -> None:
    text = health_page(sample())
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)

    assert style is not None
    assert policy is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy[1] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def test_the_page_has_no_script_no_inline_style_and_asks_nothing_of_a_network() -> None:
    page = Page(health_page(sample()))

    assert not {tag for tag, _ in page.tags} & {"script", "img", "link", "iframe", "object", "form", "base"}
    names = {name for _, attributes in page.tags for name in attributes}
    assert not {name for name in names if name.startswith("on")} | ({"style", "src", "srcset"} & names)
    assert "url(" not in health_page(sample())
    assert "@import" not in health_page(sample())


def test_elements_are_closed_in_their_order() -> None:
    for report in (sample(), clean(), blind()):
        page = Page(health_page(report))
        assert (page.open, page.crossed) == ([], [])


def test_every_table_says_what_its_columns_and_rows_are() -> None:
    page = Page(health_page(sample()))
    heads = [attributes.get("scope") for tag, attributes in page.tags if tag == "th"]
    tables = sum(tag == "table" for tag, _ in page.tags)

    assert tables >= 8
    assert set(heads) == {"col", "row"}


def test_the_trend_is_a_drawing_with_words_and_a_table_of_its_numbers() -> None:
    page = Page(health_page(sample()))
    drawing = next(attributes for tag, attributes in page.tags if tag == "svg" and "role" in attributes)

    assert drawing["role"] == "img"
    assert "71 to 56" in (drawing["aria-label"] or "")
    assert sum(tag == "polyline" for tag, _ in page.tags) == 2  # a day without a score parts the line
    assert "unknown" in health_page(sample())


def test_the_same_report_gives_the_same_bytes() -> None:
    assert health_page(sample()) == health_page(sample())


def test_nothing_unknown_looks_good() -> None:
    body = health_page(blind()).partition("<body>")[2]

    assert 'class="good"' not in body
    assert "value good" not in body
    assert "no known vulnerability" not in body


def test_a_narrowed_report_says_so() -> None:
    assert "only dev (not the whole lock)" in health_page(replace(clean(), scope="only dev"))


def test_it_says_what_to_do_now_and_security_is_never_green_beside_a_finding_that_fails() -> None:
    report = replace(sample(), fixes=())
    good = tuple(
        replace(one, score=97.0, coverage=100.0) if one.name == "security" else one for one in report.metrics
    )
    text = health_page(replace(report, metrics=good))

    assert "<code>poetry health --fix --dry-run</code>" in text
    assert '<div class="value warn">97' in text
    assert '<div class="value good">97' in health_page(replace(report, metrics=good, gate=Gate()))
