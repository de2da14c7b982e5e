"""The index's record of each locked package, read through Poetry's repositories and kept on disk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from packaging.utils import canonicalize_name

from poetry_aiops.index.page_fetch import FetchError
from poetry_aiops.index.record_cache import CachedRecord, RecordCache
from poetry_aiops.index.release_records import (
    About,
    IndexRecord,
    IndexRecords,
    IndexUse,
    record_key,
    why_not_from_index,
)
from poetry_aiops.index.simple_page import (
    Needed,
    UnreadablePageError,
    files_by_version,
    listed,
    page_files,
    page_of,
)
from poetry_aiops.index.source import IndexClient
from poetry_aiops.project.versions import public_version
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from poetry.config.config import Config
    from poetry.repositories import RepositoryPool

    from poetry_aiops.index.page_fetch import Fetched
    from poetry_aiops.index.release_records import RecordKey
    from poetry_aiops.index.simple_page import File
    from poetry_aiops.index.source import IndexSource
    from poetry_aiops.project.model import Package


_INACTIVE: Final = "Development Status :: 7 - Inactive"
_UNREADABLE: Final = "its index's description of the project cannot be read"
_NO_OWNERS: Final = "its index names no owners"


THREADS: Final = 16
RECENT: Final = timedelta(days=800)
"""The age up to which a record has every release, so that those of the last 24 months are there when it is 30 days old."""
OFFLINE: Final = "it was not queried (offline)"
_NOT_ASKED: Final = "the owners were not looked up"


class RecordAge(Record):
    """How old a kept record may be before its index is asked again.

    ``page`` is for releases, ``about`` for owners and classifiers, which change rarely. ``usable`` is how old a record
    may be that is used when the index does not answer. ``offline`` uses no network and takes any age.
    """

    page: timedelta = timedelta(hours=6)
    about: timedelta = timedelta(days=7)
    usable: timedelta = timedelta(days=30)
    offline: bool = False


class IndexAccess(Record):
    """How indexes are reached: Poetry's repositories and configuration, and the folder that keeps records.

    With None for the folder nothing is kept. ``metadata`` asks where the locked versions have their metadata files.
    """

    pool: RepositoryPool
    config: Config
    folder: Path | None = None
    freshness: RecordAge = RecordAge()
    metadata: bool = False


class Cooldown(Record):
    """How old a release must be before it may be proposed: Poetry's own ``solver.min-release-age`` (Poetry 2.5).

    ``days`` is the age, the others are the package names and sources (by name) that are exempt from it.
    """

    days: int = 0
    exempt_names: frozenset[str] = frozenset()
    exempt_sources: frozenset[str] = frozenset()

    def for_package(self, source: str, name: str) -> timedelta:
        """Return the age that releases of a package must have; zero when it is exempt."""
        exempt = name in self.exempt_names or source.lower() in self.exempt_sources
        return timedelta(0) if exempt else timedelta(days=self.days)


def cache_folder(config: Config) -> Path:
    """Return where records are kept: in the cache directory that Poetry is configured for."""
    return Path(str(config.get("cache-dir"))) / "poetry-aiops" / "index-records"


def cooldown_of(config: Config) -> Cooldown:
    """Return Poetry's ``solver.min-release-age`` and its exemptions; no cooldown before Poetry 2.5."""
    names = config.get("solver.min-release-age-exclude") or ()
    sources = config.get("solver.min-release-age-exclude-source") or ()
    return Cooldown(
        int(config.get("solver.min-release-age") or 0),
        frozenset(str(canonicalize_name(name)) for name in names),
        frozenset(str(source).lower() for source in sources),
    )


