"""Which build of a framework lies in an environment, told from its files without importing it."""

from __future__ import annotations
