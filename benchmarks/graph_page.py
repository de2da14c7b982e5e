"""First draw, frames per second and heap of the graph page, side by side with cytoscape on the same graph.

    python benchmarks/graph_page.py [--nodes 650 1500 5000] [--rounds 3]

Needs Chromium (see tests/support/chromium.py) and npm, which fetches cytoscape on first use. Both draw on a canvas of
1280 x 800 in the same browser, without a graphics card, and both take our coordinates, because cytoscape's own layouts
take seconds more. ``texture`` is cytoscape's fastest setting: a picture of the graph is moved instead of the graph.
"drawn" counts from the start of the navigation to the first complete drawing; "pan" and "zoom" are frames per second
while the pointer drags and the wheel turns, one event per frame, over the whole graph; "heap" is what the script holds
once it has drawn, after a collection of garbage. Medians of all rounds; the programs take turns.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING


sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.support.chromium import chromium, npm_file, running
from tests.support.graph_pages import large_graph, page_of

from poetry_aiops.graph.layout import places_of


if TYPE_CHECKING:
    from tests.support.chromium import Browser, Page

    from poetry_aiops.graph.model import DependencyGraph


CYTOSCAPE = "cytoscape@3.35.0"
CYTOSCAPE_SCRIPT = "dist/cytoscape.min.js"
FRAMES = 90
PATIENCE = 580
MEASURE = """
(async () => {
  const canvas = [...document.querySelectorAll('canvas')].find((each) => each.offsetParent);
  const box = canvas.getBoundingClientRect();
  const frame = () => new Promise(requestAnimationFrame);
  const fire = (kind, type, x, y, more = {}) => canvas.dispatchEvent(new kind(type, {
    bubbles: true, cancelable: true, clientX: box.x + x, clientY: box.y + y, pointerId: 1, pointerType: 'mouse',
    isPrimary: true, button: 0, buttons: 1, ...more }));
  const point = (what, x, y) => { fire(PointerEvent, `pointer${what}`, x, y); fire(MouseEvent, `mouse${what}`, x, y); };
  const rate = async (step) => {
    await frame();
    const begun = performance.now();
    for (let at = 0; at < COUNT; at += 1) { step(at); await frame(); }
    return COUNT * 1000 / (performance.now() - begun);
  };
  point('down', 6, 6);
  const pan = await rate((at) => point('move', 6 + at * 2, 6 + at));
  point('up', 6 + COUNT * 2, 6 + COUNT);
  const zoom = await rate((at) => fire(WheelEvent, 'wheel', 500, 300, { deltaY: at < COUNT / 2 ? -40 : 40 }));
  return [pan, zoom];
})()
""".replace("COUNT", str(FRAMES))
CYTOSCAPE_PAGE = """<!DOCTYPE html><meta charset="utf-8"><style>html,body,#graph{height:100%%;margin:0}</style><div id="graph"></div>
<script>%(script)s</script>
<script>
const data = %(data)s;
const graph = cytoscape({
  container: document.getElementById('graph'), elements: data, layout: { name: 'preset', fit: true }, pixelRatio: 1,
  textureOnViewport: %(texture)s,
  style: [
    { selector: 'node', style: { label: 'data(label)', width: 14, height: 14, 'font-size': 11 } },
    { selector: 'edge', style: { width: 1, 'curve-style': 'straight', 'target-arrow-shape': 'triangle' } },
  ] });
graph.one('render', () => performance.mark('graph-drawn'));
</script>"""


def main() -> int:
    """Measure each size in turns and print the medians."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--nodes", type=int, nargs="+", default=[650, 1500, 5000])
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    program = chromium()
    if program is None:
        print("There is no Chromium on this machine.")
        return 2
    print(
        f"{'nodes':>6} {'edges':>6}  {'page':18} {'drawn ms':>9} {'pan fps':>8} {'zoom fps':>9} {'heap MB':>8} {'file kB':>8}"
    )
    with running(program) as browser, tempfile.TemporaryDirectory() as folder:
        for count in chosen.nodes:
            _compare(browser, Path(folder), large_graph(count), chosen.rounds)
    print(f"load {', '.join(f'{load:.1f}' for load in os.getloadavg())}")
    return 0


def _compare(browser: Browser, folder: Path, graph: DependencyGraph, rounds: int) -> None:
    ours = page_of(graph)
    pages = {"ours, focus": ours, "ours, overview": ours, **_cytoscape_pages(graph)}
    found: dict[str, list[tuple[float, float, float, float]]] = {name: [] for name in pages}
    for _ in range(rounds):
        for name, text in pages.items():
            file = folder / "page.html"
            file.write_text(text, encoding="utf-8")
            found[name].append(_measure(browser, file, name))
    for name, runs in found.items():
        drawn, pan, zoom, heap = (statistics.median(column) for column in zip(*runs, strict=True))
        size = len(pages[name].encode()) / 1000
        print(
            f"{len(graph.nodes):6} {len(graph.edges):6}  {name:18} {drawn:9.0f} {pan:8.1f} {zoom:9.1f} {heap:8.1f} {size:8.0f}",
            flush=True,
        )


def _measure(browser: Browser, file: Path, name: str) -> tuple[float, float, float, float]:
    page = browser.page(width=1280, height=800)
    try:
        fragment = f"view={name.removeprefix('ours, ')}"
        page.send("Page.navigate", url=f"{file.as_uri()}#{fragment}")
        page.wait("performance.getEntriesByName('graph-drawn').length > 0", PATIENCE)
        drawn = float(page.run("performance.getEntriesByName('graph-drawn')[0].startTime"))
        page.send("HeapProfiler.collectGarbage")
        heap = float(page.send("Runtime.getHeapUsage")["usedSize"]) / 1e6
        pan, zoom = _frames(page)
        return drawn, pan, zoom, heap
    finally:
        page.close()


def _frames(page: Page) -> tuple[float, float]:
    pan, zoom = page.run(MEASURE)
    return float(pan), float(zoom)


def _cytoscape_pages(graph: DependencyGraph) -> dict[str, str]:
    script = npm_file(CYTOSCAPE, CYTOSCAPE_SCRIPT).read_text(encoding="utf-8")
    places = places_of(graph)
    nodes = [
        {
            "data": {"id": node.id, "label": node.name},
            "position": {"x": places[node.id].x, "y": places[node.id].y},
        }
        for node in graph.nodes
    ]
    edges = [{"data": {"source": edge.source, "target": edge.target}} for edge in graph.edges]
    data = json.dumps({"nodes": nodes, "edges": edges})
    return {
        name: CYTOSCAPE_PAGE % {"script": script, "data": data, "texture": texture}
        for name, texture in (("cytoscape", "false"), ("cytoscape, texture", "true"))
    }


if __name__ == "__main__":
    sys.exit(main())
