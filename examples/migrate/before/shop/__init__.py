"""A shop that recommends, before it moved to Poetry."""