def index_records(  # noqa: PLR0913 - each is a question of its own
    packages: Iterable[Package],
    access: IndexAccess,
    *,
    owners_of: frozenset[str] = frozenset(),
    now: datetime | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    meanwhile: Callable[[], object] | None = None,
) -> IndexRecords:
    """Return the record of every package that comes from an index; never raises for what an index does.

    Packages from elsewhere (git, folders) are left out. A package is requested from the source that poetry.lock names,
    by its name in the pool: an address that only the lock knows is never asked. ``owners_of`` are the names
    whose owners and classifiers are wanted too: that is a second request, for a document larger than the first.
    A kept record that lacks a locked version, or the wanted place of its metadata, counts as expired.
    ``on_progress`` hears how many packages of how many are done; ``meanwhile`` is called while the indexes answer.
    """
    locked: dict[RecordKey, set[str]] = {}
    for package in packages:
        if not why_not_from_index(package):
            locked.setdefault(record_key(package), set()).add(public_version(package.version))
    keys = sorted(locked)
    with IndexClient(access.pool, access.config, THREADS) as indexes:
        cache = RecordCache(access.folder)
        reader = _PageReader(indexes, access, cache, owners_of, locked, now or datetime.now(UTC))
        asked = indexes.each(reader.answer, keys, on_progress)
        if meanwhile is not None:
            meanwhile()
        answers = dict(zip(keys, asked, strict=True))
    return _joined(answers, indexes.sources)


class _Answer(Record):
    """A record or the reason for its absence; ``asked`` says whether the network was used."""

    record: IndexRecord | None
    reason: str = ""
    asked: bool = False


class _PageReader(Record):
    indexes: IndexClient
    access: IndexAccess
    cache: RecordCache
    owners_of: frozenset[str]
    locked: Mapping[RecordKey, set[str]]
    now: datetime

    def answer(self, key: RecordKey) -> _Answer:
        """Return the record of one package; called by several threads."""
        try:
            source = self.indexes.find(*key)
        except FetchError as error:
            return _Answer(None, error.reason)
        kept = self.cache.load(source.address, *key)
        if self.access.freshness.offline:
            return self._offline(key, kept)
        if kept and self._is_fresh(kept) and self._knows_locked(key, kept.record):
            return self._with_about(source, kept, asked=False)
        return self._asked(source, key, kept)

    def _offline(self, key: RecordKey, kept: CachedRecord | None) -> _Answer:
        if kept is None:
            return _Answer(None, OFFLINE)
        known = all(kept.record.release(version) for version in self.locked[key])
        return _Answer(kept.record if known else replace(kept.record, stale=OFFLINE))

    def _knows_locked(self, key: RecordKey, record: IndexRecord) -> bool:
        """Say whether a record has every locked version, and the places of their metadata where they are wanted."""
        return all(
            record.release(version) and (not self.access.metadata or version in record.metadata)
            for version in self.locked[key]
        )

    def _asked(self, source: IndexSource, key: RecordKey, kept: CachedRecord | None) -> _Answer:
        try:
            known = kept if kept and self._knows_locked(key, kept.record) else None
            etag = {"If-None-Match": known.etag} if known and known.etag else {}
            fetched = self.indexes.page(source, key[1], etag)
            fresh = self._kept_from(fetched, key, kept, source.page(key[1]))
        except FetchError as error:
            return self._stood_in(kept, error.reason)
        except UnreadablePageError as error:
            return self._stood_in(kept, f"{source.name}: {error}")
        return self._with_about(source, fresh, asked=True)

    def _kept_from(
        self, fetched: Fetched, key: RecordKey, kept: CachedRecord | None, address: str
    ) -> CachedRecord:
        if fetched.content is None:
            if kept is None:
                raise UnreadablePageError("it answered Not Modified, but nothing is cached")
            return replace(kept, record=replace(kept.record, fetched=self.now))
        files, status = page_files(fetched.content, fetched.content_type)
        needed = Needed(frozenset(self.locked[key]), (self.now - RECENT).date().isoformat())
        written = files_by_version(key[1], files)
        page = page_of(written, status, needed)
        before = kept.record.about if kept else About(owners_reason=_NOT_ASKED)
        about = replace(before, status=page.status, status_reason=page.status_reason)
        places = self._places(written, key, address) if self.access.metadata else {}
        record = IndexRecord(*key, self.now, page.releases, about, metadata=places)
        return CachedRecord(record, fetched.etag, kept.about_asked if kept else None)

    def _places(self, written: Mapping[str, list[File]], key: RecordKey, address: str) -> dict[str, str]:
        """Return where each locked version has a metadata file, empty for one without any."""
        found = dict.fromkeys(self.locked[key], "")
        for raw, group in written.items():
            if found.get(version := public_version(raw)) == "":
                found[version] = next((one.metadata for one in listed(group, address) if one.metadata), "")
        return found

    def _with_about(self, source: IndexSource, kept: CachedRecord, *, asked: bool) -> _Answer:
        """Return the record with the project's owners, which are requested when what is known is too old."""
        wanted = kept.record.name in self.owners_of and source.gives_about
        if wanted and not self._knows_about(kept):
            kept, asked = self._about_asked(source, kept), True
        if asked:
            self.cache.store(source.address, kept)
        return _Answer(kept.record, asked=asked)

    def _about_asked(self, source: IndexSource, kept: CachedRecord) -> CachedRecord:
        about = kept.record.about
        when: datetime | None = self.now
        try:
            address = source.about(kept.record.name)
            fetched = self.indexes.fetcher.get(source.name, address, {"Accept": "application/json"})
            reported = about_from(fetched.content or b"", about)
            source.told_about()
        except FetchError as error:
            source.did_not_tell_about()
            reported = replace(about, owners_reason=f"{source.name}: {error.reason}")
            when = kept.about_asked if error.is_down else when
        return replace(kept, record=replace(kept.record, about=reported), about_asked=when)

    def _stood_in(self, kept: CachedRecord | None, reason: str) -> _Answer:
        """Return what was kept of an index that does not answer, when it is not too old, and say so."""
        if kept is None or self.now - kept.record.fetched > self.access.freshness.usable:
            return _Answer(None, reason, asked=True)
        return _Answer(replace(kept.record, stale=reason), reason, asked=True)

    def _knows_about(self, kept: CachedRecord) -> bool:
        """Whether the owners were requested lately; a time that is still to come says nothing."""
        asked = kept.about_asked
        return asked is not None and timedelta(0) <= self.now - asked <= self.access.freshness.about

    def _is_fresh(self, kept: CachedRecord) -> bool:
        return timedelta(0) <= self.now - kept.record.fetched <= self.access.freshness.page


