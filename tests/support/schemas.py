"""The JSON schemas of the package, as checks."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import fastjsonschema


if TYPE_CHECKING:
    from collections.abc import Callable


def conforming(text: str) -> Any:
    """Return the document in ``text`` after checking it against the schema that it names."""
    document = json.loads(text)
    _check_of(document["schema"].removeprefix("poetry-aiops/").partition("/")[0])(document)
    return document


@cache
def _check_of(name: str) -> Callable[[Any], Any]:
    schema = json.loads(
        (files("poetry_aiops") / "data" / "schemas" / f"{name}.schema.json").read_text("utf-8")
    )
    # fastjsonschema knows drafts up to 7; these schemas use nothing newer.
    check: Callable[[Any], Any] = fastjsonschema.compile(
        {**schema, "$schema": "http://json-schema.org/draft-07/schema#"}
    )
    return check
