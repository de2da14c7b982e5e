from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version
from tests.support.every import for_each
from tests.unit.health.facts import NOW
from tests.unit.health.osv import listed, record

from poetry_aiops.health.advisory import Advisory, Event, VersionRange
from poetry_aiops.health.matching import match, spans_of
from poetry_aiops.health.osv_records import read_record


def advisory(document: object) -> Advisory:
    found = read_record(document, "test", NOW)
    assert isinstance(found, Advisory)
    return found


def applies(version: str, *events: dict[str, str]) -> bool:
    return match(advisory(record("T-1", "demo", *events)), "demo", version).applies


@for_each(
    ("version", "affected"),
    [
        ("0.0.dev0", True),
        ("1.4.9", True),
        ("1.5rc1", True),
        ("1.5", False),
        ("1.5.post1", False),
        ("2.9", False),
        ("3.0a1", False),
        ("3.0", True),
        ("3.0+cpu", True),
        ("3.5", False),
        ("1!0.1", False),
    ],
)
def test_events_in_any_order_bound_half_open_spans(version: str, affected: bool) -> None:
    events = ({"fixed": "3.5"}, {"introduced": "3.0"}, {"fixed": "1.5"}, {"introduced": "0"})
    assert applies(version, *events) is affected


@pytest.mark.parametrize(("version", "affected"), [("1.0", True), ("2.0", True), ("2.0.post1", False)])
def test_the_last_affected_version_is_affected(version: str, affected: bool) -> None:
    assert applies(version, {"introduced": "0"}, {"last_affected": "2.0"}) is affected


def test_a_range_of_a_single_version_holds_that_version_only() -> None:
    events = ({"introduced": "2.0"}, {"last_affected": "2.0"})
    assert [version for version in ("1.9", "2.0.0", "2.0.1") if applies(version, *events)] == ["2.0.0"]


def test_a_range_that_is_fixed_where_it_begins_is_empty_and_spans_may_touch() -> None:
    assert not applies("2.0", {"introduced": "2.0"}, {"fixed": "2.0"})
    touching = ({"introduced": "0"}, {"fixed": "2.0"}, {"introduced": "2.0"}, {"fixed": "3.0"})
    assert [version for version in ("1.0", "2.0", "2.5", "3.0") if applies(version, *touching)] == [
        "1.0",
        "2.0",
        "2.5",
    ]


def test_a_range_without_an_end_goes_on_from_where_it_begins() -> None:
    assert [version for version in ("1.9", "2.0", "9") if applies(version, {"introduced": "2.0"})] == [
        "2.0",
        "9",
    ]


def test_epochs_come_before_releases() -> None:
    events = ({"introduced": "1!1.0"}, {"fixed": "1!2.0"})
    assert [v for v in ("1.5", "99", "1!1.0", "1!1.5", "1!2.0", "2!1.5") if applies(v, *events)] == [
        "1!1.0",
        "1!1.5",
    ]


def test_a_limit_bounds_what_is_affected() -> None:
    events = ({"introduced": "0"}, {"limit": "2.0"})
    assert applies("1.9", *events)
    assert not applies("2.0", *events)
    assert applies("9", {"introduced": "0"}, {"limit": "*"})


def test_of_several_limits_the_widest_counts_and_one_without_bounds_lifts_all() -> None:
    assert applies("2.5", {"introduced": "0"}, {"limit": "2.0"}, {"limit": "3.0"})
    assert not applies("3.0", {"introduced": "0"}, {"limit": "2.0"}, {"limit": "3.0"})
    assert applies("9", {"introduced": "0"}, {"limit": "2.0"}, {"limit": "*"})


def test_a_limit_that_is_no_version_limits_nothing_and_is_noted_but_a_star_is_not() -> None:
    odd = match(advisory(record("T-1", "demo", {"introduced": "0"}, {"limit": "soon"})), "demo", "9")
    star = match(advisory(record("T-1", "demo", {"introduced": "0"}, {"limit": "*"})), "demo", "9")
    assert (odd.applies, odd.notes) == (True, ('"soon" (limit) is not a version and was skipped',))
    assert (star.applies, star.notes) == (True, ())


