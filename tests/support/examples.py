"""How many examples a property is tried with."""

from __future__ import annotations

from hypothesis import settings


MORE = 20
"""How many times as many examples `make test-random` tries as `make test`, which tries the same each time."""


def examples(number: int) -> settings:
    """Return the settings of a property that `make test` tries with so many examples."""
    return settings(max_examples=number if settings().derandomize else number * MORE)
