from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.every import for_each
from tests.unit.health.facts import NOW, records, release
from tests.unit.health.locked import locked
from tests.unit.health.osv import listed, record

from poetry_aiops.health.advisory import Advisory, AdvisorySource, Severity, Status
from poetry_aiops.health.applicability import LEFT_OUT, Origins, host_of
from poetry_aiops.health.feed import FeedAnswer, Lookup, QueriedPackage
from poetry_aiops.health.findings import released_fixes
from poetry_aiops.health.gate import GateFacts, Rules, judge
from poetry_aiops.health.osv_records import read_record
from poetry_aiops.health.score import security_metric
from poetry_aiops.health.security import NAMESAKE, Feeds, audit
from poetry_aiops.project.model import PackageSource


if TYPE_CHECKING:
    from collections.abc import Sequence

    from poetry_aiops.health.advisory import Audit, PackageAudit
    from poetry_aiops.project.model import Package


HOST = "download.pytorch.org"
PRIVATE = PackageSource("legacy", "https://user:secret@index.corp.example/simple", "corp")
PUBLIC = PackageSource("legacy", f"https://{HOST}/whl/cpu", "pytorch-cpu")
GIT = PackageSource("git", "https://git.example/demo.git", "main")
FOLDER = PackageSource("directory", "../demo")
LOW = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"}]
CRITICAL = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]


@dataclass
class Feed:
    """Knows some records and remembers what it was asked."""

    records: tuple[dict[str, Any], ...] = ()
    confirmed: frozenset[str] = frozenset()
    failures: dict[str, str] = field(default_factory=dict)
    mute: frozenset[str] = frozenset()
    problem: str | None = None
    asked: list[QueriedPackage] = field(default_factory=list)

    def look_up(self, subjects: Sequence[QueriedPackage]) -> Lookup:
        self.asked += subjects
        answers = {one: self._answer(one) for one in subjects if one.name not in self.mute}
        return Lookup(AdvisorySource("test", problem=self.problem), answers)

    def _answer(self, subject: QueriedPackage) -> FeedAnswer:
        read = [read_record(one, "test", NOW) for one in self.records]
        known = tuple(one for one in read if isinstance(one, Advisory) and subject.name in one.packages)
        return FeedAnswer(known, self.confirmed, self.failures.get(subject.name))


def one(package: Package, feeds: Feeds, **more: Any) -> PackageAudit:
    (audited,) = audit([package], feeds, **more).packages
    return audited


def score(result: Audit, *selections: str) -> float | None:
    """Return S; ``selections`` are groups that can be installed together, as text with blanks."""
    whole = frozenset(group for package in result.packages for group in package.groups)
    chosen = [frozenset(one.split()) for one in selections] or [whole]
    return security_metric(result, result.findings, chosen).score


def test_a_package_without_advisories_is_audited() -> None:
    result = audit([locked("demo", "1.0")], Feeds(service=Feed()))
    assert (score(result), result.coverage, result.complete) == (100.0, 100.0, True)


def test_without_a_source_every_package_fails() -> None:
    result = audit([locked("demo", "1.0")], Feeds())
    assert result.packages[0].status is Status.FAILED
    assert (score(result), result.coverage, result.complete) == (None, 0.0, False)


def test_a_package_that_the_source_does_not_answer_for_fails() -> None:
    result = audit([locked("demo", "1.0"), locked("other", "1.0")], Feeds(Feed(mute=frozenset({"demo"}))))
    assert [package.status for package in result.packages] == [Status.FAILED, Status.AUDITED]
    assert result.packages[0].reason == "the advisory source gave no answer for it"
    assert result.coverage == 50.0
    assert result.problems == ("1 of 2 packages could not be audited",)


def test_a_failed_package_keeps_what_is_known() -> None:
    package = one(locked("demo", "1.0"), Feeds(Feed((record("T-1"),), failures={"demo": "half of it came"})))
    assert (package.status, package.reason) == (Status.FAILED, "half of it came")
    assert [finding.id for finding in package.findings] == ["T-1"]


def test_a_record_that_cannot_be_read_in_full_leaves_its_package_failed() -> None:
    broken = record("T-1", "demo")
    broken["affected"][0]["ranges"] = "all"
    package = one(locked("demo", "1.0"), Feeds(Feed((broken,))))
    assert package.status is Status.FAILED
    assert package.reason == "T-1 cannot be read in full: ranges must be a list, but is text"


