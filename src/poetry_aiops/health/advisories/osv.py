"""Advisories from an OSV service: one question for a thousand packages, then only the records that are new.

The protocol is https://google.github.io/osv.dev/api/. The address comes from an option or the environment variable
``POETRY_AIOPS_OSV_URL``, never from a project's files. Every failure becomes an answer with its reason.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from poetry_aiops.health.advisories.cache import AdvisoryCache
from poetry_aiops.health.advisories.osv_protocol import DEFAULT_URL, Stub, base_url, entry, query, stubs_in
from poetry_aiops.health.advisory import Advisory, AdvisorySource
from poetry_aiops.health.feed import FeedAnswer, Lookup
from poetry_aiops.health.osv_records import read_record, reduced
from poetry_aiops.system.addresses import redact_addresses
from poetry_aiops.system.http import AT_ONCE, Limits, TransferError, Transport


if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from poetry_aiops.health.feed import QueriedPackage


BATCH: Final = 1000
BAD_REQUEST: Final = 400
MOST_PAGES: Final = 100
MOST_REFUSALS: Final = 50
WORTH_ONE_QUESTION: Final = 2
"""From so many unknown records on, those of a package are requested at once instead of one by one."""


@dataclass(frozen=True, slots=True)
class OsvSettings:
    """Bounds of a whole look-up: ``budget`` in seconds over everything, ``record_size`` in bytes for one record."""

    limits: Limits = field(default_factory=Limits)
    budget: float = 180.0
    record_size: int = 5_000_000


class OsvService:
    """An :class:`~poetry_aiops.health.feed.AdvisoryFeed` over OSV's API.

    ``cache_folder`` None keeps nothing. ``progress`` gets how many of how many records have come.
    Raises UsageError for an address that is no http(s) URL.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        cache_folder: Path | None = None,
        settings: OsvSettings | None = None,
        clock: Callable[[], float] = time.time,
        progress: Callable[[int, int], None] = lambda done, total: None,  # noqa: ARG005 - named for callers
    ) -> None:
        self.url = base_url(url)
        self.settings = settings or OsvSettings()
        self._cache_folder = cache_folder
        self._clock = clock
        self._progress = progress

    def look_up(self, subjects: Sequence[QueriedPackage]) -> Lookup:
        """Return an answer for each subject; a failure is an answer with its reason."""
        source = AdvisorySource(
            name=f"OSV ({redact_addresses(self.url)})", date=self._now.strftime("%Y-%m-%dT%H:%M:%SZ")
        )
        if not subjects:
            return Lookup(source)
        run = _OsvLookup(
            self.url, self.settings, AdvisoryCache(self._cache_folder, self.url, self._clock), self._now
        )
        run.progress = self._progress
        run.find_out(tuple(dict.fromkeys(subjects)))
        answers = {subject: run.answer(subject) for subject in subjects}
        if run.stubs:
            return Lookup(source, answers)
        why = next((answer.failure for answer in answers.values() if answer.failure), None)
        return Lookup(replace(source, reachable=False, problem=why), answers)

    @property
    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


