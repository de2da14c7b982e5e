"""What compiles a source archive of the lock or a folder: its own files say so."""

from __future__ import annotations

import hashlib
import io
import posixpath
import re
import tarfile
import tomllib
import zipfile
import zlib
from typing import TYPE_CHECKING, Final

from poetry_aiops.index.page_fetch import FetchError
from poetry_aiops.index.source import IndexClient, source_key
from poetry_aiops.scaffold.start import at


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from poetry.config.config import Config
    from poetry.repositories import RepositoryPool

    from poetry_aiops.project.model import LockedFile, Package


_ARCHIVES: Final = (".tar.gz", ".tar.bz2", ".zip")
_C: Final = (
    ".asm",
    ".c",
    ".cc",
    ".cpp",
    ".cu",
    ".cxx",
    ".h",
    ".hpp",
    ".i",
    ".m",
    ".pxd",
    ".pyx",
    ".s",
    ".swig",
)
_COMPILED: Final = {
    **dict.fromkeys(_C, "build-essential"),
    **dict.fromkeys((".f", ".f77", ".f90"), "gfortran"),
    ".go": "golang-go",
    ".rs": "cargo",
}
_BUILDERS: Final = {
    "Cargo.toml": "cargo",
    **dict.fromkeys(("CMakeLists.txt", "configure", "meson.build"), "build-essential"),
}
_EXTENSIONS: Final = re.compile(
    rb"ext_modules|Extension\(|cffi_modules|rust_extensions|build_ext|cythonize|Cython|pybind11|scikit-build|maturin"
    rb"|mesonpy|nanobind|setuptools-rust"
)
_SCRIPTS: Final = frozenset({"setup.py", "setup.cfg", "pyproject.toml"})
_MOST_FILES: Final = 20_000
_MOST_BYTES: Final = 1 << 29
_LONGEST_SCRIPT: Final = 1 << 20


def archives_needs(
    packages: Iterable[Package], pool: RepositoryPool, config: Config
) -> tuple[dict[str, frozenset[str]], tuple[str, ...]]:
    """Return the Debian packages that compile each locked archive, none where it is pure, and why others are not known.

    Each archive is fetched from the source that poetry.lock names and counts only with the locked hash.
    """
    found, problems = {}, []
    with IndexClient(pool, config, 1) as indexes:
        for package in packages:
            file = next((one for one in package.files if one.name.endswith(_ARCHIVES)), None)
            source = indexes.sources.get(source_key(package))
            if file is None or source is None or (package.source and package.source.type != "legacy"):
                continue
            try:
                listed = indexes.files(source.name, package.name)
                url = next((one.url for one in listed if one.name == file.name), "")
                content = indexes.fetcher.get(source.name, url, {}).content if url else None
                needs = _needs_of(content, file) if content is not None else None
                if needs is not None:
                    found[package.name] = needs
            except FetchError as error:
                problems.append(f"{package.name}: {error}")
    return found, tuple(problems)


def folder_needs(folder: Path) -> frozenset[str]:
    """Return the Debian packages without which the package of a folder cannot be built; none where it is pure."""
    files = ((name, folder / name) for name in sorted(_SCRIPTS | _BUILDERS.keys()))
    found = _needs((name, path.read_bytes()) for name, path in files if path.is_file())
    try:
        pyproject = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return found
    return found | {"build-essential"} if at(pyproject, "tool", "poetry", "build") is not None else found


def _needs_of(content: bytes, file: LockedFile) -> frozenset[str] | None:
    """Return what compiles an archive; None where it cannot be read or is not the locked one."""
    kind, _, digest = file.hash.rpartition(":")
    if kind not in {"", "sha256"} or hashlib.sha256(content).hexdigest() != digest:
        return None
    try:
        return _needs(_members(content, file.name))
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError):
        return None


def _needs(files: Iterable[tuple[str, bytes]]) -> frozenset[str]:
    found: set[str] = set()
    for name, script in files:
        base = posixpath.basename(name)
        tool = _BUILDERS.get(base, _COMPILED.get(posixpath.splitext(base)[1].lower()))
        if tool is not None or _EXTENSIONS.search(script):
            found |= {"build-essential", tool or "build-essential"}
    return frozenset(found)


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
