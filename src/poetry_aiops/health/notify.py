"""Telling somebody outside: a program that is started, or a URL that is posted to. Both come from the command line."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from poetry_aiops.errors import IncompleteError, UsageError
from poetry_aiops.system.http import Limits, TransferError, open_transport


if TYPE_CHECKING:
    from collections.abc import Sequence


WHERE: Final = "--notify"
_SECONDS: Final = 30.0
_STDERR: Final = 2


def check_target(target: str) -> None:
    """See that a target can be told anything at all, without telling it; raises UsageError."""
    if _is_url(target):
        if not _host(target):
            raise UsageError("the address names no host", where=WHERE, hint="Write a whole URL.")
        return
    words = _words(target)
    if not words or shutil.which(words[0]) is None:
        raise UsageError(
            f"there is no program {words[0]!r}" if words else "it names no program",
            where=WHERE,
            hint="Name a program on the PATH or by its path, with its arguments, or an http(s) URL.",
        )


def notify(target: str, title: str, lines: Sequence[str]) -> None:
    """Tell the lines: a program reads them on standard input, a URL gets them as JSON ``{"title", "text", "lines"}``.

    Raises IncompleteError when nobody could be told.
    """
    if _is_url(target):
        _post(target, title, lines)
    else:
        _start(target, lines)


def _start(command: str, lines: Sequence[str]) -> None:
    """Start the program; what it prints goes to stderr, as standard output may hold a document."""
    words = _words(command)
    try:
        subprocess.run(  # noqa: S603 - the user named the program on the command line
            words,
            input="\n".join(lines) + "\n",
            encoding="utf-8",
            errors="replace",
            stdout=_STDERR,
            check=True,
            timeout=_SECONDS,
        )
    except (OSError, ValueError, IndexError, subprocess.SubprocessError) as error:
        raise IncompleteError(
            f"the news could not be given to the program {words[0] if words else ''}: {_why(error)}",
            where=WHERE,
            hint="Try it by hand: it gets the news on standard input.",
        ) from error


def _why(error: Exception) -> str:
    """Return why a program failed without its arguments, which may hold secrets."""
    if isinstance(error, subprocess.CalledProcessError):
        return f"it ended with {error.returncode}"
    if isinstance(error, subprocess.TimeoutExpired):
        return f"it did not end within {_SECONDS:.0f} seconds"
    return getattr(error, "strerror", None) or type(error).__name__


def _post(url: str, title: str, lines: Sequence[str]) -> None:
    document = {"title": title, "text": "\n".join(lines), "lines": list(lines)}
    try:
        asyncio.run(_send(url, document))
    except TransferError as error:
        raise IncompleteError(
            f"the news could not be sent to {_host(url)}: {error.reason}",
            where=WHERE,
            hint="Check the address.",
        ) from error


async def _send(url: str, document: object) -> None:
    async with open_transport(Limits()) as transport:
        await transport.post_json(url, document)


def _is_url(target: str) -> bool:
    return target.lower().startswith(("http://", "https://"))


def _host(url: str) -> str:
    """Return the host of a URL: the rest may hold a secret, as the paths of webhooks do."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _words(command: str) -> list[str]:
    """Return the program and its arguments; no shell reads them."""
    try:
        return shlex.split(command, posix=os.name != "nt")
    except ValueError as error:
        raise UsageError(
            f"its quotes do not match: {error}", where=WHERE, hint="Write it as in a shell."
        ) from error
