"""What a hostile lock, index or neighbour could make of the files of a wheelhouse."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import requests

from poetry_aiops.errors import IncompleteError, InputError, NegativeAnswerError
from poetry_aiops.export import wheelhouse_download as module
from poetry_aiops.export.wheelhouse_download import Fetcher
from poetry_aiops.project.model import LockedFile


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


CONTENT = b"a wheel"
SHA256 = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
NAME = "demo-1.0-py3-none-any.whl"


@dataclass
class Index:
    """A session that answers every request in the same way and remembers how often it was asked."""

    status: int = 200
    blocks: tuple[bytes, ...] = (CONTENT,)
    asked: list[Any] = field(default_factory=list)

    def request(self, _method: str, _url: str, **options: Any) -> Index:
        self.asked.append(options["headers"])
        return self

    @property
    def status_code(self) -> int:
        return self.status

    def raise_for_status(self) -> None:
        if self.status >= 400:
            raise requests.HTTPError(f"{self.status} refused")

    def iter_content(self, _size: int) -> Iterator[bytes]:
        yield from self.blocks


def fetcher(folder: Path, index: Index | None = None) -> Fetcher:
    session: Any = index or Index()
    return Fetcher(session, folder, lambda _count: None)


@pytest.mark.parametrize(
    "name",
    [
        "../evil.tar.gz",
        "/etc/evil.tar.gz",
        "..",
        "",
        ".hidden.whl",
        "a\\b.whl",
        "c:evil.whl",
        "-r.whl",
        "a\nb.whl",
        "a\0.whl",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "wheels"
    folder.mkdir()
    with pytest.raises(InputError, match="names a file that cannot be fetched"):
        fetcher(folder).fetch(LockedFile(name, SHA256), "https://index.example/x")
    assert [*tmp_path.rglob("*")] == [folder]


@pytest.mark.parametrize("digest", ["", "abc", "shake_128:00", "crc:00", "sha256 :00"])
def test_a_hash_of_no_known_kind_is_refused(tmp_path: Path, digest: str) -> None:
    with pytest.raises(InputError, match="cannot be fetched"):
        fetcher(tmp_path).fetch(LockedFile(NAME, digest), "https://index.example/x")


@pytest.mark.parametrize(
    "name", [NAME, "torch-2.10.0+cpu-cp312-cp312-win_amd64.whl", "torch-2.0%2Bcpu-cp312.whl", "a_b.zip"]
)
def test_ordinary_names_are_taken(tmp_path: Path, name: str) -> None:
    assert fetcher(tmp_path).fetch(LockedFile(name, SHA256), "https://index.example/x") == "fetched"
    assert (tmp_path / name).read_bytes() == CONTENT


def test_a_link_that_waits_under_the_name_of_the_beginning_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / f".{NAME}.part").symlink_to(victim)
    with pytest.raises(IncompleteError, match=NAME):
        fetcher(tmp_path).fetch(LockedFile(NAME, SHA256), "https://index.example/x")
    assert victim.read_bytes() == b"precious"


def test_the_beginning_of_the_right_file_is_gone_on_from(tmp_path: Path) -> None:
    index = Index(status=206, blocks=(CONTENT[3:],))
    (tmp_path / f".{NAME}.part").write_bytes(CONTENT[:3])
    assert fetcher(tmp_path, index).fetch(LockedFile(NAME, SHA256), "https://index.example/x") == "resumed"
    assert [headers["Range"] for headers in index.asked] == ["bytes=3-"]
    assert (tmp_path / NAME).read_bytes() == CONTENT


def test_an_index_that_refuses_every_range_is_asked_twice_at_most(tmp_path: Path) -> None:
    index = Index(status=416)
    (tmp_path / f".{NAME}.part").write_bytes(b"beginning")
    with pytest.raises(IncompleteError, match="416"):
        fetcher(tmp_path, index).fetch(LockedFile(NAME, SHA256), "https://index.example/x")
    assert len(index.asked) == 2


def test_an_answer_without_end_is_stopped_and_thrown_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGEST", 100)
    index = Index(blocks=(bytes(60),) * 1000)
    with pytest.raises(IncompleteError, match="larger than 100 bytes"):
        fetcher(tmp_path, index).fetch(LockedFile(NAME, SHA256), "https://index.example/x")
    assert [*tmp_path.iterdir()] == []


def test_what_has_another_hash_is_thrown_away(tmp_path: Path) -> None:
    with pytest.raises(NegativeAnswerError, match="discarded"):
        fetcher(tmp_path, Index(blocks=(b"evil",))).fetch(
            LockedFile(NAME, SHA256), "https://u:secret@index.example/x"
        )
    assert [*tmp_path.iterdir()] == []
