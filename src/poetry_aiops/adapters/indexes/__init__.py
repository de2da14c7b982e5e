"""Package indexes: their pages, their records, their files."""
