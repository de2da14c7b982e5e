"""What a uv project says beside the standard tables, and what becomes of it in Poetry's."""

from __future__ import annotations

import tomllib
from difflib import ndiff
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.every import for_each
from tests.support.migrations import DEFAULT_INDEX, migrated
from tests.support.neighbours import in_memory

from poetry_aiops.migrate.planning.sources import PypiNames
from poetry_aiops.migrate.planning.uv_project import UvProject, is_uv_project, uv_project
from poetry_aiops.migrate.writing.generate import generate, layout_of
from poetry_aiops.project.pyproject import project_from


if TYPE_CHECKING:
    from tests.support.migrations import Files


HEAD = """\
[project]
name = "vision"
version = "1"
requires-python = ">=3.11"
dependencies = ["torch", "tool>=2", "shared", "six"]

[project.optional-dependencies]
plots = ["charts"]

[dependency-groups]
dev = ["lens"]
docs = ["mkdocs", "lens"]

[tool.uv]
constraint-dependencies = ["numpy<2"]
override-dependencies = ["six==1.15"]
dev-dependencies = ["pytest>=8"]

[[tool.uv.index]]
name = "builds"
url = "https://user:secret@wheels.example/whl/cu126"
explicit = true

[[tool.uv.index]]
url = "https://mirror.example/simple"

[tool.uv.workspace]
members = ["libs/*"]

[tool.uv.sources]
torch = [{ index = "builds", marker = "sys_platform == 'linux'" }]
tool = { git = "https://git.example/tool", branch = "next" }
shared = { workspace = true }
charts = { path = "vendor/charts", editable = true }
lens = { url = "https://files.example/lens-1.zip", group = "docs" }
absent = { index = "builds" }
"""
LOCK = """\
version = 1

[[package]]
name = "six"
version = "1.16.0"
source = { registry = "https://mirror.example/simple" }
sdist = { url = "https://x.example/six.tar.gz", hash = "sha256:aa", size = 1 }
wheels = [{ url = "https://x.example/six.whl", hash = "sha256:bb", size = 1 }]

[[package]]
name = "numpy"
version = "1.26.4"
source = { registry = "https://elsewhere.example/simple" }
resolution-markers = ["python_full_version < '3.12'", "sys_platform == 'win32'"]

[[package]]
name = "tool"
version = "2.1"
source = { git = "https://git.example/tool?branch=next#0123456789012345678901234567890123456789" }

[[package]]
name = "vision"
version = "1"
source = { editable = "." }
"""
FILES: Files = {
    "pyproject.toml": HEAD,
    "uv.lock": LOCK,
    "libs/shared/pyproject.toml": '[project]\nname = "Shared"\nversion = "1"\n',
    "libs/other/pyproject.toml": "no TOML",
}


def found_in(files: Files) -> UvProject:
    document = tomllib.loads(str(files["pyproject.toml"]))
    existing = project_from(document, Path("pyproject.toml")).sources
    return uv_project(document, in_memory(files), PypiNames(frozenset({DEFAULT_INDEX})), existing)


def written(files: Files) -> tuple[UvProject, dict[str, object], str]:
    """Return what was read and the tables of the planned pyproject.toml."""
    found, migration = found_in(files), migrated(files, "requirements.txt")
    before = str(files["pyproject.toml"])
    text = generate(
        before,
        found.joined(migration.plan).edits,
        migration.identity,
        layout_of(tomllib.loads(before), knows_dependency_groups=True),
        Path("pyproject.toml"),
    )
    return found, tomllib.loads(text), text


def told(found: UvProject) -> list[tuple[str, str, str]]:
    return [(one.severity, str(one.place), one.what) for one in found.problems]


def test_sources_groups_and_constraints_become_poetrys_own_tables() -> None:
    files: Files = {**FILES, "requirements.txt": "six==1.15.0\n"}
    found, document, text = written(files)
    lost = [line[2:] for line in ndiff(HEAD.splitlines(), text.splitlines()) if line.startswith("- ")]
    assert lost == ['dev = ["lens"]'], "one list gets longer, everything else stays"
    poetry = document["tool"]["poetry"]  # type: ignore[index]
    assert poetry["source"] == [
        {"name": "builds", "url": "https://wheels.example/whl/cu126", "priority": "explicit"},
        {"name": "mirror-example", "url": "https://mirror.example/simple", "priority": "supplemental"},
    ]
    assert poetry["dependencies"] == {
        "torch": [
            {"source": "builds", "markers": "sys_platform == 'linux'"},
            {"version": "*", "markers": 'sys_platform != "linux"'},
        ],
        "tool": {"git": "https://git.example/tool", "branch": "next"},
        "shared": {"path": "libs/shared", "develop": True},
        "charts": {"path": "vendor/charts", "develop": True},
    }
    assert poetry["group"]["docs"] == {
        "optional": True,
        "dependencies": {"lens": {"url": "https://files.example/lens-1.zip"}},
    }
    assert "optional" not in poetry["group"].get("dev", {}), "uv installs dev by default"
    groups = document["dependency-groups"]
    assert groups == {
        "dev": ["lens", "pytest (>=8)"],
        "docs": ["mkdocs", "lens"],
        "constraints": ["numpy (<2)"],
    }
    assert document["project"] == tomllib.loads(HEAD)["project"]
    assert text.count("secret") == 1, "where it was"
    assert "secret" not in str((found.problems, found.sources))
    again = written({**files, "pyproject.toml": text})[2]
    assert again == text, "a second run changes nothing"


