"""The index that the tests serve: what pip gets from it, and each of its faults."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from http.client import RemoteDisconnected
from typing import TYPE_CHECKING

import pytest
from tests.support.index import JSON_TYPE, Fault, PackageIndex


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def small_index() -> Iterator[PackageIndex]:
    with PackageIndex() as served:
        served.publish(
            "pypi", "Some.Thing", "1.0+cpu", ["other>=2"], {"fast": ["quick ; os_name == 'posix'"]}
        )
        served.publish("pypi", "other", "2.0", body="answer = 42\n")
        served.publish_sdist("pypi", "from-source", "3.0")
        yield served


def fetched(url: str, accept: str = "text/html") -> str:
    with urllib.request.urlopen(
        urllib.request.Request(url, headers={"Accept": accept}), timeout=10
    ) as answer:
        return str(answer.read().decode())


def pip(folder: Path, index: PackageIndex, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--isolated", "download", "--no-cache-dir", "--retries=0"),
            *("--disable-pip-version-check", "--index-url", index.url("pypi"), *args),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "", "PIP_CONFIG_FILE": "/dev/null"},
    )


def test_pip_resolves_and_checks_hashes(small_index: PackageIndex, tmp_path: Path) -> None:
    done = pip(tmp_path, small_index, "some-thing[fast]==1.0", "--no-deps")

    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["some_thing-1.0+cpu-py3-none-any.whl"]


def test_pip_builds_a_source_archive_without_any_other_package(
    small_index: PackageIndex, tmp_path: Path
) -> None:
    done = pip(tmp_path, small_index, "from-source")

    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["from_source-3.0.tar.gz"]


def test_a_client_that_reads_metadata_first_downloads_nothing_that_it_does_not_take(
    small_index: PackageIndex, tmp_path: Path
) -> None:
    small_index.publish("pypi", "other", "3.0", ["missing"])
    small_index.forget_requests()

    pip(tmp_path, small_index, "other<4", "some-thing")

    asked = small_index.requests("/pypi/simple/other/")
    assert "/pypi/simple/other/other-3.0-py3-none-any.whl.metadata" in asked
    assert "/pypi/simple/other/other-3.0-py3-none-any.whl" not in asked


def test_both_forms_of_a_page_say_the_same(small_index: PackageIndex) -> None:
    url = small_index.url("pypi") + "some-thing/"
    wheel = json.loads(fetched(url, JSON_TYPE))["files"][0]

    page = fetched(url)

    assert f"{wheel['url']}#sha256={wheel['hashes']['sha256']}" in page
    assert f'data-core-metadata="sha256={wheel["core-metadata"]["sha256"]}"' in page
    assert "%2Bcpu" in wheel["url"]


def test_a_wheel_is_the_same_bytes_each_time() -> None:
    first, second = (PackageIndex().publish("pypi", "thing", "1.0", ["a"], {"x": ["b"]}) for _ in range(2))

    assert first == second


@pytest.mark.parametrize(
    ("fault", "status"), [(Fault.NOT_FOUND, 404), (Fault.SERVER_ERROR, 500)], ids=["not-found", "error"]
)
def test_a_fault_breaks_one_index_and_ends_with_its_block(
    small_index: PackageIndex, fault: Fault, status: int
) -> None:
    small_index.publish("cpu", "torch", "2.0+cpu")
    with small_index.fault("pypi", fault):
        with pytest.raises(urllib.error.HTTPError) as raised:
            fetched(small_index.url("pypi") + "other/")
        raised.value.close()
        assert "torch" in fetched(small_index.url("cpu") + "torch/")

    assert raised.value.code == status
    assert "other" in fetched(small_index.url("pypi") + "other/")


def test_a_refusing_index_gives_no_answer_at_all(small_index: PackageIndex) -> None:
    with small_index.fault("pypi", Fault.REFUSE), pytest.raises(RemoteDisconnected):
        fetched(small_index.url("pypi"))


def test_a_stopped_index_can_be_started_again_on_its_port(small_index: PackageIndex) -> None:
    url = small_index.url("pypi") + "other/"
    small_index.stop()
    with pytest.raises(urllib.error.URLError):
        fetched(url)

    small_index.start()

    assert "other-2.0" in fetched(url)


def test_a_slow_index_answers_late(small_index: PackageIndex) -> None:
    small_index.slow_seconds = 0.3
    started = time.monotonic()

    with small_index.fault("pypi", Fault.SLOW):
        page = fetched(small_index.url("pypi") + "other/")

    assert "other-2.0" in page
    assert time.monotonic() - started >= small_index.slow_seconds


def test_a_withdrawn_version_is_gone_and_a_yanked_one_is_marked(small_index: PackageIndex) -> None:
    small_index.publish("pypi", "other", "2.0.1")
    small_index.yank("pypi", "other", "2.0.1", "broken")

    small_index.withdraw("pypi", "other", "2.0")

    page = fetched(small_index.url("pypi") + "other/")
    assert "other-2.0-py3" not in page
    assert 'data-yanked="broken"' in page


def test_links_can_go_without_hashes_and_metadata(small_index: PackageIndex) -> None:
    with small_index.fault("pypi", Fault.NO_HASHES):
        assert "#sha256=" not in fetched(small_index.url("pypi") + "other/")
    with small_index.fault("pypi", Fault.NO_METADATA):
        assert "data-core-metadata" not in fetched(small_index.url("pypi") + "other/")
