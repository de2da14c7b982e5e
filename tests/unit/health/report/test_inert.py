from __future__ import annotations

import json
import re
import unicodedata
from functools import cache
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.every import every
from tests.support.styled import as_text
from tests.unit.health.health_hostile import hostile

from poetry_aiops.health.monitor import alert_text, look_line
from poetry_aiops.health.report.cyclonedx import health_cyclonedx
from poetry_aiops.health.report.document import health_json
from poetry_aiops.health.report.github import health_annotations
from poetry_aiops.health.report.markdown import health_markdown
from poetry_aiops.health.report.page import health_page
from poetry_aiops.health.report.sarif import health_sarif
from poetry_aiops.health.report.text import TextView, health_lines


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from poetry_aiops.health.report.model import HealthReport


PAYLOADS = {
    "script": "<script>alert(1)</script>",
    "closing": "</td></table></details></style></title><svg onload=alert(1)>",
    "comment": "<!-- --><b>x</b><!--",
    "attributes": "\" onmouseover=\"x' onload='x",
    "entity": "&lt;script&gt;&#60;script&#62;",
    "address": "javascript:alert(1)",
    "data-address": "data:text/html,<script>alert(1)</script>",
    "web-address": "https://evil.example/x",
    "odd-address": "https://evil.example/\"onclick='x'>",
    "password": "https://someone:hush-hush@evil.example/x",
    "link": "[x](javascript:alert(1)) ![x](https://evil.example/p.png) <https://evil.example>",
    "reference": "[x]: javascript:alert(1)",
    "table": "a|b|c\\|d",
    "fence": "```\n# title\n```",
    "backticks": "a`b``c```d",
    "backslash": "\\",
    "heading": "# x",
    "list": "1. x",
    "quote": "> x",
    "rule": "---",
    "emphasis": "**x** __y__ ~~z~~ $m$",
    "mention": "@everyone #1 www.evil.example me@evil.example",
    "cdata": "]]>",
    "command": "::error file=x::y",
    "later-command": "word ::set-output name=x::y ##[add-mask]z",
    "escaped-lines": "%0A::error::x%0D%25",
    "lines": "a\n::error::x\r\n##[group]y\x85z\u2028w\u2029v",
    "escapes": "\x1b[31mred\x1b]0;title\x07\x9b5m",
    "directions": "\u202egnp.exe\u2066\u200b\ufeff",
    "cleo": "<fg=red>x</> <error>y</error>",
    "slot": "{{style}} {{body}}",
    "surrogate": "a\ud800b",
    "nothing": "",
    "long": "long" * 20_000,
}
HARMLESS = "harmless"
FORMATS: dict[str, Callable[[HealthReport], str]] = {
    "text": lambda report: as_text(health_lines(report, TextView(80, every=True))),
    "json": health_json,
    "markdown": health_markdown,
    "html": health_page,
    "sarif": health_sarif,
    "cyclonedx": health_cyclonedx,
    "github": health_annotations,
    "alert": alert_text,
    "look": look_line,
}
HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def every_payload(check: Callable[[str], None]) -> Callable[[], None]:
    """Return a test that checks each of the payloads."""

    def tried() -> None:
        every(PAYLOADS, lambda name: check(PAYLOADS[name]))

    tried.__name__ = check.__name__
    return tried


@cache
def reports(payload: str) -> dict[str, str]:
    """Return the report whose every text is ``payload`` in each format."""
    report = hostile(payload)
    return {form: write(report) for form, write in FORMATS.items()}


@every_payload
def test_no_format_lets_control_signs_through(payload: str) -> None:
    for form, text in reports(payload).items():
        hidden = {sign for sign in text if unicodedata.category(sign) in HIDDEN}
        assert hidden <= {"\n", "\ufe0f", "\u200d"}, form
        text.encode("utf-8")


@every_payload
def test_no_format_gives_a_build_service_commands_that_are_not_ours(payload: str) -> None:
    ours = re.compile(r"::(error|warning|notice) (file=[^,:]+,)?(line=\d+,)?title=[^,:]*::")
    for form, text in reports(payload).items():
        commands = [line for line in text.splitlines() if line.lstrip().startswith("::")]
        assert [line for line in commands if form != "github" or not ours.match(line)] == [], form
        assert "##[" not in text, form