def _joined(answers: Mapping[RecordKey, _Answer], sources: Mapping[str, IndexSource]) -> IndexRecords:
    found = {key: answer.record for key, answer in answers.items() if answer.record is not None}
    missing = {key: answer.reason for key, answer in answers.items() if answer.record is None}
    names = sorted({source for source, _ in answers})
    uses = tuple(_use(name, sources.get(name.lower()), answers) for name in names)
    return IndexRecords(MappingProxyType(found), MappingProxyType(missing), uses)


def _use(name: str, source: IndexSource | None, answers: Mapping[RecordKey, _Answer]) -> IndexUse:
    ours = [answer for key, answer in answers.items() if key[0] == name]
    return IndexUse(
        source=name,
        address=source.address if source else "",
        asked=sum(answer.asked for answer in ours),
        from_cache=sum(answer.record is not None and not answer.asked for answer in ours),
        failed=sum(bool(answer.reason) for answer in ours),
        oldest=min((answer.record.fetched for answer in ours if answer.record), default=None),
        problem=next((answer.reason for answer in ours if answer.reason), ""),
    )


def about_from(content: bytes, about: About) -> About:
    """Return ``about`` with what the document says; what it does not say is None with a reason."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, Mapping):
        return replace(about, owners=None, inactive=None, owners_reason=_UNREADABLE)
    owners = _owners(document.get("ownership"))
    reason = _NO_OWNERS if owners is None else ""
    return replace(about, owners=owners, inactive=_inactive(document.get("info")), owners_reason=reason)


def _owners(value: object) -> int | None:
    """Return how many people may upload; an organisation counts as at least two."""
    roles = value.get("roles") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or not isinstance(roles, list):
        return None
    users = {
        role["user"] for role in roles if isinstance(role, Mapping) and isinstance(role.get("user"), str)
    }
    return max(len(users), 2 if value.get("organization") else 0) or None


def _inactive(value: object) -> bool | None:
    classifiers = value.get("classifiers") if isinstance(value, Mapping) else None
    return _INACTIVE in classifiers if isinstance(classifiers, list) else None
