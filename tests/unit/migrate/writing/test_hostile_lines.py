"""Requirements files of a stranger: what stands in them never becomes a table or a key of pyproject.toml."""

from __future__ import annotations

from typing import Any

from tests.support.every import for_each
from tests.support.migrations import migrated


END = '"]\n[tool.poetry.requires-plugins]\nevil = "*"\n#'
TABLE = "[tool.poetry.requires-plugins]"
HOSTILE = {
    "address": f"demo @ https://evil.example/demo.whl?x={END}",
    "quotes in an address": "demo @ https://evil.example/\"\"\"'''/demo-1.0-py3-none-any.whl",
    "fragment": f'demo @ https://evil.example/demo-1.0-py3-none-any.whl#egg="{TABLE}',
    "index": f'--index-url https://evil.example/"{TABLE}/simple\ndemo',
    "escaped": r"demo @ https://evil.example/\u0022\n[tool]/demo.whl",
    "extra": f'demo["{TABLE}]',
    "marker": 'demo ; python_version > "3" and platform_machine == \'"]\'',
    "marker with a line end": 'demo ; platform_machine == "a\\\n[tool.evil]"',
    "comment": f"demo # {END}",
    "path": f'./"{TABLE}',
    "git": f'demo @ git+https://evil.example/x@main"{TABLE}',
    "control signs": "demo @ https://evil.example/\x1b[31m\x00/demo.whl",
}
KNOWN = {"project", "dependency-groups", "tool", "build-system"}


def keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {key for one in value.values() for key in keys(one)}
    return {key for one in value for key in keys(one)} if isinstance(value, list) else set()


@for_each("lines", HOSTILE.values())
def test_a_line_becomes_data_or_an_error_and_never_a_table(lines: str) -> None:
    migration = migrated({"requirements.txt": lines + "\nidna\n"})
    if migration.plan.errors:
        return  # nothing is written then
    document = migration.document
    assert set(document) <= KNOWN
    assert not {"requires-plugins", "evil"} & keys(document)
    assert "idna" in "".join(migration.dependencies)
