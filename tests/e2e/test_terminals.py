"""What a person sees: narrow terminals, those without colours, progress, and encodings that lack signs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from tests.support import projects

from poetry_aiops.cli.styled import cells_wide


if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import ProjectFactory
    from tests.support.health_shop import Shop
    from tests.support.poetry_program import PoetryProgram
    from tests.support.terminal import Screen


if sys.platform == "win32":
    pytest.skip("a pseudo-terminal is a thing of POSIX", allow_module_level=True)

from tests.support.terminal import on_terminal


pytestmark = pytest.mark.slow

TWO_GPUS = ("hw-info", "--target", "driver=535.54,cc=6.1,cc=8.6")


def health(shop: Shop, *args: str, columns: int = 80, **environment: str) -> Screen:
    """Look at the shop's health at a terminal."""
    variables = {**shop.variables, **environment}
    return on_terminal(shop.poetry, shop.project.path, "health", *args, columns=columns, **variables)


def too_wide(screen: Screen, columns: int) -> list[str]:
    """Return the lines that the terminal would break by itself."""
    return [line for line in screen.lines if cells_wide(line) > columns]


def test_the_facts_of_a_machine_fit_a_narrow_terminal(poetry: PoetryProgram, tmp_path: Path) -> None:
    screen = on_terminal(poetry, tmp_path, *TWO_GPUS, columns=40)

    assert too_wide(screen, 40) == [], str(screen)
    assert "Best build:  cu126, torch up to 2.14" in screen.lines
    assert "             compute capability 8.6" in screen.lines, "what goes on stands below the value"


def test_in_a_pipe_no_line_is_broken(poetry: PoetryProgram, tmp_path: Path) -> None:
    done = poetry.must(tmp_path, *TWO_GPUS, COLUMNS="40")

    assert "NVIDIA:      NVIDIA GPU, driver 535.54, compute capability 8.6\n" in done.stdout


def test_answers_about_the_graph_fit_a_narrow_terminal(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)

    screen = on_terminal(poetry, project.path, "graph", "--why", "pydantic", columns=40)

    assert too_wide(screen, 40) == [], str(screen)
    assert "main: fastapi ^0.109.0 -> pydantic\n" in screen.text


def test_a_health_report_fits_a_narrow_terminal_and_its_names_stay_whole(shop: Shop) -> None:
    screen = health(shop, columns=40)

    assert screen.code == 1, str(screen)
    assert too_wide(screen, 40) == [], str(screen)
    assert "ADVISORIES    GHSA-tool-kits-0001\n" in screen.text


def test_progress_is_shown_on_a_terminal_and_wiped_away(shop: Shop) -> None:
    screen = health(shop, columns=100)

    assert "\rpackages: 1 of 6" in screen.raw
    assert "1 of 6" not in screen.text
    assert screen.has_colours


def test_in_a_pipe_there_is_neither_progress_nor_colour(shop: Shop) -> None:
    run = shop.look(NO_COLOR="")

    assert "1 of 6" not in run.output
    assert "\r" not in run.output


@pytest.mark.parametrize(
    ("args", "environment"),
    [((), {"NO_COLOR": "1"}), (("--no-ansi",), {}), ((), {"TERM": "dumb"})],
    ids=["NO_COLOR", "--no-ansi", "TERM=dumb"],
)
def test_a_terminal_without_colours_gets_no_escapes_but_its_width(
    shop: Shop, args: tuple[str, ...], environment: dict[str, str]
) -> None:
    screen = health(shop, *args, columns=60, **environment)

    assert not screen.has_escapes, repr(screen.raw[:200])
    assert "Health of shop" in screen.text
    assert too_wide(screen, 60) == [], str(screen)


def test_quiet_is_quiet_on_a_terminal_too(shop: Shop) -> None:
    screen = health(shop, "-q")

    assert (screen.code, screen.raw) == (1, "")


@pytest.mark.parametrize(
    ("args", "is_coloured"), [((), True), (("--no-ansi",), False)], ids=["colours", "--no-ansi"]
)
def test_a_diff_is_coloured_where_colours_are_wanted(
    poetry: PoetryProgram, locked_project: ProjectFactory, args: tuple[str, ...], *, is_coloured: bool
) -> None:
    project = locked_project(projects.HW)

    screen = on_terminal(poetry, project.path, "sync-reqs", "--check", *args)

    assert screen.code == 1, str(screen)
    assert "+fastapi==0.109.0 \\" in screen.lines
    assert screen.has_escapes == is_coloured


def test_a_sign_that_the_encoding_lacks_is_written_as_its_number(
    poetry: PoetryProgram, tmp_path: Path
) -> None:
    (tmp_path / "smi.txt").write_text("name, driver_version\nNVIDIA Ж4090, 580.65.06\n", "utf-8")

    done = poetry.run(tmp_path, "hw-info", "--target-file", "smi.txt", PYTHONIOENCODING="ascii")

    assert done.code == 0, str(done)
    assert "\\u0416" in done.stdout


def test_without_a_locale_the_tree_is_drawn_with_signs_that_every_terminal_has(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)

    screen = on_terminal(
        poetry, project.path, "graph", "--format", "text", LC_ALL="C", PYTHONIOENCODING="ascii"
    )

    assert "`-- pydantic 2.6.0" in screen.lines
    assert screen.text.isascii()
