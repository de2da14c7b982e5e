"""The read model: pyproject.toml and poetry.lock as frozen values, and the machines that markers are read for."""

from __future__ import annotations
