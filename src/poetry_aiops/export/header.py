"""The comment at the top of every written file: where it comes from, and digests that show later who changed what."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from poetry_aiops.system.text import one_line


_LOCK_LINE = re.compile(r"^# poetry\.lock sha256:(?P<digest>[0-9a-f]{64})$", re.MULTILINE)
_FILE_LINE = re.compile(r"^# (?P<path>\S.*) sha256:(?P<digest>[0-9a-f]{64})$\n?", re.MULTILINE)
_LOCK_FILE: Final = "poetry.lock"
_TOP_LINES: Final = 12


@dataclass(frozen=True, slots=True)
class Header:
    """What a file's header says: its own path, the digest of its content, and that of the lock it came from."""

    path: str
    digest: str
    lock_digest: str

    def is_untouched(self, text: str) -> bool:
        """Say whether ``text``, which has this header, is still what was written."""
        return content_digest(text) == self.digest


def lock_digest(lock_text: str) -> str:
    """Return the sha256 of poetry.lock without its comment lines and with LF line ends.

    The first line names the version of Poetry that wrote the file, which says nothing about its content.
    """
    text = lock_text.replace("\r\n", "\n")
    start = 0
    while text.startswith("#", start):
        start = text.find("\n", start) + 1 or len(text)
    return hashlib.sha256(text[start:].encode()).hexdigest()


def content_digest(text: str) -> str:
    """Return the sha256 of a file's text with LF line ends and without the line that holds this digest."""
    text = text.replace("\r\n", "\n")
    found = _own_line(text)
    body = text[: found.start()] + text[found.end() :] if found else text
    return hashlib.sha256(body.encode()).hexdigest()


def with_header(path: str, lock: str, about: list[str], body: str) -> str:
    """Return the whole text of a file: how to write it anew, what it holds, digests, and ``body``."""
    lines = [
        "# Written by `poetry sync-reqs` from poetry.lock. Do not edit: change pyproject.toml, run `poetry lock`,",
        "# then `poetry sync-reqs`.",
        *(f"# {one_line(line)}" for line in about),
    ]
    top = "".join(f"{line}\n" for line in lines)
    rest = f"# {_LOCK_FILE} sha256:{lock}\n\n{body}".rstrip("\n") + "\n"
    digest = hashlib.sha256((top + rest).encode()).hexdigest()
    return f"{top}# {path} sha256:{digest}\n{rest}"


def read_header(text: str) -> Header | None:
    """Return the header of a file that we wrote, None for any other file."""
    text = text.replace("\r\n", "\n")
    top = _top(text)
    own, lock = _own_line(text), _LOCK_LINE.search(top)
    if own is None or lock is None:
        return None
    return Header(own["path"], own["digest"], lock["digest"])


def _top(text: str) -> str:
    """Return the leading comment lines; a few more are read when lines were written above them."""
    return "\n".join(text.split("\n", _TOP_LINES * 2)[: _TOP_LINES * 2])


def _own_line(text: str) -> re.Match[str] | None:
    end = len(_top(text)) + 1
    return next((m for m in _FILE_LINE.finditer(text, 0, end) if m["path"] != _LOCK_FILE), None)
