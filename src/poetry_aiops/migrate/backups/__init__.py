"""Backups of a migration: what they hold, and the script that puts them back."""
