"""Files for those who do not use Poetry: requirements, constraints, pylock and wheelhouse, in step with poetry.lock."""

from __future__ import annotations
