"""The settings in poetry.toml."""

from __future__ import annotations

import pytest
from tests.support.every import for_each

from poetry_aiops.errors import InputError
from poetry_aiops.migrate.planning.entry import Setting
from poetry_aiops.migrate.planning.settings import with_settings


def setting(value: str | tuple[str, ...], key: str = "installer.no-binary") -> Setting:
    return Setting(key, value)


def test_a_new_file_has_just_the_settings() -> None:
    text = with_settings("", [setting(("six", "idna")), setting(":all:", "installer.only-binary")])
    assert text == '[installer]\nno-binary = ["six", "idna"]\nonly-binary = ":all:"\n'


def test_what_stands_there_stays() -> None:
    old = "# ours\n[virtualenvs]\nin-project = true  # yes\n\n[installer]\nparallel = false\n"
    text = with_settings(old, [setting(("six",))])
    assert text.startswith(old.rstrip("\n"))
    assert text.endswith('no-binary = ["six"]\n')


@for_each(
    ("old", "value", "new"),
    [
        ('["six"]', ("idna", "six"), '["six", "idna"]'),
        ('"six,attrs"', ("idna",), '["six", "attrs", "idna"]'),
        ('":all:"', ("six",), '":all:"'),
        ("true", ("six",), '":all:"'),
        ('["six"]', ":all:", '":all:"'),
    ],
)
def test_names_are_joined_with_those_that_are_there(old: str, value: str | tuple[str, ...], new: str) -> None:
    assert (
        with_settings(f"[installer]\nno-binary = {old}\n", [setting(value)])
        == f"[installer]\nno-binary = {new}\n"
    )


def test_doing_it_twice_changes_nothing_more() -> None:
    once = with_settings("", [setting(("six",))])
    assert with_settings(once, [setting(("six",))]) == once


@pytest.mark.parametrize("text", ["installer = 3\n", "[installer\n"])
def test_a_file_that_is_none_is_told(text: str) -> None:
    with pytest.raises(InputError, match="cannot be read as Poetry's settings") as caught:
        with_settings(text, [setting(("six",))])
    assert caught.value.where == "poetry.toml"
