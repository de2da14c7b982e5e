from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.every import for_each
from tests.unit.health.locked import locked

from poetry_aiops.health.applicability import Origins
from poetry_aiops.health.popularity import (
    Count,
    Counts,
    popularity_metric,
    popularity_of,
    public_names,
    score_of,
)
from poetry_aiops.project.model import PackageSource


PRIVATE = PackageSource("legacy", "https://inside.example/simple", "inside")
MIRROR = PackageSource("legacy", "https://mirror.example/simple", "mirror")
ORIGINS = Origins(public_sources=frozenset({"mirror"}))


@for_each(("downloads", "score"), [(0, 0), (9, 100 / 9), (999_999, 600 / 9), (10**9, 100), (10**12, 100)])
def test_the_score_counts_digits(downloads: int, score: float) -> None:
    assert score_of(downloads) == pytest.approx(score, abs=0.01)


@given(st.integers(0, 10**15), st.integers(0, 10**6))
def test_more_downloads_are_never_worse(downloads: int, more: int) -> None:
    assert 0 <= score_of(downloads) <= score_of(downloads + more) <= 100


def test_names_of_private_sources_stay_here() -> None:
    packages = [
        locked("apple", "1"),
        locked("secret", "1", source=PRIVATE),
        locked("pear", "1", source=MIRROR),
    ]
    assert public_names(packages, ORIGINS) == ("apple", "pear")


def test_a_name_that_a_private_source_has_as_well_stays_here() -> None:
    packages = [locked("apple", "1"), locked("apple", "2", source=PRIVATE)]
    assert public_names(packages, ORIGINS) == ()


def test_a_private_package_is_not_rated_by_its_namesake() -> None:
    counts = Counts({"secret": Count(10**6, "list")})
    found = popularity_of(locked("secret", "1", source=PRIVATE), counts, ORIGINS, direct=True)
    assert (found.score, found.applicable) == (None, False)
    assert "inside" in found.reason


def test_known_and_unknown_counts() -> None:
    counts = Counts(
        {"apple": Count(999, "list.example", "2026-06-01")}, {"pear": "no source knows its downloads"}
    )
    apple = popularity_of(locked("apple", "1"), counts, ORIGINS, direct=True)
    pear = popularity_of(locked("pear", "1"), counts, ORIGINS, direct=False)
    plum = popularity_of(locked("plum", "1"), Counts(), ORIGINS, direct=False)
    metric = popularity_metric([apple, pear, plum])
    assert tuple(question.text for question in metric.open_questions) == (
        (
            "popularity: 1 of 3 packages: no source knows its downloads; "
            "1 of 3 packages: no source of download figures was queried"
        ),
    )
    silent = Counts(missing=counts.missing, unlisted=frozenset({"pear"}))
    answered = popularity_of(locked("pear", "1"), silent, ORIGINS, direct=False)
    assert popularity_metric([apple, answered]).open_questions == ()
    assert (apple.downloads, apple.source, apple.date) == (999, "list.example", "2026-06-01")
    assert (pear.score, pear.reason) == (None, "no source knows its downloads")
    assert plum.reason == "no source of download figures was queried"
    assert metric.coverage == pytest.approx(100 / 3)
    assert dict(metric.inputs) == {
        "fewest_downloads": 999,
        "below_1000_downloads": 1,
        "sources": "list.example",
    }
