"""Runs of ``poetry migrate-reqs``: the migration, and the way back."""
