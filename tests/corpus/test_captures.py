"""Every real capture of the corpus: the expected answer, or at least an answer."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from poetry_aiops.accelerators.catalogue import load_catalogue
from poetry_aiops.accelerators.pasted import read_pasted
from poetry_aiops.accelerators.select import select
from poetry_aiops.errors import IncompleteError


CORPUS = os.environ.get("POETRY_AIOPS_CORPUS")
FOLDER = Path(CORPUS or "/nowhere") / "hardware"

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="POETRY_AIOPS_CORPUS names no folder with hardware"
)


def captures() -> list[str]:
    return sorted(str(path.relative_to(FOLDER)) for path in FOLDER.glob("captures*/*.txt"))


def expected() -> dict[str, dict[str, Any]]:
    return {
        f"{path.parent.name}/{name}": answer
        for path in FOLDER.glob("captures*/expected.json")
        for name, answer in json.loads(path.read_text(encoding="utf-8")).items()
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("noted", [True, False], ids=["with its note", "without its note"])
@pytest.mark.parametrize("name", captures())
def test_a_capture_is_answered_as_expected(name: str, noted: bool, encoding: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    body = text if noted else text.partition("\n")[2]
    detection = read_pasted({name: body.encode(encoding)}, load_catalogue())
    chosen = select(detection.host, load_catalogue())
    wanted = expected().get(name, {"kind": [], "best": [chosen.best], "torch_max": None})
    assert chosen.best in wanted["best"]
    assert chosen.torch_max == (wanted["torch_max"] or chosen.torch_max)
    assert set(wanted["kind"]) <= {item.kind for item in detection.host.accelerators}


@pytest.mark.parametrize("name", captures())
def test_a_capture_that_was_cut_anywhere_is_answered_or_not_understood(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8").partition("\n")[2]
    for share in (0.1, 0.35, 0.6, 0.85):
        piece = text[: max(20, int(len(text) * share))]
        if piece.strip():
            with suppress(IncompleteError):
                detection = read_pasted({name: piece.encode()}, load_catalogue())
                assert select(detection.host, load_catalogue()).backends[-1].name


def test_there_is_an_expectation_for_most_captures() -> None:
    assert set(expected()) <= set(captures())
    assert len(expected()) * 2 > len(captures())
