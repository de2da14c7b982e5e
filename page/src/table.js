// Every package as a table that can be searched and sorted: the view that needs neither eyes nor a pointer.

import { bytes, el, heading, kindOf, many, packageButton, say } from "./dom.js";
import { freesOf } from "./walks.js";

const COLUMNS = [
  { id: "name", title: "Package", of: (node) => node.id, first: 1 },
  { id: "version", title: "Version", extra: true, of: (node) => node.versions.join(", "), first: 1 },
  { id: "kind", title: "Kind", wide: true, roomy: true, of: (node) => kindOf(node), first: 1 },
  { id: "groups", title: "Groups", wide: true, roomy: true, of: (node) => node.groups.map((group) => group.name).join(", "), first: 1 },
  { id: "depth", title: "Depth", wide: true, title2: "Steps from the project", of: (node, app) => (app.part.depth.get(node) ?? -1) + 1, first: 1, number: true },
  { id: "needs", title: "Needs", wide: true, of: (node, app) => app.part.needs(node).length, number: true },
  { id: "by", title: "Needed by", wide: true, of: (node, app) => app.part.neededBy(node).length, number: true },
  { id: "frees", title: "Frees", title2: "Packages that go when it is removed, itself included", of: (node, app) => freesOf(app.part, node), number: true },
  { id: "size", title: "Size", of: (node) => node.size ?? -1, words: (node) => bytes(node.size), number: true, when: (model) => model.hasSizes },
  { id: "bad", title: "Vulnerable", of: (node) => node.advisories.length, words: (node) => (node.advisories.length ? String(node.advisories.length) : ""), number: true, when: (model) => model.hasAdvisories },
];

const classOf = (column) => [column.number && "number", column.wide && "wide", column.roomy && "roomy", column.extra && "extra"].filter(Boolean).join(" ") || null;

const ROW = 35; // pixels, as in views.css
const MANY = 400; // rows from which only those in sight are elements
const BEYOND = 12; // rows beyond the edge of sight

// Which rows of a table are elements: all of a short one.
export const rowsInSight = (count, top, height) => {
  if (count <= MANY) return { from: 0, to: count };
  const from = Math.max(0, Math.min(count, Math.floor(top / ROW)) - BEYOND);
  return { from, to: Math.min(count, from + Math.ceil(height / ROW) + 2 * BEYOND) };
};

