from __future__ import annotations

from dataclasses import replace

from tests.unit.health.health_hostile import hostile
from tests.unit.health.health_sample import blind, clean, sample

from poetry_aiops.health.report.formats import text_of_several
from poetry_aiops.health.report.markdown import LARGEST, health_markdown


def test_the_summary_begins_with_the_judgement() -> None:
    assert health_markdown(sample()).startswith("## ❌ Health of demo-app: failed: 5 violations")
    assert health_markdown(clean()).startswith("## ✅ Health of demo-app: passed")
    assert health_markdown(blind()).startswith("## ⚠️ Health of demo-app: inconclusive: ")


def test_advisories_are_links_and_fixes_are_shown_as_a_diff() -> None:
    text = health_markdown(sample())

    assert "[GHSA-53q9-r3pm-6pq6](<https://advisories.example/1>)" in text
    assert '```diff\n  -version = "2.11.3"\n  +version = "3.1.6"\n  ```' in text


def test_a_summary_that_github_would_drop_is_cut_and_says_so() -> None:
    report = hostile("w" * 590)
    whole = replace(report, packages=report.packages * 2000)

    text = health_markdown(whole)

    assert len(text.encode()) <= LARGEST
    assert "rows were left out to keep this summary short" in text


def test_even_a_tiny_limit_is_kept_with_a_word() -> None:
    text = health_markdown(sample(), largest=900)

    assert len(text.encode()) <= 900
    assert "left out" in text


def test_the_summaries_of_several_projects_fit_together() -> None:
    report = hostile("w" * 590)
    many = [replace(report, packages=report.packages * 300)] * 3
    assert len(text_of_several(many, "markdown").encode()) <= LARGEST


def test_it_says_what_to_do_now() -> None:
    assert "**What to do now:** `poetry health --fix --dry-run`" in health_markdown(
        replace(sample(), fixes=())
    )


def test_nothing_unknown_looks_good() -> None:
    assert "✅" not in health_markdown(blind())
