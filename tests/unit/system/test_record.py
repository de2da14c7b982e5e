"""A record behaves as the named tuple that type checkers take it for."""

from __future__ import annotations

import pickle
from typing import Any, NamedTuple, cast

import pytest

from poetry_aiops.system.record import Record


class Point(Record):
    """Two numbers and a word."""

    x: int
    y: int = 2
    label: str | None = None

    @property
    def sum(self) -> int:
        """Return both numbers together."""
        return self.x + self.y


class Named(NamedTuple):
    """The same as the standard library makes it."""

    x: int
    y: int = 2
    label: str | None = None


def test_a_record_is_built_compared_and_unpacked_as_a_named_tuple() -> None:
    assert Point(1) == Point(1, 2) == Point(y=2, x=1) == (1, 2, None)
    assert hash(Point(1)) == hash(Named(1))
    x, y, label = Point(4, label="a")
    assert (x, y, label) == (4, 2, "a")
    assert Point(4, 5).sum == 9
    assert Point(1)._replace(label="b")._asdict() == Named(1)._replace(label="b")._asdict()
    assert Point._fields == Named._fields
    assert repr(Point(1)) == repr(Named(1)).replace("Named", "Point")
    assert pickle.loads(pickle.dumps(Point(3))) == Point(3)


@pytest.mark.parametrize(
    ("values", "named"), [((), {}), ((1, 2, None, 4), {}), ((1,), {"x": 1}), ((1,), {"z": 1})]
)
def test_a_field_that_is_missing_unknown_or_twice_is_an_error(
    values: tuple[Any, ...], named: dict[str, Any]
) -> None:
    for made in (Point, Named):
        with pytest.raises(TypeError):
            made(*values, **named)


def test_a_field_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        cast("Any", Point(1)).x = 2
