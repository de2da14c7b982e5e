from __future__ import annotations

from dataclasses import replace

from tests.unit.health.health_hostile import hostile
from tests.unit.health.health_sample import clean, sample

from poetry_aiops.health.monitor import alert_text, look_line


def test_an_alert_tells_the_news_and_how_things_stand() -> None:
    lines = alert_text(sample()).splitlines()

    assert lines[0] == "poetry health of demo-app: 2 pieces of news"
    assert lines[1].startswith("- torch 2.1.0+cu126: GHSA-53q9-r3pm-6pq6 (critical, new in the advisories")
    assert lines[-2].startswith("Now: 3 vulnerabilities: 1 critical, 1 high, 1 of unknown severity")


def test_without_news_there_is_no_alert() -> None:
    assert alert_text(clean()) == ""
    assert look_line(clean()).endswith("gate passed; no news")


def test_a_look_is_one_line_with_its_time() -> None:
    line = look_line(sample())

    assert line.startswith("2026-07-01T12:00:00Z demo-app: 3 vulnerabilities")
    assert "\n" not in line


def test_no_text_of_others_can_call_people_or_become_a_link_in_a_chat() -> None:
    report = replace(hostile("<!channel> @everyone https://evil.example `x` [a](b)"), trend=())
    text = alert_text(report)

    assert text
    assert not {"<", ">", "@", "`", "["} & set(text)
    assert "://" not in text
