from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.health.facts import audit_of, finding, metric_of

from poetry_aiops.health.advisory import Severity
from poetry_aiops.health.metric import METRICS, Metric, MetricName
from poetry_aiops.health.score import WEIGHTS, score_of


def metric(name: MetricName, score: float | None, coverage: float = 100.0) -> Metric:
    return Metric(name, score, coverage, ())


def test_the_weights_add_up_to_one() -> None:
    assert sum(WEIGHTS.values()) == pytest.approx(1)
    assert set(WEIGHTS) == set(METRICS)


def test_everything_known_is_the_weighted_mean() -> None:
    values: dict[MetricName, float] = {
        "security": 50,
        "maintenance": 80,
        "currency": 60,
        "depth": 100,
        "popularity": 90,
    }
    score = score_of([metric(name, value) for name, value in values.items()])
    assert score.value == pytest.approx(0.4 * 50 + 0.2 * 80 + 0.2 * 60 + 0.1 * 100 + 0.1 * 90)
    assert (score.coverage, score.is_sufficient, score.reason) == (100.0, True, "")


def test_an_unknown_metric_is_left_out_and_lowers_the_coverage() -> None:
    score = score_of([metric("security", 50), metric("maintenance", 80), metric("popularity", None, 0.0)])
    assert score.value == pytest.approx((0.4 * 50 + 0.2 * 80) / 0.6)
    assert score.coverage == pytest.approx(100 * 0.6 / 0.7)
    assert score.reason == "unknown: popularity"
    assert "popularity" not in score.weights


def test_too_little_knowledge_is_insufficient() -> None:
    score = score_of([metric("security", None, 0.0), metric("depth", 100)])
    assert score.value == 100
    assert not score.is_sufficient
    assert "insufficient: 20 % of the facts are known" in score.reason


def test_what_does_not_apply_is_neither_good_nor_missing() -> None:
    score = score_of([metric("depth", 60), metric("currency", None, 100.0)])
    assert (score.value, score.coverage, score.is_sufficient) == (60, 100.0, True)


def test_nothing_at_all_is_no_score() -> None:
    score = score_of([])
    assert (score.value, score.is_sufficient, score.reason) == (None, False, "there is nothing to rate")


def test_a_metric_without_weight_is_shown_and_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("poetry_aiops.health.score.WEIGHTS", {**WEIGHTS, "depth": 0.0})
    alone = score_of([metric("depth", 60)])
    assert (alone.value, dict(alone.weights)) == (None, {})
    assert score_of([metric("depth", 60), metric("security", 90)]).value == 90


def test_the_audit_becomes_a_metric_that_says_what_is_open() -> None:
    audit = audit_of(
        finding(severity=Severity.HIGH), finding("pear", severity=Severity.UNKNOWN), failed=("fig",)
    )
    found = metric_of(audit)
    assert dict(found.inputs) == {"findings": 2, "failed": 1, "high": 1, "unknown": 1}
    assert found.coverage == 75.0
    assert "1 of 4 packages could not be audited" in found.reason


@given(
    st.dictionaries(
        st.sampled_from(METRICS), st.tuples(st.one_of(st.none(), st.floats(0, 100)), st.floats(0, 100))
    )
)
def test_a_score_lies_between_its_metrics(
    given_metrics: dict[MetricName, tuple[float | None, float]],
) -> None:
    metrics = [metric(name, value, coverage) for name, (value, coverage) in given_metrics.items()]
    score = score_of(metrics)
    known = [one.score for one in metrics if one.score is not None and WEIGHTS[one.name]]
    assert 0 <= score.coverage <= 100 + 1e-9
    assert (score.value is None) == (not known)
    if score.value is not None:
        assert min(known) - 1e-6 <= score.value <= max(known) + 1e-6
        assert sum(score.weights.values()) == pytest.approx(1)
