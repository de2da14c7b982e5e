"""What happens with a Poetry that has changed inside, whatever its version says."""

from __future__ import annotations

import inspect

import pytest
from poetry.core.packages.dependency_group import DependencyGroup
from poetry.core.packages.project_package import ProjectPackage
from poetry.packages.locker import Locker
from poetry.puzzle.provider import Provider
from poetry.puzzle.solver import Solver

from poetry_aiops.cli.known_poetry import NEWEST_KNOWN
from poetry_aiops.errors import UsageError
from poetry_aiops.locking import compatibility
from poetry_aiops.locking.compatibility import check_poetry, missing_names


NEXT = f"{NEWEST_KNOWN[0]}.{NEWEST_KNOWN[1] + 1}.0"
OF_CLASSES = [(owner, name) for owner, names in compatibility._OF_CLASSES for name in names]
OF_SAMPLES = [
    (owner, name)
    for owner in (Solver, Provider, DependencyGroup, ProjectPackage)
    for name in compatibility._OF_OBJECTS[owner]
]


@pytest.mark.parametrize("version", ["2.1.0", "2.5.1", f"{NEWEST_KNOWN[0]}.{NEWEST_KNOWN[1]}.9"])
def test_a_known_poetry_is_no_reason_to_warn(version: str) -> None:
    assert check_poetry(version=version) is None


def test_a_newer_poetry_with_the_same_names_is_used_with_a_warning() -> None:
    assert f"Poetry {NEXT} is newer" in str(check_poetry(version=NEXT))


@pytest.mark.parametrize("version", [NEXT, "2.5.1"])
@pytest.mark.parametrize(("owner", "name"), OF_CLASSES)
def test_without_a_name_that_we_need_nothing_is_locked_whatever_the_version(
    monkeypatch: pytest.MonkeyPatch, owner: type, name: str, version: str
) -> None:
    holder = next(one for one in owner.__mro__ if name in vars(one))
    monkeypatch.delattr(holder, name)
    with pytest.raises(UsageError, match=r"its internals differ from those of 2\.1 to 2\.5") as caught:
        check_poetry(version=version)
    assert caught.value.exit_code == 2
    assert f"{owner.__name__}.{name}" in str(caught.value)
    assert "Use Poetry 2.1 to 2.5" in str(caught.value)


@pytest.mark.parametrize(("owner", "name"), OF_SAMPLES)
def test_an_attribute_that_objects_no_longer_have_is_found(
    monkeypatch: pytest.MonkeyPatch, owner: type, name: str
) -> None:
    original = owner.__init__  # type: ignore[misc]  # of a class that is named here

    def changed(self: object, *given: object, **named: object) -> None:
        original(self, *given, **named)
        vars(self).pop(name, None)

    if name in vars(owner):
        monkeypatch.delattr(owner, name)
    monkeypatch.setattr(owner, "__init__", changed)
    monkeypatch.setattr(compatibility, "_PARAMETERS", ())
    assert f"{owner.__module__}.{owner.__name__}.{name}" in missing_names()


def test_a_method_that_takes_something_else_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def set_lock_data(self: object, lock: object) -> bool:
        raise NotImplementedError(self, lock)

    monkeypatch.setattr(Locker, "set_lock_data", set_lock_data)
    (missing,) = missing_names()
    assert "Locker.set_lock_data(self, root, packages)" in missing


def test_nothing_is_missing_from_the_poetry_of_this_environment() -> None:
    assert missing_names() == []
    assert inspect.signature(Solver.solve).parameters.keys() == {"self", "use_latest"}