def test_a_source_with_a_problem_makes_the_audit_incomplete() -> None:
    result = audit([locked("demo", "1.0")], Feeds(snapshot=Feed(problem="it is 90 days old")))
    assert not result.complete
    assert result.problems == ("test: it is 90 days old",)


def test_withdrawn_records_are_told_apart_and_never_count() -> None:
    package = one(locked("demo", "1.0"), Feeds(Feed((record("T-1", withdrawn="2024-01-01T00:00:00Z"),))))
    assert package.findings == ()
    assert [(finding.id, finding.withdrawn) for finding in package.withdrawn] == [
        ("T-1", "2024-01-01T00:00:00Z")
    ]


def test_a_withdrawn_twin_of_a_living_record_is_not_told_again() -> None:
    twins = (
        record("T-1", aliases=["CVE-1"]),
        record("T-2", aliases=["T-1"], withdrawn="2024-01-01T00:00:00Z"),
        record("T-1"),
    )
    package = one(locked("demo", "1.0"), Feeds(Feed(twins)))
    assert [finding.id for finding in package.findings] == ["T-1"]
    assert [finding.id for finding in package.withdrawn] == ["T-2"]


def test_aliases_fold_into_one_finding_with_the_worst_rating_and_fixes_that_all_accept() -> None:
    records = (
        record("GHSA-1", "demo", {"introduced": "0"}, {"fixed": "1.5"}, aliases=["CVE-1"], severity=LOW),
        record(
            "PYSEC-1", "demo", {"introduced": "0"}, {"fixed": "1.6"}, aliases=["CVE-1"], severity=CRITICAL
        ),
    )
    (finding,) = one(locked("demo", "1.0"), Feeds(Feed(records))).findings
    assert (finding.id, finding.aliases) == ("PYSEC-1", ("GHSA-1", "CVE-1"))
    assert finding.records == ("PYSEC-1", "GHSA-1")
    assert finding.severity is Severity.CRITICAL
    assert finding.fixed_in == ("1.6",)
    assert finding.names == {"PYSEC-1", "GHSA-1", "CVE-1"}


def test_what_the_service_confirms_counts_even_where_the_record_says_otherwise() -> None:
    feed = Feed((record("T-1", "demo", {"introduced": "2"}),), confirmed=frozenset({"T-1"}))
    (finding,) = one(locked("demo", "1.0"), Feeds(feed)).findings
    assert "calls this version affected" in finding.notes[-1]


def test_a_locked_version_that_is_none_fails_only_where_advisories_know_the_package() -> None:
    feed = Feed((listed("T-1", "odd", "2013-x"),))
    assert one(locked("odd", "2013-y"), Feeds(feed)).status is Status.FAILED
    assert one(locked("odd", "2013-x"), Feeds(feed)).findings
    assert one(locked("fine", "2013-y"), Feeds(feed)).status is Status.AUDITED


# -- where packages come from ---------------------------------------------------------------------------


def test_a_private_name_is_never_sent_and_fails_where_nothing_lies_on_this_machine() -> None:
    service = Feed((record("T-1"),))
    package = one(locked("demo", "1.0", source=PRIVATE), Feeds(service))
    assert service.asked == []
    assert package.status is Status.FAILED
    assert 'the source "corp"' in package.reason
    assert "--update-advisories" in package.reason
    assert "secret" not in str(package.reason)


def test_a_private_package_is_compared_on_this_machine() -> None:
    service, snapshot = Feed(), Feed((record("T-1"),))
    result = audit([locked("demo", "1.0", source=PRIVATE), locked("open", "1.0")], Feeds(service, snapshot))
    assert [subject.name for subject in service.asked] == ["open"]
    assert [finding.id for finding in result.findings] == ["T-1"]
    assert result.coverage == 100.0


def test_a_known_public_source_and_a_mirror_that_is_named_public_are_asked_about() -> None:
    service = Feed()
    packages = [locked("torch", "2.1.0+cpu", source=PUBLIC), locked("demo", "1.0", source=PRIVATE)]
    origins = Origins(public_hosts=frozenset({HOST}), public_sources=frozenset({"corp"}))
    assert audit(packages, Feeds(service), origins).coverage == 100.0
    assert service.asked == [QueriedPackage("torch", "2.1.0"), QueriedPackage("demo", "1.0")]


