"""The guard of poetry.lock: nothing is written, or stays written, that our solver did not find and verify."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from poetry.core.packages.package import Package
from poetry.core.packages.project_package import ProjectPackage
from poetry.packages.locker import Locker
from poetry.packages.transitive_package_info import TransitivePackageInfo
from tests.unit.locking.locks import lock_of

from poetry_aiops.errors import LockConflictError, UsageError
from poetry_aiops.locking.gate import LockGuard, locked_by, verify_locked
from poetry_aiops.locking.verify import Installed


if TYPE_CHECKING:
    from pathlib import Path


ROOT = ProjectPackage("shop", "1")


def solution(version: str) -> dict[Package, TransitivePackageInfo]:
    return {Package("apple", version): TransitivePackageInfo(0, set(), {})}


@pytest.fixture
def locker(tmp_path: Path) -> Locker:
    return Locker(tmp_path / "poetry.lock", {"project": {"name": "shop"}})


def test_what_was_verified_is_written(locker: Locker) -> None:
    guard = LockGuard(locker)
    with guard.watching(locker):
        guard.verified(solution("1"))
        locker.set_lock_data(ROOT, solution("1"))
    guard.conclude()
    lock = locked_by(locker)
    assert lock is not None
    assert [(package.name, package.version) for package in lock.packages] == [("apple", "1")]


@pytest.mark.parametrize(
    ("verified", "reason"), [(None, "without the plugin's solver"), (solution("1"), "other packages")]
)
def test_anything_else_is_not_written(locker: Locker, verified: Any, reason: str) -> None:
    guard = LockGuard(locker)
    if verified:
        guard.verified(verified)
    with guard.watching(locker), pytest.raises(UsageError, match=reason) as caught:
        locker.set_lock_data(ROOT, solution("2"))
    assert caught.value.exit_code == 2
    assert not locker.lock.exists()


def test_the_locker_is_its_own_again_afterwards(locker: Locker) -> None:
    with LockGuard(locker).watching(locker):
        pass
    locker.set_lock_data(ROOT, solution("2"))
    assert locker.lock.exists()


def test_a_lock_that_appears_past_the_guard_is_removed(locker: Locker) -> None:
    guard = LockGuard(locker)
    guard.verified(solution("1"))
    locker.set_lock_data(ROOT, solution("1"))
    with pytest.raises(UsageError, match="its internals differ"):
        guard.conclude()
    assert locked_by(locker) is None


def test_a_lock_that_changes_past_the_guard_is_put_back(locker: Locker) -> None:
    locker.set_lock_data(ROOT, solution("1"))
    before = locker.lock.read_bytes()
    guard = LockGuard(locker)
    guard.conclude()
    locker.set_lock_data(ROOT, solution("2"))
    with pytest.raises(UsageError):
        guard.conclude()
    assert locker.lock.read_bytes() == before


def test_two_builds_are_refused_where_the_lock_is_for_a_python_that_is_not_known_yet() -> None:
    builds: list[dict[str, object]] = [
        {"name": "apple", "version": version, "groups": ["main"]} for version in ("1+cpu", "1+cu")
    ]
    with pytest.raises(LockConflictError, match="apple"):
        verify_locked(lock_of(*builds, python=">=3.16"), [Installed("main", frozenset({"main"}))])
