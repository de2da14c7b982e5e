"""Poetry's two files are written both or neither."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import tomlkit
from poetry.packages.locker import Locker
from poetry.toml import TOMLFile

from poetry_aiops.errors import InputError
from poetry_aiops.locking.whole_writes import write_whole_files


if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("both", [True, False])
def test_a_lock_is_not_written_before_a_pyproject_that_cannot_be(tmp_path: Path, both: bool) -> None:
    lock, pyproject = tmp_path / "poetry.lock", tmp_path / "pyproject.toml"
    lock.write_text("old = 1\n")
    pyproject.mkdir()  # no program can write it, whoever runs the tests
    poetry: Any = SimpleNamespace(locker=Locker(lock, {}), file=TOMLFile(pyproject))
    write_whole_files(poetry, both=both)
    if not both:
        poetry.locker._write_lock_data(tomlkit.parse("new = 2\n"))
        assert lock.read_text() == "new = 2\n"
        return
    with pytest.raises(InputError, match="is unchanged") as caught:
        poetry.locker._write_lock_data(tomlkit.parse("new = 2\n"))
    assert caught.value.where == str(pyproject)
    assert lock.read_text() == "old = 1\n"