@pytest.mark.parametrize(
    ("public", "asked"),
    [
        (frozenset(), []),
        (frozenset({"mirror"}), []),
        (frozenset({"pypi"}), [QueriedPackage("demo", "1.0")]),
        (frozenset({"mirror.example"}), [QueriedPackage("demo", "1.0")]),
    ],
)
def test_what_an_index_in_place_of_the_public_one_serves_is_not_sent_unless_it_is_declared_public(
    public: frozenset[str], asked: list[QueriedPackage]
) -> None:
    service = Feed()
    origins = Origins(frozenset({HOST}), public, {"pypi": "https://mirror.example/simple"})
    result = audit([locked("demo", "1.0")], Feeds(service), origins)
    assert service.asked == asked
    assert (result.packages[0].status is Status.AUDITED) == bool(asked)
    if not asked:
        assert "not sent, as mirror.example" in result.packages[0].reason
        compared = audit([locked("demo", "1.0")], Feeds(service, Feed((record("T-1"),))), origins)
        assert [finding.id for finding in compared.findings] == ["T-1"]
        assert service.asked == []


def test_a_source_whose_address_was_changed_after_locking_is_not_public() -> None:
    service = Feed()
    package = locked("torch", "2.1.0", source=PUBLIC)
    assert package.source is not None
    moved = {(package.source.reference or "").lower(): "https://mirror.example/whl"}
    audit([package], Feeds(service), Origins(frozenset({HOST}), addresses=moved))
    assert service.asked == []


def test_a_local_folder_is_not_applicable() -> None:
    result = audit([locked("demo", "1.0", source=FOLDER)], Feeds(Feed(), Feed((record("T-1"),))))
    assert result.packages[0].status is Status.NOT_APPLICABLE
    assert (result.coverage, score(result)) == (None, None)
    assert result.blind == "no advisory can cover these packages"


def test_a_git_package_is_compared_on_this_machine_or_not_applicable() -> None:
    package = locked("demo", "1.0", source=GIT)
    assert one(package, Feeds(Feed())).status is Status.NOT_APPLICABLE
    compared = one(
        package, Feeds(Feed(), Feed((record("T-1", "demo", {"introduced": "0"}, {"fixed": "99"}),)))
    )
    assert compared.status is Status.AUDITED
    assert [finding.id for finding in compared.findings] == ["T-1"]
    assert "a git repository" in compared.notes[0]


@for_each(
    ("url", "host"),
    [
        ("https://Index.Example/simple", "index.example"),
        ("https://user:pass@index.example:8080/x", "index.example"),
        ("https://index.example@evil.example/", "evil.example"),
        ("https://evil.example/?@index.example", "evil.example"),
        ("http://[::1]:80/", "[::1]"),
        ("git@github.com:x/y.git", ""),
        ("../folder", ""),
    ],
)
def test_the_host_of_an_address_is_the_one_that_is_asked(url: str, host: str) -> None:
    assert host_of(url) == host


# -- the score ------------------------------------------------------------------------------------------


def test_each_finding_takes_its_share_and_development_only_half_of_it() -> None:
    feed = Feed((record("T-1", "demo", severity=CRITICAL), record("T-2", "demo", severity=LOW)))
    dev = frozenset({"dev", "test"})
    main = audit([locked("demo", "1.0", groups=("main", "dev"))], Feeds(feed), dev_groups=dev)
    only = audit([locked("demo", "1.0", groups=("dev", "test"))], Feeds(feed), dev_groups=dev)
    old = audit([locked("demo", "1.0", groups=None, category="dev")], Feeds(feed), dev_groups=dev)
    assert score(main) == pytest.approx(100 * 0.5 * 0.97)
    assert score(only) == pytest.approx(100 * 0.75 * 0.985)
    assert score(old) == score(only)
    assert [finding.dev_only for finding in only.findings] == [True, True]


def test_an_unknown_severity_weighs_a_tenth() -> None:
    assert score(audit([locked("demo", "1.0")], Feeds(Feed((record("T-1"),))))) == pytest.approx(90)


def test_an_empty_lock_has_no_score() -> None:
    result = audit([], Feeds(Feed()))
    assert (score(result), result.coverage, result.blind) == (None, None, "the lock holds no packages")


