"""The JSON schemas of the package, as checks."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import fastjsonschema


def conforming(text: str) -> Any:
    """Return the document in ``text`` after checking it against the schema that it names."""
    document = json.loads(text)
    name = document["schema"].removeprefix("poetry-aiops/").partition("/")[0]
    schema = json.loads(
        (files("poetry_aiops") / "data" / "schemas" / f"{name}.schema.json").read_text("utf-8")
    )
    # fastjsonschema knows drafts up to 7; these schemas use nothing newer.
    fastjsonschema.compile({**schema, "$schema": "http://json-schema.org/draft-07/schema#"})(document)
    return document
