"""``poetry health --against``: a change answers for what it brings, under the policy of its base."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.health_shop import HIGH, LOW, rated


if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.health_shop import Shop


OLD = rated("PYSEC-1-OLD", "toolkit", HIGH, aliases=["CVE-1-1"])
BROUGHT = rated("PYSEC-1-BROUGHT", "parser", HIGH, {"introduced": "1.1"})
PETTY = rated("PYSEC-1-PETTY", "tester", LOW, {"introduced": "1.1"})
INNER = rated("PYSEC-1-INNER", "house-helper", HIGH, {"introduced": "9"})


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    ended = subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True, text=True
    )
    return ended.stdout.strip()


@pytest.fixture
def branch(shop: Shop, tmp_path: Path) -> Shop:
    """Return the shop on a branch of its own that left ``main`` at its one commit."""
    (tmp_path / "adv").mkdir()
    for record in (OLD, BROUGHT, PETTY, INNER):
        (tmp_path / "adv" / f"{record['id']}.json").write_text(json.dumps(record))
    git(shop.project.path, "init", "-q", "-b", "main")
    git(shop.project.path, "add", "pyproject.toml", "poetry.lock")
    git(shop.project.path, "commit", "-q", "-m", "base")
    git(shop.project.path, "checkout", "-q", "-b", "change")
    return shop


def locked(shop: Shop, name: str, version: str) -> None:
    """Let the lock hold another version of a package."""
    before = f'name = "{name}"\nversion = "1.0"\n'
    text = shop.project.lock_path.read_text("utf-8")
    assert before in text
    shop.project.lock_path.write_text(text.replace(before, before.replace("1.0", version)), "utf-8")


def judged(shop: Shop, *options: str, code: int, against: str = "main") -> Any:
    """Return the document of a run against a revision, offline."""
    folder = shop.project.path.parent / "adv"
    given = ("--offline", "--advisories", str(folder), "--metric", "security")
    return shop.document(*given, "--against", against, *options, code=code)


def ids(document: Any, which: str) -> list[str]:
    return [one["id"] for one in document["against"][which]]


def test_nothing_changed_passes_although_the_base_has_findings(branch: Shop) -> None:
    document = judged(branch, code=0)

    assert (ids(document, "new"), ids(document, "still")) == ([], ["PYSEC-1-OLD"])
    assert document["gate"]["violations"] == []


def test_a_project_that_only_moved_brings_nothing(branch: Shop) -> None:
    folder = branch.project.path
    (folder / "old").mkdir()
    git(folder, "mv", "pyproject.toml", "poetry.lock", "old")
    git(folder, "commit", "-q", "-m", "it starts in another folder")
    git(folder, "branch", "-f", "main")
    git(folder, "mv", "old/pyproject.toml", "old/poetry.lock", ".")

    document = judged(branch, code=0)

    assert ids(document, "still") == ["PYSEC-1-OLD"]
    assert any("old/poetry.lock" in note for note in document["notes"])


def test_what_the_change_brings_fails_and_what_is_still_there_in_another_version_does_not(
    branch: Shop,
) -> None:
    locked(branch, "parser", "1.1")
    locked(branch, "toolkit", "1.1")

    document = judged(branch, code=1)

    assert [one["id"] for one in document["gate"]["violations"]] == ["PYSEC-1-BROUGHT"]
    assert ids(document, "still") == ["PYSEC-1-OLD"]


def test_a_finding_that_the_change_ends_is_fixed(branch: Shop) -> None:
    locked(branch, "parser", "1.1")
    git(branch.project.path, "commit", "-q", "-am", "worse")
    git(branch.project.path, "checkout", "-q", "-b", "cure")
    branch.project.lock_path.write_text(
        branch.project.lock_path.read_text("utf-8").replace(
            '"parser"\nversion = "1.1"', '"parser"\nversion = "1.0"'
        )
    )

    document = judged(branch, code=0, against="change")

    assert ids(document, "fixed") == ["PYSEC-1-BROUGHT"]


def test_the_default_gate_of_a_change_begins_at_high(branch: Shop) -> None:
    locked(branch, "tester", "1.1")

    assert ids(judged(branch, code=0), "new") == ["PYSEC-1-PETTY"]
    judged(branch, "--fail-on", "any", code=1)


def test_a_change_cannot_silence_its_own_gate(branch: Shop) -> None:
    locked(branch, "parser", "1.1")
    branch.add_policy('fail-on = "critical"\nignores = [{id = "PYSEC-1-BROUGHT", reason = "let me pass"}]')
    judged(branch, code=1)

    git(branch.project.path, "commit", "-q", "-am", "with its ignore")
    judged(branch, code=0, against="HEAD")
    judged(branch, "--ignore", "PYSEC-1-BROUGHT=looked at by the owner", code=0)


def test_the_base_is_where_the_branch_left_and_not_the_tip_of_the_other(branch: Shop) -> None:
    git(branch.project.path, "checkout", "-q", "main")
    branch.project.lock_path.write_text("[metadata\n")
    git(branch.project.path, "commit", "-q", "-am", "main moves on, and breaks")
    git(branch.project.path, "checkout", "-q", "change")

    assert ids(judged(branch, code=0), "still") == ["PYSEC-1-OLD"]


def test_a_base_that_cannot_be_read_has_nothing(branch: Shop) -> None:
    lock = branch.project.lock_path.read_text("utf-8")
    branch.project.lock_path.write_text("<<<<<<< ours\n")
    git(branch.project.path, "commit", "-q", "-am", "broken")
    branch.project.lock_path.write_text(lock)

    document = judged(branch, code=1, against="HEAD")

    assert ids(document, "new") == ["PYSEC-1-OLD"]
    assert "cannot be read" in " ".join(document["notes"])


def test_private_packages_that_the_base_has_do_not_block_and_new_ones_do(branch: Shop) -> None:
    options = ("--metric", "security", "--format", "json", "--against", "main")
    unchanged = branch.look(*options)
    assert unchanged.code == 0, str(unchanged)
    locked(branch, "house-helper", "1.1")
    assert branch.look(*options).code == 0

    git(branch.project.path, "commit", "-q", "-am", "a base without the secret")
    lock = branch.project.lock_path.read_text("utf-8")
    branch.project.lock_path.write_text(
        lock.replace('name = "house-secret"', 'name = "house-other"'), "utf-8"
    )
    git(branch.project.path, "commit", "-q", "-am", "renamed")
    branch.project.lock_path.write_text(lock, "utf-8")

    run = branch.look("--metric", "security", "--against", "HEAD")

    assert run.code == 3, str(run)
    assert "the change brings house-secret" in " ".join(run.stdout.split())


def test_where_nothing_can_be_audited_nothing_passes(branch: Shop) -> None:
    run = branch.look("--metric", "security", "--against", "main", POETRY_AIOPS_OSV_URL="http://127.0.0.1:9")

    assert run.code == 3, str(run)


def test_a_stale_lock_blocks_only_the_change_that_makes_it_so(branch: Shop) -> None:
    text = branch.project.pyproject.read_text("utf-8")
    branch.project.pyproject.write_text(text.replace('"parser",', '"parser>=1",'), "utf-8")
    judged(branch, code=3)

    git(branch.project.path, "commit", "-q", "-am", "stale")
    judged(branch, code=0, against="HEAD")


def test_a_score_that_the_change_did_not_lower_is_not_judged(branch: Shop) -> None:
    judged(branch, "--min-score", "99", code=0)
    locked(branch, "tester", "1.1")
    judged(branch, "--min-score", "99", code=1)


def test_an_unknown_revision_and_a_clone_without_the_base_are_usage_errors(
    branch: Shop, tmp_path: Path
) -> None:
    unknown = branch.look("--against", "no-such-branch")
    assert (unknown.code, "no-such-branch" in unknown.stderr) == (2, True), str(unknown)
    locked(branch, "parser", "1.1")
    git(branch.project.path, "commit", "-q", "-am", "change")
    git(branch.project.path, "checkout", "-q", "main")
    git(branch.project.path, "commit", "-q", "--allow-empty", "-m", "main moves on")
    git(branch.project.path, "clone", "-q", "--depth", "1", "--no-single-branch", "--branch", "change",
        branch.project.path.as_uri(), str(tmp_path / "clone"))  # fmt: skip
    shallow = type(branch)(branch.poetry, type(branch.project)(tmp_path / "clone"), branch.osv)

    for revision in ("origin/main", "origin/main~1"):
        run = shallow.look("--against", revision)
        assert (run.code, "fetch-depth" in run.stderr) == (2, True), str(run)


# -- the options beside it -----------------------------------------------------------------------------------


def test_ignores_of_the_command_line_name_any_alias_and_those_that_end_nothing_are_told(branch: Shop) -> None:
    folder = str(branch.project.path.parent / "adv")
    given = ("--offline", "--advisories", folder, "--metric", "security")

    document = branch.document(*given, "--ignore", "cve-1-1=no untrusted input", code=0)
    assert document["score"] == 100.0
    assert [one["reason"] for one in document["ignored"]] == ["no untrusted input"]
    branch.document(*given, "--ignore", "CVE-1-2", code=1)


def test_with_fixable_only_what_has_no_fix_passes(branch: Shop) -> None:
    folder = str(branch.project.path.parent / "adv")
    given = ("--offline", "--advisories", folder, "--metric", "security", "--fixable-only")

    assert branch.document(*given, code=0)["gate"]["rules"]["fixable_only"] is True
    curable = rated("PYSEC-1-OLD", "toolkit", HIGH, {"introduced": "0"}, {"fixed": "1.1"})
    (branch.project.path.parent / "adv" / "PYSEC-1-OLD.json").write_text(json.dumps(curable))
    branch.document(*given, code=1)
    malware = rated("MAL-1-1", "toolkit", HIGH)
    (branch.project.path.parent / "adv" / "PYSEC-1-OLD.json").write_text(json.dumps(malware))
    branch.document(*given, code=1)
