# ruff: noqa: S101 - tests assert
from __future__ import annotations

import pytest
from gateway.model import Watch


def test_usual_readings_are_near() -> None:
    assert Watch().distance([20.0, 1.0, 50.0, 0.0]) == pytest.approx(0.0)


def test_a_hot_bearing_is_far_away() -> None:
    assert Watch().distance([27.0, 1.0, 50.0, 0.5]) == pytest.approx(7.5)