def test_no_format_tells_a_password() -> None:
    assert [form for form, text in reports(PAYLOADS["password"]).items() if "hush-hush" in text] == []


@every_payload
def test_annotations_are_as_many_as_for_harmless_text(payload: str) -> None:
    shown, harmless = reports(payload)["github"], reports(HARMLESS)["github"]
    assert len(shown.splitlines()) == len(harmless.splitlines())


@every_payload
def test_documents_stay_ascii_and_hold_no_address_that_runs_something(payload: str) -> None:
    shown = reports(payload)
    for form, link in (("sarif", "helpUri"), ("cyclonedx", "url"), ("json", "address")):
        assert shown[form].isascii(), form
        links = [value for key, value in strings(json.loads(shown[form])) if key == link]
        harmful = re.compile(r"\s*(javascript|data|vbscript):", re.IGNORECASE)
        assert [one for one in links if harmful.match(one)] == [], form
    found = [one["url"] for row in json.loads(shown["json"])["packages"] for one in row["advisories"]]
    assert {url for url in found if url} <= {"https://evil.example/x"}


@every_payload
def test_messages_of_sarif_hold_no_links(payload: str) -> None:
    run = json.loads(reports(payload)["sarif"])["runs"][0]
    calls = run["invocations"][0]
    reported = [
        *run["results"],
        *calls["toolExecutionNotifications"],
        *calls["toolConfigurationNotifications"],
    ]

    assert [one for one in reported if "](" in one["message"]["text"]] == []


class Structure(HTMLParser):
    """The elements and attributes of a page, and its addresses; texts and links themselves left out."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.parts: list[object] = []
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in {"href", "src"}]
        self._add(tag, sorted(name for name, _ in attrs))

    def handle_endtag(self, tag: str) -> None:
        self._add(tag, None)

    def handle_comment(self, data: str) -> None:
        self.parts.append(("comment", data))

    def _add(self, tag: str, names: list[str] | None) -> None:
        if tag not in {"a", "code"}:  # an id is a link where its address may be one
            self.parts.append((tag, names))


@every_payload
def test_a_page_has_the_same_elements_whatever_the_texts_are(payload: str) -> None:
    if not payload:
        return  # texts that are empty rightly leave their elements out
    page, harmless = Structure(reports(payload)["html"]), Structure(reports(HARMLESS)["html"])

    assert page.parts == harmless.parts
    assert {address.partition(":")[0] for address in page.addresses} <= {"https", "http", "#findings"}


@every_payload
def test_markdown_has_the_same_blocks_and_no_markup_of_others(payload: str) -> None:
    parser = pytest.importorskip(
        "markdown_it", reason="rich, which pip-audit brings, parses with it"
    ).MarkdownIt()
    parser.enable(["table", "strikethrough"])

    tokens = list(flat(parser.parse(reports(payload)["markdown"])))
    harmless = list(flat(parser.parse(reports(HARMLESS)["markdown"])))

    inline = {one.type for one in tokens if not one.block}
    assert inline <= {
        "text",
        "text_special",
        "softbreak",
        "code_inline",
        "html_inline",
        "link_open",
        "link_close",
        "strong_open",
        "strong_close",
    }
    if payload:
        assert [one.type for one in tokens if one.block] == [one.type for one in harmless if one.block]
        assert strong(tokens) == strong(harmless)
    assert {one.content for one in tokens if one.type == "html_inline"} <= {"<br>", "<!-- -->"}
    assert {one.attrGet("href") for one in tokens if one.type == "link_open"} <= {"https://evil.example/x"}


def test_an_address_of_the_web_is_a_link_in_the_page_and_in_markdown() -> None:
    shown = reports("https://evil.example/x")
    assert 'href="https://evil.example/x"' in shown["html"]
    assert "](<https://evil.example/x>)" in shown["markdown"]


def strong(tokens: list[Any]) -> int:
    return sum(one.type == "strong_open" for one in tokens)


def flat(tokens: list[Any]) -> Iterator[Any]:
    for token in tokens:
        yield token
        yield from flat(token.children or [])


def strings(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a document with the key that it stands under."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from strings(one, name)
    elif isinstance(value, list):
        for one in value:
            yield from strings(one, key)
    elif isinstance(value, str):
        yield key, value
