"""The graph in each format."""
