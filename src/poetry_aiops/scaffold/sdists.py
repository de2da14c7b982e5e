"""Whether a locked source archive holds code to compile: its own files say so, as its index has them."""

from __future__ import annotations

import hashlib
import io
import posixpath
import re
import tarfile
import zipfile
import zlib
from typing import TYPE_CHECKING, Final

from poetry_aiops.index.file_listing import UnreadableListingError, files_of
from poetry_aiops.index.page_fetch import FetchError, PageFetcher
from poetry_aiops.index.source import source_key, sources_of


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from poetry.config.config import Config
    from poetry.repositories import RepositoryPool

    from poetry_aiops.project.model import LockedFile, Package


_ARCHIVES: Final = (".tar.gz", ".tar.bz2", ".zip")
_COMPILED: Final = frozenset(
    [
        ".asm",
        ".c",
        ".cc",
        ".cpp",
        ".cu",
        ".cxx",
        ".f",
        ".f77",
        ".f90",
        ".go",
        ".h",
        ".hpp",
        ".m",
        ".pxd",
        ".pyx",
        ".rs",
        ".s",
        ".swig",
        ".i",
    ]
)
_BUILDERS: Final = frozenset({"Cargo.toml", "CMakeLists.txt", "configure", "meson.build"})
_EXTENSIONS: Final = re.compile(
    rb"ext_modules|Extension\(|cffi_modules|rust_extensions|build_ext|cythonize|Cython|pybind11|scikit-build|maturin"
    rb"|mesonpy|nanobind|setuptools-rust"
)
_SCRIPTS: Final = frozenset({"setup.py", "setup.cfg", "pyproject.toml"})
_MOST_FILES: Final = 20_000
_MOST_BYTES: Final = 1 << 29
_LONGEST_SCRIPT: Final = 1 << 20


def without_compiled_code(
    packages: Iterable[Package], pool: RepositoryPool, config: Config
) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the names of the packages whose locked archive has nothing to compile, and why others are not known.

    Each archive is fetched from the source that poetry.lock names and counts only with the locked hash.
    """
    sources = sources_of(pool)
    fetcher = PageFetcher(config, ((one.name, one.url) for one in sources.values()), 1)
    pure, problems = set(), []
    try:
        for package in packages:
            file = next((one for one in package.files if one.name.endswith(_ARCHIVES)), None)
            source = sources.get(source_key(package))
            if file is None or source is None or (package.source and package.source.type != "legacy"):
                continue
            try:
                listed = files_of(fetcher, source, package.name)
                url = next((one.url for one in listed if one.name == file.name), "")
                content = fetcher.get(source.name, url, {}).content if url else None
                if content is not None and not _has_code(content, file):
                    pure.add(package.name)
            except (FetchError, UnreadableListingError) as error:
                problems.append(f"{package.name}: {error}")
    finally:
        fetcher.close()
    return frozenset(pure), tuple(problems)


def _has_code(content: bytes, file: LockedFile) -> bool:
    """Say whether an archive has code to compile; True as well where it cannot be read or is not the locked one."""
    kind, _, digest = file.hash.rpartition(":")
    if kind not in {"", "sha256"} or hashlib.sha256(content).hexdigest() != digest:
        return True
    try:
        for name, script in _members(content, file.name):
            base = posixpath.basename(name)
            if (
                base in _BUILDERS
                or posixpath.splitext(base)[1].lower() in _COMPILED
                or _EXTENSIONS.search(script)
            ):
                return True
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError):
        return True
    return False


def _members(content: bytes, name: str) -> Iterator[tuple[str, bytes]]:
    """Yield the files of an archive, with the text of those that say how it is built; ValueError for too many."""
    size = 0
    if name.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            for count, info in enumerate(packed.infolist()):
                size += info.file_size
                _check_size(count, size)
                yield info.filename, packed.read(info) if _is_script(info.filename, info.file_size) else b""
        return
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:*") as archive:
        for count, member in enumerate(archive):
            size += member.size
            _check_size(count, size)
            opened = (
                archive.extractfile(member)
                if member.isfile() and _is_script(member.name, member.size)
                else None
            )
            yield member.name, opened.read() if opened else b""


def _is_script(name: str, size: int) -> bool:
    return posixpath.basename(name) in _SCRIPTS and size <= _LONGEST_SCRIPT


def _check_size(count: int, size: int) -> None:
    if count > _MOST_FILES or size > _MOST_BYTES:
        raise ValueError("the archive is too large to search")
