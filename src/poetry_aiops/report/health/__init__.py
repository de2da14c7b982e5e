"""A health report as text, page and documents."""
