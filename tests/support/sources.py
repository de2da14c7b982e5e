"""The modules of the plugin as syntax trees, each parsed once for all tests that read them."""

from __future__ import annotations

import ast
import gc
from functools import cache
from pathlib import Path

import poetry_aiops


SOURCE = Path(poetry_aiops.__file__).parent


@cache
def trees() -> dict[Path, ast.Module]:
    """Return the syntax tree of each module, sorted by path; no garbage collection goes through them."""
    gc.disable()
    try:
        return {path: ast.parse(path.read_text("utf-8")) for path in sorted(SOURCE.rglob("*.py"))}
    finally:
        gc.freeze()
        gc.enable()
