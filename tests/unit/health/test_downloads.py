from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest

from poetry_aiops.health.popularity import LIST_VARIABLE, TOP_PACKAGES, Downloads, downloads_at, list_address
from poetry_aiops.system.http import Response, TransferError


if TYPE_CHECKING:
    from pathlib import Path

    from poetry_aiops.system.http import Limits


NOW = datetime(2026, 7, 1, tzinfo=UTC)
LIST = "https://list.example/top.json"
TOP = {
    "last_update": "2026-06-01 00:00:00",
    "rows": [{"project": "Apple", "download_count": 5000}, {"project": 3}, None],
}


class Services:
    """Answers by address: a document, or a reason with a status."""

    def __init__(self, answers: dict[str, object]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def fetch(self, url: str, _limits: Limits) -> Response:
        self.asked.append(url)
        answer = self.answers.get(url, TransferError("it answers 404 Not Found", status=404))
        if isinstance(answer, TransferError):
            raise answer
        return Response(200, json.dumps(answer).encode(), {})


def counted(
    services: Services,
    *,
    folder: Path | None = None,
    now: datetime = NOW,
    address: str | None = LIST,
    offline: bool = False,
) -> Downloads:
    with patch("poetry_aiops.health.public_list.fetch", services.fetch):
        return downloads_at(address, folder, now=now, offline=offline)


def test_the_list_is_read() -> None:
    services = Services({LIST: TOP})
    found = counted(services)
    assert found == Downloads({"apple": 5000}, "list.example", "2026-06-01")
    assert services.asked == [LIST]


def test_a_second_run_asks_nothing_for_a_week(tmp_path: Path) -> None:
    first = counted(Services({LIST: TOP}), folder=tmp_path)
    services = Services({})
    warm = counted(services, folder=tmp_path, now=NOW + timedelta(days=6))
    assert (services.asked, warm) == ([], first)
    expired = counted(services, folder=tmp_path, now=NOW + timedelta(days=8))
    assert (services.asked, expired.by_name["apple"]) == ([LIST], 5000)
    old = counted(services, folder=tmp_path, now=NOW + timedelta(days=61))
    assert "404 Not Found" in old.problem


def test_offline_uses_what_is_kept_and_asks_nobody(tmp_path: Path) -> None:
    counted(Services({LIST: TOP}), folder=tmp_path)
    services = Services({})
    found = counted(services, folder=tmp_path, offline=True, now=NOW + timedelta(days=30))
    assert (services.asked, list(found.by_name)) == ([], ["apple"])
    assert "offline" in counted(services, offline=True).problem


@pytest.mark.parametrize(
    "document", [[], {"rows": 1}, {"rows": []}, {"rows": [{"project": "a", "download_count": -1}]}]
)
def test_a_list_that_is_none_is_a_reason(document: object) -> None:
    found = counted(Services({LIST: document}))
    assert "list of the most used packages could not be fetched" in found.problem


def test_a_list_that_is_switched_off_is_not_asked() -> None:
    services = Services({})
    found = counted(services, address=None)
    assert (services.asked, found.by_name, "switched off" in found.problem) == ([], {}, True)


def test_figures_of_another_address_are_not_mixed_in(tmp_path: Path) -> None:
    counted(Services({LIST: TOP}), folder=tmp_path)
    assert counted(Services({}), folder=tmp_path, address="https://other.example/top.json").by_name == {}


def test_a_damaged_or_unwritable_folder_does_no_harm(tmp_path: Path) -> None:
    services = Services({LIST: TOP})
    counted(services, folder=tmp_path)
    (kept,) = tmp_path.glob("*.json")
    kept.write_text("{", "utf-8")
    assert counted(services, folder=tmp_path).by_name
    assert counted(services, folder=kept / "below").by_name


def test_the_environment_names_the_list() -> None:
    assert list_address({}) == TOP_PACKAGES
    assert list_address({LIST_VARIABLE: "none"}) is None
    assert list_address({LIST_VARIABLE: "https://inside.example/top"}) == "https://inside.example/top"
