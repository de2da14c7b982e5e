"""Texts of a lock and a project on one line of a requirements file: what others wrote must not become a line of its own.

pip reads options, other indexes among them, from every line, and a lock can come with anybody's pull request.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from poetry_aiops.errors import InputError
from poetry_aiops.system.text import one_line


_NOT_IN_ADDRESSES = re.compile(r"[\s\x00-\x20\x7f]")


def address(url: str) -> str:
    """Return an address in which no blank or line end begins something new."""
    return _NOT_IN_ADDRESSES.sub(lambda found: quote(found[0]), url)


def checked(text: str, package: str) -> str:
    """Return a requirement as it is; raises InputError when it holds a line end or a control character."""
    if text.isprintable():
        return text
    raise InputError(
        f"the entry of the package {one_line(package)!r} contains a line break or another control character",
        where="poetry.lock",
        hint="Poetry does not write such a lock. Regenerate it: `poetry lock --regenerate`.",
    )
