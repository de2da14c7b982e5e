"""``poetry health`` as a user runs it: what it finds, how it ends, and what leaves the machine."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.expect import refused
from tests.support.health_shop import PRIVATE, TOOLKIT, by_name, found
from tests.unit.health.osv import record


if TYPE_CHECKING:
    from tests.support.health_shop import Shop
    from tests.support.osv_server import OsvServer


# -- what is found ------------------------------------------------------------------------------------------


def test_a_first_look_names_findings_and_where_they_come_from(shop: Shop) -> None:
    run = shop.look()

    assert run.code == 1, str(run)
    assert "GHSA-tool-kits-0001" in run.stdout
    assert "PYSEC-2026-7" in run.stdout
    assert "webapi" in run.stdout
    assert "2 of 6 packages could not be audited" in run.stdout


def test_the_document_tells_every_locked_package(shop: Shop) -> None:
    document = shop.document(code=1)

    packages = by_name(document)
    assert set(packages) == {"webapi", "toolkit", "parser", "tester", *PRIVATE}
    (advisory,) = packages["toolkit"]["advisories"]
    assert (advisory["id"], advisory["severity"], advisory["fixed_in"]) == (
        "GHSA-tool-kits-0001",
        "high",
        ["1.1"],
    )
    assert advisory["aliases"] == ["CVE-2026-0001"]
    assert packages["toolkit"]["via"] == ["webapi"]
    assert packages["tester"]["dev_only"] is True
    assert packages["toolkit"]["currency"]["held_back_by"][0]["holder"] == "webapi 1.0"
    kinds = {signal["kind"] for name in ("parser", "tester") for signal in packages[name]["signals"]}
    assert {"yanked", "archived"} <= kinds


def test_private_packages_fail_closed_and_their_names_stay_here(shop: Shop, osv: OsvServer) -> None:
    document = shop.document(code=1)

    packages = by_name(document)
    assert {packages[name]["audited"] for name in PRIVATE} == {"failed"}
    assert document["complete"] is False
    reported = json.dumps(osv.questions)
    assert "toolkit" in reported
    assert [name for name in PRIVATE if name in reported] == []


def test_download_figures_are_one_list_and_no_name_is_sent(shop: Shop, osv: OsvServer) -> None:
    osv.files["/top.json"] = json.dumps(
        {"last_update": "2026-11-01", "rows": [{"project": "webapi", "download_count": 10_000_000}]}
    ).encode()

    document = shop.document("--metric", "popularity", POETRY_AIOPS_TOP_PACKAGES_URL=f"{osv.url}/top.json")

    packages = by_name(document)
    assert packages["webapi"]["popularity"]["downloads"] == 10_000_000
    assert packages["toolkit"]["popularity"]["downloads"] is None
    assert list(osv.requests) == ["/top.json"]


# -- exit codes ---------------------------------------------------------------------------------------------


def test_nothing_found_and_everything_looked_at_is_zero(shop: Shop) -> None:
    document = shop.document("--only", "main", "--only", "test", "--fail-on", "critical", code=0)

    assert document["gate"]["passed"] is True
    assert document["complete"] is True
    assert set(by_name(document)) == {"webapi", "toolkit", "parser", "tester"}


def test_what_cannot_be_looked_at_is_three(shop: Shop) -> None:
    document = shop.document("--fail-on", "critical", code=3)

    assert document["gate"]["violations"] == []
    assert "2 of 6 packages could not be audited" in " ".join(document["gate"]["incomplete"])


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--fail-on", "high"), 1),
        (("--fail-on", "critical", "--min-score", "99"), 1),
        (("--fail-on", "critical", "--min-score", "1"), 0),
        (("--without", "main", "--fail-on", "low"), 1),
        (("--without", "main", "--fail-on", "medium"), 0),
        (("--metric", "depth"), 0),
    ],
)
def test_the_gate_decides_the_exit_code(shop: Shop, options: tuple[str, ...], code: int) -> None:
    run = shop.look("--without", "inner", *options)

    assert run.code == code, str(run)


def test_a_lock_that_is_not_the_project_s_is_three(shop: Shop) -> None:
    asked = shop.project.pyproject.read_text("utf-8")
    shop.project.pyproject.write_text(asked.replace('"parser",', '"parser",\n    "missing>=2",'), "utf-8")

    document = shop.document("--metric", "depth", code=3)

    stale, lacks = document["gate"]["incomplete"]
    assert "does not match pyproject.toml" in stale
    assert "missing >=2" in lacks


def test_a_metric_that_was_not_asked_for_is_not_looked_up(shop: Shop, osv: OsvServer) -> None:
    document = shop.document("--metric", "depth", code=0)

    assert osv.requests.total() == 0
    assert document["metrics"]["depth"]["score"] == 100
    assert document["metrics"]["security"]["asked"] is False
    assert by_name(document)["toolkit"]["audited"] is None


def test_signals_of_the_policy_are_looked_up_whatever_metric_is_asked_for(shop: Shop) -> None:
    shop.add_policy('fail-on-signals = ["yanked"]')

    document = shop.document("--metric", "depth", "--without", "inner", code=1)

    assert [one["id"] for one in document["gate"]["violations"]] == ["yanked"]


# -- policy -------------------------------------------------------------------------------------------------


def test_an_ignore_holds_until_its_last_day(shop: Shop) -> None:
    shop.add_policy(
        'ignores = [{id = "CVE-2026-0001", reason = "not reached", expires = 2999-01-01, owner = "ops"},'
        ' {id = "PYSEC-2026-7", reason = "tests only", expires = 2020-01-01}]'
    )

    document = shop.document("--without", "inner", code=1)

    assert [one["package"] for one in document["gate"]["violations"]] == ["tester"]
    assert [(one["advisory"], one["owner"]) for one in document["ignored"]] == [
        ("GHSA-tool-kits-0001", "ops")
    ]
    assert [(one["id"], one["lapsed"]) for one in document["idle_ignores"]] == [("PYSEC-2026-7", True)]
    assert "expired on 2020-01-01" in document["idle_ignores"][0]["why"]


def test_an_old_source_date_epoch_does_not_revive_an_ignore(shop: Shop) -> None:
    shop.add_policy('ignores = [{id = "CVE-2026-0001", reason = "not reached", expires = 2020-01-01}]')

    document = shop.document(
        "--without", "inner", "--fail-on", "high", code=1, SOURCE_DATE_EPOCH="1000000000"
    )

    assert document["generated"] == "2001-09-09T01:46:40Z"
    assert [one["package"] for one in document["gate"]["violations"]] == ["toolkit"]


def test_the_option_beats_the_policy(shop: Shop) -> None:
    shop.add_policy('fail-on = "critical"')

    assert shop.look("--without", "inner").code == 0
    assert shop.look("--without", "inner", "--fail-on", "low").code == 1


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ('fail-on = "grave"', "fail-on"),
        ("min-scoer = 3", "min-score"),
        ('ignores = [{id = "CVE-1"}]', "reason"),
        ('notify = "https://hook.example/x"', "cannot be set in pyproject.toml"),
    ],
)
def test_a_wrong_policy_is_told_in_words(shop: Shop, policy: str, said: str) -> None:
    shop.add_policy(policy)
    before = shop.project.files()

    refused(shop.look(), shop.project, before, said)


# -- wrong usage --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--format", "yaml"), "unknown format"),
        (("--output", "report.docx"), "report.docx"),
        (("--metric", "luck"), "luck"),
        (("--fail-on", "grave"), "grave"),
        (("--min-score", "nan"), "--min-score"),
        (("--only", "nobody"), "nobody"),
        (("--dry-run",), "--fix"),
        (("--fix", "--monitor"), "--fix"),
        (("--fix", "--metric", "depth"), "--metric"),
        (("--interval", "1h"), "--monitor"),
        (("--monitor", "--interval", "soon"), "soon"),
        (("--monitor", "--iterations", "0"), "--iterations"),
        (("--monitor", "--notify", "a-program"), "--notify"),
        (("--monitor", "--only", "nobody"), "nobody"),
        (("--offline", "--update-advisories"), "--offline"),
        (("--advisories", "nowhere.zip"), "nowhere.zip"),
        (("--nonsense",), "--nonsense"),
        (("--format", "sarif", "--quiet"), "--output"),
    ],
)
def test_a_wrong_option_is_told_in_words(shop: Shop, options: tuple[str, ...], said: str) -> None:
    before = shop.project.files()

    refused(shop.look(*options), shop.project, before, said)


def test_an_error_with_json_is_a_document_too(shop: Shop) -> None:
    document = shop.document("--metric", "luck", code=2)

    assert document["schema"] == "poetry-aiops/error/1"
    assert document["exit_code"] == 2


def test_a_project_without_a_lock_is_told_to_make_one(shop: Shop) -> None:
    shop.project.lock_path.unlink()

    refused(shop.look(), shop.project, shop.project.files(), "poetry lock")


def test_a_damaged_lock_is_told(shop: Shop) -> None:
    shop.project.lock_path.write_text("[[package]\n")

    refused(shop.look(), shop.project, shop.project.files(), "poetry.lock")


def test_a_damaged_pyproject_is_told(shop: Shop) -> None:
    shop.project.pyproject.write_text("[project\n")

    run = shop.look()

    assert run.code != 0
    assert "pyproject.toml" in run.stderr


# -- without the network ------------------------------------------------------------------------------------


def test_offline_without_a_snapshot_is_three(shop: Shop, osv: OsvServer) -> None:
    run = shop.look("--offline", "--metric", "security")

    assert run.code == 3, str(run)
    assert osv.requests.total() == 0


def test_offline_with_a_snapshot_covers_private_packages_too(
    shop: Shop, osv: OsvServer, tmp_path: Path
) -> None:
    folder = tmp_path / "records"
    folder.mkdir()
    for one in (TOOLKIT, record("HOUSE-1", "house-secret")):
        (folder / f"{one['id']}.json").write_text(json.dumps(one))

    document = shop.document("--offline", "--advisories", str(folder), code=1)

    assert osv.requests.total() == 0
    assert found(document) == {"GHSA-tool-kits-0001", "HOUSE-1"}
    assert {package["audited"] for package in document["packages"]} == {"audited"}
    (source,) = [one for one in document["sources"] if one["kind"] == "advisories"]
    assert len(source["sha256"]) == 64
    assert source["date"] == "2024-01-01T00:00:00Z"


def test_an_old_database_is_no_clean_bill(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "X.json").write_text(json.dumps(record("PYSEC-2024-1", "other")))
    snapshot = shutil.make_archive(str(tmp_path / "all"), "zip", tmp_path / "records")
    offline = ("--offline", "--metric", "security", "--advisories", snapshot)

    document = shop.document(*offline, code=3)
    assert "days old" in document["gate"]["incomplete"][0]
    assert shop.look(*offline, POETRY_AIOPS_ADVISORIES_MAX_AGE="20000d").code == 0


def test_advisories_that_were_fetched_serve_later_runs_offline(
    shop: Shop, osv: OsvServer, tmp_path: Path
) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "H.json").write_text(json.dumps(record("HOUSE-1", "house-secret")))
    snapshot = shutil.make_archive(str(tmp_path / "all"), "zip", tmp_path / "records")
    osv.files["/all.zip"] = Path(snapshot).read_bytes()
    source = {"POETRY_AIOPS_ADVISORIES_URL": f"{osv.url}/all.zip"}

    online = shop.document("--update-advisories", "--metric", "security", code=1, **source)
    assert found(online) == {"GHSA-tool-kits-0001", "PYSEC-2026-7", "HOUSE-1"}
    assert online["complete"] is True
    osv.stop()
    offline = shop.document("--offline", "--metric", "security", code=1, **source)
    assert found(offline) == {"HOUSE-1"}
    late = shop.look("--offline", "--metric", "security", SOURCE_DATE_EPOCH="4000000000", **source)
    assert "days old" in late.stdout


@pytest.mark.parametrize("content", [b"", b"<html>", b"PK\x03\x04 cut off"])
def test_a_database_that_cannot_be_read_is_three(shop: Shop, osv: OsvServer, content: bytes) -> None:
    osv.files["/all.zip"] = content

    run = shop.look("--advisories", f"{osv.url}/all.zip")

    assert run.code == 3, str(run)


# -- other sources of facts -----------------------------------------------------------------------------------


def test_a_source_that_is_left_out_opens_no_question_and_is_shown(shop: Shop, osv: OsvServer) -> None:
    shop.add_policy('left-out-sources = ["house", "gone"]')

    document = shop.document("--metric", "security", "--fail-on", "critical", code=0)

    assert {by_name(document)[name]["audited"] for name in PRIVATE} == {"not-applicable"}
    assert "left-out-sources" in " ".join(document["notes"])
    assert 'left-out-sources names "gone", from which no package is locked' in document["notes"]
    assert [name for name in PRIVATE if name in json.dumps(osv.questions)] == []


def test_behind_a_last_affected_version_the_next_release_of_the_index_is_the_fix(
    shop: Shop, tmp_path: Path
) -> None:
    bounded = record("PYSEC-9-9", "toolkit", {"introduced": "0"}, {"last_affected": "1.0"})
    (tmp_path / "record.json").write_text(json.dumps(bounded))
    given = ("--advisories", str(tmp_path / "record.json"), "--metric", "security", "--only", "main")

    (advisory,) = by_name(shop.document(*given, code=1))["toolkit"]["advisories"]

    assert advisory["fixed_in"] == ["1.1"]


def test_the_service_pypi_reads_the_json_of_the_index_and_nothing_missing_is_clean(
    shop: Shop, osv: OsvServer
) -> None:
    for name in ("webapi", "parser", "toolkit"):
        entries = [{"id": "PYSEC-8-8", "aliases": [], "fixed_in": ["1.1"]}] if name == "toolkit" else []
        reported = {"info": {"name": name, "version": "1.0"}, "vulnerabilities": entries}
        osv.files[f"/pypi/{name}/1.0/json"] = json.dumps(reported).encode()
    options = ("--service", "pypi", "--metric", "security", "--only", "main")

    document = shop.document(*options, code=1, POETRY_AIOPS_PYPI_URL=osv.url)
    assert (found(document), document["complete"]) == ({"PYSEC-8-8"}, True)

    del osv.files["/pypi/parser/1.0/json"]
    document = shop.document(*options, "--ignore", "PYSEC-8-8", code=3, POETRY_AIOPS_PYPI_URL=osv.url)
    assert by_name(document)["parser"]["audited"] == "failed"
    assert [path for path in osv.requests if any(name in path for name in PRIVATE)] == []
