from __future__ import annotations

import json
import tracemalloc
import zipfile
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.broken_server import broken, raw
from tests.support.osv_server import Fault, OsvServer
from tests.unit.health.locked import locked
from tests.unit.health.osv import listed, record

from poetry_aiops.errors import IncompleteError, UsageError
from poetry_aiops.health.advisories.download import cached_snapshot, update_snapshot
from poetry_aiops.health.advisories.snapshot import SnapshotAge, SnapshotFeed, open_snapshot
from poetry_aiops.health.security import Feeds, audit
from poetry_aiops.system.http import Limits


if TYPE_CHECKING:
    from pathlib import Path

    from pytest_mock import MockerFixture


NOW = datetime(2024, 1, 10, tzinfo=UTC)
FRESH = SnapshotAge(NOW)
QUICK = Limits(connect=1.0, total=1.0, attempts=2, pause=0.01)
PATIENT = Limits(connect=30.0, total=30.0, attempts=2, pause=0.01)
RECORDS = (
    record("T-1", "demo", {"introduced": "0"}, {"fixed": "2.0"}),
    listed("T-2", "Demo", "1.0.0", modified="2024-01-05T00:00:00Z"),
    {"id": "T-3", "affected": [{"package": {"ecosystem": "npm", "name": "demo"}, "versions": ["1.0"]}]},
)


def zipped(path: Path, *records: dict[str, Any], **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in records:
            archive.writestr(f"{one['id']}.json", json.dumps(one))
        for name, content in files.items():
            archive.writestr(f"{name}.json", content)
    return path


def found(feed: SnapshotFeed, version: str = "1.0") -> list[str]:
    return [finding.id for finding in audit([locked("demo", version)], Feeds(snapshot=feed)).findings]


def test_a_zip_a_folder_a_list_and_a_record_are_snapshots(tmp_path: Path) -> None:
    folder = tmp_path / "folder" / "deep"
    folder.mkdir(parents=True)
    for one in RECORDS:
        (folder / f"{one['id']}.json").write_text(json.dumps(one))
    (tmp_path / "list.json").write_text(json.dumps(RECORDS))
    (tmp_path / "one.json").write_text(json.dumps(RECORDS[0]))
    (tmp_path / "answer.json").write_text(json.dumps({"vulns": RECORDS}))
    assert found(open_snapshot(zipped(tmp_path / "all.zip", *RECORDS), FRESH)) == ["T-1", "T-2"]
    assert found(open_snapshot(tmp_path / "folder", FRESH)) == ["T-1", "T-2"]
    assert found(open_snapshot(tmp_path / "list.json", FRESH)) == ["T-1", "T-2"]
    assert found(open_snapshot(tmp_path / "answer.json", FRESH)) == ["T-1", "T-2"]
    assert found(open_snapshot(tmp_path / "one.json", FRESH)) == ["T-1"]


def test_the_source_tells_hash_date_and_size(tmp_path: Path) -> None:
    feed = open_snapshot(zipped(tmp_path / "all.zip", *RECORDS), FRESH)
    source = audit([locked("demo", "1")], Feeds(snapshot=feed)).sources[0]
    assert source.sha256 is not None
    assert len(source.sha256) == 64
    assert (source.date, source.records, source.problem) == ("2024-01-05T00:00:00Z", 2, None)


def test_a_date_before_the_first_day_is_told_as_it_stands(tmp_path: Path) -> None:
    dated = record("T-1", "demo", modified="0001-01-01T00:00:00+14:00")
    feed = open_snapshot(zipped(tmp_path / "all.zip", dated), FRESH)
    source = feed.look_up(()).source
    assert source.date == "0001-01-01T00:00:00+14:00"


def test_the_index_is_kept_by_the_hash_of_the_snapshot(tmp_path: Path) -> None:
    path, kept = zipped(tmp_path / "all.zip", *RECORDS), tmp_path / "cache"
    first = open_snapshot(path, FRESH, cache_folder=kept)
    (index,) = kept.iterdir()
    before = index.stat().st_mtime_ns
    second = open_snapshot(path, FRESH, cache_folder=kept)
    assert second.index == first.index
    assert found(second) == ["T-1", "T-2"]
    assert index.stat().st_mtime_ns == before
    zipped(path, RECORDS[0])
    assert found(open_snapshot(path, FRESH, cache_folder=kept)) == ["T-1"]


@pytest.mark.parametrize("damage", ["cut", "flip", "empty"])
def test_a_damaged_index_is_built_again(tmp_path: Path, damage: str) -> None:
    path, kept = zipped(tmp_path / "all.zip", *RECORDS), tmp_path / "cache"
    open_snapshot(path, FRESH, cache_folder=kept)
    (index,) = kept.iterdir()
    whole = index.read_bytes()
    damaged = {"cut": whole[:-9], "flip": whole.replace(b'"T-1"', b'"T-9"'), "empty": b""}[damage]
    index.write_bytes(damaged)
    assert found(open_snapshot(path, FRESH, cache_folder=kept)) == ["T-1", "T-2"]


def test_a_cache_folder_that_cannot_be_written_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = zipped(tmp_path / "all.zip", *RECORDS)
    assert found(open_snapshot(path, FRESH, cache_folder=tmp_path / "file" / "cache")) == ["T-1", "T-2"]


def test_a_zip_with_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    whole = zipped(tmp_path / "all.zip", RECORDS[0], **{"\u00e9.json": b"{}"})
    content = whole.read_bytes()
    whole.write_bytes(content.replace("\u00e9".encode(), b"\xff\xff", 1))
    with pytest.raises(IncompleteError, match="is damaged"):
        open_snapshot(whole, FRESH)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 0.95])