class _OsvLookup:
    """One look-up: what is known so far, and why something is not."""

    def __init__(self, url: str, settings: OsvSettings, cache: AdvisoryCache, now: datetime) -> None:
        self.url = url
        self.settings = settings
        self.cache = cache
        self.now = now
        self.stubs: dict[QueriedPackage, tuple[Stub, ...]] = {}
        self.partial: dict[QueriedPackage, tuple[Stub, ...]] = {}
        self.failures: dict[QueriedPackage, str] = {}
        self.records: dict[str, Advisory] = {}
        self.lost: dict[str, str] = {}
        self.in_a_row = 0
        self.refusals = 0
        self.progress: Callable[[int, int], None] = lambda done, total: None  # noqa: ARG005 - as above

    def find_out(self, subjects: Sequence[QueriedPackage]) -> None:
        """Find everything out within the budget; never raises for what the service does."""
        for subject in subjects:
            if (stubs := self.cache.answer(subject)) is not None:
                self.stubs[subject] = stubs
        unknown = [subject for subject in subjects if subject not in self.stubs]
        self._take_from_cache()
        if not unknown and not self._missing():
            return
        chunks = [unknown[at : at + BATCH] for at in range(0, len(unknown), BATCH)]
        with Transport(self.settings.limits, self.settings.budget) as transport:
            for _ in transport.at_once(lambda chunk: self._ask(transport, chunk), chunks):
                pass
            self._take_from_cache()
            self._fetch_records(transport)
        self.cache.save()

    def answer(self, subject: QueriedPackage) -> FeedAnswer:
        """Return what is known about a subject; ids whose record is missing count all the same."""
        stubs = self.stubs.get(subject, self.partial.get(subject, ()))
        known = [self.records.get(stub.id) or self._nameless(stub) for stub in stubs]
        reasons = [self.failures[subject]] if subject in self.failures else []
        reasons += [f"{stub.id}: {self.lost[stub.id]}" for stub in stubs if stub.id in self.lost]
        if subject not in self.stubs and not reasons:
            reasons.append("the service was not queried")
        return FeedAnswer(tuple(known), frozenset(stub.id for stub in stubs), "; ".join(reasons) or None)

    def _nameless(self, stub: Stub) -> Advisory:
        why = self.lost.setdefault(stub.id, "no record was received")
        return Advisory(stub.id, notes=(f"only its id is known: {why}",))

    # -- which records -----------------------------------------------------------------------------------

    def _ask(self, transport: Transport, chunk: Sequence[QueriedPackage]) -> None:
        """Request a chunk, page after page; a question that the service finds wrong is searched by halving."""
        open_pages: dict[QueriedPackage, str] = dict.fromkeys(chunk, "")
        found: dict[QueriedPackage, list[Stub]] = {subject: [] for subject in chunk}
        try:
            for _ in range(MOST_PAGES):
                open_pages = self._page(transport, open_pages, found)
                if not open_pages:
                    break
        except TransferError as error:
            self.refusals += error.status == BAD_REQUEST
            if error.status == BAD_REQUEST and len(chunk) > 1 and self.refusals < MOST_REFUSALS:
                half = len(chunk) // 2
                self._ask(transport, chunk[:half])
                self._ask(transport, chunk[half:])
                return
            self.failures |= dict.fromkeys(open_pages, error.reason)
        else:
            self.failures |= dict.fromkeys(open_pages, f"it answers with more than {MOST_PAGES} pages")
        for subject in chunk:
            stubs = tuple(dict.fromkeys(found[subject]))
            if subject in self.failures:
                self.partial[subject] = stubs
            else:
                self.stubs[subject] = stubs
                self.cache.keep_answer(subject, stubs)

    def _page(
        self,
        transport: Transport,
        pages: Mapping[QueriedPackage, str],
        found: dict[QueriedPackage, list[Stub]],
    ) -> dict[QueriedPackage, str]:
        """Ask once for the given pages; return the subjects of which more is to come, with the next page."""
        queries = [query(subject, token) for subject, token in pages.items()]
        answer = transport.post_json(f"{self.url}/v1/querybatch", {"queries": queries})
        document = answer.json()
        results = (
            document["results"] if isinstance(document, Mapping) and document.keys() == {"results"} else None
        )
        if not isinstance(results, list) or len(results) != len(queries):
            raise TransferError("the answer does not have exactly one result for each query")
        more = {}
        for subject, result in zip(pages, results, strict=True):
            try:
                stubs, token = stubs_in(result)
            except TransferError as error:
                self.failures.setdefault(subject, error.reason)
                continue
            found[subject] += stubs
            if token:
                more[subject] = token
        return more

    # -- the records -------------------------------------------------------------------------------------

    def _wanted(self) -> dict[Stub, None]:
        lists = (*self.stubs.values(), *self.partial.values())
        return {stub: None for stubs in lists for stub in stubs}

    def _missing(self) -> list[Stub]:
        return [stub for stub in self._wanted() if stub.id not in self.records and stub.id not in self.lost]

    def _take_from_cache(self) -> None:
        for stub in self._missing():
            record = read_record(self.cache.record(stub), stub.id, self.now, prepared=True)
            if isinstance(record, Advisory):
                self.records[stub.id] = record

    def _fetch_records(self, transport: Transport) -> None:
        """Fetch what is missing: all records of a package in one answer where that saves questions, the others singly.

        What an answer for a package lacks comes singly, too.
        """
        missing = dict.fromkeys(self._missing())
        asked: list[tuple[QueriedPackage, set[Stub]]] = []
        for subject, stubs in sorted(self.stubs.items(), key=lambda item: -len(item[1])):
            own = missing.keys() & stubs
            if len(own) >= WORTH_ONE_QUESTION:
                asked.append((subject, own))
                for stub in own:
                    del missing[stub]
        tasks = [partial(self._fetch_package, transport, *one) for one in asked]
        self._run(transport, [*tasks, *(partial(self._fetch, transport, stub) for stub in missing)])
        self._run(transport, [partial(self._fetch, transport, stub) for stub in self._missing()])

    def _run(self, transport: Transport, tasks: Sequence[Callable[[], None]]) -> None:
        for done, _ in enumerate(transport.at_once(lambda task: task(), tasks), 1):
            self.progress(done, len(tasks))

    def _fetch_package(self, transport: Transport, subject: QueriedPackage, wanted: set[Stub]) -> None:
        by_id = {stub.id: stub for stub in wanted}
        token = ""
        try:
            for _ in range(MOST_PAGES):
                question = query(subject, token)
                answer = transport.post_json(f"{self.url}/v1/query", question, limits=self._record_limits)
                document = answer.json()
                vulns = entry(document, "vulns")
                for record in vulns if isinstance(vulns, list) else []:
                    if (stub := by_id.get(str(entry(record, "id")))) is not None:
                        self._take(stub, record)
                token = str(entry(document, "next_page_token") or "")
                if not token:
                    return
        except TransferError:
            return

    def _fetch(self, transport: Transport, stub: Stub) -> None:
        """Fetch one record; after many failures in a row nothing more is asked."""
        if self.in_a_row >= AT_ONCE:
            self.lost[stub.id] = f"not requested after {AT_ONCE} failures in a row"
            return
        try:
            url = f"{self.url}/v1/vulns/{quote(stub.id, safe='')}"
            self._take(stub, transport.get(url, limits=self._record_limits).json())
            self.in_a_row = 0
        except TransferError as error:
            self.lost[stub.id] = f"its record cannot be read: {error.reason}"
            self.in_a_row += 1

    @property
    def _record_limits(self) -> Limits:
        return replace(self.settings.limits, size=self.settings.record_size)

    def _take(self, stub: Stub, document: object) -> None:
        """Keep a record; raises TransferError for one that cannot be read or is another one."""
        record = read_record(document, stub.id, self.now)
        if not isinstance(record, Advisory) or not isinstance(document, Mapping):
            raise TransferError(getattr(record, "why", "it is not a record"))
        if record.id != stub.id:
            raise TransferError(f"the service sent {record.id} instead")
        self.records[stub.id] = record
        if self.cache.keeps:
            self.cache.keep_record(stub, reduced(document, record))
