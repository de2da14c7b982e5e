"""The sizes of locked files, from the indexes that the lock names; cached by the file's hash."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from poetry_aiops.graph.build import source_label
from poetry_aiops.graph.sizes import NO_FILE_FITS, BuildSize
from poetry_aiops.index.page_fetch import FetchError
from poetry_aiops.index.release_records import why_not_from_index
from poetry_aiops.index.simple_page import LARGEST
from poetry_aiops.index.source import IndexClient, source_key
from poetry_aiops.project.model import LockedFile
from poetry_aiops.project.wheels import best_file
from poetry_aiops.system.json_cache import JsonCache
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from packaging.tags import Tag
    from poetry.config.config import Config
    from poetry.repositories import RepositoryPool

    from poetry_aiops.index.simple_page import ListedFile
    from poetry_aiops.project.model import Package


THREADS: Final = 8
_MOST_CACHED: Final = 100_000  # hashes; about eight megabytes
_HASH = re.compile(r"sha256:[0-9a-f]{64}")


def file_sizes(
    packages: Iterable[Package],
    order: Mapping[Tag, int],
    pool: RepositoryPool,
    config: Config,
    on_progress: Callable[[int, int], None] | None = None,
) -> tuple[BuildSize, ...]:
    """Return the size of the file of each package that a machine with the tags ``order`` installs, in the same order.

    Never raises for what an index does: such a size is None, with the reason. A package is requested at the source that
    poetry.lock names, by its name in the pool: an address that only the lock knows is never asked.
    """
    # Sizes are kept by hash: content has one size, so they never grow old.
    cache = JsonCache(Path(str(config.get("cache-dir"))) / "poetry-aiops" / "file-sizes.json", "file-sizes/1")
    cached = cache.read(_known) or {}
    wanted = [_Wanted(package, best_file(package.files, order)) for package in packages]
    pages: dict[tuple[str, str], list[_Wanted]] = {}
    for one in wanted:
        if elsewhere := why_not_from_index(one.package):
            one.found = replace(one.found, reason=elsewhere)
        elif one.file is None and one.package.files and not one.needs_page:
            one.found = replace(one.found, reason=NO_FILE_FITS)
        elif one.file is not None and (size := cached.get(one.file.hash)) is not None:
            one.found = replace(one.found, size=size)
        else:
            pages.setdefault((source_key(one.package), one.package.name), []).append(one)
    if pages:
        with IndexClient(pool, config, THREADS) as indexes:
            reader = _SizeReader(indexes, order)
            for _ in indexes.each(reader.read, pages.items(), on_progress):
                pass
        found = {one.file.hash: one.found.size for one in wanted if one.file and one.found.size is not None}
        every = cached | {key: size for key, size in found.items() if _HASH.fullmatch(key)}
        if len(cached) < len(every) <= _MOST_CACHED:
            cache.keep(every)
    return tuple(one.found for one in wanted)


@dataclass(slots=True)
class _Wanted:
    """One package on its way to its size; ``file`` is the locked file that is wanted, where names say which."""

    package: Package
    file: LockedFile | None
    found: BuildSize = field(init=False)

    def __post_init__(self) -> None:
        package, file = self.package, self.file.name if self.file else ""
        self.found = BuildSize(package.name, package.version, source_label(package.source), file)

    @property
    def needs_page(self) -> bool:
        """Whether the lock knows hashes only, so that the page has to name the files."""
        return any(file.name == file.hash for file in self.package.files)


class _SizeReader(Record):
    indexes: IndexClient
    order: Mapping[Tag, int]

    def read(self, page: tuple[tuple[str, str], Sequence[_Wanted]]) -> None:
        """Fill in what one page says; called by several threads, each with its own page."""
        key, wanted = page
        try:
            files = self.indexes.files(*key)
        except FetchError as error:
            for one in wanted:
                one.found = replace(one.found, reason=error.reason, refused=error.is_refused)
            return
        for one in wanted:
            one.found = self._sized(one, files)

    def _sized(self, one: _Wanted, files: Sequence[ListedFile]) -> BuildSize:
        listed = {f"sha256:{file.sha256}": file for file in files if file.sha256}
        if one.needs_page:
            known = [
                LockedFile(listed[file.hash].name, file.hash)
                for file in one.package.files
                if file.hash in listed
            ]
            one.file = best_file(known, self.order)
        if one.file is None:
            return replace(one.found, reason=NO_FILE_FITS)
        named = {file.name: file for file in files}
        file = listed.get(one.file.hash) or named.get(one.file.name)
        found = replace(one.found, file=one.file.name)
        if file is None:
            return replace(found, reason=f"its index does not list {one.file.name}")
        return self._with_size(found, file)

    def _with_size(self, found: BuildSize, file: ListedFile) -> BuildSize:
        if file.size is not None:
            return replace(found, size=file.size)
        try:
            size = self.indexes.fetcher.length(file.url) if file.url else None
        except FetchError as error:
            return replace(found, reason=error.reason)
        return replace(found, size=size, reason="" if size is not None else "its index does not give sizes")


def _known(content: Any) -> dict[str, int]:  # noqa: ANN401 - JSON from outside
    return {key: size for key, size in content.items() if isinstance(size, int) and 0 <= size < LARGEST}