export const tableView = {
  id: "table", title: "Table",
  make(section, app) {
    this.app = app;
    this.columns = COLUMNS.filter((column) => !column.when || column.when(app.model));
    this.rows = new Map();
    const filter = el("input", { id: "table-filter", type: "search", spellcheck: "false", autocomplete: "off", oninput: () => app.store.set({ q: filter.value }) });
    const kinds = el("select", { id: "table-kind", onchange: () => app.store.set({ only: kinds.value }) },
      [["", "All kinds"], ["direct", "Direct"], ["transitive", "Transitive"], ["orphan", "Orphans"], ["cycle", "In a cycle"], ["several", "Several versions"],
        ...(app.model.hasAdvisories ? [["bad", "Vulnerable"]] : []), ...(app.model.diff ? [["diff", "Added or changed"]] : [])].map(([value, words]) => el("option", { value }, words)));
    const count = el("p", { class: "dim" });
    this.heads = this.columns.map((column) => el("th", { scope: "col", class: classOf(column) },
      el("button", { type: "button", title: column.title2 ?? null, onclick: () => this.sort(app, column) }, column.title, el("span", { class: "sign", "aria-hidden": "true" }))));
    this.body = el("tbody", {});
    this.body.addEventListener("keydown", (event) => this.key(event));
    section.append(
      el("div", { class: "strip" }, heading("Table", count), el("div", { class: "controls" },
        el("label", { for: "table-filter" }, "Filter "), filter, el("label", { class: "hidden", for: "table-kind" }, "Kind"), kinds)),
      this.box = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Packages", onscroll: () => this.draw(app) }, this.table = el("table", { class: app.model.hasSizes || app.model.hasAdvisories ? "many" : null }, el("caption", { class: "hidden" }, "Packages; the buttons in the head sort."), el("thead", {}, el("tr", {}, this.heads)), this.body)),
    );
    Object.assign(this, { filter, kinds, counted: count, nodes: [], from: 0 });
    new ResizeObserver(() => this.draw(app)).observe(this.box);
    addEventListener("beforeprint", () => this.draw(app, true));
    addEventListener("afterprint", () => this.draw(app));
  },
  row(app, node) {
    const cells = this.columns.map((column) => {
      const words = column.words ? column.words(node) : String(column.of(node, app));
      if (column.id === "name") return el("th", { scope: "row" }, packageButton(node, app.act));
      if (column.id === "version") return el("td", { class: "version extra", title: words }, words);
      if (column.id === "frees") {
        const frees = column.of(node, app);
        return el("td", { class: "number share", style: { "--share": `${(100 * frees) / app.mostFreed}%` } }, frees ? words : el("span", { class: "dim" }, "0"));
      }
      return el("td", { class: classOf(column), title: words }, words);
    });
    const row = el("tr", { ondblclick: () => app.act.focus(node) }, cells);
    row.node = node;
    return row;
  },
  sort(app, column) {
    const [id, direction] = app.store.state.sort.split(".");
    const first = column.first ? "up" : "down";
    app.store.set({ sort: id === column.id && direction === first ? `${column.id}.${first === "up" ? "down" : "up"}` : `${column.id}.${first}` });
    say(`Sorted by ${column.title}`);
  },
  keeps(app, node, words, only) {
    if (!app.part.has(node)) return false;
    if (words.length && !words.every((word) => `${node.id} ${node.name} ${node.about}`.toLowerCase().includes(word))) return false;
    const tests = { cycle: node.cycles.length, several: node.versions.length > 1, bad: node.advisories.length, diff: node.change };
    if (only in tests) return !!tests[only];
    return !only || kindOf(node) === only || (only === "transitive" && kindOf(node) === "optional");
  },
  show(app, state) {
    if (this.part !== app.part) { this.rows.clear(); this.part = app.part; this.order = null; }
    if (document.activeElement !== this.filter) this.filter.value = state.q;
    this.kinds.value = state.only;
    const key = `${state.q} ${state.only} ${state.sort}`;
    if (this.order !== key) this.fill(app, state, key);
    this.mark(app);
  },
  mark(app) {
    for (const row of this.body.children) row.classList.toggle("selected", row.node === app.selected());
  },
  // A long table has elements for the rows in sight only; empty rows above and below keep its height.
  draw(app, whole = false) {
    const { from, to } = whole ? { from: 0, to: this.nodes.length } : rowsInSight(this.nodes.length, this.box.scrollTop, this.box.clientHeight);
    if (this.shown === `${from} ${to}`) return;
    this.shown = `${from} ${to}`;
    this.from = from;
    const spare = (rows) => (rows ? el("tr", { class: "spare", "aria-hidden": "true" }, el("td", { colspan: String(this.columns.length), style: { height: `${rows * ROW}px` } })) : "");
    const focused = this.body.contains(document.activeElement) ? document.activeElement.closest("tr") : null;
    this.body.replaceChildren(spare(from), ...this.nodes.slice(from, to).map((node, index) => {
      if (!this.rows.has(node)) this.rows.set(node, this.row(app, node));
      const row = this.rows.get(node);
      row.setAttribute("aria-rowindex", String(from + index + 2));
      return row;
    }), spare(this.nodes.length - to));
    if (focused?.isConnected) focused.querySelector("button").focus({ preventScroll: true });
    this.mark(app);
  },
  fill(app, state, key) {
    const [id, direction] = (state.sort || "name.up").split(".");
    const column = this.columns.find((each) => each.id === id) ?? this.columns[0];
    const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    const nodes = app.model.nodes.filter((node) => this.keeps(app, node, words, state.only));
    const sign = direction === "down" ? -1 : 1;
    const value = new Map(nodes.map((node) => [node, column.of(node, app)]));
    nodes.sort((a, b) => sign * (value.get(a) < value.get(b) ? -1 : value.get(a) > value.get(b) ? 1 : 0) || a.index - b.index);
    this.nodes = nodes;
    this.shown = "";
    this.table.setAttribute("aria-rowcount", String(nodes.length + 1));
    this.box.scrollTop = 0;
    this.draw(app);
    this.heads.forEach((head, index) => {
      const isSorted = this.columns[index] === column;
      if (isSorted) head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending"); else head.removeAttribute("aria-sort");
    });
    this.counted.textContent = `${many(nodes.length, "package")}${nodes.length < app.part.count ? ` of ${app.part.count}` : ""}`;
    if (this.order !== null && this.order !== undefined) say(this.counted.textContent);
    this.order = key;
  },
  key(event) {
    const row = event.target.closest("tr");
    const at = row ? this.nodes.indexOf(row.node) : -1;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: this.nodes.length - 1 }[event.key];
    if (at < 0 || to === undefined || !this.nodes[to]) return;
    event.preventDefault();
    if (!this.rows.get(this.nodes[to])?.isConnected) {
      this.box.scrollTop = to * ROW - this.box.clientHeight / 2;
      this.draw(this.app);
    }
    this.rows.get(this.nodes[to]).querySelector("button").focus();
  },
};
