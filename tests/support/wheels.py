"""Tiny valid wheels and source archives, built in memory and byte for byte the same each time."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import itertools
import re
import tarfile
import zipfile
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


# The earliest date that a zip archive can hold, so that no clock enters the bytes.
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)

SOURCE_PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""

# A build backend without requirements: the archive carries its wheel, so that building it needs no network.
SOURCE_BACKEND = """\
import pathlib
import shutil
import zipfile

WHEEL = next(pathlib.Path(__file__).parent.glob("*.whl"))


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    shutil.copy(WHEEL, wheel_directory)
    return WHEEL.name


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    with zipfile.ZipFile(WHEEL) as archive:
        members = [name for name in archive.namelist() if ".dist-info/" in name]
        archive.extractall(metadata_directory, members)
    return members[0].split("/")[0]
"""


@dataclass(frozen=True, slots=True)
class Distribution:
    """One file that an index offers: its name, its bytes, and its core metadata."""

    filename: str
    data: bytes
    metadata: bytes
    requires_python: str | None = None

    @classmethod
    def of(cls, wheel: Path) -> Distribution:
        """Return a wheel that is there as a file."""
        with zipfile.ZipFile(wheel) as archive:
            (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
            metadata = archive.read(name)
        needs = BytesHeaderParser().parsebytes(metadata)["Requires-Python"]
        return cls(wheel.name, wheel.read_bytes(), metadata, needs)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def metadata_sha256(self) -> str:
        return hashlib.sha256(self.metadata).hexdigest()


def normalized(name: str) -> str:
    """Return a project's name as PEP 503 writes it in URLs."""
    return re.sub(r"[-_.]+", "-", name).lower()


def core_metadata(
    name: str,
    version: str,
    *,
    requires: Iterable[str] = (),
    extras: Mapping[str, Iterable[str]] | None = None,
    requires_python: str | None = None,
) -> bytes:
    """Return core metadata 2.1; a requirement of an extra may carry its own marker."""
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", "Summary: A stand-in for tests"]
    if requires_python is not None:
        lines.append(f"Requires-Python: {requires_python}")
    lines += [f"Requires-Dist: {requirement}" for requirement in requires]
    for extra, wanted in (extras or {}).items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f"Requires-Dist: {_within_extra(requirement, extra)}" for requirement in wanted]
    return ("\n".join(lines) + "\n").encode()


def build_wheel(
    name: str,
    version: str,
    *,
    requires: Iterable[str] = (),
    extras: Mapping[str, Iterable[str]] | None = None,
    requires_python: str | None = ">=3.8",
    tag: str = "py3-none-any",
    body: str = "",
) -> Distribution:
    """Build a wheel with one module, ``name`` with underscores, that holds ``__version__`` and ``body``."""
    stem = f"{normalized(name).replace('-', '_')}-{version}"
    metadata = core_metadata(name, version, requires=requires, extras=extras, requires_python=requires_python)
    members = {
        f"{stem.partition('-')[0]}.py": f"__version__ = {version!r}\n{body}".encode(),
        f"{stem}.dist-info/METADATA": metadata,
        f"{stem}.dist-info/WHEEL": _wheel_file(tag),
    }
    record = f"{stem}.dist-info/RECORD"
    members[record] = _record(members, record)
    return Distribution(f"{stem}-{tag}.whl", _zip(members), metadata, requires_python)


def build_sdist(
    name: str,
    version: str,
    *,
    requires: Iterable[str] = (),
    extras: Mapping[str, Iterable[str]] | None = None,
    requires_python: str | None = ">=3.8",
    body: str = "",
    files: Mapping[str, str] | None = None,
) -> Distribution:
    """Build a source archive whose in-tree build backend needs nothing from any index.

    ``files`` are added to it, or take the place of one of its own: ``backend.py``.
    """
    wheel = build_wheel(
        name, version, requires=requires, extras=extras, requires_python=requires_python, body=body
    )
    stem = wheel.filename.removesuffix("-py3-none-any.whl")
    members = {
        f"{stem}/PKG-INFO": wheel.metadata,
        f"{stem}/backend.py": SOURCE_BACKEND.encode(),
        f"{stem}/pyproject.toml": SOURCE_PYPROJECT.encode(),
        f"{stem}/{wheel.filename}": wheel.data,
        **{f"{stem}/{path}": text.encode() for path, text in (files or {}).items()},
    }
    return Distribution(f"{stem}.tar.gz", _tar_gz(members), wheel.metadata, requires_python)


def _within_extra(requirement: str, extra: str) -> str:
    wanted, _, marker = (part.strip() for part in requirement.partition(";"))
    condition = f'({marker}) and extra == "{extra}"' if marker else f'extra == "{extra}"'
    return f"{wanted} ; {condition}"


def _wheel_file(tag: str) -> bytes:
    tags = itertools.product(*(part.split(".") for part in tag.split("-")))
    lines = ["Wheel-Version: 1.0", "Generator: tests.support.wheels", "Root-Is-Purelib: true"]
    lines += [f"Tag: {'-'.join(parts)}" for parts in tags]
    return ("\n".join(lines) + "\n").encode()


def _record(members: Mapping[str, bytes], own_path: str) -> bytes:
    rows = [f"{path},sha256={_record_hash(data)},{len(data)}" for path, data in members.items()]
    return ("\n".join([*rows, f"{own_path},,"]) + "\n").encode()


def _record_hash(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")


def _zip(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, data in members.items():
            entry = zipfile.ZipInfo(path, ZIP_EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    return buffer.getvalue()


def _tar_gz(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for path, data in members.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()
