"""One small file per source of facts: how it is read, and a parser that takes any text."""

from __future__ import annotations