# -- several builds of one package ---------------------------------------------------------------------------


def build(version: str, group: str) -> Package:
    source = PackageSource("legacy", f"https://{HOST}/whl/{group}", group)
    return locked("jaxlib", version, groups=(group,), source=source)


def test_one_advisory_over_several_builds_is_one_finding() -> None:
    builds = [build(f"0.4.30+{group}", group) for group in ("cpu", "cuda12", "rocm")]
    feed = Feed((record("T-1", "jaxlib", {"introduced": "0"}, {"fixed": "0.4.31"}, severity=CRITICAL),))
    result = audit([locked("demo", "1.0"), *builds], Feeds(feed), Origins(frozenset({HOST})))
    (found,) = result.findings
    assert (found.version, found.groups, found.fixed_in) == ("0.4.30", ("cpu", "cuda12", "rocm"), ("0.4.31",))
    assert found.builds == tuple(one.key for one in builds)
    assert score(result) == score(result, "main cpu", "main rocm") == pytest.approx(50)
    metric = security_metric(result, result.findings, [frozenset({"main", "cpu"})])
    assert dict(metric.inputs) == {"findings": 1, "failed": 0, "critical": 1}
    facts = GateFacts((metric,), result.findings)
    assert [one.message for one in judge(Rules(), facts).violations] == ["jaxlib 0.4.30: T-1 (critical)"]


def test_builds_of_unlike_versions_share_what_they_have_in_common() -> None:
    old, new = build("0.4.20+cpu", "cpu"), build("0.4.30+cuda12", "cuda12")
    feed = Feed(
        (
            record("GHSA-1", "jaxlib", {"introduced": "0"}, {"fixed": "0.4.21"}, aliases=["CVE-7"]),
            record("PYSEC-2", "jaxlib", {"introduced": "0.4.25"}, {"fixed": "0.4.31"}, aliases=["CVE-7"]),
            record("T-3", "jaxlib", {"introduced": "0"}, {"fixed": "0.4.22"}, severity=CRITICAL),
        )
    )
    result = audit([old, new], Feeds(feed), Origins(frozenset({HOST})))
    shared, alone = sorted(result.findings, key=lambda one: len(one.builds), reverse=True)
    assert shared.id == "PYSEC-2"
    assert shared.names == {"PYSEC-2", "GHSA-1", "CVE-7"}
    assert (shared.version, shared.fixed_in) == ("0.4.20, 0.4.30", ("0.4.31",))
    assert (alone.id, alone.version, alone.groups) == ("T-3", "0.4.20+cpu", ("cpu",))


def test_the_score_is_that_of_the_worst_selection_without_what_is_ignored() -> None:
    packages = [
        build("0.4.20+cpu", "cpu"),
        build("0.4.30+cuda12", "cuda12"),
        locked("runtime", "1.0", groups=("cuda12",)),
        locked("demo", "1.0", groups=("main",)),
    ]
    feed = Feed(
        (
            record("T-1", "jaxlib", severity=LOW),
            record("T-2", "jaxlib", {"introduced": "0"}, {"fixed": "0.4.25"}, severity=CRITICAL),
            record("T-3", "runtime", severity=CRITICAL),
            record("T-4", "runtime", severity=LOW),
            record("T-5", "demo", severity=LOW),
        )
    )
    result = audit(packages, Feeds(feed), Origins(frozenset({HOST})))
    variants = ("main cpu", "main cuda12")
    assert score(result, variants[0]) == pytest.approx(100 * 0.97 * 0.5 * 0.97)
    assert score(result, variants[1]) == score(result, *variants) == pytest.approx(100 * 0.97**3 * 0.5)
    counted = [one for one in result.findings if one.id not in {"T-3", "T-4"}]
    left = security_metric(result, counted, [frozenset(one.split()) for one in variants])
    assert left.score == score(result, variants[0])


def test_an_environment_without_variants_holds_one_build_of_a_name() -> None:
    packages = [locked("demo", "1.0"), locked("demo", "2.0")]
    feed = Feed(
        (
            record("T-1", "demo", {"introduced": "0"}, {"fixed": "1.5"}, severity=CRITICAL),
            record("T-2", "demo", {"introduced": "1.6"}, severity=LOW),
        )
    )
    assert score(audit(packages, Feeds(feed))) == pytest.approx(50)


