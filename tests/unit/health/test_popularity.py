from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.every import for_each
from tests.unit.health.locked import locked

from poetry_aiops.health.applicability import Origins
from poetry_aiops.health.popularity import (
    Downloads,
    popularity_metric,
    popularity_of,
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


def test_a_private_package_is_not_rated_by_its_namesake() -> None:
    listed = Downloads({"secret": 10**6, "pear": 10**6}, "list")
    pear = popularity_of(locked("pear", "1", source=MIRROR), listed, ORIGINS, direct=True)
    assert pear.downloads == 10**6
    found = popularity_of(locked("secret", "1", source=PRIVATE), listed, ORIGINS, direct=True)
    assert (found.score, found.applicable) == (None, False)
    assert "inside" in found.reason


def test_known_and_unknown_counts() -> None:
    listed = Downloads({"apple": 999}, "list.example", "2026-06-01")
    apple = popularity_of(locked("apple", "1"), listed, ORIGINS, direct=True)
    pear = popularity_of(locked("pear", "1"), listed, ORIGINS, direct=False)
    plum = popularity_of(locked("plum", "1"), Downloads(problem="switched off"), ORIGINS, direct=False)
    metric = popularity_metric([apple, pear, plum])
    assert [question.text for question in metric.open_questions] == [
        "popularity: 1 of 3 packages: switched off"
    ]
    assert popularity_metric([apple, pear]).open_questions == ()
    assert (apple.downloads, apple.source, apple.date) == (999, "list.example", "2026-06-01")
    assert (pear.score, pear.reason) == (None, "the list of the most used packages does not hold it")
    assert metric.coverage == pytest.approx(100 / 3)
    assert dict(metric.inputs) == {
        "fewest_downloads": 999,
        "below_1000_downloads": 1,
        "sources": "list.example",
    }
