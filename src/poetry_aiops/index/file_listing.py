"""The files of a project's page on a package index, with their sizes.

HTML pages name no sizes; then ``size`` is None and the file's address can be asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urljoin

from poetry_aiops.index.simple_page import page_files


if TYPE_CHECKING:
    from collections.abc import Iterable


LARGEST: Final = 1 << 50
"""Bytes; no file of a package has as many, and a hostile page must not make us compute with its numbers."""

_METADATA: Final = ("core-metadata", "data-dist-info-metadata", "dist-info-metadata")


@dataclass(frozen=True, slots=True)
class ListedFile:
    """One file of a page; ``sha256`` is empty and ``size`` None where the page does not say them.

    ``metadata`` is the address of its core metadata (PEP 658), with ``#sha256=...`` where the page gives that; empty
    where there is none.
    """

    name: str
    url: str
    sha256: str = ""
    size: int | None = None
    metadata: str = ""


def files_on(content: bytes, content_type: str, address: str) -> tuple[ListedFile, ...]:
    """Return the files of the page at ``address``; raises UnreadablePageError for what is no page."""
    return listed(page_files(content, content_type)[0], address)


def listed(files: Iterable[object], address: str) -> tuple[ListedFile, ...]:
    """Return the usable ones of the files in the form of PEP 691 that the page at ``address`` names."""
    return tuple(found for file in files if (found := _file(file, address)) is not None)


def _file(file: object, address: str) -> ListedFile | None:
    if not isinstance(file, dict) or not isinstance(name := file.get("filename"), str) or not name:
        return None
    url = text if isinstance(text := file.get("url"), str) else ""
    hashes, size = file.get("hashes"), file.get("size")
    place, _, fragment = url.partition("#")
    sha256 = hashes.get("sha256") if isinstance(hashes, dict) else parse_qs(fragment).get("sha256", [""])[0]
    joined = _joined(address, place) if place else ""
    return ListedFile(
        name,
        joined,
        sha256 if isinstance(sha256, str) else "",
        size if isinstance(size, int) and not isinstance(size, bool) and 0 <= size < LARGEST else None,
        _metadata(file, joined),
    )


def _metadata(file: Mapping[str, object], url: str) -> str:
    """Return where the metadata file of PEP 658 and 714 is: a page names it true, or by its hash."""
    named = next((file[key] for key in _METADATA if file.get(key)), None)
    if not url or named is None or named == "false":
        return ""
    digest = named.get("sha256") if isinstance(named, Mapping) else str(named).partition("sha256=")[2]
    return f"{url}.metadata#sha256={digest}" if isinstance(digest, str) and digest else f"{url}.metadata"


def _joined(address: str, href: str) -> str:
    try:
        url = urljoin(address, href)
    except ValueError:
        return ""
    return url if url.lower().startswith(("https://", "http://")) else ""
