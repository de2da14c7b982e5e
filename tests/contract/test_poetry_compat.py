"""What happens with a Poetry that nobody has tried yet."""

from __future__ import annotations

import pytest
from poetry.puzzle.solver import Solver

from poetry_aiops.errors import UsageError
from poetry_aiops.locking.compatibility import NEWEST_KNOWN, check_poetry, missing_names


NEXT = f"{NEWEST_KNOWN[0]}.{NEWEST_KNOWN[1] + 1}.0"


@pytest.mark.parametrize("version", ["2.1.0", "2.5.1", f"{NEWEST_KNOWN[0]}.{NEWEST_KNOWN[1]}.9"])
def test_a_known_poetry_is_no_reason_to_warn(version: str) -> None:
    assert check_poetry(version) is None


def test_a_newer_poetry_with_the_same_names_is_used_with_a_warning() -> None:
    assert f"Poetry {NEXT} is newer" in str(check_poetry(NEXT))


def test_a_newer_poetry_without_a_name_that_we_need_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(Solver, "_aggregate_solved_packages")
    with pytest.raises(UsageError, match="works differently inside") as caught:
        check_poetry(NEXT)
    assert caught.value.exit_code == 2
    assert "poetry.puzzle.solver.Solver._aggregate_solved_packages" in str(caught.value)


def test_nothing_is_missing_from_the_poetry_of_this_environment() -> None:
    assert missing_names() == []
