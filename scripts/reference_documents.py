"""The JSON documents of the commands: every field with its type, from the schemas that come with the package."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.reference_text import MADE, code, table


if TYPE_CHECKING:
    from collections.abc import Iterator


SCHEMAS = Path(__file__).resolve().parent.parent / "src" / "poetry_aiops" / "data" / "schemas"
CATALOGUE = "accelerators.json"
HEAD = f"""\
# JSON documents

What `--format json` prints, field by field. Each document has a JSON Schema, which comes with the package in
`poetry_aiops/data/schemas`. A document's name ends with its version; within a version, fields are added and never change their meaning.

`[]` is each entry of a list, `*` for each key of an object. *Maybe* means that the field may be missing; `null` that it is
there and says nothing.

{MADE.format(source="the schemas")}
"""
Node = dict[str, Any]


def page() -> str:
    """Return the page."""
    schemas = [path for path in sorted(SCHEMAS.iterdir()) if path.name != CATALOGUE]
    documents = [(path, json.loads(path.read_text(encoding="utf-8"))) for path in schemas]
    names = [(_name(path), document) for path, document in documents]
    overview = [
        (f"[{name}](#{name})", _title(name, document), code(f"{name}.schema.json"))
        for name, document in names
    ]
    return "\n".join(
        [
            HEAD,
            table(("Document", "Where it comes from", "Schema"), overview),
            *(_document(name, document) for name, document in names),
        ]
    )


def _name(path: Path) -> str:
    return path.name.removesuffix(".schema.json")


def _document(name: str, document: Node) -> str:
    rows = list(_fields(document, document, ""))
    return f"## {name}\n\n{_title(name, document)}.\n\n{table(('Field', 'Type', 'Meaning'), rows)}"


def _title(name: str, document: Node) -> str:
    return str(document.get("title", f"poetry {name} --format json"))


def _fields(node: Node, root: Node, path: str) -> Iterator[tuple[str, str, str]]:
    """Yield a row for each field below a node, in the order of the schema."""
    for part in _alternatives(node, root):
        for key, value in part.get("properties", {}).items():
            here = f"{path}.{key}" if path else key
            maybe = "" if key in part.get("required", ()) else "maybe "
            yield code(here), maybe + _type(value, root), _meaning(value, root)
            yield from _fields(value, root, here)
        for suffix, inner in (("[]", part.get("items")), (".*", part.get("additionalProperties"))):
            if isinstance(inner, dict) and inner:
                yield from _fields(inner, root, path + suffix)


def _alternatives(node: Node, root: Node) -> list[Node]:
    """Return a node without references; every one of its alternatives."""
    resolved = _resolved(node, root)
    choices = resolved.get("anyOf") or resolved.get("oneOf") or []
    return [resolved, *(part for choice in choices for part in _alternatives(choice, root))]


def _resolved(node: Node, root: Node) -> Node:
    while "$ref" in node:
        found: Node = root
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = {**found, **{key: value for key, value in node.items() if key != "$ref"}}
    return node


def _type(node: Node, root: Node) -> str:
    found = _resolved(node, root)
    choices = found.get("anyOf") or found.get("oneOf")
    if choices:
        return " or ".join(dict.fromkeys(_type(choice, root) for choice in choices))
    if "const" in found:
        return code(json.dumps(found["const"]))
    if "enum" in found:
        return ", ".join(code(json.dumps(value)) for value in found["enum"])
    kinds = found.get("type", "anything")
    named = [kinds] if isinstance(kinds, str) else kinds
    return " or ".join(_list_of(found, root) if kind == "array" else kind for kind in named)


def _list_of(node: Node, root: Node) -> str:
    inner = _resolved(node.get("items", {}), root)
    kinds = inner.get("type", "")
    return f"list of {kinds}s" if isinstance(kinds, str) and kinds and kinds != "array" else "list"


def _meaning(node: Node, root: Node) -> str:
    return str(_resolved(node, root).get("description", ""))
