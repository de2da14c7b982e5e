"""Versions as advisories write them."""

from __future__ import annotations

import pytest
from packaging.version import Version

from poetry_aiops.project.versions import LONGEST, canonical, parsed, public


def test_the_longest_version_is_still_read_and_a_longer_one_is_none() -> None:
    longest = "1." + "0" * (LONGEST - 2)
    assert parsed(longest) == Version("1.0")
    assert parsed(longest + "0") is None


@pytest.mark.parametrize("text", ["", "latest", "2013-odd", "1" * 150 + "x"])
def test_text_that_is_no_version_is_none_and_stays_as_it_is(text: str) -> None:
    assert parsed(text) is None
    assert canonical(text) == text


@pytest.mark.parametrize(("text", "spelling"), [("1.0.0.0", "1"), ("v1.10", "1.10"), ("1.0+CPU", "1+cpu")])
def test_equal_versions_have_one_spelling(text: str, spelling: str) -> None:
    assert canonical(text) == spelling


def test_the_local_part_is_taken_off_and_nothing_else() -> None:
    assert public(Version("1!2.1.0rc1.post2+cpu")) == Version("1!2.1.0rc1.post2")
    assert public(Version("2.1.0")) == Version("2.1.0")
