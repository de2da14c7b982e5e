"""JSON documents, each of which names its schema first, and what the self-contained HTML pages share."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from importlib import resources
from operator import attrgetter
from typing import TYPE_CHECKING, Any


if TYPE_CHECKING:
    from collections.abc import Callable


def document(name: str, content: dict[str, Any]) -> dict[str, Any]:
    """Return a document of the schema ``poetry-aiops/<name>/1``."""
    return {"schema": f"poetry-aiops/{name}/1", **content}


def document_text(name: str, content: dict[str, Any]) -> str:
    """Return a JSON document of the schema ``poetry-aiops/<name>/1`` as text."""
    return json.dumps(document(name, content), indent=2)


def picked(value: object, names: str) -> dict[str, Any]:
    """Return fields of a value by name, numbers to two decimals; one with ``?`` behind its name is None where it is empty.

    ``place.file`` is the field of a field, and becomes ``file``.
    """
    found = {}
    for name in names.split():
        path = name.rstrip("?")
        field = attrgetter(path)(value)
        field = round(field, 2) if isinstance(field, float) else field
        found[path.rpartition(".")[2]] = (field or None) if name.endswith("?") else field
    return found


def plain(value: Any, text: Callable[[str], str]) -> Any:  # noqa: ANN401 - whatever a document holds
    """Return a value as JSON has it: frozen values as objects with their field names, every string through ``text``."""
    if isinstance(value, str):
        return text(str(value))
    if isinstance(value, date):
        return stamp(value) if isinstance(value, datetime) else value.isoformat()
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, Mapping):
        return {text(str(key)): plain(one, text) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one, text) for one in value]
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name), text) for field in fields(value)}
    return value


def stamp(time: datetime) -> str:
    """Return a time in RFC 3339, in UTC, to the second."""
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def content_policy(**texts: str) -> str:
    """Return the content security policy that admits a ``script`` and a ``style`` by their SHA-256 and nothing else."""
    digests = {kind: hashlib.sha256(text.encode()).digest() for kind, text in texts.items()}
    own = "".join(f" {kind}-src 'sha256-{base64.b64encode(one).decode()}';" for kind, one in digests.items())
    return f"default-src 'none';{own} base-uri 'none'; form-action 'none'"


@lru_cache(maxsize=64)
def asset(package: str, name: str) -> str:
    """Return the text of a file in the folder ``assets`` of a package."""
    return (resources.files(package) / "assets" / name).read_text(encoding="utf-8")
