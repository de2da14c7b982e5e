"""A health report in each format."""
