"""Which version a package with findings needs, and what is proposed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.unit.health.facts import NOW, lock_of, project_of, records, release
from tests.unit.health.osv import record as osv

from poetry_aiops.health.advisory import Advisory, AdvisorySource
from poetry_aiops.health.blockers import Search
from poetry_aiops.health.certificate import Ground
from poetry_aiops.health.currency import CurrencyOf
from poetry_aiops.health.feed import FeedAnswer, Lookup
from poetry_aiops.health.fixes import FixTarget, ProposedFix, folded, propose, wanted_fixes, without
from poetry_aiops.health.osv_records import read_record
from poetry_aiops.health.security import Feeds, audit
from poetry_aiops.index.records import Cooldown


if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from poetry_aiops.health.advisory import Audit
    from poetry_aiops.health.feed import QueriedPackage
    from poetry_aiops.index.release_records import Release
    from poetry_aiops.project.model import Package


class Told:
    """A source of advisories that knows these records."""

    def __init__(self, *documents: dict[str, Any]) -> None:
        read = [read_record(one, "test", NOW) for one in documents]
        self.advisories = tuple(one for one in read if isinstance(one, Advisory))

    def look_up(self, subjects: Sequence[QueriedPackage]) -> Lookup:
        answer = FeedAnswer(self.advisories)
        return Lookup(AdvisorySource("told"), dict.fromkeys(subjects, answer))


NO_COOLDOWN = Cooldown()


def proposed(
    *releases: Release,
    reported: Told,
    cooldown: Cooldown = NO_COOLDOWN,
    asked: str = "demo",
    python: str = ">=3.10,<4.0",
    ignored: str = "",
) -> ProposedFix:
    lock = lock_of("demo 1.0", python)
    ground = Ground(lock, project_of(asked, python=python))

    def audit_of(packages: Sequence[Package]) -> Audit:
        found = audit(packages, Feeds(snapshot=reported))
        return without(found, [one for one in found.findings if one.id == ignored])

    look = CurrencyOf(lock, ground.demands, cooldown, NOW)
    findings = audit_of(lock.packages).findings
    known = records(demo=(release("1.0", "2024-01-01"), *releases))
    wanted = wanted_fixes(lock.packages, findings, known, look, audit_of)
    search = Search(ground, lambda *_: (), lambda _: ())
    (only,) = propose(wanted, search, cooldown)
    return only


def before(version: str, identity: str = "GHSA-1") -> dict[str, Any]:
    return osv(identity, "demo", {"introduced": "0"}, {"fixed": version})


def test_the_smallest_version_that_no_advisory_is_about_is_proposed() -> None:
    fix = proposed(release("1.1"), release("1.2"), release("2.0"), reported=Told(before("1.2")))
    assert (fix.to_version, fix.how, fix.certified) == ("1.2", "pin", True)
    assert fix.safe == ("1.2", "2.0")


def test_a_version_that_fixes_one_advisory_and_has_another_is_no_fix() -> None:
    other = osv("GHSA-2", "demo", {"introduced": "1.2"}, {"fixed": "1.3"})
    fix = proposed(release("1.2"), release("1.3"), reported=Told(before("1.2"), other))
    assert fix.to_version == "1.3"


def test_yanked_and_preliminary_versions_and_those_for_other_pythons_are_passed_over() -> None:
    fix = proposed(
        release("1.1", yanked="broken"),
        release("1.2rc1"),
        release("1.2", requires_python=">=3.12"),
        release("1.3"),
        reported=Told(before("1.1")),
    )
    assert fix.to_version == "1.3"


def test_without_any_usable_version_the_reason_is_told() -> None:
    fix = proposed(release("1.2", requires_python=">=3.12"), reported=Told(before("1.2")))
    assert (fix.how, fix.to_version) == ("blocked", "")
    assert fix.blockers == ("every newer release is excluded: needs another Python",)


def test_what_no_release_fixes_is_told() -> None:
    fix = proposed(release("1.2"), reported=Told(osv("GHSA-1", "demo", {"introduced": "0"})))
    assert (fix.how, fix.blockers) == ("blocked", ("no newer release is free of known advisories",))


def test_of_two_advisories_the_one_that_can_be_fixed_is() -> None:
    hopeless = osv("GHSA-2", "demo", {"introduced": "0"})
    fix = proposed(release("1.1"), release("1.2"), reported=Told(before("1.2"), hopeless))
    assert (fix.to_version, fix.advisories, fix.left) == ("1.2", ("GHSA-1",), ("GHSA-2",))


def test_an_ignored_advisory_does_not_stand_in_the_way_of_others() -> None:
    hopeless = osv("GHSA-2", "demo", {"introduced": "0"})
    fix = proposed(release("1.2"), reported=Told(before("1.2"), hopeless), ignored="GHSA-2")
    assert (fix.to_version, fix.advisories, fix.left) == ("1.2", ("GHSA-1",), ())


def test_a_version_in_the_cooldown_is_proposed_as_an_exception_and_not_taken() -> None:
    fix = proposed(
        release("1.2", f"{NOW - timedelta(days=2):%Y-%m-%d}"),
        reported=Told(before("1.2")),
        cooldown=Cooldown(7, frozenset({"other"})),
    )
    assert (fix.how, fix.to_version) == ("blocked", "1.2")
    assert fix.blockers == ("demo 1.2 is younger than solver.min-release-age = 7 days",)
    assert "POETRY_SOLVER_MIN_RELEASE_AGE_EXCLUDE=demo,other poetry health --fix" in fix.exception


def test_an_older_fix_is_taken_before_one_in_the_cooldown() -> None:
    young = release("1.2", f"{NOW - timedelta(days=2):%Y-%m-%d}")
    fix = proposed(young, release("1.3", "2025-01-01"), reported=Told(before("1.2")), cooldown=Cooldown(7))
    assert (fix.how, fix.to_version, fix.exception) == ("pin", "1.3", "")


def test_a_larger_version_is_taken_where_a_constraint_excludes_the_smallest() -> None:
    fix = proposed(release("1.2"), release("1.3"), reported=Told(before("1.2")), asked="demo!=1.2")
    assert (fix.how, fix.to_version) == ("pin", "1.3")


def test_a_constraint_in_pyproject_makes_an_edit() -> None:
    fix = proposed(release("2.0"), reported=Told(before("2.0")), asked="demo>=1,<2")
    assert (fix.how, fix.edit) == ("edit", '[project] dependencies: demo ">=1,<2" -> ">=2.0,<3.0"')


def test_a_version_that_could_not_be_audited_is_no_fix_and_is_named() -> None:
    reported = Told(before("1.2"))
    lock = lock_of("demo 1.0")
    findings = audit(lock.packages, Feeds(snapshot=reported)).findings
    look = CurrencyOf(lock, Ground(lock, project_of("demo")).demands, NO_COOLDOWN, NOW)

    def wanted(*versions: str, blind: frozenset[str]) -> FixTarget:
        def audit_of(asked: Sequence[Package]) -> Audit:
            seen = audit(asked, Feeds(snapshot=reported))
            unseen = {one.key: one for one in audit(asked, Feeds()).packages}
            packages = (unseen[one.key] if one.version in blind else one for one in seen.packages)
            return replace(seen, packages=tuple(packages))

        known = records(demo=tuple(map(release, ("1.0", *versions))))
        (found,) = wanted_fixes(lock.packages, findings, known, look, audit_of)
        return found

    nothing = wanted("1.2", blind=frozenset({"1.2"}))
    assert nothing.safe == ()
    assert nothing.problem.startswith("1 newer release from 1.2 on could not be audited: no advisory source")

    larger = wanted("1.2", "1.3", "1.4", blind=frozenset({"1.2", "1.4"}))
    assert larger.safe == ("1.3",)
    assert larger.doubt.startswith("1 newer release from 1.2 on could not be audited")
    assert wanted("1.2", "1.3", blind=frozenset({"1.3"})).doubt == ""


def test_builds_of_one_version_aim_at_a_version_that_all_of_them_have() -> None:
    lock = lock_of("demo 1.0+cpu\ndemo 1.0+cu126")
    reported = Told(before("1.1"))
    findings = audit(lock.packages, Feeds(snapshot=reported)).findings
    look = CurrencyOf(lock, Ground(lock, project_of("demo")).demands, NO_COOLDOWN, NOW)
    offered = ("1.0+cpu", "1.0+cu126", "1.1+cpu", "1.2+cpu", "1.2+cu126")
    known = records(demo=tuple(release(version) for version in offered))
    wanted = wanted_fixes(
        lock.packages, findings, known, look, lambda asked: audit(asked, Feeds(snapshot=reported))
    )
    assert [one.safe for one in wanted] == [("1.2+cpu",), ("1.2+cu126",)]


def test_the_builds_of_one_version_are_told_as_one_fix() -> None:
    def of(version: str, target: str, *advisories: str) -> ProposedFix:
        key = ("jaxlib", version, ("", "", ""))
        diff = (f"- jaxlib {version}", f"+ jaxlib {target}")
        return ProposedFix(key, "jaxlib", version, target, advisories, "pin", diff=diff)

    cpu, gpu = of("0.4+cpu", "0.5+cpu", "T-1"), of("0.4+cuda12", "0.5+cuda12", "T-1")
    old = of("0.3+rocm", "0.5+rocm", "T-1", "T-2")
    one, other = folded([cpu, old, gpu])
    assert (one.from_version, one.to_version, one.advisories) == ("0.4", "0.5", ("T-1",))
    assert one.diff == (*cpu.diff, *gpu.diff)
    assert other == old
