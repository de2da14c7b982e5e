from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.every import for_each
from tests.unit.health.facts import NOW
from tests.unit.health.osv import record

from poetry_aiops.health.advisory import Advisory, UnreadableRecord
from poetry_aiops.health.matching import match
from poetry_aiops.health.osv_records import one_line, read_record, reduced


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
KEYS = ("id", "aliases", "summary", "details", "references", "published", "modified", "withdrawn", "affected", "severity", "database_specific")  # fmt: skip
KEYS_OF_AFFECTED = ("package", "ranges", "versions", "severity", "database_specific", "ecosystem_specific")


def read(document: object) -> Advisory:
    found = read_record(document, "test.json", NOW)
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


@for_each(
    ("document", "why"),
    [
        (None, "must be an object"),
        ([], "must be an object"),
        ({}, "no id"),
        ({"id": 3}, "no id"),
        ({"id": "\x00 "}, "no id"),
        ({"id": "T-1"}, "does not say what it affects"),
        ({"id": "T-1", "affected": {}}, "T-1: affected must be a list, but is a table"),
    ],
)
def test_what_is_no_record_says_why(document: object, why: str) -> None:
    found = read_record(document, "test.json", NOW)
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


def test_commits_alone_leave_open_whether_a_release_is_affected() -> None:
    document = record("T-1", "demo")
    document["affected"][0]["ranges"] = [{"type": "GIT", "repo": "x", "events": [{"introduced": "0"}]}]
    found = match(read(document), "demo", "1")
    assert not found.applies
    assert "only commits are given" in (found.doubt or "")


@for_each(
    ("field", "value", "reported"),
    [
        ("ranges", "x", "ranges must be a list"),
        ("ranges", [3], "ranges[0] has no list of events"),
        ("ranges", [{"type": "ECOSYSTEM", "events": {"introduced": "0"}}], "ranges[0] has no list of events"),
        ("ranges", [{"type": "ECOSYSTEM", "events": []}], "ranges[0] has no list of events"),
        ("ranges", [{"type": "ECOSYSTEM", "events": [{"introduced": 3}]}], "is not one that OSV defines"),
        (
            "ranges",
            [{"type": "ECOSYSTEM", "events": [3, {"introduced": "0"}]}],
            "is not one that OSV defines",
        ),
        ("versions", {}, "versions must be a list"),
        ("versions", [1.0], "a listed version must be text"),
    ],
)
def test_a_part_that_cannot_be_read_is_kept_in_mind(field: str, value: object, reported: str) -> None:
    document = record("T-1", "demo", {"introduced": "5"})
    document["affected"][0][field] = value
    (entry,) = read(document).affected
    assert any(reported in text for text in entry.unreadable)


@for_each(
    "package", [None, "demo", {"ecosystem": "PyPI"}, {"name": "demo"}, {"ecosystem": "PyPI", "name": 3}]
)
def test_an_entry_that_names_no_package_is_noted(package: object) -> None:
    document = record("T-1", "demo")
    document["affected"].append({"package": package, "ranges": []})
    assert read(document).notes == ("affected[1] names no package",)


@for_each(
    "hostile", ["a\x1b[31mb", "a\nb", "a\u202eb", "a\u200bb", "a\x00b", "a\ud800b", "a\u2028b", "a \t\r\n b"]
)
def test_texts_are_one_line_without_marks_that_hide_or_reorder(hostile: str) -> None:
    clean = read(record("T-1", summary=hostile, aliases=[hostile])).summary
    assert clean.isprintable()
    assert "\x1b" not in clean
    assert clean.encode()


@for_each(
    "url",
    ["javascript:alert(1)", "https://x.example/<script>", "data:text/html,x", 'https://x"onclick', 3, "//x"],
)
def test_only_plain_web_addresses_are_taken_over(url: object) -> None:
    found = read(record("T-1", references=[{"type": "ADVISORY", "url": url}]))
    assert found.url == "https://osv.dev/vulnerability/T-1"


