"""First draw and frames per second of the graph page, side by side with vis-network on the same graph.

    python benchmarks/graph_page.py [--nodes 650 1500] [--rounds 5]

Needs Chromium (see tests/support/chromium.py) and npm, which fetches vis-network on first use. Both draw on a canvas of
1280 x 800 in the same browser, without a graphics card. ``vis, physics`` is what vis-network does unasked: it lets the
graph swing until it stands still (minutes: only with ``--physics``, once); ``vis, placed`` is given our coordinates. "drawn" counts from the start of the
navigation to the first complete drawing; "pan" and "zoom" are frames per second while the pointer drags and the wheel
turns, one event per frame, over the whole graph. Medians of all rounds; the programs take turns.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING


sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.support.chromium import chromium, npm_file, running
from tests.support.graph_pages import large_graph, page_of

from poetry_aiops.graph.report.page import graph_page


if TYPE_CHECKING:
    from tests.support.chromium import Browser, Page

    from poetry_aiops.graph.report.page import PageData


VIS = "vis-network@10.1.5"
VIS_SCRIPT = "standalone/umd/vis-network.min.js"
FRAMES = 90
PATIENCE = 580
PHYSICS = "vis, physics"
MEASURE = """
(async () => {
  const canvas = [...document.querySelectorAll('canvas')].find((each) => each.offsetParent);
  const box = canvas.getBoundingClientRect();
  const frame = () => new Promise(requestAnimationFrame);
  const fire = (kind, type, x, y, more = {}) => canvas.dispatchEvent(new kind(type, {
    bubbles: true, cancelable: true, clientX: box.x + x, clientY: box.y + y, pointerId: 1, pointerType: 'mouse',
    isPrimary: true, button: 0, buttons: 1, ...more }));
  const rate = async (step) => {
    await frame();
    const begun = performance.now();
    for (let at = 0; at < COUNT; at += 1) { step(at); await frame(); }
    return COUNT * 1000 / (performance.now() - begun);
  };
  fire(PointerEvent, 'pointerdown', 60, 60);
  const pan = await rate((at) => fire(PointerEvent, 'pointermove', 60 + at * 2, 60 + at));
  fire(PointerEvent, 'pointerup', 60 + COUNT * 2, 60 + COUNT);
  const zoom = await rate((at) => fire(WheelEvent, 'wheel', 500, 300, { deltaY: at < COUNT / 2 ? -40 : 40 }));
  return [pan, zoom];
})()
""".replace("COUNT", str(FRAMES))
VIS_PAGE = """<!DOCTYPE html><meta charset="utf-8"><style>html,body,#graph{height:100%%;margin:0}</style><div id="graph"></div>
<script>%(script)s</script>
<script>
const data = %(data)s;
const network = new vis.Network(document.getElementById('graph'), data, {
  physics: %(physics)s, nodes: { shape: 'dot', size: 7, font: { size: 11 } },
  edges: { arrows: 'to', smooth: %(smooth)s }, interaction: { hover: true } });
network.once(%(event)s, () => { network.fit({ animation: false }); network.once('afterDrawing', () => performance.mark('graph-drawn')); network.redraw(); });
</script>"""


def main() -> int:
    """Measure each size in turns and print the medians."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--nodes", type=int, nargs="+", default=[650, 1500])
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument(
        "--physics", action="store_true", help="also wait for the physics of vis-network, once"
    )
    chosen = options.parse_args()
    program = chromium()
    if program is None:
        print("There is no Chromium on this machine.")
        return 2
    print(
        f"{'nodes':>6} {'edges':>6}  {'page':14} {'drawn ms':>9} {'pan fps':>8} {'zoom fps':>9} {'file kB':>8}"
    )
    with running(program) as browser, tempfile.TemporaryDirectory() as folder:
        for count in chosen.nodes:
            _compare(browser, Path(folder), page_of(large_graph(count)), chosen)
    return 0


def _compare(browser: Browser, folder: Path, data: PageData, chosen: argparse.Namespace) -> None:
    pages = {"ours, focus": graph_page(data), "ours, overview": graph_page(data), **_vis_pages(data)}
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in pages}
    for turn in range(chosen.rounds):
        for name, text in pages.items():
            if name == PHYSICS and (turn or not chosen.physics):
                continue
            file = folder / "page.html"
            file.write_text(text, encoding="utf-8")
            found[name].append(_measure(browser, file, name))
    graph = data.analysis.graph
    for name, runs in found.items():
        if not runs:
            continue
        drawn, pan, zoom = (statistics.median(column) for column in zip(*runs, strict=True))
        size = len(pages[name].encode()) / 1000
        print(
            f"{len(graph.nodes):6} {len(graph.edges):6}  {name:14} {drawn:9.0f} {pan:8.1f} {zoom:9.1f} {size:8.0f}"
        )


def _measure(browser: Browser, file: Path, name: str) -> tuple[float, float, float]:
    page = browser.page(width=1280, height=800)
    try:
        fragment = f"view={name.removeprefix('ours, ')}"
        page.send("Page.navigate", url=f"{file.as_uri()}#{fragment}")
        page.wait("performance.getEntriesByName('graph-drawn').length > 0", PATIENCE)
        drawn = float(page.run("performance.getEntriesByName('graph-drawn')[0].startTime"))
        pan, zoom = _frames(page)
        return drawn, pan, zoom
    finally:
        page.close()


def _frames(page: Page) -> tuple[float, float]:
    pan, zoom = page.run(MEASURE)
    return float(pan), float(zoom)


def _vis_pages(data: PageData) -> dict[str, str]:
    script = npm_file(VIS, VIS_SCRIPT).read_text(encoding="utf-8")
    graph = data.analysis.graph
    edges = [{"from": edge.source, "to": edge.target} for edge in graph.edges]
    free = [{"id": node.id, "label": node.name} for node in graph.nodes]
    placed = [
        {**node, "x": place.x, "y": place.y}
        for node, place in ((node, data.places[node["id"]]) for node in free)
    ]
    return {
        "vis, placed": VIS_PAGE
        % {
            "script": script,
            "data": json.dumps({"nodes": placed, "edges": edges}),
            "physics": "false",
            "smooth": "{ type: 'cubicBezier', forceDirection: 'horizontal' }",
            "event": "'afterDrawing'",
        },
        PHYSICS: VIS_PAGE
        % {
            "script": script,
            "data": json.dumps({"nodes": free, "edges": edges}),
            "physics": "true",
            "smooth": "true",
            "event": "'stabilizationIterationsDone'",
        },
    }


if __name__ == "__main__":
    sys.exit(main())
