"""Hardware-aware dependency management for AI/ML projects, as a Poetry plugin."""

from __future__ import annotations


def __getattr__(name: str) -> str:
    if name == "__version__":
        from importlib.metadata import version

        return version("poetry-aiops")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
