"""The rules of each family of builds: which ones a host can run, and why not the others."""

from __future__ import annotations