def test_an_id_that_is_no_id_makes_no_address() -> None:
    assert read(record("../../x?y")).url == ""


def test_times_are_taken_over_and_a_withdrawal_without_one_is_still_a_withdrawal() -> None:
    found = read(record("T-1", published="2023-01-01T00:00:00Z", withdrawn="2024-05-01T00:00:00Z"))
    assert (found.published, found.modified) == ("2023-01-01T00:00:00Z", "2024-01-01T00:00:00Z")
    assert found.withdrawn == "2024-05-01T00:00:00Z"
    assert read(record("T-1")).withdrawn is None
    for odd in (True, 1, "soon", " ", ["2024-05-01"]):
        told = read(record("T-1", withdrawn=odd))
        assert (told.withdrawn, told.notes) == (
            None,
            ("withdrawn is not a time, so the record counts as valid",),
        )
    ahead = read(record("T-1", withdrawn="2990-01-01T00:00:00Z"))
    assert (ahead.withdrawn, "in the future" in ahead.notes[0]) == (None, True)
    assert read(record("T-1", published=3, modified="x" * 50)).published == ""
    assert len(read(record("T-1", modified="x" * 50)).modified) == 40


def test_a_withdrawn_record_need_not_say_what_it_affected() -> None:
    found = read({"id": "T-1", "withdrawn": "2024-05-01T00:00:00Z"})
    assert found.affected == ()


@pytest.mark.parametrize(
    ("fields", "note"),
    [
        ({"aliases": ["CVE-1", 3]}, "an entry of aliases is not text"),
        ({"aliases": "CVE-1"}, "aliases must be a list, but is text"),
        ({"severity": [{"type": "CVSS_V3"}]}, "an entry of severity has no type and score"),
        ({"severity": {}}, "severity must be a list, but is a table"),
    ],
)
def test_what_cannot_be_read_of_the_record_itself_is_noted(fields: dict[str, Any], note: str) -> None:
    assert read(record("T-1", **fields)).notes == (note,)


def test_entries_beside_one_that_cannot_be_read_still_count() -> None:
    vectors = [3, {"type": "CVSS_V3", "score": "x"}, {"type": 3, "score": "x"}, {"type": "x", "score": None}]
    found = read(record("T-1", aliases=[3, "CVE-1", ""], severity=vectors))
    assert found.aliases == ("CVE-1",)
    assert found.vectors == (("CVSS_V3", "x"),)
    assert len(found.notes) == 5


def test_an_entry_without_ranges_and_versions_is_noted() -> None:
    (entry,) = read({"id": "T-1", "affected": [{"package": {"ecosystem": "PyPI", "name": "demo"}}]}).affected
    assert entry.unreadable == ("neither ranges nor versions are given",)


def test_a_range_of_an_unknown_type_is_compared_with_a_note_and_semver_without() -> None:
    document = record("T-1", "demo", {"introduced": "5"})
    document["affected"][0]["ranges"] += [{"type": "SEMVER", "events": [{"introduced": "1"}, {"fixed": "2"}]}]
    document["affected"][0]["ranges"] += [{"type": "ODD", "events": [{"introduced": "3"}, {"fixed": "4"}]}]
    found = read(document)
    assert [v for v in ("1", "2", "3", "4", "5") if match(found, "demo", v).applies] == ["1", "3", "5"]
    assert found.affected[0].notes == ("ranges[2] is of an unknown type and is compared by PEP 440",)
    assert found.affected[0].unreadable == ()


def test_commits_beside_versions_are_no_news() -> None:
    document = record("T-1", "demo")
    document["affected"][0]["ranges"].insert(0, {"type": "GIT", "events": [{"introduced": "0"}]})
    (entry,) = read(document).affected
    assert (len(entry.ranges), entry.notes, entry.unreadable) == (1, (), ())


