"""Poetry's configuration, with nothing of the user's and with caches of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from poetry.config.config import Config


if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def config(tmp_path: Path) -> Config:
    made = Config(use_environment=False)
    made.merge({"cache-dir": str(tmp_path / "cache"), "keyring": {"enabled": False}})
    return made
