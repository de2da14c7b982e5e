"""A project's page on a package index -> its files and releases: JSON (PEP 691, 700, 740, 792) and HTML (PEP 503, 592, 740, 792).

What an index leaves out stays unknown, as sizes in HTML; files that follow no naming rule are no release's.
"""

from __future__ import annotations

import json
import posixpath
import re
from bisect import bisect_left
from collections.abc import Mapping
from datetime import UTC, datetime
from html.parser import HTMLParser
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, unquote, urljoin, urlsplit

from poetry_aiops.index.release_records import Release
from poetry_aiops.project import versions
from poetry_aiops.project.checks import normalised
from poetry_aiops.project.wheels import SDISTS
from poetry_aiops.system.record import Record
from poetry_aiops.system.text import one_line


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from packaging.version import Version


JSON_TYPE: Final = "application/vnd.pypi.simple.v1+json"
ACCEPT: Final = f"{JSON_TYPE}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"

LARGEST: Final = 1 << 50
"""Bytes; no file of a package has as many, and a hostile page must not make us compute with its numbers."""

_METADATA: Final = ("core-metadata", "data-dist-info-metadata", "dist-info-metadata")
_WHEEL_DASHES: Final = (4, 5)
_REASON_LIMIT: Final = 500
_LONGEST_NAME: Final = 255  # characters; no file system holds a longer one
_STATUSES: Final = frozenset({"active", "archived", "quarantined", "deprecated"})


_FILES: Final = re.compile(rb'"files"\s*:')

File = dict[str, Any]


class UnreadablePageError(Exception):
    """A page that is none; the text says why."""


class Page(Record):
    """The releases of a page, oldest version first, and the project status where the index gives one."""

    releases: tuple[Release, ...]
    status: str | None = None
    status_reason: str = ""


class Needed(Record):
    """Which releases of a page matter, as the largest pages have thousands that no metric reads.

    These are the ``locked`` versions and all above the oldest of them, the final release before it, and of the older ones
    the last upload and all ``since`` a day (``2025-01-31``). Without a locked version every release matters.
    """

    locked: frozenset[str] = frozenset()
    since: str = ""


class ListedFile(Record):
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


def page_files(content: bytes, content_type: str) -> tuple[list[object], object]:
    """Return the files of a page in the form of PEP 691, of which some may be damaged, and its project status.

    HTML has no sizes and no upload times. Raises UnreadablePageError for content that is no page of a package index.
    """
    if "json" in content_type:
        return _from_json(content)
    if "html" in content_type:
        return _from_html(content.decode("utf-8", errors="replace"))
    raise UnreadablePageError(
        f"it answered with {content_type or 'an unknown kind of content'}, which is not an index page"
    )


def _from_json(content: bytes) -> tuple[list[object], object]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise UnreadablePageError("its answer is not a JSON document") from None
    files = document.get("files") if isinstance(document, dict) else None
    if not isinstance(files, list):
        raise UnreadablePageError("its answer has no list of files")
    if len(_FILES.findall(content)) > 1:  # which list counts would be up to the reader (RFC 8259, section 4)
        raise UnreadablePageError("its answer names its files twice")
    meta = document.get("meta")
    _check_version(meta.get("api-version") if isinstance(meta, Mapping) else None)
    return files, document.get("project-status")


def _from_html(text: str) -> tuple[list[object], object]:
    parser = _Anchors()
    try:
        parser.feed(text)
    except AssertionError:  # html.parser's word for a declaration that it does not know
        raise UnreadablePageError("its answer is a web page that cannot be read") from None
    if not parser.is_index:
        raise UnreadablePageError("its answer is a web page, not the page of a package index")
    if parser.is_cut:
        raise UnreadablePageError("its page breaks off")
    _check_version(parser.meta.get("pypi:repository-version"))
    return [_as_json(anchor) for anchor in parser.anchors], parser.status


