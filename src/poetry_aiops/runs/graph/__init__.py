"""Runs of ``poetry graph``."""