def test_a_local_part_is_judged_as_the_public_version_unless_it_is_named() -> None:
    fixed_build = ({"introduced": "0"}, {"fixed": "2.1.0+patched"})
    assert applies("2.1.0+cpu", {"introduced": "0"}, {"last_affected": "2.1.0"})
    assert applies("2.1.0", *fixed_build)
    assert not applies("2.1.0+patched", *fixed_build)
    assert applies("2.1.0+cpu", {"introduced": "0"}, {"last_affected": "2.1.0+cpu"})
    named = advisory(listed("T-1", "demo", "2.1.0+bad"))
    assert match(named, "demo", "2.1.0+bad").applies
    assert not match(named, "demo", "2.1.0").applies


@for_each("spelling", ["1.0", "1", "1.0.0", "v1.0", "01.0", "1.0+local"])
def test_listed_versions_are_compared_as_versions(spelling: str) -> None:
    assert match(advisory(listed("T-1", "demo", "1.0.0.0")), "demo", spelling).applies


def test_a_listed_version_may_lie_outside_every_range() -> None:
    document = record("T-1", "demo", {"introduced": "2"}, {"fixed": "3"})
    document["affected"][0]["versions"] = ["1.5"]
    assert match(advisory(document), "demo", "1.5").applies


def test_a_fixed_bound_that_is_no_version_closes_nothing_and_is_noted() -> None:
    found = match(
        advisory(record("T-1", "demo", {"introduced": "0"}, {"fixed": "0.2.0-n653"})), "demo", "5.0"
    )
    assert found.applies
    assert found.notes == ('"0.2.0-n653" (fixed) is not a version and was skipped',)


def test_a_beginning_that_is_no_version_lies_as_early_as_the_other_events_allow() -> None:
    events = ({"introduced": "0"}, {"fixed": "1"}, {"introduced": "soon"}, {"fixed": "3"})
    assert [v for v in ("0.5", "1", "2.9", "3", "4") if applies(v, *events)] == ["0.5", "1", "2.9"]
    assert applies("7", {"introduced": "0"}, {"fixed": "1"}, {"introduced": "soon"})


def test_a_range_without_a_beginning_begins_with_the_first_version() -> None:
    found = match(advisory(record("T-1", "demo", {"fixed": "2"})), "demo", "1.0")
    assert found.applies
    assert "no event says where the range begins" in found.notes[0]
    assert not applies("2", {"fixed": "2"})


def test_fixed_versions_are_above_the_locked_one_and_not_affected_themselves() -> None:
    events = ({"introduced": "0"}, {"fixed": "1.5"}, {"introduced": "2"}, {"fixed": "2.3"}, {"fixed": "2.1"})
    assert match(advisory(record("T-1", "demo", *events)), "demo", "1.2").fixed_in == ("1.5", "2.1", "2.3")
    assert match(advisory(record("T-1", "demo", *events)), "demo", "2.0").fixed_in == ("2.1", "2.3")
    document = record("T-1", "demo", {"introduced": "0"}, {"fixed": "1.5"})
    document["affected"][0]["versions"] = ["1.5"]
    assert match(advisory(document), "demo", "1.0").fixed_in == ()


def test_a_locked_version_that_is_none_is_compared_with_the_list_and_else_in_doubt() -> None:
    named = advisory(listed("T-1", "demo", "2013-odd"))
    assert match(named, "demo", "2013-odd").applies
    assert match(named, "demo", "2014-odd").doubt == (
        '"2014-odd" is not a PEP 440 version, so ranges cannot be compared'
    )
    assert match(named, "other", "2014-odd").doubt is None


def test_parts_that_cannot_be_read_leave_a_doubt_unless_the_rest_matches() -> None:
    document = record("T-1", "demo", {"introduced": "0"}, {"fixed": "2"})
    document["affected"][0]["versions"] = "all of them"
    found = advisory(document)
    assert match(found, "demo", "1").applies
    assert match(found, "demo", "1").notes == ("versions must be a list, but is text",)
    assert match(found, "demo", "1").doubt is None
    doubt = match(found, "demo", "3").doubt
    assert doubt == "T-1 cannot be read in full: versions must be a list, but is text"


def test_another_package_of_the_record_does_not_count() -> None:
    document = record("T-1", "demo", {"introduced": "0"}, {"fixed": "2"})
    document["affected"].append(record("T-1", "other")["affected"][0])
    assert not match(advisory(document), "demo", "3").applies
    assert match(advisory(document), "other", "3").applies


