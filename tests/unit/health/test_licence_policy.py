"""Licences that a project accepts."""

from __future__ import annotations

from tests.support.every import for_each
from tests.unit.health.locked import locked

from poetry_aiops.health.licence_policy import LicencePolicy, refused_licences, unknown_licences
from poetry_aiops.index.licences import Licence


@for_each(
    ("expression", "allow", "deny", "accepted"),
    [
        ("MIT", {"mit"}, set(), True),
        ("ISC", {"mit"}, set(), False),
        ("MIT OR GPL-3.0-only", {"mit"}, set(), True),
        ("MIT AND GPL-3.0-only", {"mit"}, set(), False),
        ("MIT AND (ISC OR GPL-3.0-only)", {"mit", "isc"}, set(), True),
        ("(MIT AND GPL-2.0-only) OR ISC", {"mit"}, set(), False),
        ("GPL-3.0-or-later", set(), {"gpl-3.0"}, False),
        ("LGPL-3.0-only", set(), {"gpl-3.0"}, True),
        ("GPL-2.0+", set(), {"gpl-2.0"}, False),
        ("AGPL-3.0-only OR MIT", set(), {"agpl-3.0"}, True),
        ("AGPL-3.0-only", {"agpl-3.0"}, {"agpl-3.0"}, False),
        ("GPL-2.0-only WITH Classpath-exception-2.0", {"gpl-2.0-only with classpath-exception-2.0"}, set(), True),
        ("GPL-2.0-only WITH Classpath-exception-2.0 AND ISC", {"gpl-2.0"}, set(), False),
        ("ISC", set(), set(), True),
    ],
)  # fmt: skip
def test_an_expression_passes_when_one_way_through_it_is_accepted(
    expression: str, allow: set[str], deny: set[str], accepted: bool
) -> None:
    assert LicencePolicy(frozenset(allow), frozenset(deny)).accepts(expression) is accepted


def test_what_is_refused_is_named_once_and_what_is_unknown_is_open() -> None:
    apple, plum, fig, kiwi = (locked(name, "1.0") for name in ("apple", "plum", "fig", "kiwi"))
    licences = {
        apple.key: Licence("MIT", "License"),
        plum.key: Licence("ISC", "License"),
        fig.key: Licence(reason="it says nothing"),
        kiwi.key: Licence(reason="it says nothing"),
    }
    packages = (apple, plum, plum, fig, kiwi)

    (refused,) = refused_licences(packages, licences, LicencePolicy(frozenset({"mit"})))
    (question,) = unknown_licences(packages, licences)

    assert (refused.package, refused.expression) == ("plum", "ISC")
    assert question.packages == {"fig", "kiwi"}
    assert question.text == "licences: 2 packages (fig, kiwi): it says nothing"
