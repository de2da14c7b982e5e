from __future__ import annotations

from tests.unit.health.facts import audit_of, finding, lock_of, project_of

from poetry_aiops.health.demands import Demands
from poetry_aiops.health.report.rows import RatedPackages, chains_to, package_rows


LOCK = lock_of("""
    apple 1.0 -> pear >=1
    fig 1.0 -> pear >=1
    lone 1.0
    pear 1.0 -> plum *
    plum 1.0 -> pear *
""")


def test_a_chain_leads_from_a_direct_dependency_to_the_package() -> None:
    chains = chains_to(LOCK.packages, Demands(LOCK, project_of("apple", "fig")))

    assert chains == {"apple": (), "fig": (), "pear": ("apple",), "plum": ("apple", "pear")}


def test_rows_stand_in_lock_order_with_what_was_found() -> None:
    audit = audit_of(finding("apple"))
    rows = package_rows(LOCK.packages, Demands(LOCK, project_of("apple")), RatedPackages(audit=audit))

    assert [row.package.name for row in rows] == ["apple", "fig", "lone", "pear", "plum"]
    assert [row.direct for row in rows] == [True, False, False, False, False]
    assert [row.audit.name if row.audit else None for row in rows] == ["apple", None, None, None, "plum"]
    assert rows[2].via == ()