def test_a_truncated_zip_is_refused(tmp_path: Path, share: float) -> None:
    path = zipped(tmp_path / "all.zip", *RECORDS)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(IncompleteError, match="advisory snapshot"):
        open_snapshot(path, FRESH)


def test_a_zip_with_a_flipped_byte_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "all.zip", *RECORDS)
    whole = bytearray(path.read_bytes())
    whole[60] ^= 0xFF
    path.write_bytes(whole)
    with pytest.raises(IncompleteError, match="damaged"):
        open_snapshot(path, FRESH)


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"[]", b"{}", b'{"id": "T-1"}', b"\xff\xfe", b"[" * 100_000]
)
def test_a_file_without_a_record_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "records.json"
    path.write_bytes(content)
    with pytest.raises(IncompleteError, match="holds no OSV record"):
        open_snapshot(path, FRESH)


def test_a_snapshot_of_another_ecosystem_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IncompleteError, match="no OSV record for the Python package index"):
        open_snapshot(zipped(tmp_path / "all.zip", RECORDS[2]), FRESH)


def test_a_path_without_anything_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no advisory snapshot"):
        open_snapshot(tmp_path / "missing.zip", FRESH)


def test_a_record_that_cannot_be_read_makes_the_audit_incomplete(tmp_path: Path) -> None:
    feed = open_snapshot(zipped(tmp_path / "all.zip", *RECORDS, broken=b'{"id": "T-9"', other=b"3"), FRESH)
    result = audit([locked("demo", "1.0")], Feeds(snapshot=feed))
    assert [finding.id for finding in result.findings] == ["T-1", "T-2"]
    assert not result.complete
    assert any("broken.json: it is not JSON" in problem for problem in result.problems)
    assert any("other.json: a record must be an object" in problem for problem in result.problems)


