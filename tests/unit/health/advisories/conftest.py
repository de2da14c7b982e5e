"""Fixtures for the tests of the sources of advisories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.certificate import self_signed


if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a self-signed certificate for 127.0.0.1 with its key, in one file."""
    return self_signed(tmp_path_factory.mktemp("certificate"))
