"""Runs of ``poetry hw-info``, ``hw-install`` and ``hw-add``."""