URL = PackageSource("url", "https://files.example/demo-1.0.zip")
FILE = PackageSource("file", "../demo-1.0.zip")


@pytest.mark.parametrize("source", [GIT, URL, FILE, PRIVATE])
def test_malware_of_the_public_index_is_not_a_package_from_elsewhere(source: PackageSource) -> None:
    malware = record("MAL-1"), record("GHSA-x", aliases=["MAL-2"])
    audited = one(locked("demo", "1.0", source=source), Feeds(snapshot=Feed(malware)))

    assert (audited.status, audited.findings) == (Status.AUDITED, ())
    assert [note.split()[0] for note in audited.notes if NAMESAKE in note] == ["MAL-1", "GHSA-x"]


def test_malware_counts_for_public_packages_and_an_advisory_for_those_of_a_private_index() -> None:
    feeds = Feeds(snapshot=Feed((record("MAL-1"),)))
    declared = Origins(public_sources=frozenset({"corp"}))
    assert one(locked("demo", "1.0"), feeds).findings
    assert one(locked("demo", "1.0", source=PRIVATE), feeds, origins=declared).findings
    assert one(locked("demo", "1.0", source=PRIVATE), Feeds(snapshot=Feed((record("T-1"),)))).findings


def test_a_record_about_every_version_says_nothing_about_what_is_no_release_of_an_index() -> None:
    feeds = Feeds(snapshot=Feed((record("T-1"), listed("T-2", "demo", "1.0"))))
    assert [found.id for found in one(locked("demo", "1.0", source=GIT), feeds).findings] == ["T-2"]


def test_a_source_that_the_project_leaves_out_is_not_asked_about_and_shown() -> None:
    service = Feed()
    left_out = one(
        locked("demo", "1.0", source=PRIVATE),
        Feeds(service, Feed((record("T-1"),))),
        origins=Origins(left_out=frozenset({"corp"})),
    )

    assert (left_out.status, service.asked) == (Status.NOT_APPLICABLE, [])
    assert LEFT_OUT in left_out.reason
    private = one(locked("demo", "1.0", source=PRIVATE), Feeds(service))
    assert "POETRY_AIOPS_PUBLIC_SOURCES=corp" in private.reason
    assert 'left-out-sources = ["corp"]' in private.reason
    declared = Origins(public_sources=frozenset({"mirror", "pypi"}))
    again = one(locked("demo", "1.0", source=PRIVATE), Feeds(service), origins=declared)
    assert "POETRY_AIOPS_PUBLIC_SOURCES=corp,mirror,pypi;" in again.reason


@pytest.mark.parametrize(
    ("versions", "fixed"),
    [
        (("2.0", "2.1rc1", "2.1", "3.0"), ("2.1",)),
        (("2.0", "2.1.post1"), ("2.1.post1",)),
        (("1.0", "2.0"), ()),
        ((), ()),
    ],
)
def test_behind_a_last_affected_version_the_next_release_is_the_fix(
    versions: tuple[str, ...], fixed: tuple[str, ...]
) -> None:
    bounded = record("T-1", "demo", {"introduced": "0"}, {"last_affected": "2.0"})
    package = locked("demo", "1.0+cpu")
    result = audit([package], Feeds(service=Feed((bounded,))))
    known = records(demo=tuple(release(version) for version in versions))

    (found,) = released_fixes(result, known, {package.key: package}).findings

    assert found.fixed_in == fixed
    assert not found.is_fix_unknown
    (unasked,) = released_fixes(result, records(), {package.key: package}).findings
    assert unasked.is_fix_unknown


def test_a_yanked_release_is_no_fix_and_a_record_without_an_end_has_none() -> None:
    package = locked("demo", "1.0")
    known = records(demo=(release("2.1", yanked="broken"), release("2.2")))
    for events, fixed in (
        (({"introduced": "0"}, {"last_affected": "2.0"}), ("2.2",)),
        (({"introduced": "0"},), ()),
        (({"introduced": "0"}, {"last_affected": "2.0"}, {"introduced": "2.2"}), ()),
    ):
        result = audit([package], Feeds(service=Feed((record("T-1", "demo", *events),))))
        (found,) = released_fixes(result, known, {package.key: package}).findings
        assert found.fixed_in == fixed
