"""Index records through the real Poetry: its Authenticator, its repositories, its configuration, over real HTTP."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import inspect
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
import requests
from poetry.repositories import RepositoryPool
from poetry.repositories.legacy_repository import LegacyRepository
from poetry.repositories.pypi_repository import PyPiRepository
from poetry.utils.authenticator import Authenticator
from tests.support.index import Fault, PackageIndex, Story
from tests.support.osv_server import OsvServer

from poetry_aiops.index import page_fetch
from poetry_aiops.index.access import UserAccess
from poetry_aiops.index.page_fetch import PageFetcher
from poetry_aiops.index.records import IndexAccess, RecordAge, cache_folder, cooldown_of, index_records
from poetry_aiops.index.source import sources_of, stand_ins_of
from poetry_aiops.project.model import Package, PackageSource


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from poetry.config.config import Config

    from poetry_aiops.index.release_records import IndexRecords


NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
KEY = ("main-index", "apple")


def locked(name: str = "apple", source: str = "main-index", kind: str = "legacy") -> Package:
    return Package(
        name=name,
        pretty_name=name,
        version="1.0",
        description="",
        optional=False,
        python_versions="*",
        groups=("main",),
        markers="",
        files=(),
        edges=(),
        extras={},
        source=PackageSource(kind, "https://elsewhere.example/simple", source),
    )


@pytest.fixture
def index() -> Iterator[PackageIndex]:
    with PackageIndex(slow_seconds=0.2) as served:
        served.publish("main", "apple", "1.0")
        served.publish("main", "apple", "2.0", requires_python=">=3.12")
        served.publish_sdist("main", "apple", "2.0")
        served.uploaded("main", "apple", "1.0", "2024-01-01T10:00:00.123456Z")
        served.uploaded("main", "apple", "2.0", "2026-01-01T10:00:00Z")
        served.yank("main", "apple", "1.0", "broken\x1b[31m\nwheel")
        served.attest("main", "apple", "2.0")
        yield served


def access_to(index: PackageIndex, config: Config, folder: Path | None = None) -> IndexAccess:
    repository = LegacyRepository("main-index", index.url("main"), config=config)
    return IndexAccess(RepositoryPool([repository], config=config), config, folder)


def asked(access: IndexAccess, *packages: Package, now: datetime = NOW) -> IndexRecords:
    owners = frozenset(package.name for package in packages)
    return index_records(packages or [locked()], access, owners_of=owners, now=now)


def test_a_page_becomes_a_record_with_what_the_index_tells(index: PackageIndex, config: Config) -> None:
    index.tell("main", "apple", Story("archived", "use pear", ("ann", "bob", "ann"), ()))

    record = asked(access_to(index, config), locked()).found[KEY]

    one, two = record.releases
    assert (one.version, one.uploaded) == ("1.0", datetime(2024, 1, 1, 10, 0, 0, 123456, UTC))
    assert one.yanked == "broken[31m wheel"
    assert (one.has_wheel, one.has_sdist, one.provenance) == (True, False, None)
    assert (two.has_wheel, two.has_sdist, two.provenance, two.yanked) == (True, True, True, None)
    assert set(two.requires_python) == {">=3.12", ">=3.8"} or ">=3.12" in two.requires_python
    about = record.about
    assert (about.status, about.status_reason, about.owners) == ("archived", "use pear", 2)
    assert about.inactive is False


def test_an_index_without_json_has_no_upload_times_and_says_yanked(
    index: PackageIndex, config: Config
) -> None:
    index.tell("main", "apple", Story("quarantined", "malware"))
    with index.fault("main", Fault.ONLY_HTML):
        record = asked(access_to(index, config), locked()).found[KEY]
    assert [release.version for release in record.releases] == ["1.0", "2.0"]
    assert [release.uploaded for release in record.releases] == [None, None]
    assert record.releases[0].yanked is not None
    assert (record.about.status, record.about.owners) == ("quarantined", None)
    assert record.about.owners_reason


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault.NOT_FOUND, "does not have this package (404)"),
        (Fault.SERVER_ERROR, "status 500"),
        (Fault.REFUSE, "cannot be reached"),
        (Fault.LOGIN, "poetry config repositories.main-index http://127.0.0.1:"),
        (Fault.GARBAGE, "not a JSON document"),
        (Fault.CUT_OFF, "not a JSON document"),
        (Fault.WEB_PAGE, "not the page of a package index"),
    ],
)
def test_whatever_an_index_does_is_a_reason_and_no_crash(
    index: PackageIndex, config: Config, fault: Fault, words: str
) -> None:
    with index.fault("main", fault):
        records = asked(access_to(index, config), locked())
    assert records.found == {}
    assert words in records.missing[KEY]
    assert records.uses[0].failed == 1


def test_an_index_that_is_switched_off_is_a_reason(index: PackageIndex, config: Config) -> None:
    access = access_to(index, config)
    index.stop()
    assert "cannot be reached" in asked(access, locked()).missing[KEY]


def test_a_dead_index_is_given_up_after_a_few_packages(index: PackageIndex, config: Config) -> None:
    packages = [locked(f"package-{number}") for number in range(60)]
    with index.fault("main", Fault.SERVER_ERROR):
        records = asked(access_to(index, config), *packages)
    assert len(records.missing) == 60
    assert len(index.requests("/main/")) < 20
    assert any("no more requests" in reason for reason in records.missing.values())


def test_one_missing_package_does_not_stop_the_others(index: PackageIndex, config: Config) -> None:
    packages = [*(locked(f"missing-{number}") for number in range(20)), locked()]
    records = asked(access_to(index, config), *packages)
    assert list(records.found) == [KEY]
    assert len(records.missing) == 20


def test_a_warm_run_asks_nothing(index: PackageIndex, config: Config, tmp_path: Path) -> None:
    index.tell("main", "apple", Story("active", None, ("ann",)))
    access = access_to(index, config, tmp_path / "records")
    cold = asked(access, locked())
    index.forget_requests()

    warm = asked(access, locked(), now=NOW + timedelta(hours=5))

    assert index.requests() == {}
    assert warm.found == cold.found
    assert (warm.uses[0].asked, warm.uses[0].from_cache) == (0, 1)
    assert warm.found[KEY].releases[0].uploaded == datetime(2024, 1, 1, 10, 0, 0, 123456, UTC)


def test_a_record_of_a_time_to_come_is_requested_again(
    index: PackageIndex, config: Config, tmp_path: Path
) -> None:
    """A clock that was wrong once must not keep a record for years."""
    access = access_to(index, config, tmp_path / "records")
    asked(access, locked(), now=NOW + timedelta(days=400))
    assert asked(access, locked()).uses[0].asked == 1
    assert asked(access, locked()).found[KEY].fetched == NOW


def test_owners_that_a_failing_index_did_not_send_are_requested_by_the_next_run(
    index: PackageIndex, config: Config, tmp_path: Path
) -> None:
    index.tell("main", "apple", Story("active", None, ("ann",)))
    access = access_to(index, config, tmp_path / "records")
    index_records([locked()], access, now=NOW)
    with index.fault("main", Fault.SERVER_ERROR):
        assert asked(access, locked()).found[KEY].about.owners is None
    assert asked(access, locked()).found[KEY].about.owners == 1


def test_an_expired_record_is_asked_for_again_and_unchanged_pages_are_not_sent(
    index: PackageIndex, config: Config, tmp_path: Path
) -> None:
    index.etags = True
    access = access_to(index, config, tmp_path / "records")
    asked(access, locked())
    later = NOW + timedelta(hours=7)

    unchanged = asked(access, locked(), now=later).found[KEY]
    assert unchanged.fetched == later
    assert len(unchanged.releases) == 2

    index.publish("main", "apple", "3.0")
    changed = asked(access, locked(), now=later + timedelta(hours=7)).found[KEY]
    assert [release.version for release in changed.releases] == ["1.0", "2.0", "3.0"]


def test_a_silent_index_leaves_the_last_record_with_its_age(
    index: PackageIndex, config: Config, tmp_path: Path
) -> None:
    access = access_to(index, config, tmp_path / "records")
    asked(access, locked())
    with index.fault("main", Fault.SERVER_ERROR):
        week_old = asked(access, locked(), now=NOW + timedelta(days=7))
        too_old = asked(access, locked(), now=NOW + timedelta(days=31))
    assert week_old.found[KEY].fetched == NOW
    assert "status 500" in week_old.found[KEY].stale
    assert week_old.uses[0].failed == 1
    assert too_old.found == {}


def test_offline_asks_nobody(index: PackageIndex, config: Config, tmp_path: Path) -> None:
    access = access_to(index, config, tmp_path / "records")
    asked(access, locked())
    index.forget_requests()
    offline = IndexAccess(access.pool, config, access.folder, RecordAge(offline=True))

    records = asked(offline, locked(), locked("pear"), now=NOW + timedelta(days=300))

    assert index.requests() == {}
    assert records.found[KEY].fetched == NOW
    assert "offline" in records.missing["main-index", "pear"]


def test_a_damaged_cache_is_read_anew(index: PackageIndex, config: Config, tmp_path: Path) -> None:
    access = access_to(index, config, tmp_path / "records")
    asked(access, locked())
    (kept,) = (tmp_path / "records").rglob("apple.json")
    kept.write_bytes(kept.read_bytes()[:40])
    assert len(asked(access, locked()).found[KEY].releases) == 2


def test_a_folder_that_cannot_be_written_is_no_failure(
    index: PackageIndex, config: Config, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", "utf-8")
    assert asked(access_to(index, config, blocked / "records"), locked()).found


def test_an_address_that_only_the_lock_knows_is_never_asked(index: PackageIndex, config: Config) -> None:
    records = asked(access_to(index, config), locked(source="other-index"))
    assert "pyproject.toml does not declare" in records.missing["other-index", "apple"]
    assert index.requests() == {}


def test_a_name_that_is_no_package_name_is_neither_asked_nor_written(
    index: PackageIndex, config: Config, tmp_path: Path
) -> None:
    records = asked(access_to(index, config, tmp_path / "records"), locked("../../evil"))
    assert "not the name of a package" in records.missing["main-index", "../../evil"]
    assert index.requests() == {}
    assert list(tmp_path.rglob("*evil*")) == []


def test_packages_from_elsewhere_are_left_out(index: PackageIndex, config: Config) -> None:
    assert asked(access_to(index, config), locked(kind="git")).found == {}
    assert index.requests() == {}


class _Recorder(BaseHTTPRequestHandler):
    """Answers everything with an empty list of files and remembers the password that came along."""

    seen: dict[str, str | None]

    def do_GET(self) -> None:
        self.seen[self.path] = self.headers.get("Authorization")
        body = b'{"files": []}'
        self.send_response(200)
        self.send_header("Content-Type", "application/vnd.pypi.simple.v1+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Keep the test's output quiet."""


