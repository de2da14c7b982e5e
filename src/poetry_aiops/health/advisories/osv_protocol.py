"""The words of OSV's API: questions, the records that an answer names, addresses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from poetry_aiops.errors import UsageError
from poetry_aiops.health.osv_records import ECOSYSTEM, one_line
from poetry_aiops.system.addresses import redact_addresses
from poetry_aiops.system.http import TransferError
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from poetry_aiops.health.feed import QueriedPackage


VARIABLE: Final = "POETRY_AIOPS_OSV_URL"
DEFAULT_URL: Final = "https://api.osv.dev"


class Stub(Record):
    """A record as a batch answer names it; ``modified`` is empty where the service does not report it."""

    id: str
    modified: str


def query(subject: QueriedPackage, token: str) -> dict[str, object]:
    """Return the question about one subject; ``token`` names a later page of its answer."""
    asked: dict[str, object] = {
        "package": {"name": subject.name, "ecosystem": ECOSYSTEM},
        "version": subject.version,
    }
    return asked | {"page_token": token} if token else asked


def stubs_in(result: object) -> tuple[list[Stub], str]:
    """Return the records that one result names and the token of its next page.

    ``{}`` and ``{"vulns": []}`` name none. Raises TransferError for anything else that is no list of advisories, such
    as null or the error object that some servers put in the place of one result.
    """
    if not isinstance(result, Mapping) or not result.keys() <= {"vulns", "next_page_token"}:
        raise TransferError("its result for this package is not a list of advisories")
    vulns = result.get("vulns", [])
    token = result.get("next_page_token", "")
    if not isinstance(vulns, list) or not isinstance(token, str):
        raise TransferError("its list of advisories for this package cannot be read")
    found = []
    for vuln in vulns:
        name, modified = entry(vuln, "id"), entry(vuln, "modified")
        if not isinstance(name, str) or not name or name != one_line(name):
            raise TransferError("it names an advisory without a usable id")
        found.append(Stub(name, modified if isinstance(modified, str) else ""))
    return found, token


def entry(value: object, key: str) -> object:
    """Return a member of a JSON object, None for anything else."""
    return value.get(key) if isinstance(value, Mapping) else None


def base_url(url: str, variable: str = VARIABLE) -> str:
    """Return the address without ``/v1`` and what follows; raises UsageError, about ``variable``, for one that is not a URL."""
    clean = re.sub(r"/v1(/query|/querybatch)?/*$", "", url.strip()).rstrip("/")
    try:
        parts = urlsplit(clean)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(
            f'"{redact_addresses(url)}" is not the address of a service',
            where=variable,
            hint=f"An address looks like {DEFAULT_URL}.",
        )
    return clean
