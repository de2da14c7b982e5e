"""Hardware-aware dependency management for AI/ML projects, as a Poetry plugin."""

from __future__ import annotations


def __getattr__(name: str) -> str:
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - read only when somebody asks

        return version("poetry-aiops")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
