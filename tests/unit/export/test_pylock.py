from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.export.locked import HASH, MAIN, exported, index, package, project

from poetry_aiops.export.model import Address, FilePlan, Pin
from poetry_aiops.export.pylock import known_addresses, render_pylock
from poetry_aiops.project.model import PackageSource


if TYPE_CHECKING:
    from poetry_aiops.export.model import FileKey, Rendered


PLAN = FilePlan("locks/pylock.toml", "pylock", MAIN)
WHEEL, SDIST = "alpha-1.0-py3-none-any.whl", "alpha-1.0.tar.gz"
ADDRESSES: dict[FileKey, Address] = {
    (WHEEL, HASH): Address(f"https://files.example/{WHEEL}", 1234, "2024-05-06T07:08:09.123456Z"),
    (SDIST, HASH): Address(f"https://user:secret@files.example/{SDIST}"),
}
ALPHA = package("alpha", files=(WHEEL, SDIST, "alpha-1.0.win32.exe"))


def render(*pins: Pin, addresses: dict[FileKey, Address] | None = None) -> Rendered:
    return render_pylock(PLAN, exported(pins, addresses=ADDRESSES if addresses is None else addresses))


def document(*pins: Pin) -> dict[str, Any]:
    return tomllib.loads(render(*pins).text)


def test_the_text_says_what_the_document_says() -> None:
    rendered = render(Pin(ALPHA, 'os_name == "nt"'))
    read = tomllib.loads(rendered.text)
    assert rendered.document is not None
    assert read["packages"][0]["marker"] == 'os_name == "nt"' == rendered.document["packages"][0]["marker"]
    assert read["packages"][0]["wheels"][0]["upload-time"].isoformat() == "2024-05-06T07:08:09.123456+00:00"
    assert read["packages"][0]["wheels"][0]["size"] == 1234
    assert read["packages"][0]["sdist"]["hashes"] == {"sha256": "a" * 64}
    assert read["lock-version"] == "1.0"
    assert read["requires-python"] == ">=3.11,<4.0"
    assert read["tool"]["poetry-aiops"]["groups"] == ["main"]


def test_no_password_reaches_the_file() -> None:
    private = package("beta", source=index("mirror", "https://user:secret@mirror.example/simple"), files=())
    text = render(Pin(ALPHA), Pin(private)).text
    assert "secret" not in text
    assert 'index = "https://mirror.example/simple"' in text


def test_the_addresses_of_a_written_file_can_be_read_back() -> None:
    text = render(Pin(ALPHA)).text
    found = known_addresses(text)
    assert found[WHEEL, HASH] == ADDRESSES[WHEEL, HASH]
    assert found[SDIST, HASH].url == f"https://files.example/{SDIST}"
    assert render(Pin(ALPHA), addresses=found).text == text


def test_a_file_without_a_known_address_is_missing() -> None:
    rendered = render(Pin(ALPHA), addresses={(WHEEL, HASH): ADDRESSES[WHEEL, HASH]})
    assert rendered.missing == ((SDIST, HASH),)
    assert SDIST not in rendered.text


def test_a_file_that_the_index_does_not_offer_is_remembered_as_such() -> None:
    rendered = render(Pin(ALPHA), addresses={**ADDRESSES, (SDIST, HASH): Address("")})
    assert rendered.missing == ()
    assert "sdist" not in tomllib.loads(rendered.text)["packages"][0]
    assert known_addresses(rendered.text)[SDIST, HASH] == Address("")


@pytest.mark.parametrize(
    ("source", "develop", "key", "table"),
    [
        (
            PackageSource("directory", "libs/mylib"),
            True,
            "directory",
            {"path": "../libs/mylib", "editable": True},
        ),
        (
            PackageSource("git", "https://u:p@git.example/a.git", "main", "abc", "sub"),
            False,
            "vcs",
            {
                "type": "git",
                "url": "https://git.example/a.git",
                "requested-revision": "main",
                "commit-id": "abc",
                "subdirectory": "sub",
            },
        ),
        (
            PackageSource("url", "https://files.example/x.whl"),
            False,
            "archive",
            {"url": "https://files.example/x.whl", "hashes": {"sha256": "a" * 64}},
        ),
        (
            PackageSource("file", "dist/x.whl"),
            False,
            "archive",
            {"path": "../dist/x.whl", "hashes": {"sha256": "a" * 64}},
        ),
    ],
)
def test_what_comes_from_elsewhere_has_its_own_table(
    source: PackageSource, develop: bool, key: str, table: dict[str, object]
) -> None:
    found = document(Pin(package("mylib", source=source, develop=develop)))["packages"][0]
    assert found[key] == table
    assert ("version" in found) is (key != "directory")


def test_a_python_with_alternatives_becomes_environments() -> None:
    other = project(
        {
            "project": {"name": "x", "version": "1", "requires-python": "*"},
            "tool": {"poetry": {"dependencies": {"python": "^3.9 || ^4.1"}}},
        }
    )
    text = render_pylock(PLAN, exported((Pin(ALPHA),), addresses=ADDRESSES, of=other)).text
    read = tomllib.loads(text)
    assert "requires-python" not in read
    assert len(read["environments"]) == 1
    assert "or" in read["environments"][0]


def test_texts_with_quotes_and_control_characters_stay_valid_toml() -> None:
    odd = package("alpha", files=(), source=PackageSource("url", 'https://files.example/"\\\n\u200e'))
    assert document(Pin(odd))["packages"][0]["archive"]["url"] == 'https://files.example/"\\\n\u200e'


def test_an_empty_selection_is_valid_too() -> None:
    assert document()["packages"] == []