def test_events_of_one_object_and_vectors_of_an_entry_are_read_too() -> None:
    document = record("T-1", "demo", {"introduced": "1", "fixed": "2", "odd": "3"})
    document["affected"][0] |= {
        "severity": [{"type": "CVSS_V3", "score": "x"}, 3],
        "ecosystem_specific": {"severity": "low"},
    }
    (entry,) = read(document).affected
    assert [(event.kind, event.version) for event in entry.ranges[0].events] == [
        ("introduced", "1"),
        ("fixed", "2"),
    ]
    assert (entry.vectors, entry.label) == ((("CVSS_V3", "x"),), "low")
    assert entry.notes == ("an entry of severity has no type and score",)
    assert entry.unreadable == ()


def test_ids_are_cut_at_two_hundred_characters() -> None:
    found = read(record("x" * 250, "n" * 250, aliases=["y" * 250]))
    assert (len(found.id), [len(alias) for alias in found.aliases]) == (200, [200])
    assert [len(name) for name in found.packages] == [200]


def test_the_word_of_the_database_comes_before_that_of_the_ecosystem() -> None:
    words: dict[str, Any] = {
        "database_specific": {"severity": "HIGH"},
        "ecosystem_specific": {"severity": "low"},
    }
    assert read(record("T-1", **words)).label == "HIGH"
    assert read(record("T-1", **{**words, "database_specific": {"severity": 3}})).label == "low"
    assert len(read(record("T-1", database_specific={"severity": "x" * 50})).label) == 40


def test_the_first_advisory_page_is_taken_and_a_web_page_only_where_the_id_makes_no_address() -> None:
    pages = [
        {"type": "WEB", "url": "https://web.example/1"},
        {"type": "WEB", "url": "https://web.example/2"},
        {"type": "PACKAGE", "url": "https://package.example"},
    ]
    advisories = [{"type": "ADVISORY", "url": f"https://advisory.example/{number}"} for number in (1, 2)]
    assert read(record("T-1", references=pages)).url == "https://osv.dev/vulnerability/T-1"
    assert read(record("x?y", references=pages)).url == "https://web.example/1"
    assert read(record("x?y", references=pages + advisories)).url == "https://advisory.example/1"
    assert read(record("T-1", references=[{"type": ["x"], "url": "https://a.example"}])).url.endswith("T-1")


def test_details_stand_in_for_a_summary_that_says_nothing() -> None:
    assert read(record("T-1", summary=" \n ", details="Long")).summary == "Long"
    assert read(record("T-1", summary=3)).summary == ""


@for_each(
    ("text", "expected"),
    [
        ("x" * 10, "x" * 10),
        ("x" * 11, "x" * 9 + "…"),
        (" a  b ", "a b"),
        ("\u00e4" * 10, "\u00e4" * 10),
        ("abcdefgh  ijk", "abcdefgh…"),
        ("\n" * 39 + "a" + "b", "a"),
    ],
)
def test_a_text_is_cut_at_its_limit_and_no_sooner(text: str, expected: str) -> None:
    assert one_line(text, 10) == expected


def test_prepared_records_keep_their_listed_versions_as_they_are_spelled() -> None:
    document = record("T-1", "demo", {"introduced": "5"})
    document["affected"][0]["versions"] = ["1.0"]
    prepared = read_record(document, "test.json", NOW, prepared=True)
    assert isinstance(prepared, Advisory)
    assert prepared.affected[0].versions == {"1.0"}
    assert read(document).affected[0].versions == {"1"}


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
    found = read_record(document, "test.json", NOW)
    if isinstance(found, Advisory):
        again = read_record(json.loads(json.dumps(reduced(document, found))), "again", NOW, prepared=True)
        assert isinstance(again, Advisory)
        assert again.packages == found.packages
        for version in ("1.0", "0"):
            assert match(again, "demo", version).applies == match(found, "demo", version).applies
            assert match(again, "demo", version).doubt == match(found, "demo", version).doubt
