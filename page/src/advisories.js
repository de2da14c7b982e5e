// Known vulnerabilities, as a health report found them, and which direct dependency leads to each.

import { pathList } from "./detail.js";
import { el, heading, many, packageButton } from "./dom.js";
import { whyPaths } from "./walks.js";

const SEVERITIES = ["critical", "high", "medium", "low", ""];

export const advisoryList = (node) => el("ul", { class: "edges" }, node.advisories.map((found) => el("li", {},
  el("span", { class: `tag ${found.severity || "unrated"}` }, found.severity || "not rated"), " ", el("bdi", { class: "version" }, found.id),
  found.summary ? el("span", { class: "constraint", dir: "auto" }, found.summary) : null,
  el("span", { class: "constraint" }, found.fixed.length ? `fixed in ${found.fixed.join(", ")}` : "no fixed version is known"))));

export const advisoriesView = {
  id: "advisories", title: "Vulnerable",
  when: (model) => model.hasAdvisories,
  count: ({ model, part }) => model.nodes.filter((node) => node.advisories.length && part.has(node)).length,
  make(section) {
    this.words = el("p", { class: "dim" });
    this.list = el("div", { class: "cards scroll", tabindex: "0", role: "region", "aria-label": "Vulnerable packages" });
    section.append(el("div", { class: "strip" }, heading("Vulnerable packages", this.words)), this.list);
  },
  show(app) {
    if (this.part === app.part) return;
    this.part = app.part;
    const worst = (node) => Math.min(...node.advisories.map((found) => SEVERITIES.indexOf(found.severity)));
    const nodes = app.model.nodes.filter((node) => node.advisories.length && app.part.has(node)).sort((a, b) => worst(a) - worst(b) || a.index - b.index);
    this.words.textContent = `${many(nodes.length, "package")}; ${app.model.audited}`;
    this.list.replaceChildren(...(nodes.length ? nodes.map((node) => {
      const paths = whyPaths(app.part, node);
      return el("article", { class: "card" }, el("h3", {}, packageButton(node, app.act), el("span", { class: "version" }, ` ${node.versions.join(", ")}`)), advisoryList(node),
        paths.length ? [el("h4", {}, "Comes through"), pathList(paths, app.act, 3)] : null);
    }) : [el("p", { class: "empty" }, `No advisory is known for a package of the chosen groups; of the whole graph: ${app.model.audited}.`)]));
  },
};
