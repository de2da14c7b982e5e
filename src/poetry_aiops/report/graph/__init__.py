"""A graph as text, page and documents."""
