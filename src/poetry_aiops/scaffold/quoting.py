"""Foreign text in Dockerfiles and YAML: quoted so that it stays text."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from poetry_aiops.errors import InputError, UsageError
from poetry_aiops.system.text import one_line


if TYPE_CHECKING:
    from collections.abc import Iterable


_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]*")
_PACKAGE = re.compile(r"[a-z0-9]+(?:[-._][a-z0-9]+)*", re.IGNORECASE)
_TAKEN = frozenset({"python", "poetry", "runtime", "build", "development", "production", "scratch"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def quoted(text: str) -> str:
    """Return text as a JSON string, which is YAML, too."""
    return json.dumps(text)


def exec_form(words: Iterable[str]) -> str:
    """Return words as a JSON list, the exec form of Dockerfiles: no shell reads it."""
    return json.dumps(list(words))


def for_compose(text: str) -> str:
    """Return text as a YAML string in which Compose fills in no variable."""
    return quoted(text.replace("$", "$$"))


def in_path(path: str) -> str:
    """Return a path for COPY; raises UsageError for one that a Dockerfile cannot hold."""
    if _CONTROL.search(path) or '"' in path or "\\" in path or "$" in path:
        raise UsageError(
            "a Dockerfile cannot hold this path",
            where=one_line(path),
            hint='Rename the folder: no ", \\, $ or line breaks.',
        )
    return path


def image_name(name: str, where: str) -> str:
    """Return the name of a base image, checked; raises UsageError for text that is none."""
    if not _IMAGE.fullmatch(name):
        raise UsageError(
            f"{one_line(name)!r} is not the name of an image",
            where=where,
            hint="Write it as in FROM: nvidia/cuda:12.6.3-cudnn-runtime-ubuntu24.04.",
        )
    return name


def package_name(name: str) -> str:
    """Return the name of a package as the lock has it, checked; raises InputError for text that is none."""
    if not _PACKAGE.fullmatch(name):
        raise InputError(
            f"{one_line(name)!r} is not the name of a package",
            where="poetry.lock",
            hint="Poetry does not write such a lock. Regenerate it: `poetry lock --regenerate`.",
        )
    return name


def plain_word(name: str) -> str:
    """Return the name of a group or an extra for a shell; raises UsageError for one that is more than a word."""
    if not _PACKAGE.fullmatch(name):
        raise UsageError(
            f"a Dockerfile cannot name {one_line(name)!r}",
            where="pyproject.toml",
            hint="Rename the group or the extra: letters, digits, -, _ and . between them.",
        )
    return name


def stage_name(variant: str) -> str:
    """Return the name of a variant's stage: its own, unless a Dockerfile or another stage has a use for it."""
    ours = variant in _TAKEN or variant.startswith(("build-", "python-", "poetry-", "runtime-"))
    return f"variant-{variant}" if ours or not variant[:1].isalpha() else variant
