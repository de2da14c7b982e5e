"""JSON documents: each names its schema first."""

from __future__ import annotations

import json
from typing import Any


def document(name: str, content: dict[str, Any]) -> dict[str, Any]:
    """Return a document of the schema ``poetry-aiops/<name>/1``."""
    return {"schema": f"poetry-aiops/{name}/1", **content}


def document_text(name: str, content: dict[str, Any]) -> str:
    """Return a JSON document of the schema ``poetry-aiops/<name>/1`` as text."""
    return json.dumps(document(name, content), indent=2)
