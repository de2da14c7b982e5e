// The first view: the project's direct dependencies, each as large as what it brings, families folded. With sizes the
// areas are bytes to download, and each block shows the packages that it alone brings.

import { bytes, chosenButtons, el, groupClass, heading, many, say } from "./dom.js";
import { familiesOf } from "./families.js";
import { listOf } from "./state.js";
import { squarify } from "./treemap.js";
import { freesOf, goneWith, leaderOf } from "./walks.js";

const HEAD = 24; // pixels of a block's headline
const LETTER = 6.8; // pixels that a letter of a block takes, about
const ROOM = 4200; // square pixels that a block of one package gets at least
const ROOM_OF_CELL = 1200; // and one of the packages in a block, on average: a narrow map grows longer

const together = (part, nodes) => (nodes.length === 1 ? freesOf(part, nodes[0]) : new Set(nodes.flatMap((node) => goneWith(part, node))).size);

// Blocks by packages: the area grows with the root of the number, so that one that brings nothing can still be read.
export const blocksByPackages = (part, open) => familiesOf(part.roots, open).map(({ name, nodes }) => {
  const brought = together(part, nodes);
  return { name, nodes, cells: [], size: Math.sqrt(brought + 0.5), words: brought > nodes.length ? `brings ${brought}` : "" };
});

// Blocks by bytes: each direct dependency or family with what it alone brings, and what several need.
export const blocksBySize = (part, open) => {
  const sized = part.model.nodes.filter((node) => part.has(node) && node.size);
  const homes = familiesOf(part.roots, open).map((family) => ({ ...family, cells: [] }));
  const homeOf = new Map(homes.flatMap((home) => home.nodes.map((node) => [node, home])));
  const shared = { name: "needed by several", nodes: [], cells: [] };
  const orphans = { name: "not needed", nodes: [], cells: [] };
  for (const node of sized) (homeOf.get(leaderOf(part, node) ?? node) ?? (node.links.some((link) => part.reached.has(link)) ? shared : orphans)).cells.push(node);
  return [...homes, shared, orphans].filter((home) => home.cells.length).map((home) => {
    const size = home.cells.reduce((sum, node) => sum + node.size, 0);
    return { ...home, size, words: bytes(size) };
  });
};

