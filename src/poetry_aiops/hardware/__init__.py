"""The machine and what it can run: probes, the dated catalogue of facts, and the choice of a build."""

from __future__ import annotations
