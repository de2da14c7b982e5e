from __future__ import annotations

from tests.unit.health.health_sample import trend

from poetry_aiops.health.report.trend import score_trend, sparkline


def test_the_lowest_and_the_highest_score_have_the_outer_signs() -> None:
    assert sparkline([10.0, None, 90.0]) == "▁?█"


def test_equal_scores_make_a_level_line() -> None:
    assert sparkline([70.0, 70.0]) == "▄▄"
    assert sparkline([None, None]) == "??"


def test_a_trend_has_its_numbers() -> None:
    assert score_trend(trend()) == "71 to 56 (lowest 56, highest 80)"
    assert score_trend(trend()[:1]) == ""
