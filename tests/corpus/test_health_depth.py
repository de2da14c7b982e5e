"""The depth of real locks against facts that were computed twice elsewhere."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from poetry_aiops.health.depth import longest_chain
from poetry_aiops.project.lockfile import read_lock
from poetry_aiops.project.pyproject import read_project


CORPUS = os.environ.get("POETRY_AIOPS_CORPUS")
LOCKS = Path(CORPUS or ".") / "locks"


def facts() -> dict[str, Any]:
    path = LOCKS / "facts.json"
    return dict(json.loads(path.read_text("utf-8"))) if CORPUS and path.exists() else {}


@pytest.mark.skipif(not CORPUS, reason="POETRY_AIOPS_CORPUS does not name the folder with the real locks")
def test_the_longest_chain_of_every_real_lock_is_the_known_one() -> None:
    known = facts()
    found = {
        name: longest_chain(
            read_lock(LOCKS / name / "poetry.lock"), read_project(LOCKS / name / "pyproject.toml")
        ).length
        for name in known
    }
    assert len(found) >= 19
    assert found == {name: fact["longest_chain_condensed"] for name, fact in known.items()}
