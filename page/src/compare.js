// What one group, or one hardware variant, adds over another.

import { changeList } from "./changes.js";
import { bytes, el, heading, many, packageList, say, signMark } from "./dom.js";
import { partOf } from "./walks.js";

// What an installation with main and `after` holds more, less or otherwise than one with main and `before`.
export const between = (model, before, after) => {
  const [old, now] = [before, after].map((group) => {
    const part = partOf(model, new Set(model.groups.filter((other) => other !== group && other.name !== "main").map((other) => other.name)));
    const builds = new Map();
    for (const { node, build } of part.reached.keys()) builds.set(node, (builds.get(node) ?? new Set()).add(build.source ? `${build.version} from ${build.source}` : build.version));
    return builds;
  });
  const nodes = model.nodes.filter((node) => old.has(node) || now.has(node));
  const both = nodes.filter((node) => old.has(node) && now.has(node));
  const changed = both.map((node) => ({ node, before: [...old.get(node)].sort(), after: [...now.get(node)].sort() })).filter((each) => each.before.join() !== each.after.join());
  return { added: nodes.filter((node) => !old.has(node)), removed: nodes.filter((node) => !now.has(node)), changed, same: both.length - changed.length };
};

export const compareView = {
  id: "compare", title: "Compare",
  when: (model) => model.groups.length > 1,
  make(section, app) {
    const options = () => app.model.groups.map((group) => el("option", { value: group.name }, group.variant ? `${group.name} (${group.variant})` : group.name));
    const choose = (key, words) => {
      const select = el("select", { id: `compare-${key}`, onchange: () => app.store.set({ [key]: select.value }) }, options());
      this[key] = select;
      return [el("label", { for: `compare-${key}` }, words), select];
    };
    this.words = el("p", { class: "dim" });
    const swap = el("button", { type: "button", onclick: () => app.store.set({ a: this.b.value, b: this.a.value }) }, "Swap");
    this.result = el("div", { class: "scroll thirds", role: "region", tabindex: "0", "aria-label": "Comparison" });
    section.append(
      el("div", { class: "strip" }, heading("Compare groups", this.words), el("div", { class: "controls" }, choose("b", "From"), choose("a", "to"), swap)),
      this.result,
    );
  },
  // The two groups that the reader most likely means: variants first.
  pair(app, state) {
    const { groups } = app.model;
    const variants = groups.filter((group) => group.variant);
    const known = (name) => groups.find((group) => group.name === name);
    const [second, first] = variants.length > 1 ? variants : groups;
    return [known(state.a) ?? first, known(state.b) ?? second];
  },
  show(app, state) {
    const [a, b] = this.pair(app, state);
    this.a.value = a.name;
    this.b.value = b.name;
    const key = `${a.name} ${b.name}`;
    if (this.key === key) return;
    const { added, removed, changed, same } = between(app.model, b, a);
    const column = (sign, title, found, list) => el("section", {}, el("h3", {}, signMark(sign), title, el("span", { class: "count" }, String(found.length))), found.length ? list : el("p", { class: "dim" }, "None."));
    const sum = (found) => (app.model.hasSizes ? ` (${bytes(found.reduce((all, node) => all + (node.size ?? 0), 0))})` : "");
    this.words.textContent = `from ${b.name} to ${a.name}: ${added.length} added, ${removed.length} removed, ${changed.length} changed, ${same} as before, main included`;
    this.result.replaceChildren(
      column("added", `Only in ${a.name}${sum(added)}`, added, packageList(added, app.act, 300)),
      column("removed", `Only in ${b.name}${sum(removed)}`, removed, packageList(removed, app.act, 300)),
      column("changed", "Other builds", changed, changeList(app, changed)),
    );
    if (this.key) say(`${a.name} adds ${many(added.length, "package")} over ${b.name}`);
    this.key = key;
  },
};
