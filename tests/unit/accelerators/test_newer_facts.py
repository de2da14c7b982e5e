"""``hw-info --update-facts``: checked, kept, and used from then on, or nothing changes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.support.every import for_each

from poetry_aiops.accelerators import catalogue as facts
from poetry_aiops.accelerators.catalogue import load_catalogue, updated_facts
from poetry_aiops.accelerators.newer_facts import update_facts
from poetry_aiops.errors import IncompleteError, UsageError


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOML = facts.FACTS.read_text(encoding="utf-8")
URL = "https://user:secret@facts.example/accelerators.toml"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("POETRY_CACHE_DIR", str(tmp_path))
    load_catalogue.cache_clear()
    yield
    load_catalogue.cache_clear()


def dated(days: int) -> bytes:
    today = load_catalogue().as_of
    return TOML.replace(f"as_of = {today}", f"as_of = {today + timedelta(days)}").encode()


def test_newer_facts_are_used_from_then_on_and_say_where_they_come_from() -> None:
    own = load_catalogue().as_of
    update_facts(URL, lambda _: dated(30))
    load_catalogue.cache_clear()
    assert load_catalogue().as_of == own + timedelta(30)
    assert "facts.example" in (load_catalogue().fetched_from or "")
    assert "secret" not in updated_facts().read_text(encoding="utf-8")


@for_each(
    "content",
    [
        b"",
        b"<html>Sign in</html>",
        b'{"as_of": "2030-01-01"}',
        dated(-30),
        dated(30).replace(b"sbsa = true", b"sbsa = 3"),
    ],
)
def test_facts_that_cannot_be_used_change_nothing(content: bytes) -> None:
    own = load_catalogue()
    with pytest.raises(IncompleteError):
        update_facts(URL, lambda _: content)
    assert not updated_facts().exists()
    assert load_catalogue() == own


def test_only_https_is_asked() -> None:
    with pytest.raises(UsageError):
        update_facts("http://facts.example/x.toml", lambda _: dated(1))


def test_a_broken_file_in_the_cache_is_as_if_it_were_not_there() -> None:
    own = load_catalogue().as_of
    updated_facts().parent.mkdir(parents=True)
    updated_facts().write_text('{"as_of": "2999-01-01", "torch": 3}', encoding="utf-8")
    load_catalogue.cache_clear()
    assert load_catalogue().as_of == own
