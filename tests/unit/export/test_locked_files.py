"""Addresses of locked files, without a download."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from poetry.config.config import Config
from poetry.core.packages.utils.link import Link
from poetry.repositories.legacy_repository import LegacyRepository
from poetry.repositories.repository_pool import RepositoryPool
from tests.unit.export.locked import HASH, package

from poetry_aiops.export.locked_files import find_addresses


if TYPE_CHECKING:
    from pathlib import Path


class Index(LegacyRepository):
    """An index of one source archive, whose metadata only a build would show."""

    built = False

    def find_links_for_package(self, *_: Any) -> list[Link]:
        return [Link(f"https://files.example/demo-1.0.tar.gz#{HASH.replace(':', '=')}")]

    def _get_release_info(self, *_: Any) -> dict[str, Any]:
        self.built = True
        raise OSError("this would have downloaded and built the archive")


def test_a_release_that_poetry_does_not_know_yet_is_looked_up_and_not_downloaded(tmp_path: Path) -> None:
    config = Config()
    config.merge({"cache-dir": str(tmp_path)})
    index = Index("own", "https://index.example/simple", config=config)
    demo = package("demo", files=("demo-1.0.tar.gz",))
    found, problems = find_addresses(RepositoryPool([index]), [(demo, demo.files[0])])
    assert [one.url for one in found.values()] == ["https://files.example/demo-1.0.tar.gz"]
    assert (problems, index.built) == ([], False)
