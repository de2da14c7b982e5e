// What one group, or one hardware variant, adds over another.

const compareView = {
  id: "compare", title: "Compare",
  when: (model) => model.groups.length > 1,
  make(section, app) {
    const options = () => app.model.groups.map((group) => el("option", { value: group.name }, group.variant ? `${group.name} (${group.variant})` : group.name));
    const choose = (key, words) => {
      const select = el("select", { id: `compare-${key}`, onchange: () => app.store.set({ [key]: select.value }) }, options());
      this[key] = select;
      return [el("label", { for: `compare-${key}` }, words), select];
    };
    this.result = el("div", { class: "scroll thirds", role: "region", tabindex: "0", "aria-label": "Comparison" });
    section.append(
      el("div", { class: "strip" }, heading("Compare groups"), el("div", { class: "controls" }, choose("a", "What does"), choose("b", "add over"), "?")),
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
  versionsIn: (node, group) => {
    const builds = node.builds.filter((build) => build.groups.length === 0 || build.groups.includes(group.name));
    return builds.map((build) => (build.source ? `${build.version} from ${build.source}` : build.version)).join(", ");
  },
  show(app, state) {
    const [a, b] = this.pair(app, state);
    this.a.value = a.name;
    this.b.value = b.name;
    const key = `${a.name} ${b.name}`;
    if (this.key === key) return;
    const nodes = app.model.nodes.filter((node) => !node.lost);
    const only = (one, other) => nodes.filter((node) => node.groups.includes(one) && !node.groups.includes(other));
    const both = nodes.filter((node) => node.groups.includes(a) && node.groups.includes(b));
    const differ = both.filter((node) => this.versionsIn(node, a) !== this.versionsIn(node, b));
    const column = (title, found, row) => el("section", {}, el("h3", {}, title, el("span", { class: "count" }, String(found.length))), found.length ? row(found) : el("p", { class: "dim" }, "None."));
    const sum = (found) => (app.model.hasSizes ? ` (${bytes(found.reduce((all, node) => all + (node.size ?? 0), 0))})` : "");
    const [added, left] = [only(a, b), only(b, a)];
    this.result.replaceChildren(
      column(`Only ${a.name}${sum(added)}`, added, (found) => packageList(found, app.act, 300)),
      column(`Only ${b.name}${sum(left)}`, left, (found) => packageList(found, app.act, 300)),
      column("In both, other builds", differ, (found) => el("ul", { class: "edges" }, found.map((node) => el("li", {}, packageButton(node, app.act),
        el("span", { class: "constraint" }, `${b.name}: ${this.versionsIn(node, b)}`), el("span", { class: "constraint" }, `${a.name}: ${this.versionsIn(node, a)}`))))),
    );
    if (this.key) say(`${a.name} adds ${many(added.length, "package")} over ${b.name}`);
    this.key = key;
  },
};
