"""The files of a release, built once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.poetries import REPOSITORY
from tests.support.release import Built, index_with


if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.index import PackageIndex


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return Built.by_poetry(REPOSITORY, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def ours(built: Built) -> Iterator[PackageIndex]:
    """Serve the wheel, and nothing else, on 127.0.0.1."""
    with index_with(built) as served:
        yield served
