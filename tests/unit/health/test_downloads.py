from __future__ import annotations

import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from poetry_aiops.health.downloads import (
    LIST_VARIABLE,
    SERVICE_VARIABLE,
    DownloadServices,
    download_counts,
    services_from,
)
from poetry_aiops.health.popularity import Count
from poetry_aiops.system.http import Response, TransferError


if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from poetry_aiops.health.popularity import Counts
    from poetry_aiops.system.http import Limits


NOW = datetime(2026, 7, 1, tzinfo=UTC)
SERVICES = DownloadServices("https://list.example/top.json", "https://stats.example/api/")
TOP = {
    "last_update": "2026-06-01 00:00:00",
    "rows": [{"project": "Apple", "download_count": 5000}, {"project": 3}, None],
}


def recent(count: object) -> dict[str, object]:
    return {"data": {"last_day": 1, "last_month": count}}


class Services:
    """Answers by address: a document, or a reason with a status."""

    def __init__(self, answers: dict[str, object]) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self.opened = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Services]:
        self.opened += 1
        yield self

    async def get(self, url: str, *, limits: Limits | None = None) -> Response:
        del limits
        self.asked.append(url)
        answer = self.answers.get(url, TransferError("it answers 404 Not Found", status=404))
        if isinstance(answer, TransferError):
            raise answer
        return Response(200, json.dumps(answer).encode(), {})


def counted(
    services: Services,
    *names: str,
    folder: Path | None = None,
    now: datetime = NOW,
    chosen: DownloadServices = SERVICES,
) -> Counts:
    return download_counts(names, chosen, folder, now=now, transport=services.open)


PEAR = "https://stats.example/api/packages/pear/recent"


def test_the_list_comes_first_and_the_service_for_the_rest() -> None:
    services = Services({"https://list.example/top.json": TOP, PEAR: recent(40)})
    found = counted(services, "apple", "pear", "plum")
    assert found.found["apple"] == Count(5000, "list.example", "2026-06-01")
    assert found.found["pear"] == Count(40, "stats.example", "2026-07-01")
    assert dict(found.missing) == {"plum": "no source knows its downloads"}
    assert not any("apple" in url for url in services.asked)


def test_a_second_run_asks_nothing_for_a_week(tmp_path: Path) -> None:
    first = counted(
        Services({"https://list.example/top.json": TOP, PEAR: recent(40)}),
        "apple",
        "pear",
        "plum",
        folder=tmp_path,
    )
    services = Services({})
    warm = counted(services, "apple", "pear", "plum", folder=tmp_path, now=NOW + timedelta(days=6))
    assert (services.opened, warm) == (0, first)
    expired = counted(services, "apple", "pear", folder=tmp_path, now=NOW + timedelta(days=8))
    assert services.asked[0] == "https://list.example/top.json"
    assert expired.found["apple"].downloads == 5000


def test_offline_uses_what_is_kept_and_asks_nobody(tmp_path: Path) -> None:
    counted(Services({"https://list.example/top.json": TOP}), "apple", folder=tmp_path)
    services = Services({})
    offline = DownloadServices(SERVICES.top_packages, SERVICES.by_name, offline=True)
    found = counted(services, "apple", "pear", folder=tmp_path, chosen=offline, now=NOW + timedelta(days=30))
    assert services.opened == 0
    assert list(found.found) == ["apple"]
    assert "offline" in found.missing["pear"]


@pytest.mark.parametrize(
    "document", [[], {"rows": 1}, {"rows": []}, {"rows": [{"project": "a", "download_count": -1}]}]
)
def test_a_list_that_is_none_is_a_reason(document: object) -> None:
    chosen = DownloadServices(SERVICES.top_packages, None)
    found = counted(Services({"https://list.example/top.json": document}), "apple", chosen=chosen)
    assert "list of the most used packages could not be fetched" in found.missing["apple"]


@pytest.mark.parametrize("document", [[], {}, {"data": {}}, recent("many"), recent([1]), recent(-5)])
def test_a_figure_that_is_none_is_missing(document: object) -> None:
    chosen = DownloadServices(None, SERVICES.by_name)
    assert counted(Services({PEAR: document}), "pear", chosen=chosen).found == {}


def test_a_service_that_fails_is_not_asked_on() -> None:
    down = TransferError("it answers 429 Too Many Requests", status=429)
    names = [f"p{number}" for number in range(50)]
    services = Services({f"https://stats.example/api/packages/{name}/recent": down for name in names})
    found = counted(services, *names, chosen=DownloadServices(None, SERVICES.by_name))
    assert len(services.asked) < 10
    assert "429" in found.missing["p49"]


def test_sources_that_are_switched_off_are_not_asked() -> None:
    services = Services({})
    found = counted(services, "apple", chosen=DownloadServices(None, None))
    assert (services.opened, found.found) == (0, {})


def test_figures_of_another_address_are_not_mixed_in(tmp_path: Path) -> None:
    counted(Services({"https://list.example/top.json": TOP}), "apple", folder=tmp_path)
    other = DownloadServices("https://other.example/top.json", None)
    assert counted(Services({}), "apple", folder=tmp_path, chosen=other).found == {}


def test_a_damaged_or_unwritable_folder_does_no_harm(tmp_path: Path) -> None:
    services = Services({"https://list.example/top.json": TOP})
    counted(services, "apple", folder=tmp_path)
    (kept,) = tmp_path.glob("*.json")
    kept.write_text("{", "utf-8")
    assert counted(services, "apple", folder=tmp_path).found
    assert counted(services, "apple", folder=kept / "below").found


def test_the_environment_names_the_sources() -> None:
    assert services_from({}) == DownloadServices()
    chosen = services_from({LIST_VARIABLE: "none", SERVICE_VARIABLE: "https://inside.example/stats"})
    assert (chosen.top_packages, chosen.by_name) == (None, "https://inside.example/stats")


def test_a_name_cannot_change_the_address() -> None:
    services = Services({})
    counted(services, "../../admin?x=", chosen=DownloadServices(None, SERVICES.by_name))
    assert services.asked == ["https://stats.example/api/packages/..%2F..%2Fadmin%3Fx%3D/recent"]
