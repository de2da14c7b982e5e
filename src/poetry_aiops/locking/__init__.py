"""Exclusive hardware groups: how one poetry.lock holds every variant."""

from __future__ import annotations
