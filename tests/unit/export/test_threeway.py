from __future__ import annotations

from poetry_aiops.export.header import with_header
from poetry_aiops.export.threeway import compare, surplus


PATH = "requirements.txt"
OLD_LOCK, NEW_LOCK = "a" * 64, "b" * 64


def text(lock: str, *requirements: str) -> str:
    return with_header(PATH, lock, [], "\n".join(requirements))


BEFORE = text(OLD_LOCK, "alpha==1", "beta==1")
WANTED = text(NEW_LOCK, "alpha==2", "beta==1")


def test_a_file_that_is_not_there_is_missing_and_its_diff_holds_all_of_it() -> None:
    found = compare(PATH, WANTED, None, NEW_LOCK)
    assert (found.state, found.may_write) == ("missing", True)
    assert "--- /dev/null\n" in found.diff
    assert "+alpha==2\n" in found.diff


def test_the_same_text_is_current_whatever_its_line_ends() -> None:
    assert compare(PATH, WANTED, WANTED, NEW_LOCK).state == "current"
    assert compare(PATH, WANTED, WANTED.replace("\n", "\r\n"), NEW_LOCK).state == "current"


def test_an_untouched_file_of_an_older_lock_is_outdated() -> None:
    found = compare(PATH, WANTED, BEFORE, NEW_LOCK)
    assert (found.state, found.may_write, found.lock_moved) == ("outdated", True, True)
    assert "-alpha==1\n+alpha==2\n" in found.diff


def test_an_untouched_file_of_the_same_lock_with_other_settings_is_outdated_too() -> None:
    found = compare(PATH, text(NEW_LOCK, "alpha==2"), WANTED, NEW_LOCK)
    assert (found.state, found.lock_moved) == ("outdated", False)


def test_while_the_lock_stands_the_edited_lines_are_told_exactly() -> None:
    found = compare(PATH, WANTED, WANTED.replace("beta==1", "beta==9") + "gamma\n", NEW_LOCK)
    assert (found.state, found.may_write) == ("edited", False)
    assert found.edits == ("-beta==1", "+beta==9", "+gamma")


def test_an_edit_below_a_newer_lock_is_no_reason_to_overwrite() -> None:
    found = compare(PATH, WANTED, BEFORE + "gamma\n", NEW_LOCK)
    assert (found.state, found.may_write, found.lock_moved, found.edits) == ("edited", False, True, ())
    assert "-gamma\n" in found.diff


def test_a_file_without_our_header_is_foreign() -> None:
    assert compare(PATH, WANTED, "alpha\n", NEW_LOCK).state == "foreign"
    assert compare(PATH, WANTED, "", NEW_LOCK).state == "foreign"


def test_a_copy_of_another_file_is_foreign_and_never_surplus() -> None:
    copy = with_header("other.txt", OLD_LOCK, [], "alpha==1")
    assert compare(PATH, WANTED, copy, NEW_LOCK).state == "foreign"
    assert surplus("copied.txt", copy) is None


def test_only_untouched_work_of_ours_is_surplus() -> None:
    found = surplus(PATH, BEFORE)
    assert found is not None
    assert (found.state, found.may_write) == ("surplus", True)
    assert surplus(PATH, BEFORE + "mine\n") is None
    assert surplus(PATH, "mine\n") is None
