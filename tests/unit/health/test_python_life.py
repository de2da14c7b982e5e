"""Pythons without security fixes that a project still allows."""

from __future__ import annotations

from datetime import date

import pytest

from poetry_aiops.health.signals import end_in_words, ended_pythons


@pytest.mark.parametrize(
    ("allowed", "today", "ended"),
    [
        (">=3.9,<4.0", date(2026, 6, 1), ("3.9",)),
        (">=3.8", date(2026, 12, 1), ("3.8", "3.9", "3.10")),
        (">=3.11,<3.13", date(2026, 12, 1), ()),
        ("~3.10.4", date(2026, 10, 31), ()),
        ("3.9.7 || ^3.12", date(2026, 1, 1), ("3.9",)),
        ("*", date(2019, 1, 1), ()),
        ("no version", date(2026, 1, 1), ()),
    ],
)
def test_each_allowed_python_that_has_ended_is_named(
    allowed: str, today: date, ended: tuple[str, ...]
) -> None:
    assert ended_pythons(allowed, today) == ended


def test_the_day_is_that_of_the_newest() -> None:
    assert (
        end_in_words(("3.8", "3.9"))
        == "the project allows Python 3.8 to 3.9, without security fixes since 2025-10-31"
    )
