"""Changing several files of a project as one: backup, exchange, undo."""