def test_each_beginning_that_is_no_version_opens_one_span_only() -> None:
    events = ({"introduced": "soon"}, {"fixed": "1"}, {"fixed": "2"}, {"introduced": "3"}, {"fixed": "4"})
    assert [v for v in ("0.5", "1", "1.5", "2", "3", "4") if applies(v, *events)] == ["0.5", "3"]


def test_two_unreadable_beginnings_open_two_spans_one_behind_the_other() -> None:
    events = ({"introduced": "soon"}, {"introduced": "later"}, {"fixed": "1"}, {"last_affected": "2"})
    assert [v for v in ("0.5", "1", "2", "2.1") if applies(v, *events)] == ["0.5", "1", "2"]


def test_notes_are_told_once_and_ranges_of_several_entries_all_count() -> None:
    document = record("T-1", "demo", {"introduced": "0"}, {"fixed": "x"}, {"fixed": "1"})
    document["affected"] += record("T-1", "demo", {"introduced": "2"}, {"fixed": "x"}, {"fixed": "3"})[
        "affected"
    ]
    found = match(advisory(document), "demo", "2.5")
    assert (found.applies, found.fixed_in) == (True, ("3",))
    assert found.notes == ('"x" (fixed) is not a version and was skipped',)
    assert not match(advisory(document), "demo", "1.5").applies


# -- against a plain reading of OSV's pseudo code -------------------------------------------------------


NUMBERS = st.integers(min_value=0, max_value=4)
VERSIONS = st.builds(
    "{}{}.{}{}".format,
    st.sampled_from(["", "", "", "1!"]),
    NUMBERS,
    NUMBERS,
    st.sampled_from(["", "", "", "a1", "rc1", ".post1", ".dev1"]),
)
KINDS = st.sampled_from(["introduced", "fixed", "last_affected"])
PLACES = {"fixed": 0, "introduced": 1, "last_affected": 2}


def plainly(events: list[tuple[str, str]], version: Version) -> bool:
    """Walk sorted events as the schema's pseudo code does."""
    affected = False
    for bound, kind in sorted(((Version(text), kind) for kind, text in events), key=_in_order):
        if kind == "introduced" and version >= bound:
            affected = True
        elif (kind == "fixed" and version >= bound) or (kind == "last_affected" and version > bound):
            affected = False
    return affected


def _in_order(event: tuple[Version, str]) -> tuple[Version, int]:
    return (event[0], PLACES[event[1]])


@given(
    events=st.lists(
        st.tuples(KINDS, VERSIONS), min_size=1, max_size=7, unique_by=lambda event: Version(event[1])
    ),
    version=VERSIONS,
)
@settings(max_examples=150, deadline=None)
def test_spans_agree_with_the_pseudo_code(events: list[tuple[str, str]], version: str) -> None:
    events = [("introduced", "0.dev0"), *events]
    made = VersionRange(tuple(Event(kind, text) for kind, text in events))  # type: ignore[arg-type]  # sampled
    assert spans_of(made).covers(Version(version)) is plainly(events, Version(version))


@given(
    events=st.lists(
        st.tuples(
            st.sampled_from(["introduced", "fixed", "last_affected", "limit"]), VERSIONS | st.text(max_size=8)
        ),
        max_size=6,
    ),
    version=VERSIONS | st.text(max_size=8),
)
@settings(max_examples=80, deadline=None)
def test_no_events_and_no_version_make_matching_raise(events: list[tuple[str, str]], version: str) -> None:
    document = record("T-1", "demo", *({kind: text} for kind, text in events))
    found = match(advisory(document), "demo", version)
    assert found.applies or found.doubt is None or found.doubt


@given(bad=st.text(max_size=12), version=VERSIONS)
@settings(max_examples=80, deadline=None)
def test_passing_a_bound_over_never_makes_a_version_safe(bad: str, version: str) -> None:
    events = ({"introduced": "1.0"}, {"fixed": "3.0"})
    if applies(version, *events):
        assert applies(version, {"introduced": "1.0"}, {"fixed": f"x{bad}"})
        assert applies(version, {"introduced": f"x{bad}"}, {"fixed": "3.0"})
