"""Sources that fail, end to end: never exit 0 with full coverage, never a traceback.

Every way in which an advisory service may fail is in ``tests/unit/health/test_broken_servers.py``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.support.certificate import self_signed
from tests.support.health_shop import TOOLKIT, Shop, by_name
from tests.support.index import Fault as IndexFault
from tests.support.osv_server import Fault, OsvServer
from tests.unit.health.osv import record


if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.index import PackageIndex


pytestmark = pytest.mark.slow

SECURITY = ("--without", "inner", "--metric", "security", "--fail-on", "critical")


@pytest.mark.parametrize(
    "fault", [Fault.SERVER_ERROR, Fault.GARBAGE, Fault.DRIP_HEADERS], ids=lambda one: one.name
)
def test_a_service_that_fails_is_three(shop: Shop, osv: OsvServer, fault: Fault) -> None:
    osv.fault = fault

    document = shop.document(*SECURITY, code=3)

    assert document["complete"] is False
    assert document["metrics"]["security"]["coverage"] == 0
    assert {package["audited"] for package in document["packages"]} == {"failed"}
    assert all(package["reason"] for package in document["packages"])
    assert document["gate"]["incomplete"]


def test_a_service_that_is_not_there_is_three(shop: Shop, osv: OsvServer) -> None:
    osv.stop()

    run = shop.look(*SECURITY)

    assert run.code == 3, str(run)
    assert "could not be audited" in run.stdout


def test_records_that_do_not_come_count_all_the_same(shop: Shop, osv: OsvServer) -> None:
    osv.fault, osv.faulty = Fault.NOT_FOUND, (f"/v1/vulns/{TOOLKIT['id']}",)

    document = shop.document(*SECURITY)

    toolkit = by_name(document)["toolkit"]
    assert document["gate"]["exit_code"] != 0
    assert toolkit["audited"] == "failed"
    assert [one["id"] for one in toolkit["advisories"]] == [TOOLKIT["id"]]
    assert by_name(document)["webapi"]["audited"] == "audited"


def test_a_certificate_that_nobody_trusts_is_three(shop: Shop, tmp_path: Path) -> None:
    with OsvServer([TOOLKIT], certificate=self_signed(tmp_path)) as served:
        run = replace(shop, osv=served).look(*SECURITY)

    assert run.code == 3, str(run)
    assert "certificate" in run.output


def test_a_version_that_nobody_can_parse_is_told(shop: Shop, osv: OsvServer) -> None:
    odd = record("PYSEC-2026-8", "webapi", {"introduced": "0"}, {"fixed": "one point two"})
    odd["affected"][0]["versions"] = ["1.0", "1.0 beta?"]
    osv.publish(odd)

    document = shop.document(*SECURITY, code=1)

    (found,) = by_name(document)["webapi"]["advisories"]
    assert (found["id"], found["severity"]) == ("PYSEC-2026-8", "unknown")
    assert "one point two" in " ".join([*found["notes"], *by_name(document)["webapi"]["notes"]])


@pytest.mark.parametrize("fault", [*IndexFault], ids=[one.name for one in IndexFault])
def test_an_index_that_fails_costs_coverage_but_no_finding(
    shop: Shop, shop_index: PackageIndex, fault: IndexFault
) -> None:
    with shop_index.fault("pypi", fault):
        document = shop.document("--without", "inner")

    assert document["gate"]["exit_code"] == 1
    answers = {IndexFault.SLOW, IndexFault.NO_HASHES, IndexFault.NO_METADATA, IndexFault.ONLY_HTML}
    assert any("currency: " in one for one in document["gate"]["incomplete"]) is (fault not in answers)
    harmless = {IndexFault.SLOW, IndexFault.NO_HASHES, IndexFault.NO_METADATA}
    if fault not in harmless:
        metric = document["metrics"]["currency"]
        assert metric["coverage"] <= (75 if fault is IndexFault.ONLY_HTML else 0)
        assert metric["reason"]


@pytest.mark.parametrize("metric", ["currency", "maintenance", "popularity"])
def test_a_source_that_is_down_is_three_for_each_metric(
    shop: Shop, shop_index: PackageIndex, metric: str
) -> None:
    dead = {"POETRY_AIOPS_TOP_PACKAGES_URL": "http://127.0.0.1:9/top"}
    with shop_index.fault("pypi", IndexFault.SERVER_ERROR):
        document = shop.document("--without", "inner", "--metric", metric, code=3, **dead)

    assert document["gate"]["incomplete"][0].startswith(f"{metric}: 4 of 4 packages")


def test_a_score_that_rests_on_too_little_is_three(shop: Shop, shop_index: PackageIndex) -> None:
    with shop_index.fault("pypi", IndexFault.SERVER_ERROR):
        run = shop.look("--without", "inner", "--fail-on", "critical", "--min-score", "10")

    assert run.code == 3, str(run)


def test_signals_that_cannot_be_seen_are_three(shop: Shop, shop_index: PackageIndex) -> None:
    shop.add_policy('fail-on-signals = ["yanked"]')

    with shop_index.fault("pypi", IndexFault.NOT_FOUND):
        run = shop.look(*SECURITY)

    assert run.code == 3, str(run)


def test_a_service_that_knows_nothing_at_first_is_asked_again(shop: Shop, osv: OsvServer) -> None:
    osv.fault, osv.fault_ends_after = Fault.BUSY, 2

    document = shop.document(*SECURITY, code=0)

    assert document["complete"] is True
