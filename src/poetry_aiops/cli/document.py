"""JSON documents: each names its schema first."""

from __future__ import annotations

import json
from typing import Any


def document_text(name: str, content: dict[str, Any]) -> str:
    """Return a JSON document of the schema ``poetry-aiops/<name>/1``."""
    return json.dumps({"schema": f"poetry-aiops/{name}/1", **content}, indent=2)
