"""The pages that are made from code say what the code says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scripts import reference, reference_configuration

from poetry_aiops.health import score


if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def made() -> dict[Path, str]:
    return reference.pages()


@pytest.mark.parametrize("page", [*reference.WHOLE, *reference.PARTS], ids=lambda page: page.name)
def test_a_page_is_what_the_program_makes_of_the_code(page: Path, made: dict[Path, str]) -> None:
    assert page.read_text("utf-8") == made[page], "run: python scripts/reference.py --write"


def test_another_weight_makes_another_page(made: dict[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score, "WEIGHTS", {**score.WEIGHTS, "security": 0.41})
    changed = {page.name for page, text in reference.pages().items() if text != made[page]}
    assert changed == {"health-metrics.md"}


def test_a_variable_without_a_description_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference_configuration, "_meanings", dict)
    with pytest.raises(ValueError, match="not described: POETRY_AIOPS_"):
        reference_configuration.variables()


def test_what_a_key_takes_is_asked_of_its_reader() -> None:
    rows = [row for row in reference_configuration.keys().splitlines() if "health.min-score" in row]
    assert rows == [
        "| [`health.min-score`](#toolpoetry-aiopshealth) | a number from 0 to 100 | - |",
    ]
