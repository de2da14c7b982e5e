"""Facts with their source and date, JSON schemas, and the programs that run inside the user's environments."""

from __future__ import annotations
