"""A file as it was at a Git revision; nothing is checked out and nothing is fetched."""

from __future__ import annotations

import os
import posixpath
import re
from typing import TYPE_CHECKING, Final

from poetry_aiops.errors import InputError, UsageError
from poetry_aiops.system.process import run_limited


if TYPE_CHECKING:
    from pathlib import Path

    from poetry_aiops.system.process import Finished


SECONDS: Final = 30.0
_COMMIT: Final = re.compile(rb"[0-9a-f]{40}([0-9a-f]{24})?")
_REVISION: Final = re.compile(r"(?!-)[^\s:\x00-\x1f\x7f]{1,250}")
_NO_REPOSITORY: Final = 128
_DEEPEN: Final = (
    "This is a shallow clone, which lacks older commits: `git fetch --unshallow`, or `fetch-depth: 0` of"
    " actions/checkout."
)
_ENVIRONMENT: Final = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",  # the same for git before 2.45, whose fetch may start a program of the repository
}


def folder_in_repository(folder: Path) -> str:
    """Return a folder relative to the root of its repository, with ``/``; empty for the root and outside of any."""
    real = folder.resolve()
    root = next((one for one in (real, *real.parents) if (one / ".git").exists()), real)
    inside = real.relative_to(root).as_posix()
    return "" if inside == "." else inside


def file_at(folder: Path, revision: str, name: str) -> bytes:
    """Return the content of ``name`` (relative to ``folder``) at a revision such as ``main~3``, a tag or a hash.

    Raises UsageError without git, outside a repository and for a revision that there is not, InputError for a file
    that the revision does not hold or that is too large. The revision is never read as an option.
    """
    commit = commit_of(folder, revision)
    finished = _git(folder, "cat-file", "blob", f"{commit}:./{name}")
    if finished.outcome == "ok":
        return finished.output
    where = f"{revision}:{name}"
    if finished.outcome == "too much output":
        raise InputError("the file is larger than can be read", where=where)
    raise InputError(
        f"{name} is not part of this revision",
        where=where,
        hint=f"`git log -- {name}` lists the revisions that changed it.",
    )


def has_file(folder: Path, commit: str, name: str) -> bool:
    """Say whether a commit holds the file ``name`` (relative to ``folder``)."""
    return _git(folder, "cat-file", "-e", f"{commit}:./{name}").outcome == "ok"


def former_folder(folder: Path, commit: str, name: str) -> str:
    """Return the folder, relative to ``folder``, in which a commit holds what is ``name`` now; ``.`` where it was not moved."""
    prefix = _git(folder, "rev-parse", "--show-prefix").output.decode(errors="surrogateescape").rstrip("\n")
    options = ("--name-status", "-z", "--find-renames", "--diff-filter=R", "--no-ext-diff", "--no-relative")
    finished = _git(folder, "diff", *options, commit)
    if finished.outcome == "ok":
        fields = finished.output.decode(errors="surrogateescape").split("\0")
        for before, now in zip(fields[1::3], fields[2::3], strict=False):
            if now == prefix + name:
                return posixpath.relpath(posixpath.dirname(before) or ".", prefix or ".")
    return "."


def merge_base(folder: Path, revision: str, option: str) -> str:
    """Return the full hash of the commit at which HEAD left ``revision``, the value of the option ``option``.

    Raises UsageError as ``commit_of`` does, and where the two have no common commit: mostly a shallow clone.
    """
    commit = commit_of(folder, revision, option)
    finished = _git(folder, "merge-base", commit, "HEAD")
    base = finished.output.strip()
    if finished.outcome == "ok" and _COMMIT.fullmatch(base):
        return base.decode()
    raise UsageError(
        f'HEAD and "{revision}" have no common commit here',
        where=option,
        hint=_DEEPEN if _is_shallow(folder) else "Name a branch that HEAD started from.",
    )


def commit_of(folder: Path, revision: str, option: str = "--diff") -> str:
    """Return the full hash of the commit that a revision names; raises UsageError as ``file_at`` does.

    ``option`` is the one whose value the revision is, for the error.
    """
    if not _REVISION.fullmatch(revision) or ".." in revision:
        raise UsageError(
            f"{revision[:80]!r} is not the name of a revision",
            where=option,
            hint="Name a branch, a tag or a commit, for example main, v1.2 or HEAD~3.",
        )
    wanted = f"{revision}^{{commit}}"
    finished = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", wanted)
    commit = finished.output.strip().rpartition(b"\n")[
        2
    ]  # a warning about an ambiguous name may stand before it
    if finished.outcome == "ok" and _COMMIT.fullmatch(commit):
        return commit.decode()
    raise _not_found(folder, revision, finished, option)


def _not_found(folder: Path, revision: str, finished: Finished, option: str) -> UsageError:
    if finished.outcome in {"missing", "denied"}:
        return UsageError(
            "git cannot be started; it is needed to read another revision",
            where=option,
            hint="Install git, or make sure that it is on the PATH.",
        )
    inside = _git(folder, "rev-parse", "--is-inside-work-tree")
    if inside.outcome == f"exit {_NO_REPOSITORY}":
        said = inside.output.decode(errors="replace").strip().splitlines()
        return UsageError(
            f"{folder} is not in a Git repository that can be read",
            where=option,
            details=tuple(line[:300] for line in said[:3]),
            hint="Run this inside the project's clone.",
        )
    return UsageError(
        f'there is no revision "{revision}"',
        where=option,
        hint=_DEEPEN
        if _is_shallow(folder)
        else "`git log --oneline` and `git branch --all` list what there is.",
    )


def _is_shallow(folder: Path) -> bool:
    return _git(folder, "rev-parse", "--is-shallow-repository").output.strip() == b"true"


def _git(folder: Path, *arguments: str) -> Finished:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_TRACE")}
    return run_limited(["git", "-C", str(folder), *arguments], SECONDS, {**kept, **_ENVIRONMENT})
