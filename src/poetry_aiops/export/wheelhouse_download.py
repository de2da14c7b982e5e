"""Fetching exactly the chosen files, through Poetry's own connection: passwords, certificates, proxies.

A file gets its name only when its hash is right; until then it is ``.NAME.part`` beside it, from which an interrupted
download goes on.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
from dataclasses import dataclass
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Literal

from poetry.repositories.http_repository import HTTPRepository
from poetry.utils.authenticator import Authenticator

from poetry_aiops.errors import IncompleteError, InputError, NegativeAnswerError
from poetry_aiops.export.locked_files import FILE_ERRORS, in_words
from poetry_aiops.system.addresses import public_address
from poetry_aiops.system.reading import ANYWHERE, open_file


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from poetry.poetry import Poetry

    from poetry_aiops.project.model import LockedFile


Outcome = Literal["present", "fetched", "resumed"]
_CHUNK = 1 << 18  # bytes
LARGEST = 16_000_000_000  # bytes; the largest wheels have four thousand million
_FILE_NAME = re.compile(r"[^/\\:\x00-\x1f.-][^/\\:\x00-\x1f]*")
_HASHES = frozenset({"md5", "sha1", "sha224", "sha256", "sha384", "sha512"})
_MINUTE = 60.0  # seconds without a byte


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Fetches into one folder; ``progress`` gets how many bytes came."""

    session: Authenticator
    folder: Path
    progress: Callable[[int], None]
    force: bool = False

    def fetch(self, file: LockedFile, url: str) -> Outcome:
        """Bring one file into the folder.

        Raises NegativeAnswerError when its hash is not the locked one, IncompleteError when it cannot be fetched.
        """
        path = self._place(file)
        if self._is_there(path, file):
            return "present"
        part = path.with_name(f".{file.name}.part")
        resumed = self._download(url, part, file)
        if resumed and not _has_hash(part, file.hash):
            part.unlink(missing_ok=True)  # what lay there was the beginning of something else
            resumed = self._download(url, part, file)
        if not _has_hash(part, file.hash):
            part.unlink(missing_ok=True)
            raise NegativeAnswerError(
                f"the index sent a {file.name} that does not match poetry.lock; it was discarded",
                where=public_address(url),
                details=(f"poetry.lock has {file.hash}",),
                hint="Ask the index's owner; if the release was really replaced, run `poetry lock --regenerate`.",
            )
        part.replace(path)
        return "resumed" if resumed else "fetched"

    def copy(self, file: LockedFile, source: Path) -> Outcome:
        """Bring a file of the project into the folder; raises as ``fetch`` does."""
        path = self._place(file)
        if self._is_there(path, file):
            return "present"
        part = path.with_name(f".{file.name}.part")
        try:
            with open_file(source, within=ANYWHERE, limit=None) as opened, _opened(part, anew=True) as copy:
                shutil.copyfileobj(opened, copy)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise InputError(
                f"the file cannot be copied into {self.folder}: {error.strerror}",
                where=str(source),
                hint="Make room there, or make the file readable, then run this again.",
            ) from error
        if not _has_hash(part, file.hash):
            part.unlink()
            raise NegativeAnswerError(
                "this file does not match poetry.lock", where=str(source), hint="Run `poetry lock`."
            )
        part.replace(path)
        return "fetched"

    def _place(self, file: LockedFile) -> Path:
        """Return where a file belongs; raises InputError for what names no file in the folder or no hash."""
        kind = file.hash.partition(":")[0]
        if not _FILE_NAME.fullmatch(file.name) or kind not in _HASHES:
            raise InputError(
                f"it names a file that cannot be fetched: {file.name!r} with the hash {file.hash[:100]!r}",
                where="poetry.lock",
                hint="This lock was edited by hand. Regenerate it: `poetry lock --regenerate`.",
            )
        return self.folder / file.name

    def _is_there(self, path: Path, file: LockedFile) -> bool:
        if not path.exists():
            return False
        if _has_hash(path, file.hash):
            return True
        if self.force:
            return False
        raise NegativeAnswerError(
            "the existing file does not match poetry.lock",
            where=str(path),
            details=(f"poetry.lock has {file.hash}",),
            hint="Find out where it comes from and remove it, or fetch it again with --force.",
        )

    def _download(self, url: str, part: Path, file: LockedFile) -> bool:
        """Write the rest of the file, or all of it; True when there was a beginning to go on from."""
        start = part.stat().st_size if part.exists() else 0
        if start and _has_hash(part, file.hash):
            return True
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        try:
            response = self.session.request(
                "get", url, raise_for_status=False, stream=True, headers=headers, timeout=_MINUTE
            )
            if response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and start:
                part.unlink(missing_ok=True)
                return self._download(url, part, file)
            response.raise_for_status()
            goes_on = response.status_code == HTTPStatus.PARTIAL_CONTENT
            size = start if goes_on else 0
            with _opened(part, anew=not goes_on) as opened:
                for chunk in response.iter_content(_CHUNK):
                    size += len(chunk)
                    if size > LARGEST:
                        raise OSError(errno.EFBIG, f"it is larger than {LARGEST:,} bytes")
                    opened.write(chunk)
                    self.progress(len(chunk))
                opened.flush()
                os.fsync(opened.fileno())
        except FILE_ERRORS as error:
            if getattr(error, "errno", None) == errno.EFBIG or (part.exists() and not part.stat().st_size):
                part.unlink(missing_ok=True)
            raise IncompleteError(
                f"{file.name} cannot be fetched: {in_words(error)}",
                where=public_address(url),
                hint="Run the same command again: it goes on from here.",
            ) from error
        return goes_on


def connection(poetry: Poetry) -> Authenticator:
    """Return a connection with the project's indexes and Poetry's passwords, without the cache of pages.

    The cache would keep every wheel a second time.
    """
    session = Authenticator(poetry.config, disable_cache=True)
    for repository in poetry.pool.all_repositories:
        if isinstance(repository, HTTPRepository):
            session.add_repository(repository.name, repository.url)
    return session


def _opened(part: Path, *, anew: bool) -> IO[bytes]:
    """Open a file for writing, but never through a link: in a folder that others may write, its name is foreseeable."""
    start = os.O_TRUNC if anew else os.O_APPEND
    flags = os.O_WRONLY | os.O_CREAT | start | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(part, flags, 0o666), "wb" if anew else "ab")


def _has_hash(path: Path, expected: str) -> bool:
    kind, _, digest = expected.rpartition(":")
    with open_file(path, within=ANYWHERE, limit=None) as opened:
        return hashlib.file_digest(opened, kind or "sha256").hexdigest() == digest
