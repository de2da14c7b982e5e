"""A package index on 127.0.0.1 for pip, uv and Poetry: PEP 503, PEP 691, PEP 658/714, and faults on request.

Nothing here knows pytest, so that programs can serve the same index.
"""

from __future__ import annotations

import contextlib
import enum
import hashlib
import html
import json
import threading
import time
import urllib.parse
from collections import Counter
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

from tests.support.index_server import Answer, IndexServer
from tests.support.ports import RefusingPort
from tests.support.wheels import Distribution, build_sdist, build_wheel, normalized


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import TracebackType
    from typing import Self


JSON_TYPE = "application/vnd.pypi.simple.v1+json"
T = TypeVar("T")


class Fault(enum.Enum):
    """What can be wrong with one of the served indexes."""

    REFUSE = "the connection is closed without an answer"
    NOT_FOUND = "404 for everything"
    SERVER_ERROR = "500 for everything"
    SLOW = "every answer takes `slow_seconds`"
    NO_HASHES = "links without sha256"
    NO_METADATA = "no PEP 658 metadata, so that clients must open the wheels"
    ONLY_HTML = "pages in HTML, which has no upload times"
    GARBAGE = "pages that say they are JSON and are not"
    LOGIN = "401 for everything"
    WEB_PAGE = "a web page that is no package index, with status 200"
    CUT_OFF = "pages of which the second half is missing"


@dataclass(frozen=True, slots=True)
class Story:
    """What an index tells of a project beyond its files: PEP 792's status, and PyPI's own JSON."""

    status: str | None = None
    reason: str | None = None
    owners: tuple[str, ...] = ()
    classifiers: tuple[str, ...] = ()


_SAME_FOR_EVERYTHING = {
    Fault.NOT_FOUND: Answer(HTTPStatus.NOT_FOUND),
    Fault.SERVER_ERROR: Answer(HTTPStatus.INTERNAL_SERVER_ERROR),
    Fault.LOGIN: Answer(HTTPStatus.UNAUTHORIZED),
    Fault.GARBAGE: Answer(HTTPStatus.OK, JSON_TYPE, b"{]"),
    Fault.WEB_PAGE: Answer(HTTPStatus.OK, "text/html", b'<html><a href="/login">Sign in</a></html>'),
}


