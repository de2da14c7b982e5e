"""The graph page in a real Chromium, from file://: quiet, reachable by keyboard, accessible, inert to hostile text."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.support.graph_pages import hostile_page, large_graph, page_of, small_graph

from poetry_aiops.graph.analysis import analyse


if TYPE_CHECKING:
    from tests.browser.conftest import Opener
    from tests.support.chromium import Page


pytestmark = pytest.mark.slow

VIEWS = ("map", "focus", "overview", "table", "cycles", "removal", "changes", "compare", "advisories")
FOCUSED = "document.activeElement"


def heading(page: Page) -> str:
    return page.text("#detail h2")


def hash_of(page: Page) -> str:
    return str(page.run("location.hash"))


def test_no_view_asks_for_anything_or_complains(open_page: Opener) -> None:
    page = open_page()
    for number in range(1, len(VIEWS) + 1):
        page.press(str(number))
        page.run("new Promise(requestAnimationFrame)")

    assert page.requests() == []
    assert page.complaints() == []


def test_the_policy_holds_against_a_script_that_somebody_adds(open_page: Opener) -> None:
    page = open_page()
    page.run(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.added = 1'}))"
    )
    page.run("fetch('data:text/plain,x').then(() => { window.fetched = 1 }, () => {})")
    page.run(
        "document.body.append(Object.assign(document.createElement('img'), {src: 'data:image/gif;base64,R0lGODlhAQABAAAAACw='}))"
    )

    assert page.run("window.added") is None
    assert page.run("window.fetched") is None
    assert any("Content Security Policy" in text for text in page.complaints())


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_opens_by_its_number_and_from_its_address(open_page: Opener, view: str) -> None:
    page = open_page()
    page.press(str(VIEWS.index(view) + 1))
    assert page.run(f"!document.getElementById('view-{view}').hidden")
    assert view in hash_of(page) or view == "map"

    again = open_page(f"view={view}")
    assert again.run(f"!document.getElementById('view-{view}').hidden")
    assert again.run("document.querySelectorAll('.view:not([hidden])').length") == 1


def test_search_finds_a_package_and_focuses_it(open_page: Opener) -> None:
    page = open_page()
    page.press("/")
    page.type("bytes")
    page.wait("document.querySelectorAll('#hits [role=option]').length === 1")
    page.wait("document.getElementById('say').textContent.includes('1 package found')")
    page.press("Enter")

    assert "pkg=bytes-kit" in hash_of(page)
    assert heading(page) == "bytes-kit"
    assert page.run(f"{FOCUSED}.tagName") == "CANVAS"


def test_search_answers_that_nothing_fits(open_page: Opener) -> None:
    page = open_page()
    page.press("/")
    page.type("no-such-thing")

    page.wait("document.getElementById('say').textContent === 'No package found'")


def test_arrows_walk_along_edges_enter_focuses_and_escape_goes_back(open_page: Opener) -> None:
    page = open_page("pkg=http-core")
    page.run("document.querySelector('#view-focus canvas').focus()")
    page.press("ArrowLeft")
    assert heading(page) == "api"
    page.press("ArrowRight", "ArrowRight")
    assert heading(page) in {"bytes-kit", "speed"}
    page.press("Enter")
    assert "pkg=http-core" not in hash_of(page)
    page.press("Escape")
    page.wait("location.hash.includes('pkg=http-core')")


def test_what_the_keyboard_stands_on_is_announced(open_page: Opener) -> None:
    page = open_page("view=overview")
    page.run("document.querySelector('#view-overview canvas').focus()")
    page.press("ArrowRight")

    page.wait("/needs \\d+, needed by \\d+/.test(document.getElementById('say').textContent)")


def test_table_sorts_filters_and_walks_by_keyboard(open_page: Opener) -> None:
    page = open_page("view=table")
    page.run("document.querySelectorAll('thead button')[6].focus()")
    page.press("Enter")
    assert page.run("document.querySelectorAll('thead th')[6].getAttribute('aria-sort')") == "descending"
    assert page.text("tbody tr:first-child th") == "bytes-kit"
    page.run("document.querySelector('tbody button').focus()")
    page.press("ArrowDown", "Enter")
    assert page.run(f"{FOCUSED}.closest('tr').rowIndex") == 2
    page.run("document.getElementById('table-filter').focus()")
    page.type("cycle")
    page.wait("document.querySelectorAll('tbody tr').length === 1")
    assert page.text("tbody tr th") == "ring-a"


def test_the_table_keeps_only_a_kind(open_page: Opener) -> None:
    page = open_page("view=table&only=orphan")

    assert page.run("[...document.querySelectorAll('tbody th')].map(each => each.textContent)") == ["stray"]


def test_details_tell_versions_groups_constraints_and_why(open_page: Opener) -> None:
    page = open_page("sel=bytes-kit")
    reported = page.text("#detail")

    assert "GHSA-demo" in reported
    assert "fixed in 1.1" in reported
    assert ">=0.9" in reported
    assert page.run("document.querySelectorAll('#detail .paths > li').length") == 4


def test_removal_names_what_goes_and_what_stays(open_page: Opener) -> None:
    page = open_page("view=removal")
    page.run("document.querySelector('.choices input').focus()")
    page.press(" ")

    assert page.text(".big").startswith(
        "5 packages of 12 would go"
    )  # the extra that needs speed is not requested
    assert page.text(".command") == "poetry remove api"
    assert "remove=api" in hash_of(page)


def test_groups_and_variants_narrow_the_graph(open_page: Opener) -> None:
    page = open_page("view=table")
    page.press("g")
    assert page.run(f"{FOCUSED}.type") == "checkbox"
    page.run(
        "[...document.querySelectorAll('#filter-sheet label')].find(each => each.textContent.startsWith('test')).querySelector('input').focus()"
    )
    page.press(" ")
    names = "[...document.querySelectorAll('tbody th')].map(each => each.textContent)"
    assert not {"tester", "plug"} & set(page.run(names))
    page.run("document.querySelector('input[value=\"ml-cpu\"]').click()")
    assert "cuda-runtime" not in page.run(names)
    assert "torch" in page.run(names)
    page.run("document.querySelector('input[value=none]').click()")
    assert "torch" not in page.run(names)


def test_compare_says_what_one_variant_adds_over_another(open_page: Opener) -> None:
    page = open_page("view=compare&a=ml-cu126&b=ml-cpu")

    assert "cuda-runtime" in page.text(".thirds section:nth-child(1)")
    assert "2.9.0+cu126 from pytorch-cu126" in page.text(".thirds section:nth-child(3)")


def test_cycles_say_what_breaks_them(open_page: Opener) -> None:
    page = open_page("view=cycles")

    assert page.run("document.querySelectorAll('.card').length") == 1
    assert "ring-b" in page.text(".card")
    assert "What breaks it" in page.text(".card")


def test_changes_list_what_came_went_and_changed(open_page: Opener) -> None:
    page = open_page("view=changes")
    reported = page.text("#view-changes .side")

    assert "new-thing" in reported
    assert "old-thing" in reported
    assert "1.9 → 2.0" in reported
    page.run("document.querySelector('#view-changes summary').click()")
    assert page.run("document.querySelectorAll('#view-changes .side details:not([open])').length") == 1


def test_the_map_shows_each_direct_dependency_with_the_packages_that_it_brings(open_page: Opener) -> None:
    page = open_page("view=map")

    names = set(
        page.run("[...document.querySelectorAll('.treemap button')].map(each => each.title.split(',')[0])")
    )
    assert {
        "api",
        "http-core",
        "ring-a",
        "torch",
        "cuda-runtime",
        "tester",
        "plug",
        "needed by several",
        "stray",
    } <= names
    page.run("document.querySelector('.treemap button').focus()")
    page.press("ArrowRight", "Enter")
    assert heading(page) != "demo"


def test_families_are_folded_until_one_is_clicked(open_page: Opener) -> None:
    page = open_page("view=map&by=packages", page_of(large_graph(60)))
    shown = "document.querySelectorAll('.treemap button').length"
    assert page.run(shown) == 1
    page.press("1")
    page.press("Enter")
    assert page.run(shown) == 10
    assert "open=package-*" in hash_of(page)


def test_a_package_that_the_lock_does_not_hold_is_said(open_page: Opener) -> None:
    page = open_page("pkg=long-gone")
    assert page.text("#notice") == "Not in this lock: long-gone"
    page.press("/")
    page.type("bytes")
    page.wait("document.querySelectorAll('#hits [role=option]').length === 1")
    page.press("Enter")
    assert page.run("document.getElementById('notice').hidden")

    outside = replace(small_graph(), outside=("colorama",))
    page = open_page("pkg=colorama", page_of(outside))
    assert page.text("#notice") == "Locked, but not in what this page shows: colorama"


def test_a_table_of_five_thousand_rows_opens_at_once_and_walks_to_its_end(open_page: Opener) -> None:
    page = open_page("view=map", page_of(large_graph(5000)))
    spent = page.run(
        "(() => { const begun = performance.now(); location.hash = 'view=table'; return new Promise(done => requestAnimationFrame(() => setTimeout(() => done(performance.now() - begun)))); })()"
    )
    assert spent < 6000  # milliseconds on a busy machine; about 150 on an idle one
    assert page.run("document.querySelectorAll('tbody tr').length") < 100
    page.run("document.querySelector('tbody button').focus()")
    page.press("End")
    assert page.run(f"{FOCUSED}.textContent") == "package-4999"
    page.press("ArrowUp")
    assert page.run(f"{FOCUSED}.closest('tr').getAttribute('aria-rowindex')") == "5000"


@pytest.mark.parametrize("width", [390, 640])
def test_nothing_is_cut_off_in_a_narrow_window(open_page: Opener, width: int) -> None:
    for view in VIEWS:
        page = open_page(f"view={view}&sel=bytes-kit&remove=api")
        page.size(width, 700)
        page.run("new Promise(requestAnimationFrame)")
        assert page.run("document.documentElement.scrollWidth") <= width, view
        assert page.run("document.querySelector('main').getBoundingClientRect().top") < 260, view
        parts = f"[...document.querySelectorAll('#view-{view} > :not([hidden])')]"
        assert page.run(f"{parts}.every((part) => part.offsetHeight > 0)"), view
    page = open_page("view=table")
    page.size(width, 700)
    assert page.run("document.querySelector('#view-table table').offsetWidth") <= width


def test_every_tile_of_the_map_says_which_package_it_is(open_page: Opener) -> None:
    page = open_page("view=map&by=packages&open=*", page_of(large_graph(600)))
    page.size(768, 900)
    page.run("new Promise((done) => setTimeout(done, 200))")
    tiles = "[...document.querySelectorAll('.treemap button')]"
    assert page.run(f"{tiles}.length") == 100
    assert (
        page.run(f"{tiles}.filter((tile) => tile.offsetWidth > 40 && !tile.textContent.trim()).length") == 0
    )
    assert page.run(f"{tiles}.some((tile) => tile.offsetWidth < 60)")


def test_a_focus_on_a_phone_fits_its_canvas(open_page: Opener) -> None:
    page = open_page("", page_of(small_graph()))
    page.size(390, 844)
    page.run("location.hash = 'view=focus&pkg=http-core'")
    page.run("new Promise((done) => setTimeout(done, 500))")
    column = (
        "(() => {{ const canvas = document.querySelector('#view-focus canvas');"
        " const seen = canvas.getContext('2d').getImageData({x}, 0, 1, canvas.height).data;"
        " return new Set(Array.from({{length: seen.length / 4}}, (_, at) => seen.slice(4 * at, 4 * at + 3).join())).size; }})()"
    )
    assert page.run(column.format(x="canvas.width / 2")) > 1
    assert page.run(column.format(x="1")) == 1
    assert page.run(column.format(x="canvas.width - 2")) == 1


def test_help_opens_and_closes_by_keyboard_and_single_keys_can_be_turned_off(open_page: Opener) -> None:
    page = open_page()
    page.press("?")
    assert page.run("document.getElementById('help').open")
    page.run("document.querySelector('#help input').click()")
    page.press("Escape")
    page.wait("!document.getElementById('help').open")
    page.press("4")
    assert page.run("document.getElementById('view-table').hidden")


def test_colours_follow_the_system_until_the_reader_chooses(open_page: Opener) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    light, dark = open_page(), open_page(dark=True)
    assert light.run(ground) != dark.run(ground)
    light.press("t", "t")

    assert "theme=dark" in hash_of(light)
    assert light.run(ground) == dark.run(ground)


def test_tab_reaches_every_part_of_the_page_and_shows_where_it_is(open_page: Opener) -> None:
    page = open_page("view=removal")
    seen, unseen = [], []
    for _ in range(60):
        page.press("Tab")
        if page.run(f"{FOCUSED} !== document.body && getComputedStyle({FOCUSED}).outlineStyle === 'none'"):
            unseen.append(page.run(f"{FOCUSED}.outerHTML"))
        seen.append(
            page.run(
                f"{FOCUSED}.closest('#search, #theme, #help-open, #views, #filters, .choices, .result, #detail')?.id || {FOCUSED}.closest('.choices, .result')?.className || ''"
            )
        )

    assert {"search", "theme", "help-open", "views", "filters", "choices", "result", "detail"} <= set(seen)
    assert unseen == []


def test_hostile_text_stays_text(open_page: Opener) -> None:
    for view in VIEWS:
        page = open_page(f"view={view}&sel=bad", hostile_page())
        assert page.run("window.hacked") is None
        assert page.run("document.querySelectorAll('img, main script, aside script').length") == 0
        assert page.complaints() == []
    assert "</script><script>window.hacked=1</script>" in page.text("#detail")


@pytest.mark.parametrize(
    "fragment",
    [
        "view=nothing",
        "pkg=unknown&sel=none",
        "off=what,ever&variant=x",
        "sort=bad.down",
        "%E0%A4%A",
        "depth=-4&more=9",
    ],
)
def test_an_address_that_makes_no_sense_shows_a_page_all_the_same(open_page: Opener, fragment: str) -> None:
    page = open_page(fragment)

    assert page.complaints() == []
    assert page.run("document.querySelectorAll('.view:not([hidden])').length") == 1


def test_a_lock_without_packages_says_so(open_page: Opener) -> None:
    page = open_page("", page_of(large_graph(0)))

    assert "holds no packages" in page.text("main")
    assert page.complaints() == []


def test_print_shows_the_table_without_controls(open_page: Opener) -> None:
    page = open_page("view=table")
    page.media(kind="print")

    assert page.run("getComputedStyle(document.querySelector('.search')).display") == "none"
    assert page.run("document.querySelector('#view-table table').offsetHeight") > 0


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing_serious(open_page: Opener, axe: str, view: str, dark: bool) -> None:
    page = open_page(f"view={view}&sel=bytes-kit&remove=api", dark=dark)
    page.send("Page.setBypassCSP", enabled=False)
    page.run(f"{axe}; 0")
    found = page.run(
        "axe.run({resultTypes: ['violations']}).then(found => found.violations.map(each => [each.id, each.impact, each.nodes.length, each.nodes[0].html]))"
    )

    assert [each for each in found if each[1] in {"serious", "critical"}] == [], json.dumps(found)


def test_what_a_package_frees_is_the_same_figure_on_the_page_as_in_the_reports(open_page: Opener) -> None:
    graph = large_graph(200)
    page = open_page("view=table", page_of(graph))
    shown = page.run(
        "Object.fromEntries([...document.querySelectorAll('tbody tr')].map(row => [row.cells[0].textContent, Number(row.cells[7].textContent)]))"
    )

    assert shown == {one.name: one.frees for one in analyse(graph).metrics}
