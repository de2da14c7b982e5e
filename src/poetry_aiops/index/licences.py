"""The licence of a release, as an SPDX expression, from its core metadata (PEP 658, PEP 639); no file is downloaded.

What an older release says in classifiers or in free text counts where it names one licence of SPDX's list without doubt:
"BSD License" may be any of several, and stays unknown.
"""

from __future__ import annotations

import hashlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.metadata import parse_email

from poetry_aiops.index.access import origin_of
from poetry_aiops.index.page_fetch import FetchError
from poetry_aiops.index.release_records import record_key, why_not_from_index
from poetry_aiops.index.source import IndexClient, IndexSource
from poetry_aiops.project.versions import public_version
from poetry_aiops.system.json_cache import JsonCache
from poetry_aiops.system.record import Record
from poetry_aiops.system.text import one_line


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from poetry_aiops.index.access import Origin
    from poetry_aiops.index.records import IndexAccess
    from poetry_aiops.index.release_records import IndexRecords
    from poetry_aiops.project.model import Package, PackageKey


THREADS: Final = 16
NO_METADATA: Final = "its index gives no metadata file (PEP 658)"
_SCHEMA: Final = "licences/1"
_LONGEST: Final = 200  # characters of a licence text in a message
_PREFIX: Final = "License :: OSI Approved :: "

_BY_CLASSIFIER: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Apache Software License": "Apache-2.0",
        "MIT License": "MIT",
        "MIT No Attribution License (MIT-0)": "MIT-0",
        "ISC License (ISCL)": "ISC",
        "Mozilla Public License 1.1 (MPL 1.1)": "MPL-1.1",
        "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
        "Python Software Foundation License": "PSF-2.0",
        "The Unlicense (Unlicense)": "Unlicense",
        "Boost Software License 1.0 (BSL-1.0)": "BSL-1.0",
        "zlib/libpng License": "Zlib",
        "Zope Public License": "ZPL-2.1",
        "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
        "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
        "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
        "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
        "GNU Lesser General Public License v2 (LGPLv2)": "LGPL-2.0-only",
        "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.0-or-later",
        "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
        "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
        "GNU Affero General Public License v3": "AGPL-3.0-only",
        "GNU Affero General Public License v3 or later (AGPLv3+)": "AGPL-3.0-or-later",
        "Eclipse Public License 2.0 (EPL-2.0)": "EPL-2.0",
        "European Union Public Licence 1.2 (EUPL 1.2)": "EUPL-1.2",
    }
)
"""Classifiers below "License :: OSI Approved" that name one licence (PyPA's trove classifiers, SPDX's list 3.27)."""

_BY_TEXT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "mit license": "MIT",
        "the mit license": "MIT",
        "apache 2.0": "Apache-2.0",
        "apache license 2.0": "Apache-2.0",
        "apache license, version 2.0": "Apache-2.0",
        "apache software license 2.0": "Apache-2.0",
        "bsd 3-clause": "BSD-3-Clause",
        "bsd 3-clause license": "BSD-3-Clause",
        "bsd-3-clause license": "BSD-3-Clause",
        "3-clause bsd license": "BSD-3-Clause",
        "new bsd license": "BSD-3-Clause",
        "bsd 2-clause": "BSD-2-Clause",
        "simplified bsd license": "BSD-2-Clause",
        "mpl 2.0": "MPL-2.0",
        "isc license": "ISC",
    }
)


class Licence(Record):
    """What a release says about its licence: an SPDX expression and the metadata field that it is from.

    ``expression`` is empty where it is not known; ``reason`` then says why.
    """

    expression: str = ""
    origin: str = ""
    reason: str = ""


def licences_of(
    packages: Iterable[Package], records: IndexRecords, access: IndexAccess
) -> Mapping[PackageKey, Licence]:
    """Return the licence of each package; never raises for what an index does.

    ``records`` say where each locked release has its metadata file (`IndexAccess.metadata`). A release never changes, so
    what was read once is kept for good.
    """
    listed = list(packages)
    with IndexClient(access.pool, access.config, THREADS) as indexes:
        reader = _MetadataReader(records, access, indexes)
        try:
            return dict(zip((one.key for one in listed), indexes.each(reader.licence, listed), strict=True))
        finally:
            reader.keep()


class _MetadataReader:
    def __init__(self, records: IndexRecords, access: IndexAccess, indexes: IndexClient) -> None:
        self._records = records
        self._offline = access.freshness.offline
        self._cache = JsonCache(access.folder and access.folder.parent / "licences.json", _SCHEMA)
        self._kept: dict[str, list[str]] = self._cache.read(lambda content: dict(content["licences"])) or {}
        self._known = len(self._kept)
        self._indexes = indexes
        self._hosts: dict[Origin, IndexSource] = {}

    def keep(self) -> None:
        if len(self._kept) > self._known:
            self._cache.keep({"licences": self._kept})

    def licence(self, package: Package) -> Licence:
        """Return the licence of one package; called by several threads."""
        address, why = self._address(package)
        if not address:
            return Licence(reason=why)
        if address not in self._kept:
            source = record_key(package)[0]
            place, _, digest = address.partition("#sha256=")
            host = self._hosts.setdefault(origin_of(place), IndexSource(source, place))
            if host.given_up:
                return Licence(reason=f"{source}: its metadata cannot be read: {host.given_up}")
            try:
                name = self._indexes.find(source, package.name).name
                content = self._indexes.fetcher.get(name, place, {}).content or b""
            except FetchError as error:
                host.failed(error)
                return Licence(reason=f"{source}: its metadata cannot be read: {error.reason}")
            host.answered()
            if digest and hashlib.sha256(content).hexdigest() != digest:
                return Licence(reason=f"{source}: its metadata does not have the index's hash")
            found = licence_in(content)
            self._kept[address] = [found.expression, found.origin, found.reason]
        return Licence(*map(str, self._kept[address]))

    def _address(self, package: Package) -> tuple[str, str]:
        """Return where the metadata of a package is, or why it cannot be read."""
        record = self._records.of(package)
        if record is None:
            return "", why_not_from_index(package) or self._records.why_missing(package)
        address = record.metadata.get(public_version(package.version), "")
        if address and self._offline and address not in self._kept:
            return "", "its metadata was not requested (offline)"
        return address, NO_METADATA


def licence_in(content: bytes) -> Licence:
    """Return the licence in a core metadata file."""
    raw, _ = parse_email(content)
    for field, text in (
        ("License-Expression", raw.get("license_expression")),
        ("License", raw.get("license")),
    ):
        if text and (expression := _expression(text)):
            return Licence(expression, field)
    named = [one for one in raw.get("classifiers", ()) if one.startswith("License ::")]
    listed = [one for one in named if one != _PREFIX.removesuffix(" :: ")]
    spdx = [_BY_CLASSIFIER.get(one.removeprefix(_PREFIX), "") for one in listed]
    if spdx and all(spdx):
        return Licence(" AND ".join(dict.fromkeys(spdx)), "Classifier")
    said = raw.get("license_expression") or raw.get("license") or "; ".join(listed)
    if not said.strip():
        return Licence(reason="its metadata names no licence")
    text = " ".join(one_line(said).split())
    shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."
    return Licence(reason=f'its metadata says "{shown}", which names no single licence of SPDX\'s list')


def _expression(text: str) -> str:
    """Return a text as an SPDX expression, empty for one that is none."""
    known = _BY_TEXT.get(" ".join(text.casefold().split()).rstrip("."))
    if known:
        return known
    try:
        return str(canonicalize_license_expression(text.strip())) if len(text) <= _LONGEST else ""
    except InvalidLicenseExpression:
        return ""