def _check_version(reported: object) -> None:
    """Refuse a page of another major version than 1, as PEP 629 requires; one that names none is of version 1."""
    if reported is not None and str(reported).partition(".")[0] != "1":
        raise UnreadablePageError(
            f"its page is of version {_one_line(str(reported))}, which is not supported"
        )


def _as_json(anchor: Mapping[str, str]) -> dict[str, object]:
    """Return a link of an HTML page as the JSON page would give it."""
    href = anchor["href"]
    file: dict[str, object] = {"filename": unquote(posixpath.basename(_path(href))), "url": href}
    if "data-requires-python" in anchor:
        file["requires-python"] = anchor["data-requires-python"]
    if "data-yanked" in anchor:
        file["yanked"] = anchor["data-yanked"] or True
    if "data-provenance" in anchor:
        file["provenance"] = anchor["data-provenance"]
    metadata = anchor.get("data-core-metadata") or anchor.get("data-dist-info-metadata")
    if metadata:
        file["core-metadata"] = metadata
    return file


def version_of(filename: str, name: str) -> str | None:
    """Return the version in the name of a wheel or source archive of a project, as it is written there; None for other files."""
    if filename.endswith(".whl"):
        project, *rest = filename.split("-", 2)
        is_ours = project.lower().replace("_", "-") == name or normalised(project) == name
        return rest[0] if is_ours and filename.count("-") in _WHEEL_DASHES else None
    return _sdist_version(filename, name) if filename.endswith(SDISTS) else None


def files_by_version(name: str, files: Iterable[object]) -> dict[str, list[File]]:
    """Return the files of a project in PEP 691's form, of which some may be damaged, by version as file names spell it.

    Raises UnreadablePageError for files of which not one belongs to the project: then the page is that of another one.
    """
    written: dict[str, list[File]] = {}
    foreign = ""
    for file in files:
        filename = file.get("filename") if isinstance(file, dict) else None
        if not isinstance(filename, str) or len(filename) > _LONGEST_NAME or not isinstance(file, dict):
            continue
        if (raw := version_of(filename, name)) is not None:
            written.setdefault(raw, []).append(file)
        elif filename.endswith((".whl", *SDISTS)):
            foreign = filename
    if foreign and not written:
        raise UnreadablePageError(f"its page is not about {name}: it lists {_one_line(foreign)}")
    return written


def page_of(written: Mapping[str, list[File]], status: object, needed: Needed | None = None) -> Page:
    """Return the needed releases of a page (:func:`files_by_version`)."""
    known = [(parsed, group) for raw, group in written.items() if (parsed := versions.parsed(raw))]
    known.sort(key=itemgetter(0))
    by_version: dict[str, list[File]] = {}
    for parsed, group in _needed(known, needed or Needed()):
        by_version.setdefault(str(parsed), []).extend(group)
    releases = tuple(_release(version, group) for version, group in by_version.items())
    return Page(releases, *_status(status))


def _needed(
    known: Sequence[tuple[Version, list[File]]], needed: Needed
) -> Iterator[tuple[Version, list[File]]]:
    """Yield what is needed of the versions of a page, oldest first."""
    floor = min(filter(None, map(versions.parsed, needed.locked)), default=None)
    start = 0 if floor is None else bisect_left(known, floor, key=itemgetter(0))
    while start:
        start -= 1
        if not known[start][0].is_prerelease and _yanked(known[start][1]) is None:
            break
    uploads = {at: _newest(known[at][1]) for at in range(start) if _yanked(known[at][1]) is None}
    last = max(uploads, key=uploads.__getitem__, default=None)
    yield from (known[at] for at, newest in uploads.items() if newest >= needed.since or at == last)
    yield from known[start:]


def _newest(files: list[File]) -> str:
    """Return the last upload time of some files as it is written; empty where there is none."""
    return max((time for file in files if isinstance(time := file.get("upload-time"), str)), default="")


