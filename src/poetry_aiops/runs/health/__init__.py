"""Runs of ``poetry health``: one look, the fixes, the monitor."""