class PackageIndex:
    """Several named indexes behind one port; index ``cpu`` lies at ``/cpu/simple/``.

    Use it as a context manager, or call :meth:`start` and :meth:`stop`. A stopped index can be started again
    and keeps its port.
    """

    def __init__(self, *, slow_seconds: float = 3.0) -> None:
        self.slow_seconds = slow_seconds
        self._files: dict[str, dict[str, dict[str, Distribution]]] = {}
        self._yanked: dict[tuple[str, str], str] = {}
        self._uploads: dict[tuple[str, str], str] = {}
        self._attested: dict[tuple[str, str], bool] = {}
        self._stories: dict[tuple[str, str], Story] = {}
        self.etags = False
        self._faults: dict[str, Fault] = {}
        self._requests: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._server: IndexServer | None = None
        self._port = 0
        self._stopped = RefusingPort()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self._stopped.release()

    def start(self) -> None:
        """Serve on a free port of 127.0.0.1, or on the same port as before."""
        self._stopped.release()
        self._server = IndexServer(self, self._port)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Stop serving: from now on connections are really refused."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
            self._stopped.hold(self._port)

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def url(self, index: str) -> str:
        """Return the simple URL of the named index, as a source in pyproject.toml names it."""
        return f"{self.root}/{index}/simple/"

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._files)

    def publish(
        self,
        index: str,
        name: str,
        version: str,
        requires: Iterable[str] = (),
        extras: Mapping[str, Iterable[str]] | None = None,
        *,
        requires_python: str | None = ">=3.8",
        tag: str = "py3-none-any",
        body: str = "",
    ) -> Distribution:
        """Build a wheel and offer it."""
        wheel = build_wheel(
            name,
            version,
            requires=requires,
            extras=extras,
            requires_python=requires_python,
            tag=tag,
            body=body,
        )
        return self.publish_file(index, wheel)

    def publish_sdist(
        self,
        index: str,
        name: str,
        version: str,
        requires: Iterable[str] = (),
        extras: Mapping[str, Iterable[str]] | None = None,
    ) -> Distribution:
        """Build a source archive and offer it."""
        return self.publish_file(index, build_sdist(name, version, requires=requires, extras=extras))

    def publish_file(self, index: str, distribution: Distribution) -> Distribution:
        """Offer a file; a file of the same name is replaced."""
        project = normalized(distribution.filename.split("-")[0])
        with self._lock:
            files = self._files.setdefault(index, {}).setdefault(project, {})
            files[distribution.filename] = distribution
        return distribution

    def withdraw(self, index: str, name: str, version: str | None = None) -> None:
        """Remove a project, or one version of it, as if it had never been there."""
        with self._lock:
            files = self._files[index].pop(normalized(name))
            kept = {key: file for key, file in files.items() if version and _version_of(key) != version}
            if kept:
                self._files[index][normalized(name)] = kept

    def yank(self, index: str, name: str, version: str, reason: str = "yanked") -> None:
        """Mark every file of one version as yanked (PEP 592)."""
        self._mark(self._yanked, index, name, version, reason)

    def uploaded(self, index: str, name: str, version: str, when: str) -> None:
        """Give every file of one version an upload time (PEP 700), such as ``2026-01-31T12:00:00Z``."""
        self._mark(self._uploads, index, name, version, when)

    def attest(self, index: str, name: str, version: str, *, attested: bool = True) -> None:
        """Give every file of one version a provenance (PEP 740), or say that it has none."""
        self._mark(self._attested, index, name, version, attested)

    def tell(self, index: str, name: str, story: Story) -> None:
        """Tell of a project's status, and offer ``/pypi/<name>/json`` when it has owners."""
        with self._lock:
            self._stories[index, normalized(name)] = story

    def _mark(self, marks: dict[tuple[str, str], T], index: str, name: str, version: str, mark: T) -> None:
        with self._lock:
            for filename in self._files[index][normalized(name)]:
                if _version_of(filename) == version:
                    marks[index, filename] = mark

    @contextlib.contextmanager
    def fault(self, index: str, fault: Fault) -> Iterator[None]:
        """Make the named index faulty inside the ``with`` block."""
        with self._lock:
            self._faults[index] = fault
        try:
            yield
        finally:
            with self._lock:
                del self._faults[index]

    def requests(self, prefix: str = "/") -> dict[str, int]:
        """Return how often each path that begins with ``prefix`` was asked for."""
        with self._lock:
            return {path: count for path, count in self._requests.items() if path.startswith(prefix)}

    def forget_requests(self) -> None:
        """Count from nought again."""
        with self._lock:
            self._requests.clear()

    def answer(self, path: str, accept: str) -> Answer | None:
        """Answer one GET request; ``None`` closes the connection."""
        with self._lock:
            self._requests[path] += 1
            index, _, rest = path.strip("/").partition("/")
            fault = self._faults.get(index)
        if fault is Fault.SLOW:
            time.sleep(self.slow_seconds)
        if fault is Fault.REFUSE:
            return None
        if fault in _SAME_FOR_EVERYTHING:
            return _SAME_FOR_EVERYTHING[fault]
        with self._lock:
            wants_json = JSON_TYPE in accept and fault is not Fault.ONLY_HTML
            answer = self._content(index, rest, fault, wants_json=wants_json)
        if fault is Fault.CUT_OFF:
            return replace(answer, body=answer.body[: len(answer.body) // 2])
        if self.etags and answer.status is HTTPStatus.OK:
            return replace(answer, etag=f'"{hashlib.sha256(answer.body).hexdigest()}"')
        return answer

    def _content(self, index: str, rest: str, fault: Fault | None, *, wants_json: bool) -> Answer:
        projects = self._files.get(index, {})
        parts = rest.split("/")
        if parts == ["simple"] and index in self._files:
            return _root_page(sorted(projects), wants_json=wants_json)
        if len(parts) == 2 and parts[0] == "simple" and parts[1] in projects:
            links = [self._link(index, file, fault) for file in projects[parts[1]].values()]
            story = self._stories.get((index, parts[1]), Story())
            return _project_page(parts[1], links, story, wants_json=wants_json)
        if len(parts) == 3 and parts[0] == "pypi" and (index, parts[1]) in self._stories:
            return _story(self._stories[index, parts[1]])
        if len(parts) == 3 and parts[0] == "simple":
            return _file(projects.get(parts[1], {}), parts[2], fault)
        return Answer(HTTPStatus.NOT_FOUND)

    def _link(self, index: str, file: Distribution, fault: Fault | None) -> Link:
        key = (index, file.filename)
        return Link(file, self._yanked.get(key), fault, self._uploads.get(key), self._attested.get(key))


@dataclass(frozen=True, slots=True)
class Link:
    """One file on a project's page, with what the index says about it."""

    file: Distribution
    yanked: str | None
    fault: Fault | None
    uploaded: str | None = None
    attested: bool | None = None

    @property
    def has_metadata(self) -> bool:
        return self.fault is not Fault.NO_METADATA and self.file.filename.endswith(".whl")

    def as_html(self) -> str:
        fragment = "" if self.fault is Fault.NO_HASHES else f"#sha256={self.file.sha256}"
        attributes = {"href": urllib.parse.quote(self.file.filename) + fragment}
        if self.file.requires_python is not None:
            attributes["data-requires-python"] = self.file.requires_python
        if self.has_metadata:
            attributes["data-core-metadata"] = f"sha256={self.file.metadata_sha256}"
            attributes["data-dist-info-metadata"] = f"sha256={self.file.metadata_sha256}"
        if self.yanked is not None:
            attributes["data-yanked"] = self.yanked
        if self.attested:
            attributes["data-provenance"] = f"{self.file.filename}.provenance"
        written = " ".join(f'{key}="{html.escape(value)}"' for key, value in attributes.items())
        return f"<a {written}>{html.escape(self.file.filename)}</a><br>"

    def as_json(self) -> dict[str, object]:
        metadata = {"sha256": self.file.metadata_sha256} if self.has_metadata else False
        reported: dict[str, object] = {}
        if self.uploaded is not None:
            reported["upload-time"] = self.uploaded
        if self.attested is not None:
            reported["provenance"] = f"{self.file.filename}.provenance" if self.attested else None
        return reported | {
            "filename": self.file.filename,
            "url": urllib.parse.quote(self.file.filename),
            "hashes": {} if self.fault is Fault.NO_HASHES else {"sha256": self.file.sha256},
            "requires-python": self.file.requires_python,
            "size": len(self.file.data),
            "core-metadata": metadata,
            "dist-info-metadata": metadata,
            "yanked": False if self.yanked is None else self.yanked,
        }


def _version_of(filename: str) -> str:
    return filename.removesuffix(".tar.gz").split("-")[1]


def _root_page(projects: list[str], *, wants_json: bool) -> Answer:
    if wants_json:
        return _json({"meta": {"api-version": "1.1"}, "projects": [{"name": name} for name in projects]})
    return _html(f'<a href="{name}/">{name}</a><br>' for name in projects)


def _project_page(project: str, links: list[Link], story: Story, *, wants_json: bool) -> Answer:
    if not wants_json:
        return _html([*_status_rows(story), *(link.as_html() for link in links)])
    versions = {_version_of(link.file.filename) for link in links}
    page: dict[str, object] = {
        "meta": {"api-version": "1.1"},
        "name": project,
        "versions": sorted(versions),
        "files": [link.as_json() for link in links],
    }
    if story.status is not None:
        page["project-status"] = {"status": story.status, "reason": story.reason}
    return _json(page)


def _status_rows(story: Story) -> Iterator[str]:
    """Say the status as PEP 792 does in HTML, though in the body: parsers find it there as well."""
    if story.status is not None:
        yield f'<meta name="pypi:project-status" content="{html.escape(story.status)}">'
    if story.reason is not None:
        yield f'<meta name="pypi:project-status-reason" content="{html.escape(story.reason)}">'


def _story(story: Story) -> Answer:
    """Answer as PyPI's own JSON does, with the keys that are read."""
    if not story.owners:
        return Answer(HTTPStatus.NOT_FOUND)
    roles = [{"role": "Owner", "user": user} for user in story.owners]
    ownership = {"organization": None, "roles": roles}
    return _json({"info": {"classifiers": list(story.classifiers)}, "ownership": ownership})


def _file(files: Mapping[str, Distribution], name: str, fault: Fault | None) -> Answer:
    if name in files:
        return Answer(HTTPStatus.OK, "application/octet-stream", files[name].data)
    wheel = files.get(name.removesuffix(".metadata"))
    if wheel is None or fault is Fault.NO_METADATA:
        return Answer(HTTPStatus.NOT_FOUND)
    return Answer(HTTPStatus.OK, "text/plain; charset=utf-8", wheel.metadata)


def _json(document: object) -> Answer:
    return Answer(HTTPStatus.OK, JSON_TYPE, json.dumps(document).encode())


def _html(rows: Iterable[str]) -> Answer:
    head = '<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.1"></head><body>'
    return Answer(
        HTTPStatus.OK, "text/html; charset=utf-8", "\n".join([head, *rows, "</body></html>"]).encode()
    )
