"""The private names of Poetry and cleo that our adapters touch: this is what breaks when they change.

Runs with the Poetry of this environment, and in the slow part inside the environment of every supported minor.
"""

from __future__ import annotations

import subprocess
import sys

import pytest
from cleo.events import console_events
from tests.support.poetries import chosen_minors, poetry_executable

from poetry_aiops import plugin


PROGRAM = r"""
import inspect
from pathlib import Path
from cleo.io.null_io import NullIO
from poetry.console.commands.install import InstallCommand
from poetry.core.packages.dependency import Dependency
from poetry.core.packages.dependency_group import DependencyGroup
from poetry.installation.installer import Installer
from poetry.packages.locker import Locker
from poetry.toml import TOMLFile
from poetry_aiops.locking.compatibility import missing_names

assert "_output" in vars(NullIO())
locker, file = Locker(Path("poetry.lock"), {}), TOMLFile(Path("pyproject.toml"))
assert missing_names(locker, file) == []

group = DependencyGroup("gpu", optional=True)
dependency = Dependency("torch", "*")
group.add_dependency(dependency)
assert group._dependencies == [dependency] and group.dependencies_for_locking == [dependency]
assert hasattr(dependency, "with_groups") or hasattr(dependency, "_groups")

source = inspect.getsource(Installer._do_refresh) + inspect.getsource(Installer._do_install)
assert source.count("from poetry.puzzle.solver import Solver") == 2, "the solver is no longer imported locally"
assert "self._locker.set_lock_data(" in inspect.getsource(Installer._write_lock_file)
for name in ("_groups", "_extras", "_env", "_locker", "_installed_repository"):
    assert f"self.{name}" in inspect.getsource(Installer.__init__), name
assert locker._lock == Path("poetry.lock") == locker.lock and "self.lock" in inspect.getsource(Locker._write_lock_data)
assert "self._write_lock_data(" in inspect.getsource(Locker.set_lock_data)
assert file._path == Path("pyproject.toml") and "self._path" in inspect.getsource(TOMLFile.__mro__[1].write)
for name in ("_with_synchronization", "activated_groups"):
    assert isinstance(inspect.getattr_static(InstallCommand, name), property), name
assert inspect.getsource(InstallCommand.handle).count("self._with_synchronization") == 1
print("as expected")
"""


def check(python: str) -> None:
    done = subprocess.run([python, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "as expected"


def test_the_poetry_of_this_environment_has_the_names_that_we_touch() -> None:
    check(sys.executable)


@pytest.mark.slow
@pytest.mark.parametrize("minor", chosen_minors())
def test_every_supported_poetry_has_the_names_that_we_touch(minor: str) -> None:
    check(str(poetry_executable(minor).with_name("python")))


def test_events_are_named_as_cleo_names_them() -> None:
    ours = (plugin._COMMAND, plugin._ERROR, plugin._TERMINATE)
    assert ours == (console_events.COMMAND, console_events.ERROR, console_events.TERMINATE)
