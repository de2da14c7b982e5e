"""The only input and output, and the only place that touches Poetry's internals."""
