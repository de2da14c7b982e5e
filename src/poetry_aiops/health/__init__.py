"""How healthy the locked packages are: advisories, metrics, score, gate, history. Everything here is pure."""

from __future__ import annotations
