from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.every import for_each
from tests.unit.health.facts import NOW
from tests.unit.health.osv import record

from poetry_aiops.health.advisory import Advisory, Rating, Severity
from poetry_aiops.health.osv_records import read_record
from poetry_aiops.health.severity import base_score, rate, worst


V2_HIGH = "AV:N/AC:L/Au:N/C:C/I:C/A:C"
V3_CRITICAL = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
V3_MEDIUM = "CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N"
V3_NONE = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N"
V4_HIGH = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N"


def rated(*vectors: tuple[str, str], **fields: Any) -> Rating:
    document = record("T-1", severity=[{"type": kind, "score": score} for kind, score in vectors], **fields)
    found = read_record(document, "test", NOW)
    assert isinstance(found, Advisory)
    return rate(found, "demo")


@for_each(
    ("kind", "vector", "severity", "score"),
    [
        ("CVSS_V2", V2_HIGH, Severity.HIGH, 10.0),
        ("CVSS_V2", f"({V2_HIGH})", Severity.HIGH, 10.0),
        ("CVSS_V3", V3_CRITICAL, Severity.CRITICAL, 9.8),
        ("CVSS_V3", f"{V3_CRITICAL}/", Severity.CRITICAL, 9.8),
        ("CVSS_V3", V3_MEDIUM, Severity.MEDIUM, 6.1),
        ("CVSS_V3", V3_NONE, Severity.LOW, 0.0),
        ("CVSS_V4", V4_HIGH, Severity.HIGH, 8.7),
        ("CVSS_V3", V4_HIGH, Severity.HIGH, 8.7),
    ],
)
def test_a_vector_gives_score_and_level(kind: str, vector: str, severity: Severity, score: float) -> None:
    found = rated((kind, vector))
    assert (found.severity, found.cvss) == (severity, score)
    assert found.notes == ()


def test_the_newest_cvss_version_counts_and_of_one_version_the_highest_score() -> None:
    both = rated(("CVSS_V3", V3_CRITICAL), ("CVSS_V4", V4_HIGH), ("CVSS_V2", V2_HIGH))
    assert (both.origin, both.cvss) == ("CVSS_V4", 8.7)
    assert rated(("CVSS_V3", V3_MEDIUM), ("CVSS_V3", V3_CRITICAL)).cvss == 9.8


def test_a_vector_for_the_package_itself_beats_the_record() -> None:
    document = record("T-1", severity=[{"type": "CVSS_V3", "score": V3_CRITICAL}])
    document["affected"][0]["severity"] = [{"type": "CVSS_V3", "score": V3_MEDIUM}]
    found = read_record(document, "test", NOW)
    assert isinstance(found, Advisory)
    assert rate(found, "demo").severity is Severity.MEDIUM


def test_a_vector_that_cannot_be_read_is_noted_and_the_word_of_the_database_counts() -> None:
    found = rated(("CVSS_V3", "CVSS:3.1/AV:N"), database_specific={"severity": "MODERATE"})
    assert (found.severity, found.cvss, found.origin) == (Severity.MEDIUM, None, "database")
    assert found.notes == ('"CVSS:3.1/AV:N" is no CVSS_V3 vector',)


def test_nothing_told_is_unknown_and_other_scales_are_passed_over() -> None:
    assert rated().severity is Severity.UNKNOWN
    assert rated(("Ubuntu", "high")) == Rating()
    assert rated(database_specific={"severity": "spicy"}).severity is Severity.UNKNOWN


def test_a_malicious_release_is_critical() -> None:
    found = read_record(record("MAL-2024-1"), "test", NOW)
    assert isinstance(found, Advisory)
    assert rate(found, "demo").severity is Severity.CRITICAL


def test_the_worst_of_several_ratings_is_known_where_one_is() -> None:
    low = Rating(Severity.LOW, 3.0)
    assert worst([Rating(), low]) == low
    assert worst([]) == Rating()


def test_the_word_for_the_package_itself_beats_the_word_of_the_record() -> None:
    document = record("T-1", database_specific={"severity": "LOW"})
    document["affected"][0]["database_specific"] = {"severity": "Important"}
    found = read_record(document, "test", NOW)
    assert isinstance(found, Advisory)
    assert rate(found, "demo") == Rating(Severity.HIGH, origin="database")
    assert rate(found, "other") == Rating(Severity.LOW, origin="database")


