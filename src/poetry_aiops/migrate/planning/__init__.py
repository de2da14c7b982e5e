"""From what was read to what will be written: roles, groups, sources, settings, pins."""
