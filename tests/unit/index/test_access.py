"""Who may be asked, and with which login: only the user's own configuration decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from poetry import locations
from poetry.config.config import Config
from poetry.utils.password_manager import HTTPAuthCredential
from tests.support.every import for_each

from poetry_aiops.index.access import UserAccess, is_inside, settling_line, user_configuration


if TYPE_CHECKING:
    from pathlib import Path


LOGIN = {"http-basic": {"house": {"username": "ann", "password": "s3cret"}}, "keyring": {"enabled": False}}


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("POETRY_AIOPS_TRUSTED_ADDRESSES", raising=False)
    monkeypatch.setattr(locations, "CONFIG_DIR", tmp_path)


def access(url: str = "", **more: object) -> UserAccess:
    config = Config()
    config.merge({**LOGIN, **more, "repositories": {"house": {"url": url}} if url else {}})
    return UserAccess(["house"], config)


@for_each(
    ("configured", "asked"),
    [
        ("https://pkg.example/team/simple/", "https://pkg.example/team/simple/demo/"),
        ("https://pkg.example/team/simple", "https://pkg.example/team/files/demo.whl"),
        ("https://pkg.example/team/legacy/", "https://pkg.example/team/simple/demo/"),
        ("https://PKG.example:443/team", "https://pkg.example/team/demo/"),
        ("https://pkg.example", "https://pkg.example/anything/"),
    ],
)
def test_the_address_that_the_user_configured_gets_the_login(configured: str, asked: str) -> None:
    assert access(configured).login(asked).password == "s3cret"


@for_each(
    "asked",
    [
        "http://pkg.example/team/simple/demo/",
        "https://pkg.example:8443/team/simple/demo/",
        "https://pkg.example.evil.example/team/simple/demo/",
        "https://other.example/team/simple/demo/",
        "https://pkg.example/other/simple/demo/",
        "https://pkg.example/team-of-others/simple/demo/",
        "https://pkg.example/team/../other/demo/",
        "https://pkg.example/team/%2e%2e/other/demo/",
        "https://pkg.example\\@other.example/team/simple/",
        "https://pkg.example@other.example/team/simple/",
        "https://[broken/team/simple/",
    ],
)
def test_no_other_address_gets_the_login_whatever_its_source_is_called(asked: str) -> None:
    assert access("https://pkg.example/team/simple/").login(asked).password is None
    assert access().login(asked).password is None


def test_a_variable_names_an_address_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POETRY_REPOSITORIES_HOUSE_URL", "https://here.example/simple/")
    assert (
        access("https://pkg.example/simple/").login("https://here.example/simple/demo/").password == "s3cret"
    )
    assert access("https://pkg.example/simple/").login("https://pkg.example/simple/demo/").password is None


def test_the_configuration_is_the_users_without_the_projects_poetry_toml(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.toml").write_text('[repositories.house]\nurl = "https://pkg.example/simple/"\n')
    (tmp_path / "auth.toml").write_text('[http-basic.house]\nusername = "ann"\npassword = "s3cret"\n')
    project = tmp_path / "project"
    project.mkdir()
    (project / "poetry.toml").write_text('[repositories.house]\nurl = "https://evil.example/simple/"\n')
    monkeypatch.chdir(project)
    assert UserAccess(["house"], user_configuration()).addresses == {"house": "https://pkg.example/simple/"}


class Keyring:
    """A keyring that knows one service, and notes which were looked for."""

    def __init__(self, service: str) -> None:
        self.service = service

    def __call__(self, *names: str, username: str | None = None) -> HTTPAuthCredential:
        known = self.service in names
        return HTTPAuthCredential(username or "ann", "k3y") if known else HTTPAuthCredential()


@pytest.mark.parametrize(
    ("service", "asked", "password"),
    [
        ("pkg.example", "https://pkg.example/simple/demo/", "k3y"),
        ("https://pkg.example/simple", "https://pkg.example/simple/demo/", "k3y"),
        ("http://pkg.example/simple", "http://pkg.example/simple/demo/", "k3y"),
        ("pkg.example", "http://pkg.example/simple/demo/", None),
        ("pkg.example", "https://other.example/simple/demo/", None),
        ("poetry-repository-house", "https://pkg.example/simple/demo/", None),
    ],
)
def test_a_keyring_entry_counts_where_it_is_bound_to_the_address_or_the_host(
    monkeypatch: pytest.MonkeyPatch, service: str, asked: str, password: str | None
) -> None:
    user = access()
    monkeypatch.setattr(user._passwords, "use_keyring", True)
    monkeypatch.setattr(user._passwords, "get_credential", Keyring(service))
    index = asked.removesuffix("/demo/")
    assert user.login(asked, index).password == password


@for_each(
    "host",
    [
        "localhost",
        "a.localhost",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "[::1]",
        "[::]",
        "[fe80::1%25eth0]",
        "[fd00::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
    ],
)
def test_an_address_inside_is_not_asked_for_a_project(host: str) -> None:
    assert is_inside(host)
    assert not access().may_ask(f"http://{host}:8000/simple/")
    assert access(f"http://{host}:8000/simple/").may_ask(f"http://{host}:8000/simple/demo/")
    assert not access(f"http://{host}:8000/simple/").may_ask(f"http://{host}:9000/simple/demo/")


@for_each("host", ["pkg.example", "93.184.216.34", "[2606:2800:220:1::1]", "10.example", "deadbeef"])
def test_other_hosts_are_asked_and_names_are_not_resolved(host: str) -> None:
    assert access().may_ask(f"https://{host}/simple/")


@pytest.mark.parametrize("trusted", ["10.0.0.8", "other, 10.0.0.8 ", "10.0.0.8:8000"])
def test_the_user_trusts_hosts_in_the_environment(monkeypatch: pytest.MonkeyPatch, trusted: str) -> None:
    monkeypatch.setenv("POETRY_AIOPS_TRUSTED_ADDRESSES", trusted)
    assert access().may_ask("http://10.0.0.8:8000/simple/")
    assert not access().may_ask("http://10.0.0.80:8000/simple/")
    assert access().may_ask("http://10.0.0.8/") == (":" not in trusted)
    assert access().login("http://10.0.0.8:8000/simple/").password is None


def test_a_mirror_that_the_user_configured_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert access(plugins={"pypi_mirror": {"url": "http://10.0.0.8/simple"}}).may_ask(
        "http://10.0.0.8/simple/"
    )
    monkeypatch.setenv("POETRY_PYPI_MIRROR_URL", "http://10.0.0.9/simple")
    assert access().may_ask("http://10.0.0.9/simple/demo/")


def test_the_line_to_run_is_safe_to_paste() -> None:
    assert settling_line("house", "https://ann:pw@pkg.example/simple") == (
        "poetry config repositories.house https://pkg.example/simple"
    )
    assert settling_line("a;b", "https://pkg.example/$(x)") == (
        "poetry config repositories.'a;b' 'https://pkg.example/$(x)'"
    )