def test_a_yaml_record_beside_json_ones_is_a_gap_and_a_hidden_file_is_none(tmp_path: Path) -> None:
    for name in ("PYSEC-1.yaml", ".github/workflow.yml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("id: PYSEC-1\n")
    (tmp_path / "T-1.json").write_text(json.dumps(record("T-1")))
    packed = zipped(tmp_path / "some.zip", record("T-1"))
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("vulns/PYSEC-1.yml", "id: PYSEC-1\n")

    assert open_snapshot(tmp_path, FRESH).index.gaps == ("PYSEC-1.yaml: it is not JSON",)
    assert open_snapshot(packed, FRESH).index.gaps == ("vulns/PYSEC-1.yml: it is not JSON",)


def test_of_two_records_with_one_id_the_last_modified_counts(tmp_path: Path) -> None:
    newer = record("T-1", "demo", {"introduced": "5"}, modified="2024-01-02T00:00:00Z")
    path = tmp_path / "list.json"
    for order in ([RECORDS[0], newer], [newer, RECORDS[0]]):
        path.write_text(json.dumps(order))
        assert found(open_snapshot(path, FRESH)) == []


@pytest.mark.parametrize(("days", "problem"), [(4, True), (6, False)])
def test_a_snapshot_that_is_too_old_has_a_problem(tmp_path: Path, days: int, problem: bool) -> None:
    path = zipped(tmp_path / "all.zip", *RECORDS)
    feed = open_snapshot(path, SnapshotAge(NOW, timedelta(days=days)))
    assert (feed.problem is not None) is problem
    assert open_snapshot(path, SnapshotAge(NOW, timedelta(days=days), checked=NOW)).problem is None


def test_a_fetch_in_the_future_makes_nothing_fresh(tmp_path: Path) -> None:
    age = SnapshotAge(NOW, timedelta(days=7), checked=NOW + timedelta(days=3))
    problem = open_snapshot(zipped(tmp_path / "all.zip", *RECORDS), age).problem
    assert "in the future" in (problem or "")


def test_a_snapshot_that_unpacks_to_too_much_is_not_read(tmp_path: Path, mocker: MockerFixture) -> None:
    mocker.patch("poetry_aiops.health.advisories.snapshot.LARGEST_SNAPSHOT", 400)
    with pytest.raises(IncompleteError, match="larger than 400 bytes when unpacked"):
        open_snapshot(zipped(tmp_path / "all.zip", *RECORDS), FRESH)


def test_a_date_in_the_future_makes_nothing_fresh(tmp_path: Path) -> None:
    future = record("T-4", "demo", modified="2999-01-01T00:00:00Z")
    feed = open_snapshot(zipped(tmp_path / "all.zip", future), SnapshotAge(NOW, timedelta(days=7)))
    assert feed.problem == "its age is not known"


# -- from a URL -----------------------------------------------------------------------------------------


@pytest.fixture
def archive(tmp_path: Path) -> bytes:
    return zipped(tmp_path / "served.zip", *RECORDS).read_bytes()


def test_a_download_is_kept_and_fetched_again_only_when_changed(tmp_path: Path, archive: bytes) -> None:
    with OsvServer() as server:
        server.files["/all.zip"] = archive
        url = f"{server.url}/all.zip"
        first = update_snapshot(tmp_path / "cache", url, now=NOW, limits=PATIENT)
        second = update_snapshot(tmp_path / "cache", url, now=NOW + timedelta(days=1), limits=PATIENT)
    assert (first.changed, second.changed) == (True, False)
    kept = cached_snapshot(tmp_path / "cache", url)
    assert kept is not None
    assert kept.checked == NOW + timedelta(days=1)
    assert found(open_snapshot(kept.path, FRESH)) == ["T-1", "T-2"]


def test_nothing_changed_is_no_answer_where_nothing_was_known(tmp_path: Path) -> None:
    with broken(lambda *_: raw(b"", status="304 Not Modified")) as server:
        with pytest.raises(IncompleteError, match="304 Not Modified"):
            update_snapshot(tmp_path / "cache", f"{server.url}/all.zip", now=NOW, limits=PATIENT)
        assert cached_snapshot(tmp_path / "cache", f"{server.url}/all.zip") is None


def test_a_note_without_a_time_zone_is_none(tmp_path: Path, archive: bytes) -> None:
    with OsvServer() as server:
        server.files["/all.zip"] = archive
        url = f"{server.url}/all.zip"
        update_snapshot(tmp_path / "cache", url, now=NOW, limits=PATIENT)
    (note,) = (tmp_path / "cache").glob("*.json")
    note.write_text(note.read_text().replace("+00:00", ""))
    assert cached_snapshot(tmp_path / "cache", url) is None


@pytest.mark.parametrize("content", [b"<html>", b"", "half"])
def test_a_download_that_is_no_snapshot_replaces_nothing(
    tmp_path: Path, archive: bytes, content: bytes | str
) -> None:
    with OsvServer() as server:
        url = f"{server.url}/all.zip"
        server.files["/all.zip"] = archive
        good = update_snapshot(tmp_path / "cache", url, now=NOW, limits=PATIENT)
        server.files["/all.zip"] = archive[:-100] if isinstance(content, str) else content
        with pytest.raises(IncompleteError, match="could not be fetched") as refused:
            update_snapshot(tmp_path / "cache", url, now=NOW + timedelta(days=1), limits=PATIENT)
        assert refused.value.where == url  # not the name of the file on trial
    kept = cached_snapshot(tmp_path / "cache", url)
    assert kept is not None
    assert kept.checked == NOW
    assert good.path.read_bytes() == archive
    assert not list((tmp_path / "cache").glob("new-*"))


@pytest.mark.parametrize("fault", list(Fault), ids=lambda fault: str(fault.name))
def test_a_server_that_fails_is_told_and_nothing_is_kept(tmp_path: Path, fault: Fault) -> None:
    with OsvServer() as server:
        server.fault = fault
        url = f"{server.url.replace('//', '//user:secret@')}/all.zip?token=secret"
        with pytest.raises(IncompleteError) as caught:
            update_snapshot(tmp_path / "cache", url, now=NOW, limits=QUICK)
    assert "secret" not in str(caught.value)
    assert cached_snapshot(tmp_path / "cache", url) is None


def test_a_record_that_unpacks_to_more_than_it_says_is_stopped_at_what_it_says(tmp_path: Path) -> None:
    """``ZipFile.read`` would unpack two gigabytes before it looks."""
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("T-1.json", b" " * 300_000_000)
    archive_bytes = path.read_bytes()
    path.write_bytes(archive_bytes.replace((300_000_000).to_bytes(4, "little"), (1000).to_bytes(4, "little")))
    tracemalloc.start()

    with pytest.raises(IncompleteError, match="is damaged"):
        open_snapshot(path, FRESH)

    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 20_000_000


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_ways_of_packing_that_know_no_limit_are_refused(tmp_path: Path, packing: int) -> None:
    with zipfile.ZipFile(tmp_path / "odd.zip", "w", packing) as archive:
        archive.writestr("T-1.json", json.dumps(record("T-1")))
    with pytest.raises(IncompleteError, match="its compression"):
        open_snapshot(tmp_path / "odd.zip", FRESH)


def test_names_in_a_zip_lead_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "inner" / "slip.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../evil.json", json.dumps(record("T-1")))
        archive.writestr("/etc/evil.json", json.dumps(record("T-2")))
    assert found(open_snapshot(path, FRESH, cache_folder=tmp_path / "cache")) == ["T-1", "T-2"]
    assert {file.name for file in tmp_path.rglob("*.json")} == set()


def test_nesting_without_end_is_a_gap(tmp_path: Path) -> None:
    path = zipped(tmp_path / "deep.zip", record("T-1"), deep=b"[" * 1_000_000)
    opened = open_snapshot(path, FRESH)
    assert found(opened) == ["T-1"]
    assert "deep.json" in opened.index.gaps[0]