def test_what_cannot_be_carried_over_is_named_with_its_line() -> None:
    found = told(found_in(FILES))
    assert [one for one in found if one[0] != "note"] == [
        ("warning", "pyproject.toml:21", "the credentials of builds were left out"),
        (
            "warning",
            "pyproject.toml:25",
            "uv searches mirror-example for every package before the default index",
        ),
        (
            "warning",
            "uv.lock:16",
            f"tool is locked at the commit {'0123456789' * 4}, and pyproject.toml names none",
        ),
        ("warning", "pyproject.toml:16", "[tool.uv] override-dependencies is not carried over"),
    ]
    assert ("note", "pyproject.toml:36", "nothing in pyproject.toml requires absent") in found


def test_a_source_that_would_be_lost_is_an_error_or_a_warning() -> None:
    sources = """
[tool.uv.sources]
torch = { index = "unknown" }
shared = { workspace = true }
six = [{ index = "a", extra = "cpu" }]
tool = { archive = "x" }
"""
    text = HEAD.partition("[tool.uv]")[0] + sources
    found = told(found_in({"pyproject.toml": text}))
    first = text[: text.index("torch = {")].count("\n") + 1
    assert [(severity, int(place.partition(":")[2]) - first) for severity, place, _ in found] == [
        ("error", 0),
        ("error", 1),
        ("warning", 2),
        ("error", 3),
    ]


@for_each(
    ("table", "key_path"),
    [
        ('index = "https://x.example"', "[tool.uv] index must be a list, but is text"),
        ('index = ["x"]', "[tool.uv] index[0] must be a table, but is text"),
        ("extra-index-url = 3", "[tool.uv] extra-index-url must be a list, but is a number"),
        ("dev-dependencies = [1]", "[tool.uv] dev-dependencies[0] must be text in quotes, but is a number"),
        ("sources = [1]", "[tool.uv.sources] must be a table, but is a list"),
        ('sources = { torch = "x" }', "[tool.uv.sources] torch[0] must be a table, but is text"),
        ('index-url = "http://["', "this is no address: http://["),
    ],
)
def test_an_entry_of_another_type_is_one_error_with_its_key_path(table: str, key_path: str) -> None:
    text = HEAD.partition("[tool.uv]")[0] + f"[tool.uv]\n{table}\n"
    assert [(one[0], one[2]) for one in told(found_in({"pyproject.toml": text}))] == [("error", key_path)]


@for_each(
    ("lock", "why"),
    [
        ("package = 3", "[[package]]: must be a list, but is a number"),
        ("[[package]]\nversion = '1'", "line 1: name: must be text in quotes, but is missing"),
        ("[[package]]\nname = 'a'\nsource = 3", "line 1: source: must be a table, but is a number"),
        (LOCK.replace("wheels = [{", "wheels = [1, {"), "line 3: files[1]: must be a table, but is a number"),
    ],
)
def test_a_uv_lock_of_another_shape_gives_no_versions_and_says_so(lock: str, why: str) -> None:
    found = found_in({"pyproject.toml": HEAD.partition("[tool.uv]")[0], "uv.lock": lock})
    assert told(found) == [("warning", "uv.lock", f"the file cannot be read: {why}")]
    assert found.pins == []
    assert not [line for line in found.carried if line.startswith("uv.lock")]


def test_the_versions_of_uv_lock_begin_poetrys_where_no_requirements_file_has_a_pin() -> None:
    pins = {pin.name: pin for pin in found_in(FILES).pins}
    assert set(pins) == {"six", "numpy"}
    six = pins["six"]
    assert (six.version, six.source, six.hashes, str(six.place)) == (
        "1.16.0",
        "mirror-example",
        ("sha256:aa", "sha256:bb"),
        "uv.lock:3",
    )
    assert pins["numpy"].marker == "(python_full_version < '3.12') or (sys_platform == 'win32')"
    joined = found_in(FILES).joined(migrated({**FILES, "requirements.txt": "six==1.15\n"}).plan)
    assert [(pin.name, pin.version) for pin in joined.pins] == [("six", "1.15"), ("numpy", "1.26.4")]


def test_versions_of_exclusive_extras_and_a_broken_lock_begin_nothing() -> None:
    extra = LOCK.replace("sys_platform == 'win32'", "extra == 'extra-6-vision-cpu'")
    assert [pin.name for pin in found_in({**FILES, "uv.lock": extra}).pins] == ["six"]
    broken = found_in({**FILES, "uv.lock": "no TOML"})
    assert broken.pins == []
    assert ("warning", "uv.lock") in [one[:2] for one in told(broken)]


def test_a_mirror_is_primary_and_the_default_index_no_source() -> None:
    text = HEAD.partition("[tool.uv]")[0] + (
        f'[tool.uv]\nindex-url = "https://mirror.example/simple"\nextra-index-url = ["{DEFAULT_INDEX}"]\n'
    )
    assert [(one.name, one.priority) for one in found_in({"pyproject.toml": text}).sources] == [
        ("mirror-example", "primary")
    ]


def test_what_makes_a_uv_project() -> None:
    assert is_uv_project({"tool": {"uv": {"sources": {}}}}, in_memory({}))
    assert is_uv_project({}, in_memory({"uv.lock": ""}))
    assert not is_uv_project({"tool": {"uv": {"cache-dir": "x"}}}, in_memory({}))