def test_a_known_word_makes_a_malicious_release_what_the_word_says_and_else_it_is_told_why() -> None:
    plain = read_record(record("MAL-2024-1"), "test", NOW)
    worded = read_record(record("MAL-2024-1", database_specific={"severity": "high"}), "test", NOW)
    assert isinstance(plain, Advisory)
    assert isinstance(worded, Advisory)
    assert rate(plain, "demo") == Rating(Severity.CRITICAL, origin="malware")
    assert rate(worded, "demo") == Rating(Severity.HIGH, origin="database")


def test_notes_about_unreadable_vectors_stay_beside_any_rating() -> None:
    note = '"CVSS:3.1/AV:N" is no CVSS_V3 vector'
    bad = ("CVSS_V3", "CVSS:3.1/AV:N")
    read = rated(bad, ("CVSS_V3", V3_MEDIUM))
    assert (read.cvss, read.vector, read.notes) == (6.1, V3_MEDIUM, (note,))
    assert rated(bad).notes == (note,)
    found = read_record(record("MAL-1", severity=[{"type": bad[0], "score": bad[1]}]), "test", NOW)
    assert isinstance(found, Advisory)
    assert rate(found, "demo").notes == (note,)


def test_unreadable_vectors_of_the_package_and_of_the_record_are_both_noted() -> None:
    document = record("T-1", severity=[{"type": "CVSS_V3", "score": "bad"}])
    document["affected"][0]["severity"] = [{"type": "CVSS_V2", "score": "worse"}]
    found = read_record(document, "test", NOW)
    assert isinstance(found, Advisory)
    assert rate(found, "demo").notes == ('"worse" is no CVSS_V2 vector', '"bad" is no CVSS_V3 vector')


def test_a_prefix_without_a_version_leaves_the_label_and_undefined_metrics_change_no_score() -> None:
    assert rated(("CVSS_V3", "CVSS:x/AV:N")).notes == ('"CVSS:x/AV:N" is no CVSS_V3 vector',)
    assert rated(("CVSS_V3", f"{V3_MEDIUM}/E:X")).cvss == 6.1


def test_a_long_vector_is_cut_in_its_note() -> None:
    assert rated(("CVSS_V2", "x" * 81)).notes == (f'"{"x" * 80}" is no CVSS_V2 vector',)


def test_of_equal_levels_the_higher_score_is_worse_and_a_score_beats_none() -> None:
    high, higher, wordy = (Rating(Severity.HIGH, score) for score in (7.1, 8.8, None))
    assert worst([high, higher, wordy]) == higher
    assert worst([wordy, high]) == high
    assert worst([Rating(Severity.LOW), Rating(Severity.LOW, 0.5)]).cvss == 0.5


@for_each(
    ("vector", "score", "level"),
    [
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:L/I:N/A:H", 9.3, Severity.CRITICAL),
        ("CVSS:3.1/AV:A/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:N", 9.3, Severity.CRITICAL),
        ("CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:C/C:H/I:H/A:H", 9.0, Severity.CRITICAL),
        ("CVSS:3.1/AV:L/AC:H/PR:L/UI:N/S:U/C:H/I:H/A:H", 7.0, Severity.HIGH),
        ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4, Severity.MEDIUM),
        ("CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N", 4.0, Severity.MEDIUM),
        ("CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:L/I:N/A:N", 3.7, Severity.LOW),
    ],
)
def test_levels_begin_at_their_bounds(vector: str, score: float, level: Severity) -> None:
    found = rated(("CVSS_V3", vector))
    assert (found.cvss, found.severity) == (score, level)


@pytest.mark.parametrize(
    ("kind", "vector"),
    [("CVSS_V3", f" {V3_CRITICAL} "), ("anything", V3_CRITICAL), ("CVSS_V2", V3_CRITICAL.lower().upper())],
)
def test_the_prefix_of_a_vector_beats_its_label(kind: str, vector: str) -> None:
    assert rated((kind, vector)).origin == "CVSS_V3"


@given(
    kind=st.sampled_from(["CVSS_V2", "CVSS_V3", "CVSS_V4"]),
    vector=st.text(max_size=40)
    | st.builds(
        "{}{}".format,
        st.sampled_from(["CVSS:3.1/", "CVSS:4.0/", "", "CVSS:9.9/"]),
        st.lists(
            st.sampled_from(["AV:N", "AC:L", "Au:N", "PR:N", "UI:N", "S:U", "C:H", "I:H", "A:H", "AT:N", "VC:H", "x", ":", "E:X"])
        ).map("/".join),
    ),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_no_vector_makes_the_reader_raise(kind: str, vector: str) -> None:
    score = base_score(kind, vector)
    assert score is None or 0 <= score <= 10
