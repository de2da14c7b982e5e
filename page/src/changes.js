// Two revisions of the lock on one drawing: every package keeps its place, signs say what became of it.

import { MARKS, el, heading, many, packageButton } from "./dom.js";
import { graphListeners } from "./focus.js";
import { DotsPainter } from "./overview.js";
import { CHANGE_COLOURS } from "./paint.js";
import { Scene } from "./scene.js";
import { listenTo, stage } from "./scene_input.js";
import { below } from "./walks.js";

const arrivalList = (app, arrivals, sign) => el("ul", { class: "edges" }, arrivals.map(({ node, builds, because, direct }) => el(
  "li", {}, node ? packageButton(node, app.act) : null, el("span", { class: "version" }, ` ${builds.join(", ")}`),
  because.length > 1 ? el("span", { class: "constraint" }, `${direct ? "the project → " : ""}${because.map((each) => each.name).join(" → ")}`) : null,
  because.length <= 1 && direct ? el("span", { class: "constraint" }, sign === "+" ? "the project asks for it now" : "the project asks for it no more") : null,
)));

export const changeList = (app, changes) => el("ul", { class: "edges" }, changes.map(({ node, before, after }) => el("li", {}, packageButton(node, app.act),
  el("span", { class: "constraint" }, `${before.join(", ")} → ${after.join(", ")}`))));

const changeLegend = () => el("ul", { class: "legend" }, Object.entries(MARKS).map(([change, [sign, words]]) => el(
  "li", {}, el("span", { class: `mark ${change}`, "aria-hidden": "true" }, sign), words,
)));

export const changesView = {
  id: "changes", title: "Changes",
  when: (model) => model.diff !== null,
  count: ({ model: { diff } }) => diff.added.length + diff.removed.length + diff.changed.length,
  make(section, app) {
    const { diff, nodes, edges } = app.model;
    const { box, canvas, buttons } = stage("Changes", changeLegend());
    const list = el("div", { class: "scroll side", role: "region", tabindex: "0", "aria-label": "Changes" }, this.lists(app));
    section.append(
      el("div", { class: "strip" }, heading("Changes", el("p", { class: "dim" }, `from ${diff.old} to ${diff.new}; ${many(diff.unchanged, "package")} unchanged`))),
      el("div", { class: "halves" }, list, box),
    );
    const painter = new DotsPainter({
      colourOf: (colours, node) => (node.change ? colours[CHANGE_COLOURS[node.change]] : colours.line),
      shapeOf: (node) => ({ added: "plus", removed: "removed", changed: "orphan" }[node.change] ?? "transitive"),
      signOf: () => null,
      edges: () => edges.filter((edge) => edge.change || edge.from.change || edge.to.change),
    });
    painter.part = { needs: (node) => node.needs, neededBy: (node) => node.neededBy, below, above: (node) => node.neededBy.map((edge) => edge.from) };
    const scene = new Scene(canvas, painter);
    buttons(scene);
    listenTo(scene, graphListeners(app, { readable: 0.9, below, above: painter.part.above, start: () => scene.items.find((item) => item.node.change) ?? scene.items[0] }));
    scene.show(painter.items(nodes));
    painter.ranked = nodes.filter((node) => node.change);
    canvas.setAttribute("aria-label", "Both revisions in one drawing. The list beside it holds the same changes.");
    Object.assign(this, { scene, painter });
  },
  lists(app) {
    const { diff } = app.model;
    const block = (title, items, content) => (items.length ? [el("details", { open: items.length <= 30 }, el("summary", {}, el("h3", {}, title, el("span", { class: "count" }, String(items.length)))), content)] : []);
    const kinds = [["downgrade", "Downgrades"], ["major", "New major versions"], ["upgrade", "Other new versions"], ["build", "Other builds"]];
    const found = [
      ...block("Added", diff.added, arrivalList(app, diff.added, "+")),
      ...block("Removed", diff.removed, arrivalList(app, diff.removed, "−")),
      ...kinds.flatMap(([kind, title]) => {
        const changed = diff.changed.filter((change) => change.kind === kind);
        return block(title, changed, changeList(app, changed));
      }),
    ];
    return found.length ? found : [el("p", { class: "empty" }, "Both revisions lock the same packages.")];
  },
  show(app) {
    this.painter.selected = app.selected();
    const item = this.scene.byNode.get(app.selected());
    if (item && item !== this.scene.cursor) { this.scene.cursor = item; this.scene.reveal(item); }
    this.scene.resize();
    this.scene.ask();
  },
};
