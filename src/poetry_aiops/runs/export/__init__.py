"""Runs of ``poetry sync-reqs``, of its automatic form, and of the wheelhouse."""
