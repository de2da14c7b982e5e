from __future__ import annotations

import json

from typing import Any

import pytest

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from tests.unit.health.osv import record

from poetry_aiops.health.advisory import Advisory
from poetry_aiops.health.advisory import UnreadableRecord
from poetry_aiops.health.matching import match
from poetry_aiops.health.osv_records import one_line
from poetry_aiops.health.osv_records import read_record
from poetry_aiops.health.osv_reduced import reduced


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
KEYS = ("id", "aliases", "summary", "details", "references", "published", "modified", "withdrawn", "affected", "severity", "database_specific")  # fmt: skip
KEYS_OF_AFFECTED = ("package", "ranges", "versions", "severity", "database_specific", "ecosystem_specific")


def read(document: object) -> Advisory:
    found = read_record(document, "test.json")
    assert isinstance(found, Advisory), found
    return found


def test_a_record_is_read_with_everything_that_reports_need() -> None:
    document = record(
        "GHSA-1",
        "My_Package.X",
        summary="A flaw",
        details="Long",
        aliases=["CVE-1", "GHSA-1", "CVE-1"],
        published="2023-01-01T00:00:00Z",
        references=[
            {"type": "WEB", "url": "https://web.example"},
            {"type": "ADVISORY", "url": "https://advisory.example"},
        ],
        severity=[{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N"}],
        database_specific={"severity": "HIGH"},
    )
    found = read(document)
    assert (found.id, found.aliases, found.summary) == ("GHSA-1", ("CVE-1",), "A flaw")
    assert (found.url, found.label) == ("https://advisory.example", "HIGH")
    assert found.vectors == (("CVSS_V3", "CVSS:3.1/AV:N"),)
    assert found.packages == ("my-package-x",)


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (None, "must be an object"),
        ([], "must be an object"),
        ({}, "no id"),
        ({"id": 3}, "no id"),
        ({"id": "\x00 "}, "no id"),
        ({"id": "T-1"}, "does not say what it affects"),
        ({"id": "T-1", "affected": {}}, "affected must be a list"),
    ],
)
def test_what_is_no_record_says_why(document: object, why: str) -> None:
    found = read_record(document, "test.json")
    assert isinstance(found, UnreadableRecord)
    assert why in found.why
    assert found.where == "test.json"


def test_other_ecosystems_are_left_out_and_sub_ecosystems_are_ours() -> None:
    document = record("T-1", "demo")
    document["affected"] += [
        {"package": {"ecosystem": "npm", "name": "other"}},
        {"package": {"ecosystem": "PyPI:extra", "name": "more"}, "versions": ["1"]},
    ]
    assert read(document).packages == ("demo", "more")


def test_commits_alone_are_noted() -> None:
    document = record("T-1", "demo")
    document["affected"][0]["ranges"] = [{"type": "GIT", "repo": "x", "events": [{"introduced": "0"}]}]
    found = match(read(document), "demo", "1")
    assert not found.applies
    assert found.notes == ("only commits are given, which cannot be compared with a release",)


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("ranges", "x", "ranges must be a list"),
        ("ranges", [3], "ranges[0] has no list of events"),
        ("ranges", [{"type": "ECOSYSTEM", "events": [{"introduced": 3}]}], "is none that OSV knows"),
        ("versions", {}, "versions must be a list"),
        ("versions", [1.0], "a listed version must be text"),
    ],
)
def test_a_part_that_cannot_be_read_is_kept_in_mind(field: str, value: object, told: str) -> None:
    document = record("T-1", "demo", {"introduced": "5"})
    document["affected"][0][field] = value
    (entry,) = read(document).affected
    assert any(told in text for text in entry.unreadable)


def test_an_entry_that_names_no_package_is_noted() -> None:
    document = record("T-1", "demo")
    document["affected"].append({"ranges": []})
    assert read(document).notes == ("affected[1] names no package",)


@pytest.mark.parametrize(
    "hostile", ["a\x1b[31mb", "a\nb", "a\u202eb", "a\u200bb", "a\x00b", "a\ud800b", "a\u2028b", "a \t\r\n b"]
)
def test_texts_are_one_line_without_marks_that_hide_or_reorder(hostile: str) -> None:
    clean = read(record("T-1", summary=hostile, aliases=[hostile])).summary
    assert clean.isprintable()
    assert "\x1b" not in clean
    assert clean.encode()


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "https://x.example/<script>", "data:text/html,x", 'https://x"onclick', 3, "//x"],
)
def test_only_plain_web_addresses_are_taken_over(url: object) -> None:
    found = read(record("T-1", references=[{"type": "ADVISORY", "url": url}]))
    assert found.url == "https://osv.dev/vulnerability/T-1"


def test_an_id_that_is_no_id_makes_no_address() -> None:
    assert read(record("../../x?y")).url == ""


@given(text=st.text(max_size=700), limit=st.integers(min_value=2, max_value=300))
@settings(max_examples=80, deadline=None)
def test_one_line_is_short_and_settled(text: str, limit: int) -> None:
    once = one_line(text, limit)
    assert len(once) <= limit
    assert one_line(once, limit) == once
    assert once.encode().decode() == once


@given(
    document=st.dictionaries(st.sampled_from(KEYS), JSON)
    | st.builds(
        lambda whole, entries: {"id": "T-1", **whole, "affected": entries},
        st.dictionaries(st.sampled_from(KEYS), JSON),
        st.lists(
            st.dictionaries(st.sampled_from(KEYS_OF_AFFECTED), JSON).map(
                lambda entry: {"package": {"ecosystem": "PyPI", "name": "demo"}, **entry}
            ),
            max_size=3,
        ),
    )
)
@settings(max_examples=80, deadline=None)
def test_any_json_is_read_and_cut_down_without_a_crash(document: dict[str, Any]) -> None:
    found = read_record(document, "test.json")
    if isinstance(found, Advisory):
        again = read_record(json.loads(json.dumps(reduced(document, found))), "again", prepared=True)
        assert isinstance(again, Advisory)
        assert again.packages == found.packages
        for version in ("1.0", "0"):
            assert match(again, "demo", version).applies == match(found, "demo", version).applies
            assert match(again, "demo", version).doubt == match(found, "demo", version).doubt
