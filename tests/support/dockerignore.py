"""Docker's rules for .dockerignore, as its reference and moby's patternmatcher have them.

A pattern fits a path when it fits the path or a folder above it; the last pattern that fits decides, and ``!`` lets
in again. ``*`` and ``?`` stop at a slash, ``**/`` stands for any number of folders, none included.
"""

from __future__ import annotations

import posixpath
import re

from pathlib import PurePosixPath


def is_ignored(text: str, path: str) -> bool:
    """Return whether a build context with this .dockerignore leaves out a file; ``path`` is relative to it."""
    place = PurePosixPath(path)
    above = [str(place), *(str(folder) for folder in place.parents if str(folder) != ".")]
    ignored = False
    for line in text.splitlines():
        pattern = line.strip()
        if line.startswith("#") or not pattern:
            continue
        lets_in = pattern.startswith("!")
        cleaned = posixpath.normpath(pattern.removeprefix("!").strip()).lstrip("/")
        if any(_expression(cleaned).fullmatch(one) for one in above):
            ignored = not lets_in
    return ignored


def _expression(pattern: str) -> re.Pattern[str]:
    parts = re.findall(r"\*\*/?$|\*\*/?|\*|\?|\[\^?[^]]*\]|\\.|.", pattern)
    meanings = []
    for number, part in enumerate(parts, 1):
        if part.startswith("**"):
            meanings.append(".*" if number == len(parts) else "(?:.*/)?")
        elif part in {"*", "?"}:
            meanings.append("[^/]*" if part == "*" else "[^/]")
        elif part.startswith("[") and len(part) > 1:
            meanings.append(part)
        else:
            meanings.append(re.escape(part.removeprefix("\\") or "\\"))
    return re.compile("".join(meanings))