class _Redirecting(BaseHTTPRequestHandler):
    """Sends everything elsewhere."""

    to: str

    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("Location", self.to)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Keep the test's output quiet."""


@contextlib.contextmanager
def served(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def recorder() -> Iterator[tuple[str, dict[str, str | None]]]:
    seen: dict[str, str | None] = {}
    with served(type("Recorder", (_Recorder,), {"seen": seen})) as root:
        yield root, seen


def login_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POETRY_HTTP_BASIC_MAIN_INDEX_USERNAME", "ann")
    monkeypatch.setenv("POETRY_HTTP_BASIC_MAIN_INDEX_PASSWORD", "s3cret")


def test_a_login_goes_to_the_address_that_the_user_configured_and_into_no_text(
    recorder: tuple[str, dict[str, str | None]],
    config: Config,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root, seen = recorder
    login_by_name(monkeypatch)
    monkeypatch.setenv("POETRY_REPOSITORIES_MAIN_INDEX_URL", f"{root}/simple/")
    repository = LegacyRepository("main-index", f"{root}/simple/", config=config)
    access = IndexAccess(RepositoryPool([repository], config=config), config, tmp_path / "records")

    records = index_records([locked()], access, now=NOW)

    assert seen["/simple/apple/"] == "Basic " + base64.b64encode(b"ann:s3cret").decode()
    assert "s3cret" not in repr(records)
    assert all(b"s3cret" not in path.read_bytes() for path in tmp_path.rglob("*.json"))


def test_each_thread_keeps_its_connection(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POETRY_AIOPS_TRUSTED_ADDRESSES", "127.0.0.1")
    threads = 14
    with OsvServer(latency=0.02) as server, ThreadPoolExecutor(threads) as pool:
        pages = [f"/simple/p{number}/" for number in range(10 * threads)]
        server.files = dict.fromkeys(pages, b"{}")
        with contextlib.closing(PageFetcher(config, [("x", f"{server.url}/simple/")], threads)) as fetcher:
            list(pool.map(lambda page: fetcher.get("x", server.url + page, {}), pages))
            tag = f'"{hashlib.sha256(b"{}").hexdigest()}"'
            unchanged = list(
                pool.map(lambda page: fetcher.get("x", server.url + page, {"If-None-Match": tag}), pages)
            )

        assert {answer.content for answer in unchanged} == {None}
        assert server.connections <= threads


@pytest.mark.parametrize("own_address", ["", "https://pkg.example/simple/"])
def test_a_login_does_not_follow_a_name_that_the_project_chose(
    recorder: tuple[str, dict[str, str | None]],
    config: Config,
    monkeypatch: pytest.MonkeyPatch,
    own_address: str,
) -> None:
    root, seen = recorder
    login_by_name(monkeypatch)
    if own_address:
        monkeypatch.setenv("POETRY_REPOSITORIES_MAIN_INDEX_URL", own_address)
    config.merge({"http-basic": {"main-index": {"username": "ann", "password": "s3cret"}}})
    config.merge({"repositories": {"main-index": {"url": f"{root}/simple/"}}})  # as poetry.toml does
    repository = LegacyRepository("main-index", f"{root}/simple/", config=config)

    index_records([locked()], IndexAccess(RepositoryPool([repository], config=config), config), now=NOW)

    assert seen["/simple/apple/"] is None


def test_a_default_login_of_netrc_goes_nowhere(
    recorder: tuple[str, dict[str, str | None]],
    config: Config,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root, seen = recorder
    (tmp_path / "netrc").write_text("default login ann password s3cret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    repository = LegacyRepository("main-index", f"{root}/simple/", config=config)
    index_records([locked()], IndexAccess(RepositoryPool([repository], config=config), config), now=NOW)
    assert seen["/simple/apple/"] is None


def test_a_login_stays_behind_when_a_redirect_leads_to_another_port(
    recorder: tuple[str, dict[str, str | None]], config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, seen = recorder
    login_by_name(monkeypatch)
    with served(type("Redirecting", (_Redirecting,), {"to": f"{target}/simple/apple/"})) as root:
        monkeypatch.setenv("POETRY_REPOSITORIES_MAIN_INDEX_URL", f"{root}/simple/")
        repository = LegacyRepository("main-index", f"{root}/simple/", config=config)
        index_records([locked()], IndexAccess(RepositoryPool([repository], config=config), config), now=NOW)
    assert seen["/simple/apple/"] is None


@pytest.mark.parametrize(
    ("to", "follows"),
    [
        ("https://pkg.example/files/demo", True),
        ("https://pkg.example:8443/files/demo", False),
        ("https://files.example/demo", False),
    ],
)
def test_a_login_follows_a_redirect_on_one_origin_only(to: str, follows: bool) -> None:
    request, response = _redirect("https://pkg.example/simple/demo/", to)
    page_fetch._Session(UserAccess([])).rebuild_auth(request, response)
    assert ("Authorization" in request.headers) == follows


def test_a_redirect_from_https_to_http_on_the_same_host_is_not_followed() -> None:
    request, response = _redirect("https://pkg.example/simple/demo/", "http://pkg.example/simple/demo/")
    with pytest.raises(page_fetch.FetchError, match="from https to http"):
        page_fetch._Session(UserAccess([])).rebuild_auth(request, response)


def _redirect(start: str, to: str) -> tuple[requests.PreparedRequest, requests.Response]:
    response = requests.Response()
    response.request = requests.Request("GET", start).prepare()
    return requests.Request("GET", to, headers={"Authorization": "Basic eA=="}).prepare(), response


def test_an_index_does_not_lead_to_an_address_inside_that_nobody_trusts(
    recorder: tuple[str, dict[str, str | None]], config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, seen = recorder
    with served(type("Redirecting", (_Redirecting,), {"to": f"{target}/simple/apple/"})) as root:
        monkeypatch.setenv("POETRY_AIOPS_TRUSTED_ADDRESSES", root.removeprefix("http://"))
        repository = LegacyRepository("main-index", f"{root}/simple/", config=config)
        access = IndexAccess(RepositoryPool([repository], config=config), config)
        records = index_records([locked()], access, now=NOW)
    assert "/simple/apple/" not in seen
    assert "inside this machine or network" in records.missing[KEY]


def test_an_address_inside_that_only_a_project_names_is_an_open_question_and_not_asked(
    recorder: tuple[str, dict[str, str | None]], config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, seen = recorder
    monkeypatch.delenv("POETRY_AIOPS_TRUSTED_ADDRESSES")
    repository = LegacyRepository("main-index", f"{root}/simple/", config=config)
    access = IndexAccess(RepositoryPool([repository], config=config), config)
    records = index_records([locked()], access, now=NOW)
    assert seen == {}
    assert f"poetry config repositories.main-index {root}/simple" in records.uses[0].problem
    assert "POETRY_AIOPS_TRUSTED_ADDRESSES=127.0.0.1" in records.uses[0].problem


def test_a_password_in_an_address_is_used_and_not_shown(
    recorder: tuple[str, dict[str, str | None]], config: Config
) -> None:
    root, seen = recorder
    url = root.replace("http://", "http://ann:s3cret@") + "/simple/"
    repository = LegacyRepository("main-index", url, config=config)
    pool = RepositoryPool([repository], config=config)

    records = index_records([locked()], IndexAccess(pool, config), now=NOW)

    assert (seen["/simple/apple/"] or "").startswith("Basic ")
    assert "s3cret" not in repr(records)
    assert records.uses[0].address == f"{root}/simple"


def drip(over: threading.Event) -> type[BaseHTTPRequestHandler]:
    """Return a handler that sends a byte now and then and never ends."""

    class Dripper(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/vnd.pypi.simple.v1+json")
            self.send_header("Content-Length", "100000")
            self.end_headers()
            with contextlib.suppress(OSError):
                while not over.wait(0.02):
                    self.wfile.write(b" ")
                    self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Keep the test's output quiet."""

    return Dripper


def test_a_server_that_drips_is_given_up_in_time(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_fetch, "TOTAL_SECONDS", 0.3)
    over = threading.Event()
    with served(drip(over)) as root:
        repository = LegacyRepository("main-index", f"{root}/simple/", config=config)
        access = IndexAccess(RepositoryPool([repository], config=config), config)
        records = index_records([locked()], access, now=NOW)
        over.set()
    assert "takes more than" in records.missing[KEY]


def test_a_page_that_is_too_large_is_not_read(
    index: PackageIndex, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_fetch, "PAGE_LIMIT", 100)
    assert "MiB" in asked(access_to(index, config), locked()).missing[KEY]


def test_the_cooldown_is_poetrys_own(config: Config) -> None:
    assert cooldown_of(config).days == 0
    solver = {"min-release-age": 7, "min-release-age-exclude": ["My_Lib"]}
    config.merge({"solver": {**solver, "min-release-age-exclude-source": ["Inside"]}})
    cooldown = cooldown_of(config)
    assert cooldown.for_package("PyPI", "apple") == timedelta(days=7)
    assert cooldown.for_package("PyPI", "my-lib") == timedelta(0)
    assert cooldown.for_package("inside", "apple") == timedelta(0)


def test_records_are_kept_in_the_cache_of_poetry(config: Config, tmp_path: Path) -> None:
    assert cache_folder(config).is_relative_to(tmp_path / "cache")


def test_the_public_index_is_poetrys_own_and_describes_projects(config: Config) -> None:
    repository = PyPiRepository(config=config)
    source = sources_of(RepositoryPool([repository], config=config))["pypi"]
    assert source.page("apple") == f"{repository.url.rstrip('/')}/apple/"
    assert source.about("apple") == f"{repository._base_url.rstrip('/')}/pypi/apple/json"
    assert source.gives_about


def test_the_authenticator_has_the_hooks_that_we_override() -> None:
    assert list(inspect.signature(Authenticator._get_backoff).parameters) == ["self", "response", "attempt"]
    assert list(inspect.signature(Authenticator.create_session).parameters) == ["self"]
    source = inspect.getsource(Authenticator.request)
    assert "self._get_backoff(" in source
    assert "self.get_session(" in source
    assert {"stream", "headers"} <= set(source.replace('"', " ").split())


def test_what_stands_in_for_the_default_index_is_seen(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("POETRY_PYPI_MIRROR_URL", raising=False)
    mirror, house = "https://mirror.example/simple", "https://house.example/simple"
    plain = RepositoryPool([PyPiRepository(config=config)], config=config)
    beside = RepositoryPool(
        [PyPiRepository(config=config), LegacyRepository("house", house, config=config)], config=config
    )
    mirrored = RepositoryPool([LegacyRepository("PyPI", mirror, config=config)], config=config)
    replaced = RepositoryPool([LegacyRepository("house", house, config=config)], config=config)
    assert stand_ins_of(plain) == {}
    assert stand_ins_of(beside) == {}
    assert stand_ins_of(mirrored) == {"pypi": mirror}
    assert stand_ins_of(replaced) == {"house": house}
    monkeypatch.setenv("POETRY_PYPI_MIRROR_URL", mirror)
    assert stand_ins_of(plain) == {"pypi": mirror}
