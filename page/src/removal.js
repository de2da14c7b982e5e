// What goes away when the project stops asking for one or several direct dependencies.

import { bytes, el, heading, icon, many, packageButton, packageList, say } from "./dom.js";
import { freesOf, removal } from "./walks.js";

export const removalView = {
  id: "removal", title: "Remove",
  make(section, app) {
    this.list = el("ul", { class: "choices" });
    this.result = el("div", { class: "result", role: "region", "aria-label": "What goes away", tabindex: "0" });
    section.append(
      el("div", { class: "strip" }, heading("Remove", el("p", { class: "dim" }, "Choose direct dependencies to see what leaves the lock with them."))),
      el("div", { class: "halves" }, el("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": "Direct dependencies" }, this.list), this.result),
    );
    this.app = app;
  },
  show(app, state) {
    if (this.part !== app.part) this.fill(app);
    for (const box of this.list.querySelectorAll("input")) box.checked = app.removed.has(box.node);
    const key = `${state.remove}|${state.off}|${state.variant}`;
    if (this.key === key) return;
    this.key = key;
    this.showResult(app);
  },
  fill(app) {
    this.part = app.part;
    this.key = null;
    const costs = app.part.roots.map((node) => [node, freesOf(app.part, node)]).sort((a, b) => b[1] - a[1] || a[0].index - b[0].index);
    const most = Math.max(1, ...costs.map(([, cost]) => cost));
    this.list.replaceChildren(...costs.map(([node, cost]) => {
      const box = el("input", { type: "checkbox", onchange: () => app.act.toggleRemoval(node, false) });
      box.node = node;
      return el("li", { style: { "--share": `${(100 * cost) / most}%` } }, el("label", {}, box, icon(node), el("bdi", {}, node.name)), el("span", { class: cost ? "number" : "number dim" }, cost ? `frees ${cost}` : "stays: still needed"));
    }));
  },
  showResult(app) {
    const chosen = new Set([...app.removed].filter((node) => app.part.isRoot.has(node)));
    const { freed, kept } = removal(app.part, chosen);
    const size = freed.reduce((sum, node) => sum + (node.size ?? 0), 0);
    const words = chosen.size
      ? `${many(freed.length, "package")} of ${app.part.count} would go${size ? `, ${bytes(size)} of downloads` : ""}.`
      : "Nothing is chosen yet.";
    say(words);
    const others = freed.filter((node) => !chosen.has(node)).sort((a, b) => a.index - b.index);
    const content = [
      el("p", { class: "big" }, words),
      chosen.size ? el("div", { class: "meter", "aria-hidden": "true", style: { "--share": `${(100 * freed.length) / Math.max(1, app.part.count)}%` } }) : null,
      chosen.size ? el("pre", { class: "command" }, `poetry remove ${[...chosen].map((node) => node.id).join(" ")}`) : null,
      chosen.size ? el("button", { type: "button", class: "plain", onclick: () => app.store.set({ remove: "" }) }, "Choose none") : null,
      kept.length ? [el("h3", {}, "Stay, because others need them", el("span", { class: "count" }, String(kept.length))), el("ul", { class: "edges" }, kept.map(({ node, by }) => el("li", {}, packageButton(node, app.act),
        el("span", { class: "constraint" }, `needed by ${by.slice(0, 4).map((other) => other.name).join(", ")}${by.length > 4 ? ` and ${by.length - 4} more` : ""}`))))] : null,
      others.length ? [el("h3", {}, "Go with them", el("span", { class: "count" }, String(others.length))), packageList(others, app.act, 200)] : null,
    ];
    this.result.replaceChildren(...content.flat().filter(Boolean));
  },
};
