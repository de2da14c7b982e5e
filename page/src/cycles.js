// Cycles: who is in them, whether they are real on every machine, and what breaks each.

import { pathList } from "./detail.js";
import { el, heading, many, packageList } from "./dom.js";

const CYCLE_WORDS = {
  hard: "Always there: each member needs the next.",
  extra: "Only with extras: without them nothing goes round.",
  marker: "Only on paper: no single machine meets all its markers.",
};

export const cycleBody = (cycle, act) => [
  el("p", {}, el("span", { class: `tag ${cycle.kind}` }, cycle.kind), " ", CYCLE_WORDS[cycle.kind]),
  pathList([cycle.example.length ? [...cycle.example, ...(cycle.example[0] === cycle.example[cycle.example.length - 1] ? [] : [cycle.example[0]])] : cycle.members], act),
  cycle.broken.length ? [el("h4", {}, "What breaks it"), el("ul", { class: "edges" }, cycle.broken.map(({ words }) => el("li", {}, el("bdi", {}, words))))] : null,
].flat();

const ringOf = (cycle) => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const set = (tag, attributes) => {
    const shape = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
    svg.append(shape);
  };
  svg.setAttribute("viewBox", "0 0 64 64");
  svg.setAttribute("class", "cycle-ring");
  svg.setAttribute("aria-hidden", "true");
  set("circle", { cx: 32, cy: 32, r: 22, class: cycle.kind });
  const count = Math.min(cycle.members.length, 24);
  for (let at = 0; at < count; at += 1) {
    const turn = (at / count) * 2 * Math.PI - Math.PI / 2;
    set("circle", { cx: 32 + 22 * Math.cos(turn), cy: 32 + 22 * Math.sin(turn), r: count > 10 ? 4 : 6.5, class: "dot" });
  }
  return svg;
};

export const cyclesView = {
  id: "cycles", title: "Cycles",
  count: (app) => app.model.cycles.length,
  make(section) {
    this.list = el("div", { class: "cards scroll", tabindex: "0", role: "region", "aria-label": "Cycles" });
    this.words = el("p", { class: "dim" });
    section.append(el("div", { class: "strip" }, heading("Cycles", this.words)), this.list);
  },
  show(app) {
    const cycles = app.model.cycles.filter((cycle) => cycle.members.every(app.part.has));
    this.words.textContent = cycles.length ? many(cycles.length, "cycle") : "";
    if (this.part === app.part) return;
    this.part = app.part;
    this.list.replaceChildren(...(cycles.length ? cycles.map((cycle) => el("article", { class: "card" },
      el("div", { class: "card-head" }, ringOf(cycle), el("h3", {}, `${many(cycle.members.length, "package")} need each other`)),
      packageList(cycle.members, app.act, 12), cycleBody(cycle, app.act))) : [el("p", { class: "empty" }, "No package needs itself through others.")]));
  },
};
