"""``hw-info --update-facts URL``: a newer table of facts, kept in the user's cache, which wins over the package's."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any, Final

from poetry_aiops.accelerators.catalogue import FACTS, Catalogue, load_catalogue, updated_facts
from poetry_aiops.errors import IncompleteError, UsageError
from poetry_aiops.system.addresses import redact_addresses
from poetry_aiops.system.files import write_atomically
from poetry_aiops.system.http import Limits, TransferError, fetch


if TYPE_CHECKING:
    from collections.abc import Callable


DOWNLOAD: Final = Limits(total=60.0, size=4_000_000)


def update_facts(url: str, fetched: Callable[[str], bytes] | None = None) -> Catalogue:
    """Fetch a table of facts (TOML or JSON of ``accelerators.toml``), check it, keep it, and return it.

    Raises UsageError for an address that is not HTTPS, and IncompleteError for a table that cannot be fetched or kept,
    does not fit the schema, or is older than the facts of this package; the facts in use then stay.
    """
    if not url.startswith("https://"):
        raise UsageError(
            "facts are fetched by HTTPS only", where="--update-facts", hint="Give an https:// address."
        )
    try:
        document = _document((fetched or _fetched)(url))
        catalogue = Catalogue(document).read()
        _check_age(catalogue)
        path = updated_facts()
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps({**document, "fetched_from": redact_addresses(url)}).encode())
    except TransferError as error:
        raise _failed(url, error.reason) from error
    except (ValueError, OSError) as error:
        raise _failed(url, str(error)) from error
    load_catalogue.cache_clear()
    return load_catalogue()


def _check_age(catalogue: Catalogue) -> None:
    used = load_catalogue().as_of
    if catalogue.as_of < used:
        raise ValueError(f"its facts of {catalogue.as_of} are older than those in use ({used})")


def _fetched(url: str) -> bytes:
    return fetch(url, DOWNLOAD).body


def _document(content: bytes) -> dict[str, Any]:
    """Return the table with its date as text; raises ValueError for one that does not fit the schema."""
    import fastjsonschema

    text = content.decode()
    document = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    document["as_of"] = str(document.get("as_of"))
    schema = json.loads((FACTS.parent / "schemas" / "accelerators.json").read_text(encoding="utf-8"))
    try:
        fastjsonschema.validate(schema, document)
    except fastjsonschema.JsonSchemaValueException as error:
        raise ValueError(f"it does not fit the schema: {error.message}") from error
    return document


def _failed(url: str, why: str) -> IncompleteError:
    return IncompleteError(
        f"the facts could not be updated: {why}",
        where=redact_addresses(url),
        hint="Nothing was changed; the facts in use stay.",
    )
