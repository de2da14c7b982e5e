"""What a run does around the plan, with the plan and everything after it replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from poetry_aiops.migrate import run
from poetry_aiops.migrate.request import MigrationRequest


if TYPE_CHECKING:
    from pathlib import Path

    from pytest_mock import MockerFixture


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_run_first_clears_up_behind_an_interrupted_one_and_a_dry_run_touches_nothing(
    tmp_path: Path, mocker: MockerFixture, dry_run: bool
) -> None:
    read = mocker.patch.object(run, "RequestReading").return_value.read
    read.return_value = mocker.Mock(notes=(), plan=mocker.Mock(errors=()))
    migrated = mocker.patch.object(run.Migrating, "_migrate", return_value=0)
    recovered = mocker.patch.object(run, "recover", return_value=None)
    output = mocker.Mock(form="text")

    assert run.migrate(MigrationRequest(tmp_path, dry_run=dry_run), output, mocker.Mock()) == 0

    assert recovered.call_args_list == ([] if dry_run else [mocker.call(tmp_path)])
    migrated.assert_called_once()
