"""Make the pictures of the docs: docs/images/graph-*.png, from a real lock or from the graph of the tests.

    python scripts/screenshots.py [--project FOLDER] [--before FOLDER] [--output docs/images]

``--project`` is a folder with pyproject.toml and poetry.lock, ``--before`` one with an older state of the same. Needs
Chromium (see tests/support/chromium.py).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING


REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from tests.support.chromium import chromium, running
from tests.support.graph_pages import full_page, page_of, small_graph

from poetry_aiops.graph.analysis import analyse
from poetry_aiops.graph.build import build_graph
from poetry_aiops.project.lockfile import read_lock
from poetry_aiops.project.pyproject import read_project


if TYPE_CHECKING:
    from poetry_aiops.graph.model import DependencyGraph


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: the part of the address after ``#``, and the colours."""

    name: str
    fragment: str
    dark: bool = False


PICTURES = (
    Picture("map", "view=map"),
    Picture("focus", "view=focus&depth=2"),
    Picture("focus-dark", "view=focus&depth=2", dark=True),
    Picture("overview", "view=overview", dark=True),
    Picture("table", "view=table&sort=frees.down"),
    Picture("cycles", "view=cycles"),
    Picture("remove", "view=removal&remove={heaviest}"),
    Picture("changes", "view=changes", dark=True),
)


def main() -> int:
    """Write every picture; exit code 1 when one is too large."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--project", type=Path)
    options.add_argument("--before", type=Path)
    options.add_argument("--focus", default="", help="the package of the focus view")
    options.add_argument("--output", type=Path, default=REPOSITORY / "docs" / "images")
    chosen = options.parse_args()
    program = chromium()
    if program is None:
        print("There is no Chromium on this machine.")
        return 2
    graph = _graph(chosen.project) if chosen.project else small_graph()
    old = _graph(chosen.before) if chosen.before else None
    heaviest = max(analyse(graph).metrics, key=lambda one: one.frees).name
    with tempfile.TemporaryDirectory() as folder, running(program) as browser:
        file = Path(folder) / "page.html"
        file.write_text(page_of(graph, old) if chosen.project else full_page(), encoding="utf-8")
        chosen.output.mkdir(parents=True, exist_ok=True)
        for picture in PICTURES:
            page = browser.page(dark=picture.dark, width=1280, height=800)
            focus = f"&pkg={chosen.focus}" if chosen.focus and picture.name.startswith("focus") else ""
            page.open(file, picture.fragment.format(heaviest=heaviest) + focus)
            page.run("new Promise((done) => setTimeout(done, 300))")
            (chosen.output / f"graph-{picture.name}.png").write_bytes(page.screenshot())
            page.close()
    return 0


def _graph(folder: Path) -> DependencyGraph:
    return build_graph(read_project(folder / "pyproject.toml"), read_lock(folder / "poetry.lock"))


if __name__ == "__main__":
    sys.exit(main())
