"""A test that stands for many cases tries each of them and names those that fail."""

from __future__ import annotations

import inspect

import pytest
from tests.support.every import every, for_each


def test_each_case_is_tried_and_those_that_fail_are_named() -> None:
    tried: list[tuple[int, str]] = []

    @for_each("letter", ["a", "b"])
    @for_each(("number", "square"), [(1, 1), (2, 5), (3, 10)])
    def squares(letter: str, number: int, square: int, tmp_path: str) -> None:
        tried.append((number, letter + tmp_path))
        assert number**2 == square

    assert list(inspect.signature(squares).parameters) == ["tmp_path"]
    with pytest.raises(pytest.fail.Exception) as failed:
        squares(tmp_path="!")
    assert tried == [(number, letter) for letter in ("a!", "b!") for number in (1, 2, 3)]
    assert "2 of 3 cases failed" in str(failed.value)
    assert "(2, 5)" in str(failed.value)
    assert "2 of 2 cases failed" in str(failed.value)


def test_no_case_at_all_is_a_failure() -> None:
    with pytest.raises(AssertionError, match="no case"):
        every([], print)
