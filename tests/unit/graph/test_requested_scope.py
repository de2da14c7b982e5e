from __future__ import annotations

import tomllib
from pathlib import Path

from poetry_aiops.graph.request import GraphRequest
from poetry_aiops.graph.requested_scope import requested_scope
from poetry_aiops.project.lockfile import lock_from
from poetry_aiops.project.pyproject import project_from


PROJECT = tomllib.loads("""
[tool.poetry]
package-mode = false
[tool.poetry.dependencies]
python = "^3.11"
[tool.poetry.group.small]
optional = true
[tool.poetry.group.small.dependencies]
torch = "*"
[tool.poetry.group.large]
optional = true
[tool.poetry.group.large.dependencies]
torch = "*"
[tool.poetry-aiops.hardware.variants]
small = "cpu"
large = "cu126"
""")
LOCK = """
[metadata]
lock-version = "2.1"
python-versions = "^3.11"
content-hash = "0"
"""
PACKAGE = """
[[package]]
name = "torch"
version = "{}"
description = ""
optional = true
python-versions = ">=3.11"
groups = ["{}"]
files = []
"""
GTX_1080 = "linux-x86_64,driver=580.65.06,cc=6.1"


def variant_for(spec: str, small: str, large: str) -> str | None:
    text = PACKAGE.format(small, "small") + PACKAGE.format(large, "large") + LOCK
    project = project_from(PROJECT, Path("pyproject.toml"))
    lock = lock_from(tomllib.loads(text), Path("poetry.lock"))
    request = GraphRequest(Path("pyproject.toml"), target=spec)
    return requested_scope(request, project, lock, PROJECT).scope.variant


def test_extras_that_are_named_are_the_only_ones_none_for_an_empty_name_and_all_without_the_option() -> None:
    document = tomllib.loads(
        '[project]\nname = "app"\nversion = "1"\n[project.optional-dependencies]\na = ["torch"]\nb = ["torch"]\n'
    )
    project = project_from(document, Path("pyproject.toml"))
    lock = lock_from(tomllib.loads(LOCK), Path("poetry.lock"))
    for asked, extras in (((), None), (("a",), ("a",)), (("b a",), ("a", "b")), (("",), ())):
        request = GraphRequest(Path("pyproject.toml"), extras=asked)
        assert requested_scope(request, project, lock, document).scope.extras == extras


def test_each_variant_is_judged_by_the_torch_that_is_locked_for_it() -> None:
    assert variant_for(GTX_1080, "2.6.0+cpu", "2.6.0+cu126") == "large (cu126)"
    assert variant_for(GTX_1080, "2.6.0+cpu", "2.99.0+cu126") == "small (cpu)"
    assert variant_for(GTX_1080, "2.99.0+cpu", "2.6.0+cu126") == "large (cu126)"