export const mapView = {
  id: "map", title: "Map",
  make(section, app) {
    this.words = el("p", { class: "dim" });
    this.controls = el("div", { class: "controls" });
    this.map = el("div", { class: "treemap", role: "group", "aria-label": "Direct dependencies, the heaviest first" });
    this.box = el("div", { class: "scroll map-box" }, this.map);
    section.append(el("div", { class: "strip" }, heading("Map", this.words), this.controls), this.box);
    new ResizeObserver(() => { this.drawn = ""; if (!section.hidden) this.show(app, app.store.state); }).observe(this.box);
    this.map.addEventListener("keydown", (event) => this.key(event));
  },
  key(event) {
    const all = [...this.map.querySelectorAll("button")];
    const at = all.indexOf(/** @type {HTMLButtonElement} */ (event.target));
    const to = { ArrowRight: all[at + 1], ArrowDown: all[at + 1], ArrowLeft: all[at - 1], ArrowUp: all[at - 1], Home: all[0], End: all.at(-1) }[event.key];
    if (!to) return;
    event.preventDefault();
    event.stopPropagation();
    to.focus();
  },
  show(app, state) {
    const byBytes = app.model.hasSizes && state.by !== "packages";
    const key = `${state.open}|${byBytes}|${state.off}|${state.variant}`;
    if (this.drawn !== key) {
      this.fill(app, byBytes, new Set(listOf(state.open)));
      this.showControls(app, state, byBytes);
      this.drawn = key;
    }
    for (const cell of this.map.querySelectorAll("button")) cell.setAttribute("aria-pressed", String(!!cell.node && cell.node === app.selected()));
  },
  showControls(app, state, byBytes) {
    this.controls.replaceChildren(
      app.model.hasSizes ? chosenButtons("Area", [["packages", "Packages"], ["", "Download"]], byBytes ? "" : "packages", (by) => app.store.set({ by })) : "",
      chosenButtons("Families", [["", "Folded"], ["*", "Open"]], state.open, (open) => app.store.set({ open })),
    );
  },
  fill(app, byBytes, open) {
    const { part } = app;
    const blocks = byBytes ? blocksBySize(part, open) : blocksByPackages(part, open);
    const area = blocks.reduce((sum, block) => sum + (byBytes ? block.cells.length * ROOM_OF_CELL : block.size * ROOM), 0);
    const w = this.box.clientWidth - 4;
    const h = Math.max(this.box.clientHeight - 4, area / w);
    this.map.style.setProperty("height", `${h}px`);
    const sum = byBytes ? bytes(blocks.reduce((all, block) => all + block.size, 0)) : many(part.count, "package");
    const unknown = byBytes ? app.model.nodes.filter((node) => part.has(node) && !node.size).length : 0;
    this.words.textContent = `${sum}${unknown ? `; ${unknown} without a known size` : ""}. ${byBytes
      ? "Each block: what one direct dependency alone brings." : `${many(part.roots.length, "direct dependency", "direct dependencies")}: the more packages one alone brings, the larger.`}`;
    const placed = squarify(blocks, { x: 0, y: 0, w, h }).sort((a, b) => b.item.size - a.item.size);
    this.map.replaceChildren(...placed.flatMap((each) => this.block(app, each)));
    const buttons = this.map.querySelectorAll("button");
    buttons.forEach((button, index) => button.setAttribute("tabindex", index ? "-1" : "0"));
  },
  // A block as one button, or with a headline and a button for each package.
  block(app, { item, x, y, w, h }) {
    const [node] = item.nodes;
    const title = item.name || node.name;
    const inner = item.cells.length > 1 && h > HEAD + 20 && w > 50 ? item.cells : [];
    const words = [title, item.words, item.name && item.nodes.length ? many(item.nodes.length, "package") : node?.versions.join(", ")].filter(Boolean).join(", ");
    const head = this.cell(app, {
      node: item.name ? null : node, title, words, detail: item.words, tall: !inner.length, tone: node ?? item.cells[0],
      more: item.name && item.nodes.length ? `${item.nodes.length} packages` : node?.versions.join(", "),
      act: () => this.act(app, item), box: { x, y, w, h: inner.length ? HEAD : h },
    });
    const cells = squarify(inner.map((each) => ({ node: each, size: each.size })), { x: x + 1, y: y + HEAD, w: w - 2, h: h - HEAD - 2 });
    return [head, ...cells.map((each) => this.cell(app, {
      node: each.item.node, title: each.item.node.name, words: `${each.item.node.name}, ${bytes(each.item.size)}`, detail: bytes(each.item.size),
      tall: true, tone: each.item.node, more: "", act: () => app.act.select(each.item.node), box: each,
    }))];
  },
  act(app, item) {
    if (item.name && item.nodes.length) {
      app.store.set({ open: [...new Set([...listOf(app.store.state.open), item.name])].join(",") });
      say(`${item.name} is open: ${many(item.nodes.length, "package")}`);
      this.map.querySelector("button")?.focus();
    } else if (item.nodes.length) app.act.select(item.nodes[0]);
  },
  cell(app, { node, title, words, detail, more, tall, tone, act, box: { x, y, w, h } }) {
    const fits = (text) => text.length * LETTER + 16 < w;
    const roomy = h > 19 && (w > 38 || fits(title)); // a letter and "…", or a short name
    const button = el("button", {
      type: "button", class: `${groupClass(tone)}${roomy ? "" : " tiny"}${tall ? "" : " headline"}${node ? "" : " family"}`,
      title: words, "aria-label": roomy ? null : words, onclick: act, ondblclick: node ? () => app.act.focus(node) : null,
      style: { left: `${x}px`, top: `${y}px`, width: `${Math.max(0, w - 2)}px`, height: `${Math.max(0, h - 2)}px` },
    }, roomy ? el("bdi", {}, title) : null, " ", roomy && detail && (tall ? h > 40 && fits(detail) : fits(`${title} ${detail}`)) ? el("span", {}, detail) : null, " ", roomy && more && h > 58 && fits(more) ? el("span", { class: "dim" }, more) : null);
    button.node = node;
    return button;
  },
};
