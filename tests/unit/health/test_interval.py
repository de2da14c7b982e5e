from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetry_aiops.errors import UsageError
from poetry_aiops.health.request import interval_in_words, read_interval


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("24h", 86400),
        ("30m", 1800),
        ("1h30m", 5400),
        ("90s", 90),
        ("1d", 86400),
        ("2w", 1209600),
        ("24", 86400),
        ("0.5", 1800),
        ("1.5H", 5400),
        (" 1h 5m ", 3900),
    ],
)
def test_a_length_of_time_is_read(text: str, seconds: float) -> None:
    assert read_interval(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    ["", "h", "-1h", "1x", "soon", "1h-5m", "inf", "nan", "1e9", "0", "0s", "100000d", "1" * 99, "\u0661h"],
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_interval(text)
    assert refused.value.where == "--interval"
    assert refused.value.hint


@given(st.integers(1, 366 * 86400))
def test_words_are_read_back(seconds: int) -> None:
    interval = timedelta(seconds=seconds)
    assert read_interval(interval_in_words(interval)) == interval
