"""Files for those who do not use Poetry: requirements, constraints, pylock and wheelhouse, up to date with poetry.lock."""

from __future__ import annotations
