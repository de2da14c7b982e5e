"""Every real capture of the corpus: the expected answer, or at least an answer."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.every import every

from poetry_aiops.accelerators.captured import read_pasted
from poetry_aiops.accelerators.catalogue import load_catalogue
from poetry_aiops.accelerators.select import select
from poetry_aiops.errors import IncompleteError


if TYPE_CHECKING:
    from poetry_aiops.accelerators.host import Host
    from poetry_aiops.accelerators.selection import Selection


CORPUS = os.environ.get("POETRY_AIOPS_CORPUS")
FOLDER = Path(CORPUS or "/nowhere") / "hardware"

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="POETRY_AIOPS_CORPUS names no folder with hardware"
)


A_PART = "captures/rocminfo-7800x3d-7900xtx-agent1.txt"
"""The first of two agents, a processor: the machine has a Radeon."""


def captures() -> list[str]:
    return sorted(str(path.relative_to(FOLDER)) for path in FOLDER.glob("captures*/*.txt"))


@cache
def expected() -> dict[str, dict[str, Any]]:
    return {
        f"{path.parent.name}/{name}": answer
        for path in FOLDER.glob("captures*/expected.json")
        for name, answer in json.loads(path.read_text(encoding="utf-8")).items()
    }


def read(name: str, data: bytes) -> tuple[Host, Selection]:
    host = read_pasted({name: data}, load_catalogue()).host
    return host, select(host, load_catalogue())


def answered_as_expected(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    answer = expected().get(name)
    without_its_note = text.partition("\n")[2]
    read_twice = [(text, "utf-8"), (without_its_note, "utf-8"), (without_its_note, "utf-16")]
    for host, chosen in (read(name, body.encode(encoding)) for body, encoding in read_twice):
        wanted = answer or {"kind": [], "best": [chosen.best], "torch_max": None}
        assert chosen.best in wanted["best"]
        assert chosen.torch_max == (wanted["torch_max"] or chosen.torch_max)
        assert set(wanted["kind"]) <= {item.kind for item in host.accelerators}


def answered_or_not_understood_when_cut(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8").partition("\n")[2]
    for share in (0.1, 0.35, 0.6, 0.85):
        piece = text[: max(20, int(len(text) * share))]
        if piece.strip():
            with suppress(IncompleteError):
                _, chosen = read(name, piece.encode())
                assert chosen.backends[-1].name


def test_every_capture_is_answered_as_expected() -> None:
    every([name for name in captures() if name != A_PART], answered_as_expected)


def test_a_list_that_ends_after_its_processor_is_no_answer() -> None:
    with pytest.raises(IncompleteError, match="part of a list"):
        read(A_PART, (FOLDER / A_PART).read_bytes())


def test_every_capture_that_was_cut_anywhere_is_answered_or_not_understood() -> None:
    every(captures(), answered_or_not_understood_when_cut)


def test_there_is_an_expectation_for_most_captures() -> None:
    assert set(expected()) <= set(captures())
    assert len(expected()) * 2 > len(captures())
