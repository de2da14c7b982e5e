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
from cleo.events import console_events
from cleo.io.io import IO
from cleo.io.null_io import NullIO
from poetry.config.config import Config
from poetry.core.packages.dependency import Dependency
from poetry.core.packages.dependency_group import DependencyGroup
from poetry.core.packages.project_package import ProjectPackage
from poetry.console.commands.install import InstallCommand
from poetry.installation.installer import Installer
from poetry.packages.locker import Locker
from poetry.packages.transitive_package_info import TransitivePackageInfo
from poetry.puzzle.provider import Provider
from poetry.puzzle.solver import Solver
from poetry.repositories import RepositoryPool
from poetry.toml import TOMLFile
import poetry.puzzle.solver

def parameters(function):
    return list(inspect.signature(function).parameters)

assert console_events.COMMAND == "console.command" and console_events.TERMINATE == "console.terminate"
io = NullIO()
assert "_output" in vars(io)

root = ProjectPackage("project", "1")
pool = RepositoryPool(config=Config())
solver = Solver(root, pool, [], [], io)
assert parameters(Solver.__init__)[1:6] == ["package", "pool", "installed", "locked", "io"]
for name in ("_package", "_pool", "_installed_packages", "_locked_packages", "_io", "provider"):
    assert hasattr(solver, name), name
assert parameters(Solver.solve) == ["self", "use_latest"]
assert parameters(Solver._aggregate_solved_packages) == ["self", "packages"]
assert parameters(Solver._progress) == ["self"]
for name in ("_env", "_source_root", "_deferred_cache"):
    assert hasattr(solver.provider, name), name
assert Provider is type(solver.provider)

group = DependencyGroup("gpu", optional=True)
dependency = Dependency("torch", "*")
group.add_dependency(dependency)
assert group._dependencies == [dependency] and group.dependencies_for_locking == [dependency]
assert hasattr(dependency, "with_groups") or hasattr(dependency, "_groups")
root.add_dependency_group(group)
assert "gpu" in root.with_dependency_groups(["gpu"], only=True)._dependency_groups

assert parameters(TransitivePackageInfo) == ["depth", "groups", "markers"]
source = inspect.getsource(Installer._do_refresh) + inspect.getsource(Installer._do_install)
assert source.count("from poetry.puzzle.solver import Solver") == 2, "the solver is no longer imported locally"
for name in ("_do_refresh", "_do_install", "_execute", "run"):
    assert hasattr(Installer, name), name
assert "_groups" in inspect.getsource(Installer.__init__) and "_installed_repository" in inspect.getsource(Installer.__init__)
for name in ("locked_packages", "is_locked_groups_and_markers", "lock_data", "is_locked"):
    assert hasattr(Locker, name), name
assert parameters(Locker._write_lock_data) == ["self", "data"]
locker = Locker(Path("poetry.lock"), {})
assert locker._lock == Path("poetry.lock") == locker.lock and "self.lock" in inspect.getsource(Locker._write_lock_data)
assert "self._write_lock_data(" in inspect.getsource(Locker.set_lock_data)
file = TOMLFile(Path("pyproject.toml"))
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
    assert (plugin._COMMAND, plugin._TERMINATE) == (console_events.COMMAND, console_events.TERMINATE)
