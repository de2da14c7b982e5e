"""The script that says which table of the package is too old."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, timedelta

import pytest
from scripts.check_data_age import dates
from tests.support.poetries import REPOSITORY


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    script = REPOSITORY / "scripts" / "check_data_age.py"
    return subprocess.run(
        [sys.executable, script, *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def test_every_table_of_dated_facts_is_looked_at() -> None:
    assert {"accelerators.toml", "actions.toml", "frameworks.toml", "legacy_commands.toml"} <= set(dates())


@pytest.mark.parametrize(("days", "code"), [(90, 0), (91, 1)])
def test_a_table_may_be_90_days_old_and_no_day_more(days: int, code: int) -> None:
    oldest: date = min(dates().values())

    done = run("--today", str(oldest + timedelta(days=days)))

    assert done.returncode == code
    assert ("more than 90" in done.stdout) == bool(code)
