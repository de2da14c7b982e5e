"""poetry.lock -> Lock, for every lock format that Poetry has written so far.

- no ``lock-version``: hashes under ``metadata.hashes`` (before Poetry 1.0) or files under ``metadata.files``
- 1.0, 1.1: files under ``metadata.files``, ``category`` per package
- 2.0: files per package; 2.1: also ``groups`` and ``markers`` (one for all groups, or one per group)
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from packaging.version import Version

from poetry_aiops.errors import InputError, UsageError
from poetry_aiops.project.checks import Checker, has_long_number, normalised
from poetry_aiops.project.model import Lock, LockedDependency, LockedFile, Package, PackageSource
from poetry_aiops.project.requirements import marker_of
from poetry_aiops.project.toml import load_toml


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


_BROKEN = "Write the file again with `poetry lock`."
_CONFLICT = (
    "Keep one side with `git checkout --ours poetry.lock` or `git checkout --theirs poetry.lock`,"
    " then run `poetry lock`."
)
_GROUPS_SINCE = Version("2.1")
_FILES_SINCE = Version("2.0")
_UNNAMED = Version("0")
_ORIGINS = ("path", "git", "url", "file")


def read_lock(path: Path, warnings: list[str] | None = None) -> Lock:
    """Return the lock at ``path``; packages without files only where ``warnings`` is there to name them.

    Raises InputError: ``poetry.lock:line`` for a merge conflict, ``poetry.lock:line:column`` for broken TOML, and
    package and key for everything that is missing or of another type, all in one error.
    """
    return lock_from(load_toml(path, broken_hint=_BROKEN, conflict_hint=_CONFLICT), path, warnings)


def locked_beside(pyproject: Path, warnings: list[str] | None = None) -> Lock:
    """Return the lock of a project; raises UsageError where there is none, InputError where it cannot be read."""
    path = pyproject.parent / "poetry.lock"
    if not path.is_file():
        raise UsageError(
            "there is no poetry.lock beside pyproject.toml",
            where=str(path),
            hint="Make one: `poetry lock`.",
        )
    return read_lock(path, warnings)


def lock_from(document: Mapping[str, object], path: Path, warnings: list[str] | None = None) -> Lock:
    """Return the lock in a parsed document; raises InputError that names packages and keys."""
    reader = _LockReader(document, path, Checker(warnings))
    lock = reader.lock()
    reader.checker.fail(InputError, path.name, "{count} entries cannot be read", _BROKEN)
    return lock


class _LockReader:
    def __init__(self, document: Mapping[str, object], path: Path, checker: Checker) -> None:
        self.checker = checker
        self.path = path
        self.document = document
        self.metadata = self.checker.table(document.get("metadata"), f"{path.name} [metadata]")
        self.version = self._version()
        self.old_files = self._old_files()

    def lock(self) -> Lock:
        where = f"{self.path.name} [metadata]"
        return Lock(
            version=None if self.version == _UNNAMED else str(self.version),
            python_versions=self._version_text(
                self.metadata.get("python-versions", "*"), f"{where} python-versions"
            ),
            content_hash=self.checker.optional_text(
                self.metadata.get("content-hash"), f"{where} content-hash"
            ),
            packages=self._packages(),
            extras=self._names_by_extra(self.document.get("extras", {}), f"{self.path.name} [extras]"),
            path=self.path,
        )

    def _version(self) -> Version:
        written = self.metadata.get("lock-version")
        if written is None:
            return _UNNAMED
        where = f"{self.path.name} [metadata] lock-version"
        try:
            version = Version(self.checker.text(written, where) or "0")
        except ValueError:  # InvalidVersion, and numbers with more digits than Python converts
            self.checker.report(where, f'"{written}" is not a lock format', _BROKEN)
            return _UNNAMED
        if version.major > _FILES_SINCE.major:
            what = f"this is lock format {version}; formats up to 2.x can be read"
            raise InputError(
                what, where=where, hint="Update poetry-aiops, or run `poetry lock` with Poetry 2."
            )
        return version

    def _packages(self) -> tuple[Package, ...]:
        tables = self.checker.tables(self.document.get("package", []), f"{self.path.name} [[package]]")
        return tuple(self._package(table, index) for index, table in enumerate(tables))

    def _package(self, table: Mapping[str, object], index: int) -> Package:
        named = isinstance(table.get("name"), str)
        where = f"{self.path.name} package {table['name'] if named else f'number {index + 1}'}"
        name = self.checker.text(table.get("name"), f"{where}: name")
        version = self._version_text(table.get("version"), f"{where}: version")
        source = self._source(table, where)
        return Package(
            name=normalised(name),
            pretty_name=name,
            version=version,
            description=self.checker.text(table.get("description", ""), f"{where}: description"),
            optional=self.checker.flag(table.get("optional"), f"{where}: optional"),
            python_versions=self._version_text(table.get("python-versions"), f"{where}: python-versions"),
            groups=self._groups(table, where),
            markers=self._markers(table, where),
            files=self._files(table, name, source, where),
            edges=self._edges(table, where),
            extras=self._extras(table, where),
            source=source,
            develop=self.checker.flag(table.get("develop", False), f"{where}: develop"),
            category=self.checker.optional_text(table.get("category"), f"{where}: category"),
        )

    def _version_text(self, value: object, where: str) -> str:
        text = self.checker.text(value, where)
        if has_long_number(text):
            self.checker.report(where, "holds a number of hundreds of digits", _BROKEN)
            return "*"
        return text

    def _groups(self, table: Mapping[str, object], where: str) -> tuple[str, ...] | None:
        if self.version < _GROUPS_SINCE:
            return None
        return self.checker.names(table.get("groups"), f"{where}: groups")

    def _markers(self, table: Mapping[str, object], where: str) -> str | Mapping[str, str]:
        written = table.get("markers", table.get("marker", ""))
        if not isinstance(written, dict):
            return self.checker.text(written, f"{where}: markers")
        markers = {
            normalised(group): self.checker.text(marker, f"{where}: markers.{group}")
            for group, marker in self.checker.table(written, f"{where}: markers").items()
        }
        return MappingProxyType(markers)

    def _files(
        self, table: Mapping[str, object], name: str, source: PackageSource | None, where: str
    ) -> tuple[LockedFile, ...]:
        written = table.get("files")
        if written is None and self.version < _FILES_SINCE:
            written = self.old_files.get(normalised(name), [] if source else None)
        if isinstance(written, tuple):
            return written
        if written is None:
            self.checker.tolerate(f"{where}: files", "is missing", _BROKEN)
            return ()
        return self._file_list(written, f"{where}: files")

    def _file_list(self, value: object, where: str) -> tuple[LockedFile, ...]:
        return tuple(
            LockedFile(
                self.checker.text(entry.get("file"), f"{where}[{index}].file"),
                self.checker.text(entry.get("hash"), f"{where}[{index}].hash"),
            )
            for index, entry in enumerate(self.checker.tables(value, where))
        )

    def _old_files(self) -> dict[str, tuple[LockedFile, ...]]:
        """Return the files by package name of formats before 2.0, which did not distinguish versions of a name."""
        where = f"{self.path.name} [metadata]"
        files = self.checker.table(self.metadata.get("files", {}), f"{where} files")
        hashes = self.checker.table(self.metadata.get("hashes", {}), f"{where} hashes")
        found = {
            normalised(name): tuple(
                LockedFile(digest, digest) for digest in self.checker.texts(value, f"{where} hashes.{name}")
            )
            for name, value in hashes.items()
        }
        listed = {
            normalised(name): self._file_list(value, f"{where} files.{name}") for name, value in files.items()
        }
        return found | listed

    def _edges(self, table: Mapping[str, object], where: str) -> tuple[LockedDependency, ...]:
        dependencies = self.checker.table(table.get("dependencies", {}), f"{where}: dependencies")
        return tuple(
            self._edge(name, entry, f"{where}: dependencies.{name}")
            for name, value in dependencies.items()
            for entry in (value if isinstance(value, list) else [value])
        )

    def _edge(self, name: str, entry: object, where: str) -> LockedDependency:
        if isinstance(entry, str):
            return LockedDependency(normalised(name), entry, (), "", optional=False)
        table = self.checker.table(entry, where)
        elsewhere = any(key in table for key in _ORIGINS)
        return LockedDependency(
            name=normalised(name),
            constraint=self.checker.text(
                table.get("version", "*" if elsewhere else None), f"{where}.version"
            ),
            extras=self.checker.names(table.get("extras", []), f"{where}.extras"),
            marker=marker_of(table, where, self.checker),
            optional=self.checker.flag(table.get("optional", False), f"{where}.optional"),
        )

    def _extras(self, table: Mapping[str, object], where: str) -> Mapping[str, tuple[str, ...]]:
        extras = self.checker.table(table.get("extras", {}), f"{where}: extras")
        found = {
            normalised(extra): self.checker.texts(entries, f"{where}: extras.{extra}")
            for extra, entries in extras.items()
        }
        return MappingProxyType(found)

    def _names_by_extra(self, value: object, where: str) -> Mapping[str, tuple[str, ...]]:
        found = {
            normalised(extra): tuple(_name_of(text) for text in self.checker.texts(names, f"{where} {extra}"))
            for extra, names in self.checker.table(value, where).items()
        }
        return MappingProxyType(found)

    def _source(self, table: Mapping[str, object], where: str) -> PackageSource | None:
        if "source" not in table:
            return None
        where = f"{where}: source"
        source = self.checker.table(table["source"], where)
        reference, resolved, subdirectory = (
            self.checker.optional_text(source.get(key), f"{where}.{key}")
            for key in ("reference", "resolved_reference", "subdirectory")
        )
        return PackageSource(
            self.checker.text(source.get("type", "legacy"), f"{where}.type"),
            self.checker.text(source.get("url"), f"{where}.url"),
            reference,
            resolved,
            subdirectory,
        )


def _name_of(requirement: str) -> str:
    """Return the package name in an extra's entry, which may be ``torch`` or ``torch (>=2,<3)``."""
    found = re.match(r"[\w.-]+", requirement)
    return normalised(found.group()) if found else requirement
