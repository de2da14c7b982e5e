"""Backups, and the exchange of several files as one."""