def _release(version: str, files: list[File]) -> Release:
    uploads = _times([file.get("upload-time") for file in files])
    written = [file.get("requires-python") for file in files]
    wheels = sum(file["filename"].endswith(".whl") for file in files)
    attested = [bool(file["provenance"]) for file in files if "provenance" in file]
    return Release(
        version=version,
        uploaded=min(uploads, default=None),
        last_upload=max(uploads, default=None),
        requires_python=tuple(
            dict.fromkeys(text.strip() if isinstance(text, str) else "" for text in written)
        ),
        has_wheel=wheels > 0,
        has_sdist=wheels < len(files),
        yanked=_yanked(files),
        provenance=all(attested) if attested else None,
    )


def _yanked(files: list[File]) -> str | None:
    """Return why a version is yanked; it is only when every file is (PEP 592)."""
    reasons = set()
    for file in files:
        mark = file.get("yanked")
        if isinstance(mark, str):
            reasons.add(_one_line(mark))
        elif mark is not True:
            return None
    return "; ".join(sorted(reasons - {""}))


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.anchors: list[dict[str, str]] = []
        self.meta: dict[str, str] = {}
        self.is_cut = False

    def handle_endtag(self, tag: str) -> None:
        if tag == "html":
            self.is_cut = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and given.get("href"):
            self.anchors.append(given)
        elif tag == "html":
            self.is_cut = True  # until its end comes
        elif tag == "meta":
            self.meta[given.get("name", "")] = given.get("content", "")

    @property
    def is_index(self) -> bool:
        """Whether this is an index page: it says so, or links to files of packages."""
        return "pypi:repository-version" in self.meta or any(
            _is_file(anchor["href"]) for anchor in self.anchors
        )

    @property
    def status(self) -> dict[str, str]:
        prefix = "pypi:project-status"
        named = {"status": self.meta.get(prefix, ""), "reason": self.meta.get(f"{prefix}-reason", "")}
        return named if named["status"] else {}


def _is_file(href: str) -> bool:
    return _path(href).endswith((".whl", ".egg", ".exe", ".asc", ".metadata", *SDISTS))


def _path(href: str) -> str:
    """Return the path of an address, empty for one that is none (``http://[``)."""
    try:
        return urlsplit(href).path
    except ValueError:
        return ""


def _sdist_version(filename: str, name: str) -> str | None:
    """Return the version in ``name-1.0.tar.gz``; both parts may hold dashes, so the name decides where it begins."""
    stem = filename.removesuffix(next(one for one in SDISTS if filename.endswith(one)))
    for spelling in (name, name.replace("-", "_")):
        if stem.startswith(f"{spelling}-"):
            return stem[len(spelling) + 1 :]
    words = stem.split("-")
    places = (place for place in range(1, len(words)) if normalised("-".join(words[:place])) == name)
    place = next(places, None)
    return None if place is None else "-".join(words[place:])


def _times(values: list[object]) -> list[datetime]:
    """Return upload times in UTC (PEP 700: ISO 8601, ``Z``) without those that are none; of many, first and last.

    Texts of one form sort as the times do, so that only two of them need to be read.
    """
    texts = [value for value in values if isinstance(value, str)]
    if len({(len(text), text[-1:]) for text in texts}) == 1:
        texts = [min(texts), max(texts)]
    return [time for text in texts if (time := _time(text)) is not None]


def _time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):  # no time, or one so near to the first or last day that UTC has none
        return None


def _status(value: object) -> tuple[str | None, str]:
    """Return status and reason of PEP 792; None where the index does not speak of it."""
    if not isinstance(value, Mapping):
        return None, ""
    status, reason = value.get("status"), value.get("reason")
    known = status if isinstance(status, str) and status in _STATUSES else None
    return known, _one_line(reason) if isinstance(reason, str) else ""


def _one_line(text: str) -> str:
    """Return text from an index on one line without control characters, cut at 500 characters."""
    return " ".join(one_line(text[: 2 * _REASON_LIMIT]).split())[:_REASON_LIMIT]


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
