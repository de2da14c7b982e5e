"""The reports of ``poetry health``: every format on standard output and in files, history, and hostile texts."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.health_shop import HIGH, TOOLKIT, Shop, rated
from tests.support.osv_server import Fault
from tests.support.schemas import conforming


if TYPE_CHECKING:
    from tests.support.osv_server import OsvServer


STARTS = {
    "markdown": "## ",
    "html": "<!doctype html>",
    "sarif": "{",
    "cyclonedx": "{",
    "github": "::",
}
ESCAPE = "\x1b"
HOSTILE = rated(
    "GHSA-evil-evil-0001",
    "toolkit",
    HIGH,
    summary=(
        f"{ESCAPE}[2J{ESCAPE}]0;owned\x07 <script>alert(1)</script> <error>red</error> \u202egnp.exe\u202c"
        " [click](javascript:alert(1)) ::error::broken ##[error]broken \\"
    ),
    references=[{"type": "WEB", "url": "javascript:alert(1)"}],
)


def line_of(text: str, wanted: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if wanted in line)


@pytest.mark.parametrize("form", sorted(STARTS))
def test_each_format_has_standard_output_to_itself_even_at_vvv(shop: Shop, form: str) -> None:
    run = shop.look("--format", form, "-vvv")

    assert run.code == 1, str(run)
    assert run.stdout.casefold().startswith(STARTS[form]), run.stdout[:300]
    assert "GHSA-tool-kits-0001" in run.stdout
    if STARTS[form] == "{":
        json.loads(run.stdout)


def test_json_is_one_document_even_at_vvv(shop: Shop) -> None:
    assert shop.document("-vvv", code=1)["schema"] == "poetry-aiops/health/1"


def test_one_run_prints_a_table_and_leaves_every_file(shop: Shop) -> None:
    names = ("h.json", "h.md", "h.html", "h.sarif", "h2.sarif.json", "bom.cdx.json", "h.txt")

    run = shop.look(*(f"--output={name}" for name in names))

    assert run.code == 1, str(run)
    assert "Vulnerable packages" in run.stdout
    texts = {name: (shop.project.path / name).read_text("utf-8") for name in names}
    assert [name for name, text in texts.items() if "GHSA-tool-kits-0001" not in text] == []
    assert texts["h.sarif"] == texts["h2.sarif.json"]
    assert conforming(texts["h.json"])["gate"]["exit_code"] == 1
    assert json.loads(texts["bom.cdx.json"])["bomFormat"] == "CycloneDX"


def test_several_projects_are_one_run(shop: Shop) -> None:
    root = shop.project.path.parent
    twin = root / "twin"
    shutil.copytree(shop.project.path, twin, ignore=shutil.ignore_patterns(".venv"))
    (root / "broken").mkdir()
    (root / "broken" / "pyproject.toml").write_text("[project")
    names = ("../" + shop.project.path.name, "../twin")

    run = shop.look("-P", names[0], "-P", names[1], "--metric", "security", "--output", "both.sarif")
    document = shop.document(
        "--metric", "security", "--projects", "../twin", "--projects", "../b*ken", code=2
    )

    assert run.code == 1, str(run)
    assert run.stdout.startswith("2 projects\n")
    assert run.stdout.count("Gate failed: ") == 2
    assert len(json.loads((shop.project.path / "both.sarif").read_text())["runs"]) == 2
    twin_row, broken_row = document["projects"]
    assert (twin_row["folder"], twin_row["exit_code"]) == ("../twin", 1)
    assert twin_row["report"]["schema"] == "poetry-aiops/health/1"
    assert (broken_row["exit_code"], broken_row["report"]) == (2, None)
    assert (twin / "dependency_reports" / "latest_report.json").is_file() is False  # narrowed by --metric


def test_a_file_that_cannot_be_written_is_told(shop: Shop) -> None:
    run = shop.look("--metric", "depth", "--output", "no/such/folder/h.json")

    assert run.code == 2, str(run)
    assert "no/such/folder/h.json" in run.stderr


def test_sarif_points_to_the_lines(shop: Shop) -> None:
    run = shop.look("--format", "sarif")

    places = {
        result["ruleId"]: {
            place["physicalLocation"]["artifactLocation"]["uri"]: place["physicalLocation"]["region"][
                "startLine"
            ]
            for place in [*result["locations"], *result.get("relatedLocations", ())]
        }
        for result in json.loads(run.stdout)["runs"][0]["results"]
    }
    asked = shop.project.pyproject.read_text("utf-8")
    locked = shop.project.lock_path.read_text("utf-8")
    assert places["GHSA-tool-kits-0001"] == {
        "pyproject.toml": line_of(asked, '"webapi>=1,<2"'),
        "poetry.lock": line_of(locked, 'name = "toolkit"') - 1,
    }
    assert places["PYSEC-2026-7"]["pyproject.toml"] == line_of(asked, '["tester"]')


def test_reports_and_history_are_kept_out_of_the_repository(shop: Shop) -> None:
    shop.look()

    assert sorted(path.name for path in shop.reports.iterdir()) == [
        ".gitignore",
        "history.jsonl",
        "latest_report.json",
    ]
    assert "*" in (shop.reports / ".gitignore").read_text().splitlines()
    assert conforming((shop.reports / "latest_report.json").read_text())["news"]["since"] is None
    assert len((shop.reports / "history.jsonl").read_text().splitlines()) == 1


def test_the_last_report_stays_the_last_complete_one_of_the_whole_lock(shop: Shop, osv: OsvServer) -> None:
    kept = shop.reports / "latest_report.json"

    def look(*args: str) -> None:
        shop.look(*args, POETRY_AIOPS_PUBLIC_SOURCES="stand-in,house")

    for narrowed in (("--metric", "depth"), ("--only", "main")):
        look(*narrowed)
        assert not kept.exists()

    osv.fault = Fault.SERVER_ERROR
    shop.set_aside()
    look()
    assert conforming(kept.read_text())["complete"] is False
    assert "not audited" in shop.poetry.must(shop.project, "graph", "--format", "text").stdout

    osv.fault = None
    look()
    complete = kept.read_bytes()
    assert json.loads(complete)["complete"] is True
    assert "6 of 6 audited" in shop.poetry.must(shop.project, "graph", "--format", "text").stdout

    osv.fault = Fault.SERVER_ERROR
    shop.set_aside()
    for partial in ((), ("--metric", "currency"), ("--without", "inner")):
        look(*partial)
        assert kept.read_bytes() == complete


def test_the_second_look_tells_what_is_new_and_the_trend(shop: Shop, osv: OsvServer) -> None:
    shop.look("--without", "inner", SOURCE_DATE_EPOCH="1893456000")
    osv.publish(rated("GHSA-late-late-0001", "webapi", HIGH))
    shop.set_aside()

    later = shop.document("--without", "inner", code=1, SOURCE_DATE_EPOCH="1893628800")

    (new,) = later["news"]["findings"]
    assert (new["id"], new["cause"]) == ("GHSA-late-late-0001", "feed")
    assert later["news"]["lock_changed"] is False
    assert [sum(point["findings"].values()) for point in later["trend"]] == [2, 3]
    text = shop.look("--without", "inner", "-v", SOURCE_DATE_EPOCH="1893801600")
    assert "Trend" in text.stdout
    html = shop.look("--without", "inner", "--format", "html", SOURCE_DATE_EPOCH="1893801600")
    assert "2030-01-01" in html.stdout


def test_a_narrowed_look_resolves_nothing(shop: Shop) -> None:
    shop.look("--without", "inner")

    narrowed = shop.document("--metric", "depth")
    again = shop.document("--without", "inner")

    assert narrowed["news"]["resolved"] == []
    assert again["news"]["findings"] == []


def test_after_a_fix_the_report_and_the_history_tell_of_the_new_lock(shop: Shop) -> None:
    fixed = shop.document("--fix", code=1)

    last = json.loads((shop.reports / "history.jsonl").read_text().splitlines()[-1])
    assert shop.project.lockfile().builds("toolkit").keys() == {"1.1"}
    assert [fix["to"] for fix in fixed["fixes"] if fix["package"] == "toolkit"] == ["1.1"]
    assert [one["package"] for one in fixed["gate"]["violations"]] == ["tester"]
    assert [one["package"] for one in last["findings"]] == ["tester"]
    assert conforming((shop.reports / "latest_report.json").read_text())["gate"] == fixed["gate"]


def test_another_folder_for_reports(shop: Shop) -> None:
    shop.look("--metric", "depth", "--report-dir", "kept/here")

    assert (shop.project.path / "kept/here/history.jsonl").is_file()
    assert not shop.reports.exists()


def test_reports_that_cannot_be_kept_are_a_warning(shop: Shop) -> None:
    shop.reports.write_text("a file where the folder should be")

    document = shop.look("--metric", "depth", "--format", "json")

    assert document.code == 0, str(document)
    assert "Warning" in document.stderr
    assert "dependency_reports" in document.stderr
    conforming(document.stdout)


def test_a_damaged_history_is_passed_over(shop: Shop) -> None:
    shop.reports.mkdir()
    (shop.reports / "history.jsonl").write_bytes(b'\xff\xfe{"half": \n[1]\nnull\n')

    assert shop.look("--metric", "depth").code == 0


@pytest.mark.parametrize("form", ["text", *sorted(STARTS), "json"])
def test_hostile_texts_end_up_inert(shop: Shop, osv: OsvServer, form: str) -> None:
    osv.publish(HOSTILE)

    run = shop.look("--format", form, "-v", *(["--ansi"] if form == "text" else []))

    text = run.stdout
    assert "GHSA-evil-evil-0001" in text
    assert "]0;owned\x07" not in text
    assert f"{ESCAPE}[2J" not in text
    assert "\u202e" not in text
    assert "\n::error::broken" not in text
    assert "##[error]" not in text
    if form == "html":
        assert "<script>alert" not in text
        assert 'href="javascript' not in text
    if form == "text":
        assert "<script>alert(1)</script>" in " ".join(text.split())
        assert "<error>red</error>" in " ".join(text.split())


def test_nothing_secret_is_told(shop: Shop, osv: OsvServer) -> None:
    secret = osv.url.replace("://", "://me:hunter2@")

    document = shop.look("--format", "json", "-vvv", POETRY_AIOPS_OSV_URL=secret)

    assert document.code == 1, str(document)
    assert "hunter2" not in document.output
    assert "hunter2" not in "".join(path.read_text() for path in shop.reports.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="permissions are other there")
def test_a_cache_that_cannot_be_written_does_no_harm(shop: Shop) -> None:
    shop.poetry.home.mkdir(parents=True, exist_ok=True)
    (shop.poetry.home / "cache").write_text("a file where the folder should be")

    document: Any = shop.document("--without", "inner")

    assert TOOLKIT["id"] in {one["id"] for one in document["gate"]["violations"]}
