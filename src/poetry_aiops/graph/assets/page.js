// Built by page/build.js. Sources: 1f54753d69e9a259ed61e3788e492906409c59731dc1152715dba79aa4cfaae6. What follows: e227a13e52624d5e4e32725740104e3d2a9226d9390309e76c3a07849312b44e.
"use strict";
(() => {
  // src/dom.js
  var $ = (id) => document.getElementById(id);
  var el = (tag2, attributes = {}, ...children) => {
    const element = document.createElement(tag2);
    for (const [key, value] of Object.entries(attributes)) {
      if (value === null || value === void 0 || value === false) continue;
      if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
      else if (key === "style") for (const [name, setting] of Object.entries(value)) element.style.setProperty(name, setting);
      else element.setAttribute(key, value === true ? "" : value);
    }
    element.append(...children.flat(Infinity).filter((child) => child !== null && child !== void 0 && child !== false));
    return element;
  };
  var many = (count, one, more = `${one}s`) => `${count.toLocaleString("en")} ${count === 1 ? one : more}`;
  var bytes = (size) => {
    if (size === null || size === void 0) return "";
    const units = ["B", "kB", "MB", "GB", "TB"];
    let at = 0;
    for (; size >= 999.5 && at < units.length - 1; at += 1) size /= 1e3;
    return `${size >= 100 || at === 0 ? Math.round(size) : size.toFixed(1)} ${units[at]}`;
  };
  var said = 0;
  var say = (text) => {
    clearTimeout(said);
    said = setTimeout(() => {
      $("say").textContent = text;
    }, 60);
  };
  var kindOf = (node) => {
    if (node.lost) return "removed";
    if (node.orphan) return "orphan";
    if (node.direct) return "direct";
    return node.optional ? "optional" : "transitive";
  };
  var KIND_WORDS = {
    direct: "direct dependency",
    transitive: "transitive",
    optional: "transitive, optional",
    orphan: "orphan",
    removed: "removed"
  };
  var groupClass = (node) => node.groups.length ? `g${node.groups[0].index % 8}` : "g7";
  var icon = (node) => el("span", { class: `shape ${kindOf(node)} ${groupClass(node)}`, "aria-hidden": "true" });
  var MARKS = { added: ["+", "added"], removed: ["−", "removed"], changed: ["~", "changed"] };
  var marking = { on: false };
  var signMark = (change) => el("span", { class: `mark ${change}` }, el("span", { "aria-hidden": "true" }, MARKS[change][0]), el("span", { class: "hidden" }, MARKS[change][1]));
  var changeMark = (change) => marking.on && MARKS[change] ? signMark(change) : null;
  var packageButton = (node, act, text = node.name) => el(
    "button",
    { type: "button", class: "package", title: node.about || null, onclick: () => act.select(node) },
    icon(node),
    el("bdi", {}, text),
    changeMark(node.change)
  );
  var packageList = (nodes, act, limit = 40) => {
    const list = el("ul", { class: "packages" }, nodes.slice(0, limit).map((node) => el("li", {}, packageButton(node, act))));
    if (nodes.length > limit) {
      const rest = el("button", {
        type: "button",
        class: "plain",
        onclick: () => {
          const whole = packageList(nodes, act, nodes.length);
          list.replaceWith(whole);
          whole.children[limit].firstChild.focus();
        }
      }, `Show ${nodes.length - limit} more`);
      list.append(el("li", {}, rest));
    }
    return list;
  };
  var heading = (title, ...beside) => el("div", { class: "head" }, el("h2", {}, title), ...beside);
  var chosenButtons = (label, options, chosen, pick) => el(
    "div",
    { class: "choice", role: "group", "aria-label": label },
    el("span", { class: "dim", "aria-hidden": "true" }, label),
    options.map(([value, words, title]) => el(
      "button",
      { type: "button", title: title ?? null, "aria-pressed": String(value === chosen), "data-value": value, onclick: () => pick(value) },
      words
    ))
  );
  var moves = () => !matchMedia("(prefers-reduced-motion: reduce)").matches;

  // src/cycles.js
  var CYCLE_WORDS = {
    hard: "Always there: each member needs the next.",
    extra: "Only with extras: without them nothing goes round.",
    marker: "Only on paper: no single machine meets all its markers."
  };
  var cycleBody = (cycle, act) => [
    el("p", {}, el("span", { class: `tag ${cycle.kind}` }, cycle.kind), " ", CYCLE_WORDS[cycle.kind]),
    pathList([cycle.example.length ? [...cycle.example, ...cycle.example[0] === cycle.example[cycle.example.length - 1] ? [] : [cycle.example[0]]] : cycle.members], act),
    cycle.broken.length ? [el("h4", {}, "What breaks it"), el("ul", { class: "edges" }, cycle.broken.map(({ words }) => el("li", {}, el("bdi", {}, words))))] : null
  ].flat();
  var ringOf = (cycle) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const set = (tag2, attributes) => {
      const shape = document.createElementNS("http://www.w3.org/2000/svg", tag2);
      for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
      svg.append(shape);
    };
    svg.setAttribute("viewBox", "0 0 64 64");
    svg.setAttribute("class", "cycle-ring");
    svg.setAttribute("aria-hidden", "true");
    set("circle", { cx: 32, cy: 32, r: 22, class: cycle.kind });
    const count = Math.min(cycle.members.length, 24);
    for (let at = 0; at < count; at += 1) {
      const turn = at / count * 2 * Math.PI - Math.PI / 2;
      set("circle", { cx: 32 + 22 * Math.cos(turn), cy: 32 + 22 * Math.sin(turn), r: count > 10 ? 4 : 6.5, class: "dot" });
    }
    return svg;
  };
  var cyclesView = {
    id: "cycles",
    title: "Cycles",
    count: (app2) => app2.model.cycles.length,
    make(section) {
      this.list = el("div", { class: "cards scroll", tabindex: "0", role: "region", "aria-label": "Cycles" });
      this.words = el("p", { class: "dim" });
      section.append(el("div", { class: "strip" }, heading("Cycles", this.words)), this.list);
    },
    show(app2) {
      const cycles = app2.model.cycles.filter((cycle) => cycle.members.every(app2.part.has));
      this.words.textContent = cycles.length ? many(cycles.length, "cycle") : "";
      if (this.part === app2.part) return;
      this.part = app2.part;
      this.list.replaceChildren(...cycles.length ? cycles.map((cycle) => el(
        "article",
        { class: "card" },
        el("div", { class: "card-head" }, ringOf(cycle), el("h3", {}, `${many(cycle.members.length, "package")} need each other`)),
        packageList(cycle.members, app2.act, 12),
        cycleBody(cycle, app2.act)
      )) : [el("p", { class: "empty" }, "No package needs itself through others.")]);
    }
  };

  // src/walks.js
  var partOf = (model, off, variantsOff = /* @__PURE__ */ new Set()) => {
    const on = (group) => group && !off.has(group.name) && !variantsOff.has(group.name);
    const everything = model.groups.every(on);
    const allowed = (node) => !node.lost && (everything || node.groups.length === 0 || node.groups.some(on));
    const demands = model.demands.filter((demand) => on(demand.group) && allowed(demand.node));
    const roots = [...new Set(demands.map((demand) => demand.node))];
    const onward = (link) => link.to.filter((target) => allowed(target.node));
    const reached = reach(demands.flatMap((demand) => demand.links), onward);
    const alive = new Uint8Array(model.nodes.length);
    for (const node of everything ? model.nodes.filter(allowed) : [...reached.keys()].map((link) => link.node)) alive[node.index] = 1;
    const part = (
      /** @type {Part} */
      { model, alive, roots, demands, reached, onward, count: alive.reduce((sum, one) => sum + one, 0), everything }
    );
    part.has = (node) => alive[node.index] === 1;
    part.needs = (node) => node.needs.filter((edge) => alive[edge.to.index]);
    part.neededBy = (node) => node.neededBy.filter((edge) => alive[edge.from.index]);
    part.below = (node) => part.needs(node).map((edge) => edge.to);
    part.above = (node) => part.neededBy(node).map((edge) => edge.from);
    part.isRoot = new Set(roots);
    part.gone = /* @__PURE__ */ new Map();
    part.leaders = null;
    return part;
  };
  var below = (node) => node.needs.map((edge) => edge.to);
  var reach = (starts, next) => {
    const distance = new Map([...starts].map((node) => [node, 0]));
    for (const [node, steps] of distance) {
      for (const other of next(node)) if (!distance.has(other)) distance.set(other, steps + 1);
    }
    return distance;
  };
  var ancestors = (part, node) => {
    const found = reach([node], part.above);
    found.delete(node);
    return found;
  };
  var descendants = (part, node) => {
    const found = reach([node], part.below);
    found.delete(node);
    return found;
  };
  var stepOf = (from, to) => {
    const edge = from.node.needs.find((each) => each.to === to.node);
    const taken = (edge?.entries ?? []).filter((entry) => (from.extra ? entry.extras.includes(from.extra) : !entry.extras.length) && (!entry.version || entry.version === from.build?.version));
    const asking = to.extra ? taken.filter((entry) => entry.asks.includes(to.extra)) : taken;
    return { node: to.node, lines: asking.length ? asking : taken, of: from.node.builds.length > 1 ? from.build : null, extra: from.extra };
  };
  var loosest = (path) => Math.max(...path.at(-1).lines.map((line) => line.rank), -1);
  var whyPaths = (part, node) => {
    const goals = node.links.filter((link) => part.reached.has(link));
    const towards = new Map(goals.map((link) => [link, null]));
    for (const [at] of towards) {
      for (const other of at.from) if (part.reached.has(other) && !towards.has(other)) towards.set(other, at);
    }
    const paths = /* @__PURE__ */ new Map();
    for (const demand of part.demands) {
      for (const start of demand.links.filter((link) => towards.has(link))) {
        const path = [{ node: demand.node, lines: [demand], of: null, extra: "", group: demand.group }];
        for (let at = start; towards.get(at); at = towards.get(at)) {
          if (towards.get(at).node !== at.node) path.push(stepOf(at, towards.get(at)));
        }
        const key = `${demand.node.index} ${demand.group.name}`;
        if (!paths.has(key) || path.length < paths.get(key).length) paths.set(key, path);
      }
    }
    return [...paths.values()].sort((a, b) => loosest(a) - loosest(b) || a.length - b.length || (a[0].node.id < b[0].node.id ? -1 : 1));
  };
  var removal = (part, chosen) => {
    const gone = linksWithout(part, chosen);
    const rest = new Set([...part.reached.keys()].filter((link) => !gone.has(link)).map((link) => link.node));
    const freed = [...new Set([...gone].map((link) => link.node))].filter((node) => !rest.has(node));
    const kept = [...chosen].filter((node) => rest.has(node)).map((node) => ({
      node,
      by: [...new Set(node.links.filter((link) => part.reached.has(link) && !gone.has(link)).flatMap((link) => link.from).filter((link) => link.node !== node && part.reached.has(link) && !gone.has(link)).map((link) => link.node))]
    }));
    return { freed, kept };
  };
  var goneWith = (part, node) => {
    if (!part.gone.has(node)) part.gone.set(node, removal(part, /* @__PURE__ */ new Set([node])).freed);
    return part.gone.get(node);
  };
  var freesOf = (part, node) => part.everything ? node.frees : goneWith(part, node).length;
  var leaderOf = (part, node) => {
    if (part.everything) return node.leader;
    if (!part.leaders) part.leaders = new Map(part.roots.flatMap((root) => goneWith(part, root).map((other) => [other, root])));
    return part.leaders.get(node) ?? null;
  };
  var linksWithout = (part, chosen) => {
    const cut = /* @__PURE__ */ new Set();
    const starts = [];
    for (const node of chosen) {
      if (part.isRoot.has(node)) starts.push(...part.demands.filter((demand) => demand.node === node).flatMap((demand) => demand.links));
      else for (const link of node.links) if (part.reached.has(link)) {
        starts.push(link);
        cut.add(link);
      }
    }
    const under = new Set(reach(starts, (link) => part.onward(link)).keys());
    const asked = new Set(part.demands.filter((demand) => !chosen.has(demand.node)).flatMap((demand) => demand.links));
    const firm = [...under].filter((link) => !cut.has(link) && (asked.has(link) || link.from.some((other) => part.reached.has(other) && !under.has(other))));
    const kept = reach(firm, (link) => link.to.filter((target) => under.has(target) && !cut.has(target)));
    return new Set([...under].filter((link) => !kept.has(link)));
  };

  // src/detail.js
  var facts = (rows) => el("dl", { class: "facts" }, rows.filter(Boolean).map(([term, ...values]) => el("div", {}, el("dt", {}, term), el("dd", {}, values))));
  var tag = () => el("span", { class: "tag medium" }, "tightest");
  var part2 = (title, count, ...content) => el("section", {}, el("h3", {}, title, count === null ? null : el("span", { class: "count" }, String(count))), content);
  var constraintWords = (entries, asked) => [...new Set(entries.map((entry) => [
    `${entry.asks.length ? `[${entry.asks.join(", ")}] ` : ""}${entry.constraint || "*"}`,
    entry.extras?.length && `with its extra ${entry.extras.join(", ")}${!asked || asked(entry) ? "" : ", which nothing asks for"}`,
    entry.marker && `if ${entry.marker}`,
    entry.version && `in ${entry.version}`
  ].filter(Boolean).join(" · ")))];
  var lowest = (lines) => Math.min(...lines.map((line) => line.rank));
  var edgeList = (app2, edges, end, tightest = -1) => {
    const { act, part } = app2;
    const asked = (edge) => (entry) => edge.from.links.some((link) => entry.extras.includes(link.extra) && part.reached.has(link));
    const row = (edge) => el(
      "li",
      { class: edge.hard ? null : "soft" },
      packageButton(edge[end], act),
      lowest(edge.entries) === tightest ? tag() : null,
      constraintWords(edge.entries, asked(edge)).map((words) => el("span", { class: "constraint" }, words))
    );
    const limit = 30;
    const list = el("ul", { class: "edges" }, edges.slice(0, limit).map(row));
    if (edges.length > limit) {
      const button = el("button", {
        type: "button",
        class: "plain",
        onclick: () => {
          const at = button.parentElement;
          at.replaceWith(...edges.slice(limit).map(row));
          list.children[limit].querySelector("button").focus();
        }
      }, `Show ${edges.length - limit} more`);
      list.append(el("li", {}, button));
    }
    return list;
  };
  var lineWords = (line) => [line.asks.length ? `[${line.asks.join(", ")}]` : "", line.constraint || "*", line.marker && `if ${line.marker}`].filter(Boolean).join(" ");
  var stepWords = ({ lines, of, extra }) => [...new Set(lines.map(lineWords))].map((words) => el(
    "span",
    { class: "asked" },
    [words, extra && `with the extra ${extra}`, of && `of ${of.version}`].filter(Boolean).join(", ")
  ));
  var pathList = (paths, act, limit = 6) => {
    const row = (path) => el("li", {}, el("span", { class: "path" }, path[0].group ? el("span", { class: "tag" }, path[0].group.name) : null, path.map((step, index) => [
      index ? el("span", { class: "arrow", "aria-label": "needs", role: "img" }, "→") : null,
      packageButton(step.node ?? step, act),
      step.lines ? stepWords(step) : null
    ]), boundOf(path)));
    const list = el("ol", { class: "paths" }, paths.slice(0, limit).map(row));
    if (paths.length > limit) {
      const button = el("button", {
        type: "button",
        class: "plain",
        onclick: () => {
          const at = button.parentElement;
          at.replaceWith(...paths.slice(limit).map(row));
          list.children[limit].querySelector("button").focus();
        }
      }, `Show ${paths.length - limit} more`);
      list.append(el("li", {}, button));
    }
    return list;
  };
  var boundOf = (path) => {
    const lines = path.at(-1).lines ?? [];
    const last = lines.find((line) => line.rank === Math.max(...lines.map((each) => each.rank)));
    return last ? el("span", { class: "tag" }, last.upper ? `allows ${last.upper}` : "no upper bound") : null;
  };
  var badges = (app2, node) => {
    const words = [[KIND_WORDS[kindOf(node)], ""]];
    if (node.optional && node.direct) words.push(["optional", ""]);
    if (node.cycles.length) words.push(["in a cycle", "warn"]);
    if (node.versions.length > 1) words.push([`${node.versions.length} versions`, "warn"]);
    if (node.advisories.length) words.push([many(node.advisories.length, "vulnerability", "vulnerabilities"), "bad"]);
    if (node.change) words.push([node.change === "changed" ? `changed from ${node.before.join(", ")}` : node.change, node.change]);
    if (!app2.part.has(node) && !node.lost) words.push(["not in the chosen groups", "warn"]);
    return el("ul", { class: "badges" }, words.map(([text, kind]) => el("li", { class: kind || null }, text)));
  };
  var ownNeeds = (node, build) => {
    const versions = (edge) => new Set(edge.entries.map((entry) => entry.version));
    return node.versions.length < 2 ? [] : node.needs.filter((edge) => versions(edge).has(build.version) && versions(edge).size < node.versions.length).map((edge) => edge.to);
  };
  var buildList = (node, act) => el("ul", { class: "builds" }, node.builds.map((build) => el(
    "li",
    {},
    el("span", { class: "version" }, build.version),
    build.source ? el("span", { class: "dim" }, ` from ${build.source}`) : null,
    build.python ? el("span", { class: "constraint" }, `Python ${build.python}`) : null,
    node.builds.length > 1 && build.groups.length ? el("span", { class: "constraint" }, `in ${build.groups.join(", ")}`) : null,
    ownNeeds(node, build).length ? [el("span", { class: "constraint" }, "only this build needs"), packageList(ownNeeds(node, build), act, 12)] : null,
    [...new Set(build.markers.map(([, marker]) => marker))].map((marker) => el("span", { class: "constraint" }, `if ${marker}`))
  )));
  var packageDetail = (app2, node) => {
    const { act, part } = app2;
    const paths = whyPaths(part, node);
    const leading = [...new Set(paths.map(([step]) => step.node))];
    const closure = part.has(node) ? goneWith(part, node).filter((other) => other !== node) : [];
    const needs = part.needs(node);
    const neededBy = [...part.neededBy(node)].sort((a, b) => lowest(a.entries) - lowest(b.entries) || a.from.index - b.from.index);
    const bound = Math.min(...neededBy.map((edge) => lowest(edge.entries)), ...node.demands.map((demand) => demand.rank));
    const tightest = bound === Infinity ? -1 : bound;
    const depth = part.depth.get(node);
    const chosen = app2.removed.has(node);
    const leader = node.direct ? null : leaderOf(part, node);
    return [
      el(
        "div",
        { class: "title" },
        el("h2", {}, icon(node), el("bdi", {}, node.name)),
        el("button", { type: "button", class: "close", "aria-label": "Close the details", onclick: () => app2.store.set({ sel: "" }) }, "×")
      ),
      badges(app2, node),
      node.about ? el("p", { class: "about", dir: "auto" }, node.about) : null,
      el(
        "div",
        { class: "actions" },
        el("button", { type: "button", class: "primary", onclick: () => act.focus(node) }, "Focus"),
        el("button", { type: "button", onclick: () => act.showInOverview(node) }, "Overview"),
        node.direct ? el("button", { type: "button", "aria-pressed": String(chosen), onclick: () => act.toggleRemoval(node) }, "Try removing") : null
      ),
      buildList(node, act),
      facts([
        ["Groups", node.groups.length ? node.groups.map((group) => el("span", { class: "group" }, el("span", { class: `shape transitive g${group.index % 8}`, "aria-hidden": "true" }), el("bdi", {}, group.name))) : "none"],
        ["Depth", depth === void 0 ? "not reached" : many(depth + 1, "step")],
        ["Brings alone", many(closure.length, "package")],
        node.size === null ? null : ["Download", bytes(node.size), closure.length && app2.model.hasSizes ? ` (${bytes([node, ...closure].reduce((sum, other) => sum + (other.size ?? 0), 0))} with what it brings alone)` : ""],
        leader ? ["Only through", packageButton(leader, act)] : null
      ]),
      node.advisories.length ? part2("Vulnerabilities", node.advisories.length, advisoryList(node)) : null,
      node.demands.length ? part2("Asked for by the project", null, el("ul", { class: "edges" }, node.demands.map((demand) => el(
        "li",
        {},
        el("bdi", {}, demand.group?.name ?? ""),
        demand.rank === tightest ? tag() : null,
        constraintWords([{ ...demand, extras: [] }]).map((words) => el("span", { class: "constraint" }, words)),
        demand.extras.length ? el("span", { class: "constraint" }, `in the extra ${demand.extras.join(", ")}`) : null
      )))) : null,
      part2("Why it is here", paths.length, paths.length ? [
        pathList(paths, act),
        el("p", { class: "dim" }, leading.length > 1 ? `To lose ${node.name}, all ${leading.length} of these direct dependencies must go or stop needing it.` : "One direct dependency leads here."),
        el("button", { type: "button", class: "plain", onclick: () => act.tryRemoving(leading) }, "Try removing these")
      ] : el("p", { class: "dim" }, part.has(node) ? "Nothing in the project leads to it." : "It is not in the chosen groups.")),
      part2("Needs", needs.length, needs.length ? edgeList(app2, needs, "to") : null),
      part2(neededBy.length > 1 ? "Needed by, who limits it most first" : "Needed by", neededBy.length, neededBy.length ? edgeList(app2, neededBy, "from", tightest) : null),
      closure.length ? part2("Brings alone", closure.length, packageList(closure, act, 20)) : null,
      node.cycles.map((cycle) => part2("Cycle", null, cycleBody(cycle, act)))
    ];
  };
  var projectDetail = (app2) => {
    const { model, act, part } = app2;
    const { summary } = model;
    const orphans = model.nodes.filter((node) => node.orphan && !node.lost);
    const several = model.nodes.filter((node) => node.versions.length > 1 && !node.lost);
    const heaviest = part.roots.map((node) => [node, freesOf(part, node)]).sort((a, b) => b[1] - a[1]).slice(0, 5).filter(([, frees]) => frees > 1);
    return [
      el("div", { class: "title" }, el("h2", {}, el("bdi", {}, model.project))),
      model.scope ? el("p", { class: "about" }, `Only ${model.scope}.`) : null,
      facts([
        ["Packages", part.count.toLocaleString("en"), part.everything ? "" : ` of ${summary.packages.toLocaleString("en")} in the chosen groups`],
        ["Direct", String(summary.direct)],
        ["Edges", `${summary.edges} (${summary.hard} always)`],
        ["Depth", many(summary.depth, "step")],
        ["Longest chain", many(summary.longest, "edge")],
        ["Python", model.python],
        ["Lock format", model.lock || "unnamed"]
      ]),
      heaviest.length ? part2("Bring the most", null, el("ol", { class: "bars" }, heaviest.map(([node, frees]) => el("li", { style: { "--share": `${100 * frees / heaviest[0][1]}%` } }, packageButton(node, act), el("span", { class: "dim" }, String(frees)))))) : null,
      summary.chain.length ? part2("Longest chain", summary.longest, pathList([summary.chain], act)) : null,
      several.length ? part2("Locked in several versions", several.length, packageList(several, act, 8)) : null,
      orphans.length ? part2("Orphans", orphans.length, el("p", { class: "dim" }, "Locked, but the project needs none of them."), packageList(orphans, act, 8)) : null,
      summary.missing.length ? part2("Asked for, but not locked", summary.missing.length, el("ul", {}, summary.missing.map((name) => el("li", {}, el("bdi", {}, name))))) : null,
      summary.dangling.length ? part2("Needed, but not locked", summary.dangling.length, el("ul", {}, summary.dangling.map((name) => el("li", {}, el("bdi", {}, name))))) : null
    ];
  };
  var showDetail = (app2) => {
    const pane = $("detail");
    const node = app2.selected();
    const content = node ? packageDetail(app2, node) : projectDetail(app2);
    const inside = pane.contains(document.activeElement);
    pane.replaceChildren(...content.flat(Infinity).filter(Boolean));
    pane.scrollTop = 0;
    if (inside) pane.focus();
  };

  // src/advisories.js
  var SEVERITIES = ["critical", "high", "medium", "low", ""];
  var advisoryList = (node) => el("ul", { class: "edges" }, node.advisories.map((found) => el(
    "li",
    {},
    el("span", { class: `tag ${found.severity || "unrated"}` }, found.severity || "not rated"),
    " ",
    el("bdi", { class: "version" }, found.id),
    found.summary ? el("span", { class: "constraint", dir: "auto" }, found.summary) : null,
    el("span", { class: "constraint" }, found.fixed.length ? `fixed in ${found.fixed.join(", ")}` : "no fixed version is known")
  )));
  var advisoriesView = {
    id: "advisories",
    title: "Vulnerable",
    when: (model) => model.hasAdvisories,
    count: ({ model, part }) => model.nodes.filter((node) => node.advisories.length && part.has(node)).length,
    make(section) {
      this.words = el("p", { class: "dim" });
      this.list = el("div", { class: "cards scroll", tabindex: "0", role: "region", "aria-label": "Vulnerable packages" });
      section.append(el("div", { class: "strip" }, heading("Vulnerable packages", this.words)), this.list);
    },
    show(app2) {
      if (this.part === app2.part) return;
      this.part = app2.part;
      const worst = (node) => Math.min(...node.advisories.map((found) => SEVERITIES.indexOf(found.severity)));
      const nodes = app2.model.nodes.filter((node) => node.advisories.length && app2.part.has(node)).sort((a, b) => worst(a) - worst(b) || a.index - b.index);
      this.words.textContent = `${many(nodes.length, "package")}; ${app2.model.audited}`;
      this.list.replaceChildren(...nodes.length ? nodes.map((node) => {
        const paths = whyPaths(app2.part, node);
        return el(
          "article",
          { class: "card" },
          el("h3", {}, packageButton(node, app2.act), el("span", { class: "version" }, ` ${node.versions.join(", ")}`)),
          advisoryList(node),
          paths.length ? [el("h4", {}, "Comes through"), pathList(paths, app2.act, 3)] : null
        );
      }) : [el("p", { class: "empty" }, `No advisory is known for a package of the chosen groups; of the whole graph: ${app2.model.audited}.`)]);
    }
  };

  // src/paint.js
  var NAMES = [
    "canvas",
    "panel",
    "ink",
    "dim",
    "line",
    "edge",
    "accent",
    "accent-soft",
    "up",
    "down",
    "bad",
    "good",
    "warn",
    "g0",
    "g1",
    "g2",
    "g3",
    "g4",
    "g5",
    "g6",
    "g7"
  ];
  var readColours = () => {
    const probe = el("span", { hidden: true });
    document.body.append(probe);
    const colours = {};
    for (const name of NAMES) {
      probe.style.color = `var(--${name})`;
      colours[name] = getComputedStyle(probe).color;
    }
    probe.remove();
    return colours;
  };
  var nodeColour = (colours, node) => colours[groupClass(node)];
  var addShape = (path, kind, x, y, r) => {
    if (kind === "direct") {
      const half = r * 0.9;
      path.roundRect(x - half, y - half, half * 2, half * 2, r * 0.3);
    } else if (kind === "orphan") {
      path.moveTo(x, y - r * 1.1);
      path.lineTo(x + r, y + r * 0.8);
      path.lineTo(x - r, y + r * 0.8);
      path.closePath();
    } else if (kind === "removed") {
      path.moveTo(x, y - r * 1.15);
      path.lineTo(x + r * 1.15, y);
      path.lineTo(x, y + r * 1.15);
      path.lineTo(x - r * 1.15, y);
      path.closePath();
    } else if (kind === "plus") {
      const arm = r * 0.42;
      const far = r * 1.2;
      path.rect(x - far, y - arm, far * 2, arm * 2);
      path.rect(x - arm, y - far, arm * 2, far - arm);
      path.rect(x - arm, y + arm, arm * 2, far - arm);
    } else {
      path.moveTo(x + r, y);
      path.arc(x, y, r, 0, 7);
    }
  };
  var addCurve = (path, x1, y1, x2, y2) => {
    const bend = Math.max(24, Math.abs(x2 - x1) * 0.45);
    path.moveTo(x1, y1);
    path.bezierCurveTo(x1 + bend, y1, x2 - bend, y2, x2, y2);
  };
  var drawSign = (ctx, text, x, y, size, colour, ground) => {
    ctx.fillStyle = colour;
    ctx.beginPath();
    ctx.arc(x, y, size, 0, 7);
    ctx.fill();
    ctx.fillStyle = ground;
    ctx.font = `700 ${size * 1.6}px ${FONT}`;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.fillText(text, x, y + size * 0.08);
    ctx.textAlign = "left";
  };
  var FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif';
  var CHANGE_COLOURS = { added: "good", removed: "bad", changed: "warn" };

  // src/scene.js
  var Scene = class {
    constructor(canvas, painter) {
      this.canvas = canvas;
      this.ctx = canvas.getContext("2d", { alpha: false });
      this.painter = painter;
      this.items = [];
      this.byNode = /* @__PURE__ */ new Map();
      this.camera = { x: 0, y: 0, k: 1 };
      this.size = { w: 1, h: 1 };
      this.cursor = null;
      this.hover = null;
      this.asked = 0;
      this.motion = 0;
      this.movedAt = -Infinity;
      this.moving = () => performance.now() - this.movedAt < 120;
      this.colours = readColours();
      this.watcher = new ResizeObserver(() => this.resize());
      this.watcher.observe(canvas.parentElement);
      this.resize();
    }
    // Items: {node, x, y, w, h}, centred. `keep` leaves the camera where it is.
    show(items, { keep = false, glide = false } = {}) {
      const before = this.byNode;
      this.items = items;
      this.byNode = new Map(items.map((item) => [item.node, item]));
      this.hover = null;
      this.cursor = this.cursor ? this.byNode.get(this.cursor.node) ?? null : null;
      if (glide && moves() && before.size) this.glideFrom(before);
      if (!keep) this.fit();
      this.ask();
    }
    glideFrom(before) {
      const travel = this.items.map((item) => {
        const old = before.get(item.node);
        return { item, x: item.x, y: item.y, fromX: old ? old.x : item.x, fromY: old ? old.y : item.y };
      });
      this.play(200, (share) => {
        for (const { item, x, y, fromX, fromY } of travel) {
          item.x = fromX + (x - fromX) * share;
          item.y = fromY + (y - fromY) * share;
        }
      });
    }
    play(milliseconds, step) {
      cancelAnimationFrame(this.motion);
      const begun = performance.now();
      const frame = () => {
        const share = Math.min(1, Math.max(0, (performance.now() - begun) / milliseconds));
        step(1 - (1 - share) ** 3);
        this.draw();
        if (share < 1) this.motion = requestAnimationFrame(frame);
        else this.moved();
      };
      step(0);
      this.motion = requestAnimationFrame(frame);
    }
    resize() {
      const { clientWidth: w, clientHeight: h } = this.canvas.parentElement;
      if (!w || !h) return;
      const ratio = devicePixelRatio || 1;
      if (this.size.w === w && this.size.h === h && this.ratio === ratio) return;
      const first2 = this.size.w === 1;
      this.camera.x -= first2 ? 0 : (w - this.size.w) / 2 / this.camera.k;
      this.camera.y -= first2 ? 0 : (h - this.size.h) / 2 / this.camera.k;
      this.size = { w, h };
      this.ratio = ratio;
      this.canvas.width = Math.round(w * ratio);
      this.canvas.height = Math.round(h * ratio);
      if (first2) this.fit();
      this.draw();
    }
    bounds() {
      const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
      for (const { x, y, w, h } of this.items) {
        box.left = Math.min(box.left, x - w / 2);
        box.right = Math.max(box.right, x + w / 2);
        box.top = Math.min(box.top, y - h / 2);
        box.bottom = Math.max(box.bottom, y + h / 2);
      }
      box.top -= this.painter.head ?? 0;
      return box;
    }
    fit() {
      if (!this.items.length) return;
      const box = this.bounds();
      const { left, top, right, bottom } = box;
      const { margin, largest, smallest } = this.painter;
      const k = Math.min((this.size.w - 2 * margin) / (right - left || 1), (this.size.h - 2 * margin) / (bottom - top || 1), largest);
      this.camera.k = Math.max(k, smallest, 0.02);
      const at = this.painter.centre?.(this, box) ?? { x: (left + right) / 2, y: (top + bottom) / 2 };
      this.camera.x = at.x - this.size.w / 2 / this.camera.k;
      this.camera.y = at.y - this.size.h / 2 / this.camera.k;
      this.ask();
    }
    zoom(factor, x = this.size.w / 2, y = this.size.h / 2) {
      const k = Math.min(5, Math.max(0.05, this.camera.k * factor));
      this.camera.x += x / this.camera.k - x / k;
      this.camera.y += y / this.camera.k - y / k;
      this.camera.k = k;
      this.moved();
    }
    // Sharp again once the camera rests.
    moved() {
      this.movedAt = performance.now();
      clearTimeout(this.resting);
      this.resting = setTimeout(() => this.ask(), 140);
      this.ask();
    }
    pan(dx, dy) {
      this.camera.x -= dx / this.camera.k;
      this.camera.y -= dy / this.camera.k;
      this.moved();
    }
    // Brings an item into sight, and near enough to be read.
    reveal(item, k = this.camera.k) {
      const at = this.toScreen(item.x, item.y);
      const inside = at.x > 60 && at.y > 40 && at.x < this.size.w - 60 && at.y < this.size.h - 40;
      if (inside && k <= this.camera.k) {
        this.ask();
        return;
      }
      const from = { ...this.camera };
      const zoom = Math.max(k, from.k);
      const to = { k: zoom, x: item.x - this.size.w / 2 / zoom, y: item.y - this.size.h / 2 / zoom };
      if (!moves()) {
        this.camera = to;
        this.ask();
        return;
      }
      this.play(240, (share) => {
        const step = from.k + (to.k - from.k) * share;
        const centre = (start, end, side) => start + side / 2 / from.k + (end + side / 2 / to.k - start - side / 2 / from.k) * share;
        this.camera.k = step;
        this.movedAt = performance.now();
        this.camera.x = centre(from.x, to.x, this.size.w) - this.size.w / 2 / step;
        this.camera.y = centre(from.y, to.y, this.size.h) - this.size.h / 2 / step;
      });
    }
    toScreen(x, y) {
      return { x: (x - this.camera.x) * this.camera.k, y: (y - this.camera.y) * this.camera.k };
    }
    at(x, y) {
      const wx = x / this.camera.k + this.camera.x;
      const wy = y / this.camera.k + this.camera.y;
      const reachable = Math.max(2, 9 / this.camera.k);
      let found = null;
      let nearest = Infinity;
      for (const item of this.items) {
        const dx = Math.max(0, Math.abs(item.x - wx) - item.w / 2);
        const dy = Math.max(0, Math.abs(item.y - wy) - item.h / 2);
        const far = dx * dx + dy * dy;
        if (far < nearest && far <= reachable * reachable) {
          nearest = far;
          found = item;
        }
      }
      return found;
    }
    ask() {
      if (!this.asked) this.asked = requestAnimationFrame(() => this.draw());
    }
    draw() {
      cancelAnimationFrame(this.asked);
      this.asked = 0;
      const { ctx, ratio, camera } = this;
      if (!ratio || !this.items.length || this.canvas.offsetParent === null) return;
      ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
      ctx.globalAlpha = 1;
      ctx.fillStyle = this.colours.canvas;
      ctx.fillRect(0, 0, this.size.w, this.size.h);
      ctx.setTransform(ratio * camera.k, 0, 0, ratio * camera.k, -camera.x * camera.k * ratio, -camera.y * camera.k * ratio);
      this.painter.draw(this, ctx);
    }
    recolour() {
      this.colours = readColours();
      this.painter.forget?.();
      this.ask();
    }
  };

  // src/scene_input.js
  var listenTo = (scene, on) => {
    const { canvas } = scene;
    const pointers = /* @__PURE__ */ new Map();
    let dragged = 0;
    let pinch = 0;
    const here = (event) => ({ x: event.offsetX, y: event.offsetY });
    canvas.addEventListener("pointerdown", (event) => {
      pointers.set(event.pointerId, here(event));
      dragged = 0;
      pinch = 0;
      try {
        canvas.setPointerCapture(event.pointerId);
      } catch {
      }
    });
    canvas.addEventListener("pointermove", (event) => {
      const last = pointers.get(event.pointerId);
      const now = here(event);
      if (!last) {
        const item = scene.at(now.x, now.y);
        if (item !== scene.hover) {
          scene.hover = item;
          canvas.classList.toggle("on-item", !!item);
          on.hover?.(item?.node ?? null);
          scene.ask();
        }
        return;
      }
      pointers.set(event.pointerId, now);
      if (pointers.size === 2) {
        const [a, b] = [...pointers.values()];
        const span = Math.hypot(a.x - b.x, a.y - b.y);
        if (pinch) scene.zoom(span / pinch, (a.x + b.x) / 2, (a.y + b.y) / 2);
        pinch = span;
        dragged = 99;
        return;
      }
      dragged += Math.abs(now.x - last.x) + Math.abs(now.y - last.y);
      if (dragged > 4) {
        canvas.classList.add("dragging");
        scene.pan(now.x - last.x, now.y - last.y);
      }
    });
    const release = (event) => {
      pointers.delete(event.pointerId);
      pinch = 0;
      canvas.classList.remove("dragging");
    };
    canvas.addEventListener("pointerup", (event) => {
      const now = here(event);
      if (pointers.size === 1 && dragged <= 4) {
        const item = scene.at(now.x, now.y);
        scene.cursor = item;
        on.select(item ? item.node : null);
        scene.ask();
      }
      release(event);
    });
    canvas.addEventListener("pointercancel", release);
    canvas.addEventListener("pointerleave", () => {
      scene.hover = null;
      on.hover?.(null);
      scene.ask();
    });
    canvas.addEventListener("dblclick", (event) => {
      const item = scene.at(event.offsetX, event.offsetY);
      if (item) on.open(item.node);
    });
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      const step = event.deltaMode === 1 ? 18 : 1;
      scene.zoom(Math.exp(-event.deltaY * step * (event.ctrlKey ? 0.01 : 16e-4)), event.offsetX, event.offsetY);
    }, { passive: false });
    const stand = (item) => {
      if (!item) return;
      scene.cursor = item;
      scene.reveal(item, on.readable ?? 0);
      on.select(item.node);
      say(on.words(item));
    };
    const along = (items) => {
      const from = scene.cursor;
      const far = (item) => Math.abs(item.y - from.y) * 3 + Math.abs(item.x - from.x);
      return items.filter((item) => item && item !== from).sort((a, b) => far(a) - far(b))[0];
    };
    const beside = (down) => {
      const from = scene.cursor;
      const off = (item) => Math.abs(item.x - from.x) * 4 + Math.abs(item.y - from.y);
      return scene.items.filter((item) => down ? item.y > from.y + 1 : item.y < from.y - 1).sort((a, b) => off(a) - off(b))[0];
    };
    const keys = {
      ArrowRight: () => stand(along(on.below(scene.cursor.node).map((node) => scene.byNode.get(node)))),
      ArrowLeft: () => stand(along(on.above(scene.cursor.node).map((node) => scene.byNode.get(node)))),
      ArrowDown: () => stand(beside(true)),
      ArrowUp: () => stand(beside(false)),
      Enter: () => on.open(scene.cursor.node),
      " ": () => stand(scene.cursor)
    };
    const cameraKeys = {
      "+": () => scene.zoom(1.3),
      "=": () => scene.zoom(1.3),
      "-": () => scene.zoom(1 / 1.3),
      0: () => scene.fit(),
      Home: () => stand(on.start(scene))
    };
    const steps = { ArrowRight: [-60, 0], ArrowLeft: [60, 0], ArrowDown: [0, -60], ArrowUp: [0, 60] };
    canvas.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.shiftKey && steps[event.key]) scene.pan(...steps[event.key]);
      else if (cameraKeys[event.key]) cameraKeys[event.key]();
      else if (keys[event.key]) {
        if (scene.cursor) keys[event.key]();
        else stand(on.start(scene));
      } else return;
      event.preventDefault();
      event.stopPropagation();
    });
    canvas.addEventListener("focus", () => {
      if (!scene.cursor) scene.cursor = on.start(scene);
      if (scene.cursor) say(on.words(scene.cursor));
      scene.ask();
    });
    canvas.addEventListener("blur", () => scene.ask());
  };
  var stage = (label, legend2) => {
    const canvas = el("canvas", { tabindex: "0", role: "application", "aria-roledescription": "graph", "aria-label": label });
    const zoom = el("div", { class: "zoom", role: "group", "aria-label": "Zoom" });
    const box = el("div", { class: "stage" }, canvas, zoom, legend2);
    const buttons = (scene) => {
      const make = (sign, words, act) => el("button", { type: "button", title: words, "aria-label": words, onclick: act }, sign);
      zoom.append(make("+", "Zoom in", () => scene.zoom(1.3)), make("−", "Zoom out", () => scene.zoom(1 / 1.3)), make("⤢", "Show all", () => scene.fit()));
    };
    return { box, canvas, buttons };
  };

  // src/overview.js
  var nodeSize = (node) => 4.6 + Math.min(7.5, Math.sqrt(node.neededBy.length) * 1.35);
  var DotsPainter = class {
    margin = 36;
    largest = 1.6;
    smallest = 0;
    selected = null;
    cache = null;
    // the paths
    base = null;
    // the picture of edges and dots
    lit = null;
    // the paths of what the marked package needs and what needs it
    /** @type {Pick<Part, "needs" | "neededBy" | "below" | "above">} */
    part = null;
    widths = /* @__PURE__ */ new Map();
    /** @param {{colourOf: Function, signOf: Function, edges: () => Edge[], shapeOf?: Function}} options */
    constructor({ colourOf, signOf, edges, shapeOf = kindOf }) {
      this.colourOf = colourOf;
      this.signOf = signOf;
      this.edges = edges;
      this.shapeOf = shapeOf;
    }
    items(nodes) {
      this.nodes = nodes;
      this.forget();
      this.ranked = [...nodes].sort((a, b) => b.neededBy.length + b.direct * 6 - a.neededBy.length - a.direct * 6 || a.index - b.index);
      return nodes.map((node) => ({ node, x: node.x, y: node.y, w: nodeSize(node) * 2, h: nodeSize(node) * 2 }));
    }
    forget() {
      this.cache = null;
      this.lit = null;
      this.base = null;
    }
    // Paths in the plane's own units. Dots grow when the camera is far, in steps, so that they never vanish.
    paths(scene) {
      const grow = scene.camera.k < 0.5 ? Math.min(2.2, 0.5 / scene.camera.k) : 1;
      const step = Math.round(grow * 8) / 8;
      if (this.cache?.step === step) return this.cache;
      const edges = this.cache?.edges ?? this.edgePaths();
      const dots = /* @__PURE__ */ new Map();
      const rings = new Path2D();
      for (const node of this.nodes) {
        const colour = this.colourOf(scene.colours, node);
        const hollow = this.shapeOf(node) === "optional";
        const key = `${colour} ${hollow}`;
        if (!dots.has(key)) dots.set(key, { colour, hollow, path: new Path2D() });
        addShape(dots.get(key).path, this.shapeOf(node), node.x, node.y, nodeSize(node) * step);
        if (node.cycles.length) {
          rings.moveTo(node.x + nodeSize(node) * step + 4, node.y);
          rings.arc(node.x, node.y, nodeSize(node) * step + 4, 0, 7);
        }
      }
      this.cache = { step, edges, dots: [...dots.values()], rings };
      return this.cache;
    }
    edgePaths() {
      const hard = [new Path2D()];
      const soft = new Path2D();
      let held = 0;
      for (const edge of this.edges()) {
        if (edge.hard && held > 0 && held % 400 === 0) hard.push(new Path2D());
        addCurve(edge.hard ? hard[hard.length - 1] : soft, edge.from.x, edge.from.y, edge.to.x, edge.to.y);
        held += edge.hard ? 1 : 0;
      }
      return { hard, soft };
    }
    // The marked package with all that needs it and all that it needs.
    litFor(node) {
      if (this.lit?.node === node) return this.lit;
      const lit = { node, up: new Path2D(), down: new Path2D(), nodes: /* @__PURE__ */ new Set([node]) };
      const light = (found, edgesOf, path) => {
        for (const other of [node, ...found.keys()]) {
          lit.nodes.add(other);
          for (const edge of edgesOf(other)) addCurve(path, edge.from.x, edge.from.y, edge.to.x, edge.to.y);
        }
      };
      light(ancestors(this.part, node), this.part.neededBy, lit.up);
      light(descendants(this.part, node), this.part.needs, lit.down);
      this.lit = lit;
      return lit;
    }
    draw(scene, ctx) {
      const marked = scene.hover?.node ?? this.selected;
      const lit = marked && scene.byNode.has(marked) ? this.litFor(marked) : null;
      const { camera, ratio } = scene;
      const base = this.fits(scene, lit) ? this.base : this.drawBase(scene, lit);
      const swell = camera.k / base.k;
      ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
      ctx.drawImage(base.canvas, (base.x - camera.x) * camera.k, (base.y - camera.y) * camera.k, base.w * swell, base.h * swell);
      this.drawLabels(scene, ctx, lit, marked, base.step);
    }
    // While the camera moves, the picture of edges and dots is only shifted and stretched; at rest it is drawn sharp.
    fits({ camera, size, colours, ratio, moving }, lit) {
      const { base } = this;
      if (!base || base.lit !== lit || base.colours !== colours || base.ratio !== ratio || base.nodes !== this.nodes) return false;
      const swell = camera.k / base.k;
      if (swell !== 1 && (!moving() || swell > 1.7)) return false;
      return camera.x >= base.x && camera.y >= base.y && camera.x + size.w / camera.k <= base.x + base.w / base.k && camera.y + size.h / camera.k <= base.y + base.h / base.k;
    }
    drawBase(scene, lit) {
      const { colours, camera, size, ratio } = scene;
      const canvas = this.base?.canvas ?? document.createElement("canvas");
      const edge = 0.35;
      const [w, h] = [Math.ceil(size.w * (1 + 2 * edge)), Math.ceil(size.h * (1 + 2 * edge))];
      const at = { x: camera.x - edge * size.w / camera.k, y: camera.y - edge * size.h / camera.k };
      if (canvas.width !== Math.round(w * ratio) || canvas.height !== Math.round(h * ratio)) {
        canvas.width = Math.round(w * ratio);
        canvas.height = Math.round(h * ratio);
      }
      const ctx = canvas.getContext("2d", { alpha: false });
      ctx.setTransform(1, 0, 0, 1, 0, 0);
      ctx.globalAlpha = 1;
      ctx.fillStyle = colours.canvas;
      ctx.fillRect(0, 0, canvas.width, canvas.height);
      const k = camera.k * ratio;
      ctx.setTransform(k, 0, 0, k, -at.x * k, -at.y * k);
      const { edges, dots, rings, step } = this.paths(scene);
      this.drawEdges(ctx, edges, lit, scene);
      ctx.globalAlpha = lit ? 0.25 : 1;
      this.drawDots(ctx, dots, rings, colours);
      ctx.globalAlpha = 1;
      if (lit) this.drawLit(ctx, lit, colours, step);
      this.drawSigns(scene, ctx, lit, step);
      this.base = { canvas, ...at, k: camera.k, w, h, lit, colours, ratio, step, nodes: this.nodes };
      return this.base;
    }
    drawEdges(ctx, edges, lit, { colours, camera }) {
      ctx.lineWidth = Math.min(1.4, 0.9 / camera.k);
      ctx.strokeStyle = colours.edge;
      ctx.globalAlpha = lit ? 0.18 : 0.5;
      for (const path of edges.hard) ctx.stroke(path);
      ctx.setLineDash([6, 5]);
      ctx.stroke(edges.soft);
      ctx.setLineDash([]);
      if (!lit) return;
      ctx.globalAlpha = 0.75;
      ctx.lineWidth = 1.3 / camera.k;
      ctx.strokeStyle = colours.up;
      ctx.stroke(lit.up);
      ctx.strokeStyle = colours.down;
      ctx.stroke(lit.down);
    }
    drawDots(ctx, dots, rings, colours) {
      ctx.lineWidth = 2;
      for (const { colour, hollow, path } of dots) {
        ctx.fillStyle = hollow ? colours.canvas : colour;
        ctx.fill(path);
        if (hollow) {
          ctx.strokeStyle = colour;
          ctx.stroke(path);
        }
      }
      ctx.strokeStyle = colours.warn;
      ctx.setLineDash([4, 3]);
      ctx.stroke(rings);
      ctx.setLineDash([]);
    }
    drawLit(ctx, lit, colours, step) {
      for (const node of lit.nodes) {
        const path = new Path2D();
        addShape(path, this.shapeOf(node), node.x, node.y, nodeSize(node) * step * (node === lit.node ? 1.35 : 1));
        ctx.fillStyle = this.colourOf(colours, node);
        ctx.fill(path);
      }
    }
    drawSigns({ colours, camera }, ctx, lit, step) {
      const size = Math.max(4.5, 5 / camera.k * 0.9);
      for (const node of this.nodes) {
        const at = nodeSize(node) * step * 0.85;
        const sign = this.signOf(node);
        if (!sign) continue;
        ctx.globalAlpha = lit && !lit.nodes.has(node) ? 0.35 : 1;
        drawSign(ctx, sign[0], node.x + at, node.y - at, Math.min(size, 14), colours[sign[1]], colours.canvas);
      }
      ctx.globalAlpha = 1;
    }
    // Labels in screen pixels, the most needed first, none over another.
    drawLabels(scene, ctx, lit, marked, step) {
      const { colours, size, ratio, camera } = scene;
      ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
      ctx.font = `500 11px ${FONT}`;
      ctx.textBaseline = "middle";
      const taken = /* @__PURE__ */ new Set();
      const room = (x, y, w) => {
        const cells = [];
        const right = Math.floor((x + w + 3) / 8);
        for (let row = Math.floor((y - 6) / 6); row <= Math.floor((y + 6) / 6); row += 1) {
          for (let column = Math.floor((x - 3) / 8); column <= right; column += 1) cells.push(row * 4096 + column);
        }
        if (cells.some((cell) => taken.has(cell))) return false;
        for (const cell of cells) taken.add(cell);
        return true;
      };
      const first2 = [marked, scene.cursor?.node].filter((node) => node && scene.byNode.has(node));
      const ranked = lit ? [...first2, ...this.ranked.filter((node) => lit.nodes.has(node))] : [...first2, ...this.ranked];
      let left = camera.k < 0.45 ? 100 : Math.round(100 + 180 * Math.min(1, camera.k - 0.45));
      ctx.lineWidth = 3.5;
      ctx.lineJoin = "round";
      ctx.strokeStyle = colours.canvas;
      const done = /* @__PURE__ */ new Set();
      for (const node of ranked) {
        if (done.has(node)) continue;
        done.add(node);
        const x = (node.x - camera.x) * camera.k + nodeSize(node) * step * camera.k + 4;
        const y = (node.y - camera.y) * camera.k;
        if (x < -80 || x > size.w || y < -8 || y > size.h + 8) continue;
        const w = this.widthOf(ctx, node);
        if (!room(x, y, w) && !first2.includes(node)) continue;
        ctx.strokeText(node.name, x, y);
        ctx.fillStyle = node === marked ? colours.accent : colours.ink;
        ctx.fillText(node.name, x, y);
        left -= 1;
        if (!left) break;
      }
      const cursor = scene.cursor && document.activeElement === scene.canvas ? scene.cursor : null;
      if (cursor) {
        ctx.strokeStyle = colours.ink;
        ctx.lineWidth = 2;
        ctx.beginPath();
        ctx.arc((cursor.x - camera.x) * camera.k, (cursor.y - camera.y) * camera.k, nodeSize(cursor.node) * step * camera.k + 5, 0, 7);
        ctx.stroke();
      }
    }
    widthOf(ctx, node) {
      if (!this.widths.has(node)) this.widths.set(node, ctx.measureText(node.name).width);
      return this.widths.get(node);
    }
  };
  var legend = (app2) => {
    const shape = (kind, words) => el("li", {}, el("span", { class: `shape ${kind} g0`, "aria-hidden": "true" }), words);
    return el(
      "details",
      { class: "legend" },
      el("summary", {}, "Legend"),
      el(
        "ul",
        {},
        shape("direct", "direct: pyproject.toml asks for it"),
        shape("transitive", "transitive"),
        shape("optional", "only on request (extra)"),
        shape("orphan", "orphan: nothing needs it"),
        el("li", {}, el("span", { class: "stroke", "aria-hidden": "true" }), "needs, always"),
        el("li", {}, el("span", { class: "stroke soft", "aria-hidden": "true" }), "needs, through an extra"),
        app2.model.cycles.length ? el("li", {}, el("span", { class: "ring", "aria-hidden": "true" }), "in a cycle") : null
      ),
      el("ul", { class: "groups" }, app2.model.groups.map((group) => el("li", {}, el("span", { class: `shape transitive g${group.index % 8}`, "aria-hidden": "true" }), el("bdi", {}, group.name))))
    );
  };
  var overviewView = {
    id: "overview",
    title: "Overview",
    make(section, app2) {
      const words = el("p", { class: "dim" });
      const { box, canvas, buttons } = stage("Overview", legend(app2));
      section.append(el("div", { class: "strip" }, heading("Overview", words)), box);
      const painter = new DotsPainter({
        colourOf: nodeColour,
        signOf: (node) => node.advisories.length ? ["!", "bad"] : null,
        edges: () => app2.model.edges.filter((edge) => !edge.lost && app2.part.has(edge.from) && app2.part.has(edge.to))
      });
      const scene = new Scene(canvas, painter);
      buttons(scene);
      listenTo(scene, graphListeners(app2, {
        readable: 0.9,
        start: () => scene.byNode.get(app2.selected()) ?? scene.byNode.get(app2.centre()) ?? scene.items[0]
      }));
      Object.assign(this, { scene, painter, words, canvas });
    },
    show(app2) {
      this.painter.selected = app2.selected();
      if (this.part !== app2.part) {
        this.part = this.painter.part = app2.part;
        this.scene.show(this.painter.items(app2.model.nodes.filter(app2.part.has)), { keep: false });
        this.words.textContent = `${many(app2.part.count, "package")} from dependents (left) to dependencies (right)`;
        this.canvas.setAttribute("aria-label", `Overview of ${this.words.textContent}. Arrow keys follow edges, Enter focuses. The table view holds the same packages.`);
      }
      const item = this.scene.byNode.get(this.painter.selected);
      if (item && item !== this.scene.cursor) {
        this.scene.cursor = item;
        this.scene.reveal(item);
      }
      this.scene.ask();
    }
  };

  // src/focus.js
  var PILL = { height: 30, row: 39, gap: 60, cap: 18, enough: 44 };
  var focusColumns = (part, node, depth) => {
    const up = ancestors(part, node);
    const down = descendants(part, node);
    const limit = depth || autoDepth(up, down);
    const side = /* @__PURE__ */ new Map([[node, 0]]);
    for (const [other, steps] of down) if (steps <= limit) side.set(other, steps);
    for (const [other, steps] of up) if (steps <= limit && !(Math.abs(side.get(other)) <= steps)) side.set(other, -steps);
    return { side, up, down, limit, deepest: Math.max(0, ...up.values(), ...down.values()) };
  };
  var autoDepth = (up, down) => {
    const steps = [...up.values(), ...down.values()].sort((a, b) => a - b);
    const deepest = steps[steps.length - 1] ?? 1;
    return steps.length <= PILL.enough ? deepest : Math.max(1, steps[PILL.enough] - 1);
  };
  var apart = (wanted, step) => {
    const pools = [];
    wanted.forEach((value, index) => {
      pools.push({ sum: value - index * step, size: 1 });
      while (pools.length > 1) {
        const [a, b] = pools.slice(-2);
        if (a.sum / a.size <= b.sum / b.size) break;
        pools.splice(-2, 2, { sum: a.sum + b.sum, size: a.size + b.size });
      }
    });
    return pools.flatMap(({ sum, size }) => new Array(size).fill(sum / size)).map((value, index) => value + index * step);
  };
  var FocusPainter = class {
    margin = 44;
    largest = 1.15;
    head = 40;
    smallest = 0.74;
    widths = /* @__PURE__ */ new Map();
    selected = null;
    // Items in columns; a long column ends with one that stands for the rest.
    arrange(part, node, columns, whole, measure) {
      this.part = part;
      this.node = node;
      const byColumn = /* @__PURE__ */ new Map();
      for (const [other, at] of columns.side) byColumn.set(at, [...byColumn.get(at) ?? [], other]);
      const y = /* @__PURE__ */ new Map([[node, 0]]);
      const items = [];
      const numbers = [...byColumn.keys()].sort((a, b) => Math.abs(a) - Math.abs(b) || a - b);
      for (const at of numbers) {
        const inner = (other) => (at > 0 ? part.above(other) : part.below(other)).filter((each) => y.has(each) && columns.side.get(each) === at - Math.sign(at));
        const centre = (other) => {
          const near = inner(other);
          return near.reduce((sum, each) => sum + y.get(each), 0) / (near.length || 1);
        };
        let members = byColumn.get(at);
        let more = 0;
        if (!whole && members.length > PILL.cap + 1) {
          members = members.sort((a, b) => b.direct - a.direct || b.neededBy.length - a.neededBy.length).slice(0, PILL.cap);
          more = byColumn.get(at).length - members.length;
        }
        const wanted = members.map((other) => ({ node: other, y: at ? centre(other) : 0 })).sort((a, b) => a.y - b.y || a.node.y - b.node.y || a.node.index - b.node.index);
        if (more) wanted.push({ node: { more, name: `${more} more`, versions: [], groups: [], about: "" }, y: wanted[wanted.length - 1].y });
        const heights = apart(wanted.map((each) => each.y), PILL.row);
        const shift = at ? this.balance(heights) : 0;
        wanted.forEach((each, index) => {
          const height = heights[index] + shift;
          y.set(each.node, height);
          items.push({ node: each.node, column: at, x: 0, y: height, w: this.width(each.node, measure), h: PILL.height });
        });
      }
      this.placeColumns(items);
      this.links = this.linksOf(part, columns);
      return items;
    }
    balance(heights) {
      const middle = (heights[0] + heights[heights.length - 1]) / 2;
      return Math.abs(middle) > 120 && heights.length > 12 ? -middle : 0;
    }
    placeColumns(items) {
      const widest = /* @__PURE__ */ new Map();
      for (const { column, w } of items) widest.set(column, Math.max(widest.get(column) ?? 0, w));
      this.heads = [];
      for (const direction of [1, -1]) {
        let x = 0;
        let before = widest.get(0) / 2;
        for (let at = direction; widest.has(at); at += direction) {
          x += direction * (before + PILL.gap + widest.get(at) / 2);
          before = widest.get(at) / 2;
          const column = items.filter((item) => item.column === at);
          for (const item of column) item.x = x + (direction > 0 ? item.w - widest.get(at) : widest.get(at) - item.w) / 2;
          const words = Math.abs(at) === 1 ? at > 0 ? "needs" : "needed by" : `${Math.abs(at)} steps`;
          this.heads.push({ x, y: Math.min(...column.map((item) => item.y)) - 34, words });
        }
      }
    }
    width(node, measure) {
      if (!this.widths.has(node)) this.widths.set(node, measure(node));
      return this.widths.get(node);
    }
    linksOf(part, columns) {
      const links = [];
      for (const [other, at] of columns.side) {
        for (const edge of part.needs(other)) {
          const to = columns.side.get(edge.to);
          if (to === void 0 || at < 0 && to > 0 || at > 0 && to < 0) continue;
          links.push({ edge, near: to - at === 1, side: at < 0 || at === 0 && to < 0 ? "up" : "down" });
        }
      }
      return links.sort((a, b) => a.near - b.near);
    }
    // Where the camera looks when not everything fits: at the package, but never past the ends of the drawing.
    centre(scene, { left, right, top, bottom }) {
      const item = scene.byNode.get(this.node);
      const near = (at, from, to, side) => {
        const half = side / 2 / scene.camera.k - this.margin;
        return to - from <= 2 * half ? (from + to) / 2 : Math.min(Math.max(at, from + half), to - half);
      };
      return { x: near(item.x, left, right, scene.size.w), y: near(item.y, top, bottom, scene.size.h) };
    }
    draw(scene, ctx) {
      const marked = scene.hover?.node ?? (this.selected !== this.node ? this.selected : null);
      this.drawLinks(scene, ctx, scene.byNode.has(marked) ? marked : null);
      ctx.setLineDash([]);
      ctx.globalAlpha = 1;
      ctx.textBaseline = "middle";
      ctx.textAlign = "center";
      ctx.font = `600 11px ${FONT}`;
      ctx.fillStyle = scene.colours.dim;
      for (const head of this.heads) ctx.fillText(head.words, head.x, head.y);
      ctx.textAlign = "left";
      for (const item of scene.items) this.drawPill(scene, ctx, item);
    }
    drawLinks(scene, ctx, marked) {
      const { colours } = scene;
      for (const { edge, near, side } of this.links) {
        const a = scene.byNode.get(edge.from);
        const b = scene.byNode.get(edge.to);
        if (!a || !b) continue;
        const isMarked = marked && (edge.from === marked || edge.to === marked);
        const path = new Path2D();
        const back = b.x - b.w / 2 < a.x + a.w / 2;
        if (back && Math.abs(a.x - b.x) < 120) this.addLoop(path, a, b);
        else addCurve(path, a.x + (back ? -1 : 1) * a.w / 2, a.y, b.x - (back ? -1 : 1) * b.w / 2, b.y);
        ctx.globalAlpha = isMarked ? 1 : marked ? 0.16 : near ? 0.75 : 0.28;
        ctx.lineWidth = isMarked ? 2.2 : near ? 1.5 : 1.1;
        ctx.setLineDash(edge.hard ? [] : [5, 4]);
        ctx.strokeStyle = isMarked || near ? colours[side] : colours.dim;
        ctx.stroke(path);
      }
    }
    // Within a column the edge runs round the outer side.
    addLoop(path, a, b) {
      const side = a.column < 0 ? -0.5 : 0.5;
      const far = 2 * side * (26 + Math.min(40, Math.abs(a.y - b.y) / 6));
      const ends = [a.x + side * a.w, b.x + side * b.w];
      const out = (side < 0 ? Math.min(...ends) : Math.max(...ends)) + far;
      path.moveTo(ends[0], a.y);
      path.bezierCurveTo(out, a.y, out, b.y, ends[1], b.y);
    }
    drawPill(scene, ctx, { node, x, y, w, h }) {
      const { colours } = scene;
      const isCentre = node === this.node;
      const left = x - w / 2;
      ctx.beginPath();
      ctx.roundRect(left, y - h / 2, w, h, h / 2);
      ctx.fillStyle = isCentre ? colours.accent : scene.hover?.node === node ? colours["accent-soft"] : colours.panel;
      ctx.fill();
      const isSelected = node === this.selected;
      ctx.strokeStyle = isSelected ? colours.accent : colours.line;
      ctx.lineWidth = isSelected ? 2.5 : 1.2;
      ctx.setLineDash(node.more ? [4, 4] : []);
      ctx.stroke();
      ctx.setLineDash([]);
      if (scene.cursor?.node === node && document.activeElement === scene.canvas) {
        ctx.beginPath();
        ctx.roundRect(left - 4, y - h / 2 - 4, w + 8, h + 8, h / 2 + 4);
        ctx.strokeStyle = colours.ink;
        ctx.lineWidth = 2;
        ctx.stroke();
      }
      this.drawWords(scene, ctx, node, left, y, isCentre);
    }
    drawWords({ colours }, ctx, node, left, y, isCentre) {
      let at = left + 14;
      if (!node.more) {
        const path = new Path2D();
        addShape(path, kindOf(node), left + 16, y, 5.6);
        ctx.fillStyle = ctx.strokeStyle = isCentre ? colours.panel : nodeColour(colours, node);
        ctx.lineWidth = 1.8;
        if (kindOf(node) === "optional") ctx.stroke(path);
        else ctx.fill(path);
        at = left + 28;
      }
      ctx.font = `${isCentre ? 600 : 500} 13px ${FONT}`;
      ctx.fillStyle = isCentre ? colours.panel : colours.ink;
      ctx.fillText(node.name, at, y + 0.5);
      const width = ctx.measureText(node.name).width;
      ctx.font = `11px ${FONT}`;
      ctx.fillStyle = isCentre ? colours.panel : colours.dim;
      ctx.fillText(versionWords(node), at + width + 7, y + 1);
      if (node.advisories?.length) drawSign(ctx, "!", left + 6, y - 11, 7, colours.bad, colours.panel);
      if (node.cycles?.length) drawSign(ctx, "↻", left + (node.advisories?.length ? 22 : 6), y - 11, 7, colours.warn, colours.panel);
    }
  };
  var versionWords = (node) => {
    const [first2, ...rest] = node.versions.map((version) => version.length > 14 ? `${version.slice(0, 13)}…` : version);
    return first2 ? first2 + (rest.length ? ` +${rest.length}` : "") : "";
  };
  var pillMeasure = (ctx) => (node) => {
    ctx.font = `600 13px ${FONT}`;
    const name = ctx.measureText(node.name).width;
    ctx.font = `11px ${FONT}`;
    const version = versionWords(node);
    return Math.ceil(name + (version ? ctx.measureText(version).width + 7 : 0) + (node.more ? 28 : 44));
  };
  var nodeWords = (app2, node) => {
    if (node.more) return `${node.more} more packages. Enter shows them.`;
    const facts2 = [
      node.name,
      node.versions.join(" and "),
      KIND_WORDS[kindOf(node)],
      `needs ${app2.part.needs(node).length}, needed by ${app2.part.neededBy(node).length}`
    ];
    if (node.cycles.length) facts2.push("in a cycle");
    if (node.advisories.length) facts2.push(many(node.advisories.length, "known vulnerability", "known vulnerabilities"));
    return facts2.join(", ");
  };
  var graphListeners = (app2, extra) => ({
    select: (node) => node?.more ? app2.store.set({ more: "1" }) : app2.store.set({ sel: node ? node.id : "" }),
    open: (node) => node.more ? app2.store.set({ more: "1" }) : app2.act.focus(node),
    words: ({ node }) => nodeWords(app2, node),
    below: (node) => node.more ? [] : app2.part.below(node),
    above: (node) => node.more ? [] : app2.part.above(node),
    ...extra
  });
  var focusView = {
    id: "focus",
    title: "Focus",
    make(section, app2) {
      const head = heading("", el("p", { class: "dim" }));
      const controls = el("div", { class: "controls" });
      const { box, canvas, buttons } = stage("Focus", legend(app2));
      section.append(el("div", { class: "strip" }, head, controls), box);
      const painter = new FocusPainter();
      const scene = new Scene(canvas, painter);
      buttons(scene);
      listenTo(scene, graphListeners(app2, { start: () => scene.byNode.get(painter.node) }));
      Object.assign(this, { head, controls, scene, painter, canvas });
    },
    show(app2, state, before) {
      const node = app2.centre();
      const same = before && before.pkg === state.pkg && before.depth === state.depth && before.more === state.more && before.off === state.off && before.variant === state.variant && this.drawn === node;
      this.painter.selected = app2.selected();
      if (same) {
        this.scene.ask();
        return;
      }
      const columns = focusColumns(app2.part, node, Number(state.depth));
      const items = this.painter.arrange(app2.part, node, columns, state.more === "1", pillMeasure(this.scene.ctx));
      this.scene.cursor = items.find((item) => item.node === node);
      this.scene.show(items, { glide: !!this.drawn });
      this.drawn = node;
      const [title, words] = this.head.children;
      title.replaceChildren(icon(node), el("bdi", {}, node.name), " ", el("span", { class: "version" }, node.versions.join(", ")));
      const shown = columns.side.size - 1;
      const all = (/* @__PURE__ */ new Set([...columns.up.keys(), ...columns.down.keys()])).size;
      words.textContent = `${many(columns.up.size, "package needs", "packages need")} it, it needs ${columns.down.size}` + (shown < all ? `; ${shown} nearest shown` : "");
      this.canvas.setAttribute("aria-label", `Focus on ${node.name}: ${words.textContent}. Arrow keys follow edges, Enter focuses.`);
      const depths = ["", ...[1, 2, 3].filter((steps) => steps < columns.deepest).map(String), "99"];
      this.controls.replaceChildren(
        chosenButtons("Steps", depths.map((value) => [value, { "": "Auto", 99: "All" }[value] ?? value]), state.depth, (depth) => app2.store.set({ depth })),
        chosenButtons("Long columns", [["", "Short"], ["1", "Whole"]], state.more, (more) => app2.store.set({ more }))
      );
    }
  };

  // src/changes.js
  var arrivalList = (app2, arrivals, sign) => el("ul", { class: "edges" }, arrivals.map(({ node, builds, because, direct }) => el(
    "li",
    {},
    node ? packageButton(node, app2.act) : null,
    el("span", { class: "version" }, ` ${builds.join(", ")}`),
    because.length > 1 ? el("span", { class: "constraint" }, `${direct ? "the project → " : ""}${because.map((each) => each.name).join(" → ")}`) : null,
    because.length <= 1 && direct ? el("span", { class: "constraint" }, sign === "+" ? "the project asks for it now" : "the project asks for it no more") : null
  )));
  var changeList = (app2, changes) => el("ul", { class: "edges" }, changes.map(({ node, before, after }) => el(
    "li",
    {},
    packageButton(node, app2.act),
    el("span", { class: "constraint" }, `${before.join(", ")} → ${after.join(", ")}`)
  )));
  var changeLegend = () => el("ul", { class: "legend" }, Object.entries(MARKS).map(([change, [sign, words]]) => el(
    "li",
    {},
    el("span", { class: `mark ${change}`, "aria-hidden": "true" }, sign),
    words
  )));
  var changesView = {
    id: "changes",
    title: "Changes",
    when: (model) => model.diff !== null,
    count: ({ model: { diff } }) => diff.added.length + diff.removed.length + diff.changed.length,
    make(section, app2) {
      const { diff, nodes, edges } = app2.model;
      const { box, canvas, buttons } = stage("Changes", changeLegend());
      const list = el("div", { class: "scroll side", role: "region", tabindex: "0", "aria-label": "Changes" }, this.lists(app2));
      section.append(
        el("div", { class: "strip" }, heading("Changes", el("p", { class: "dim" }, `from ${diff.old} to ${diff.new}; ${many(diff.unchanged, "package")} unchanged`))),
        el("div", { class: "halves wide" }, list, box)
      );
      const painter = new DotsPainter({
        colourOf: (colours, node) => node.change ? colours[CHANGE_COLOURS[node.change]] : colours.line,
        shapeOf: (node) => ({ added: "plus", removed: "removed", changed: "orphan" })[node.change] ?? "transitive",
        signOf: () => null,
        edges: () => edges.filter((edge) => edge.change || edge.from.change || edge.to.change)
      });
      painter.part = { needs: (node) => node.needs, neededBy: (node) => node.neededBy, below, above: (node) => node.neededBy.map((edge) => edge.from) };
      const scene = new Scene(canvas, painter);
      buttons(scene);
      listenTo(scene, graphListeners(app2, { readable: 0.9, below, above: painter.part.above, start: () => scene.items.find((item) => item.node.change) ?? scene.items[0] }));
      scene.show(painter.items(nodes));
      painter.ranked = nodes.filter((node) => node.change);
      canvas.setAttribute("aria-label", "Both revisions in one drawing. The list beside it holds the same changes.");
      Object.assign(this, { scene, painter });
    },
    lists(app2) {
      const { diff } = app2.model;
      const block = (title, items, content) => items.length ? [el("h3", {}, title, el("span", { class: "count" }, String(items.length))), content] : [];
      const kinds = [["downgrade", "Downgrades"], ["major", "New major versions"], ["upgrade", "Other new versions"], ["build", "Other builds"]];
      const found = [
        ...block("Added", diff.added, arrivalList(app2, diff.added, "+")),
        ...block("Removed", diff.removed, arrivalList(app2, diff.removed, "−")),
        ...kinds.flatMap(([kind, title]) => {
          const changed = diff.changed.filter((change) => change.kind === kind);
          return block(title, changed, changeList(app2, changed));
        })
      ];
      return found.length ? found : [el("p", { class: "empty" }, "Both revisions lock the same packages.")];
    },
    show(app2) {
      this.painter.selected = app2.selected();
      const item = this.scene.byNode.get(app2.selected());
      if (item && item !== this.scene.cursor) {
        this.scene.cursor = item;
        this.scene.reveal(item);
      }
      this.scene.resize();
      this.scene.ask();
    }
  };

  // src/compare.js
  var between = (model, before, after) => {
    const [old, now] = [before, after].map((group) => {
      const part = partOf(model, new Set(model.groups.filter((other) => other !== group && other.name !== "main").map((other) => other.name)));
      const builds = /* @__PURE__ */ new Map();
      for (const { node, build } of part.reached.keys()) builds.set(node, (builds.get(node) ?? /* @__PURE__ */ new Set()).add(build.source ? `${build.version} from ${build.source}` : build.version));
      return builds;
    });
    const nodes = model.nodes.filter((node) => old.has(node) || now.has(node));
    const both = nodes.filter((node) => old.has(node) && now.has(node));
    const changed = both.map((node) => ({ node, before: [...old.get(node)].sort(), after: [...now.get(node)].sort() })).filter((each) => each.before.join() !== each.after.join());
    return { added: nodes.filter((node) => !old.has(node)), removed: nodes.filter((node) => !now.has(node)), changed, same: both.length - changed.length };
  };
  var compareView = {
    id: "compare",
    title: "Compare",
    when: (model) => model.groups.length > 1,
    make(section, app2) {
      const options = () => app2.model.groups.map((group) => el("option", { value: group.name }, group.variant ? `${group.name} (${group.variant})` : group.name));
      const choose = (key, words) => {
        const select = el("select", { id: `compare-${key}`, onchange: () => app2.store.set({ [key]: select.value }) }, options());
        this[key] = select;
        return [el("label", { for: `compare-${key}` }, words), select];
      };
      this.words = el("p", { class: "dim" });
      const swap = el("button", { type: "button", onclick: () => app2.store.set({ a: this.b.value, b: this.a.value }) }, "Swap");
      this.result = el("div", { class: "scroll thirds", role: "region", tabindex: "0", "aria-label": "Comparison" });
      section.append(
        el("div", { class: "strip" }, heading("Compare groups", this.words), el("div", { class: "controls" }, choose("b", "From"), choose("a", "to"), swap)),
        this.result
      );
    },
    // The two groups that the reader most likely means: variants first.
    pair(app2, state) {
      const { groups } = app2.model;
      const variants = groups.filter((group) => group.variant);
      const known = (name) => groups.find((group) => group.name === name);
      const [second, first2] = variants.length > 1 ? variants : groups;
      return [known(state.a) ?? first2, known(state.b) ?? second];
    },
    show(app2, state) {
      const [a, b] = this.pair(app2, state);
      this.a.value = a.name;
      this.b.value = b.name;
      const key = `${a.name} ${b.name}`;
      if (this.key === key) return;
      const { added, removed, changed, same } = between(app2.model, b, a);
      const column = (sign, title, found, list) => el("section", {}, el("h3", {}, signMark(sign), title, el("span", { class: "count" }, String(found.length))), found.length ? list : el("p", { class: "dim" }, "None."));
      const sum = (found) => app2.model.hasSizes ? ` (${bytes(found.reduce((all, node) => all + (node.size ?? 0), 0))})` : "";
      this.words.textContent = `from ${b.name} to ${a.name}: ${added.length} added, ${removed.length} removed, ${changed.length} changed, ${same} as before, main included`;
      this.result.replaceChildren(
        column("added", `Only in ${a.name}${sum(added)}`, added, packageList(added, app2.act, 300)),
        column("removed", `Only in ${b.name}${sum(removed)}`, removed, packageList(removed, app2.act, 300)),
        column("changed", "Other builds", changed, changeList(app2, changed))
      );
      if (this.key) say(`${a.name} adds ${many(added.length, "package")} over ${b.name}`);
      this.key = key;
    }
  };

  // src/state.js
  var VIEWS_WITH_PACKAGE = /* @__PURE__ */ new Set(["focus", "map"]);
  var PLAIN = {
    view: "map",
    pkg: "",
    sel: "",
    depth: "",
    more: "",
    open: "",
    by: "",
    off: "",
    variant: "",
    remove: "",
    q: "",
    sort: "",
    a: "",
    b: "",
    theme: "",
    keys: "",
    only: ""
  };
  var listOf = (text) => text ? text.split(",") : [];
  var readAddress = (first2) => {
    const given = new URLSearchParams(location.hash.slice(1));
    const state = { ...PLAIN };
    for (const key of Object.keys(PLAIN)) if (given.has(key)) state[key] = given.get(key);
    if (!given.has("view")) state.view = state.pkg ? "focus" : first2;
    return state;
  };
  var addressOf = (state) => {
    const kept = new URLSearchParams();
    for (const [key, value] of Object.entries(state)) if (value !== PLAIN[key] || key === "view") kept.set(key, value);
    return `#${kept.toString().replaceAll("%2C", ",")}`;
  };
  var Store = class {
    constructor(listener, first2) {
      this.state = readAddress(first2);
      this.listener = listener;
      this.steps = 0;
      const follow = () => {
        const found = readAddress(first2);
        if (addressOf(found) === addressOf(this.state)) return;
        const before = this.state;
        this.state = found;
        this.listener(this.state, before);
      };
      addEventListener("popstate", () => {
        this.steps = history.state?.steps ?? 0;
        follow();
      });
      addEventListener("hashchange", follow);
    }
    // A new view or package is a step that "back" undoes; anything else replaces the present step.
    set(patch) {
      const before = this.state;
      this.state = { ...before, ...patch };
      if (addressOf(before) === addressOf(this.state)) return;
      const isStep = before.view !== this.state.view || before.pkg !== this.state.pkg;
      if (isStep) this.steps += 1;
      history[isStep ? "pushState" : "replaceState"]({ steps: this.steps }, "", addressOf(this.state));
      this.listener(this.state, before);
    }
    back() {
      if (this.steps > 0) history.back();
      return this.steps > 0;
    }
  };

  // src/filters.js
  var offOf = (state) => new Set(listOf(state.off));
  var variantsOffOf = (model, state) => new Set(
    model.groups.filter((group) => group.variant && state.variant && group.name !== state.variant).map((group) => group.name)
  );
  var makeFilters = (app2) => {
    const sheet = $("filter-sheet");
    const plain = app2.model.groups.filter((group) => !group.variant);
    const variants = app2.model.groups.filter((group) => group.variant);
    const label = (group, input, words) => el("label", {}, input, el("span", { class: `shape transitive g${group ? group.index % 8 : 7}`, "aria-hidden": "true" }), el("bdi", {}, words), group ? el("span", { class: "dim" }, String(group.packages)) : null);
    const boxes = plain.map((group) => {
      const box = el("input", {
        type: "checkbox",
        onchange: () => {
          const off = offOf(app2.store.state);
          if (box.checked) off.delete(group.name);
          else off.add(group.name);
          app2.store.set({ off: [...off].sort().join(",") });
        }
      });
      box.group = group;
      return box;
    });
    const all = (off) => el("button", { type: "button", class: "plain", onclick: () => app2.store.set({ off }) }, off ? "None but main" : "All");
    const choices = [["", "all variants"], ["none", "no variant"], ...variants.map((group) => [group.name, `${group.name} (${group.variant})`])];
    const radios = choices.map(([value]) => el("input", { type: "radio", name: "variant", value, onchange: () => app2.store.set({ variant: value }) }));
    sheet.append(el(
      "fieldset",
      {},
      el("legend", {}, "Groups"),
      plain.map((group, index) => label(group, boxes[index], group.name)),
      el("div", { class: "controls" }, all(""), plain.length > 1 ? all(plain.filter((group) => group.name !== "main").map((group) => group.name).join(",")) : null)
    ));
    if (variants.length) sheet.append(el("fieldset", {}, el("legend", {}, "Hardware variant"), choices.map(([value, words], index) => label(variants.find((group) => group.name === value), radios[index], words))));
    $("filters").hidden = app2.model.groups.length < 2;
    $("filters").addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !$("filters").open) return;
      $("filters").open = false;
      $("filters").querySelector("summary").focus();
      event.stopPropagation();
    });
    return (state) => {
      const off = offOf(state);
      for (const box of boxes) box.checked = !off.has(box.group.name);
      for (const radio of radios) radio.checked = radio.value === state.variant;
      const on = plain.filter((group) => !off.has(group.name)).length;
      $("filters").firstElementChild.replaceChildren(`Groups: ${on === plain.length ? "all" : `${on} of ${plain.length}`}${variants.length ? ` · ${state.variant || "all variants"}` : ""}`);
    };
  };

  // src/keys.js
  var KEYS = [
    ["/", "find a package"],
    ["1 – 9", "switch the view"],
    ["← →", "in a drawing: along an edge, to who needs it and to what it needs"],
    ["↑ ↓", "in a drawing: to the next package above or below; in the table: rows"],
    ["Enter", "focus on the selected package"],
    ["Shift + arrows", "move the drawing"],
    ["+ − 0", "zoom in, zoom out, show all"],
    ["g", "groups and variants"],
    ["d", "to the details and back"],
    ["t", "light, dark, or as the system says"],
    ["Esc", "close; else back to where you were"],
    ["?", "this page"]
  ];
  var isField = (target) => target.closest?.("input:not([type=checkbox]):not([type=radio]), select, textarea, [contenteditable]");
  var makeKeys = (app2) => {
    const help = $("help");
    const single = el("input", { type: "checkbox", onchange: () => app2.store.set({ keys: single.checked ? "" : "off" }) });
    help.append(
      el("h2", { id: "help-title" }, "Help and keys"),
      el("p", {}, "Every package of the lock, and who needs whom. Start with one package, look it up with /, follow the edges with the arrow keys."),
      el("dl", { class: "keys" }, KEYS.map(([key, words]) => el("div", {}, el("dt", {}, el("kbd", {}, key)), el("dd", {}, words)))),
      el("p", {}, el("label", {}, single, " Single keys work as listed (off: only in drawings and fields)")),
      el("p", { class: "dim" }, "The address of this page holds what you see: copy it to share this view. “Brings alone” counts the packages that would leave if one were gone (dominators). Dashed edges come through extras. The page is one file and asks no network for anything."),
      el("form", { method: "dialog" }, el("button", { class: "primary" }, "Close"))
    );
    const openHelp = () => {
      single.checked = app2.store.state.keys !== "off";
      help.showModal();
    };
    $("help-open").addEventListener("click", openHelp);
    const escape = () => {
      if ($("filters").open) {
        $("filters").open = false;
        return;
      }
      const pane = $("detail");
      if (pane.contains(document.activeElement)) {
        app2.act.enter();
        return;
      }
      if (app2.store.back()) say("Back");
      else if (app2.store.state.sel) app2.store.set({ sel: "" });
    };
    const keys = {
      "/": () => {
        $("search").focus();
        $("search").select();
      },
      "?": openHelp,
      g: () => {
        $("filters").open = !$("filters").open;
        $("filters").querySelector($("filters").open ? "input" : "summary").focus();
      },
      d: () => {
        if ($("detail").contains(document.activeElement)) app2.act.enter();
        else $("detail").focus();
      },
      t: () => {
        const next = { "": "light", light: "dark", dark: "" }[app2.store.state.theme];
        app2.store.set({ theme: next });
        say(`Colours: ${next || "auto"}`);
      }
    };
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
      if (event.key === "Escape") {
        escape();
        return;
      }
      if (isField(event.target) || app2.store.state.keys === "off") return;
      const number = Number(event.key);
      if (number >= 1 && number <= app2.views.length && event.key.trim()) app2.act.go(app2.views[number - 1].id, true);
      else if (keys[event.key]) keys[event.key]();
      else return;
      event.preventDefault();
    });
  };

  // src/families.js
  var FEWEST = 3;
  var TOO_COMMON = /* @__PURE__ */ new Set(["python", "py"]);
  var grouped = (nodes, prefixOf) => {
    const found = /* @__PURE__ */ new Map();
    for (const node of nodes) {
      const prefix = prefixOf(node.id);
      if (prefix) found.set(prefix, [...found.get(prefix) ?? [], node]);
    }
    return found;
  };
  var first = (id) => id.split("-")[0];
  var firstTwo = (id) => id.split("-").slice(0, 2).join("-");
  var narrowed = (prefix, members) => {
    const [longer, most] = [...grouped(members, firstTwo)].sort((a, b) => b[1].length - a[1].length)[0];
    return most.length >= FEWEST && most.length >= 0.8 * members.length ? [longer, most] : [prefix, members];
  };
  var familiesOf = (nodes, open = /* @__PURE__ */ new Set()) => {
    const home = /* @__PURE__ */ new Map();
    for (const [prefix, members] of grouped(nodes, first)) {
      if (members.length < FEWEST || TOO_COMMON.has(prefix)) continue;
      const [begin2, kept] = narrowed(prefix, members);
      const name = `${begin2}-*`;
      if (open.has("*") || open.has(name)) continue;
      const family = { name, nodes: kept };
      for (const node of kept) home.set(node, family);
    }
    return [...new Set(nodes.map((node) => home.get(node) ?? { name: "", nodes: [node] }))].map(
      (each) => each.name ? each : { name: "", nodes: each.nodes }
    );
  };

  // src/treemap.js
  var squarify = (items, box) => {
    const placed = [];
    const total = items.reduce((sum, item) => sum + item.size, 0);
    if (!total || box.w <= 0 || box.h <= 0) return placed;
    const scale = box.w * box.h / total;
    let { x, y, w, h } = box;
    let row = [];
    const worst = (sizes, side) => {
      const area = sizes.reduce((sum, each) => sum + each, 0);
      return Math.max(side * side * Math.max(...sizes) / (area * area), area * area / (side * side * Math.min(...sizes)));
    };
    const close = () => {
      const area = row.reduce((sum, item) => sum + item.size * scale, 0);
      const flat = w >= h;
      const thick = area / (flat ? h : w);
      let at = flat ? y : x;
      for (const item of row) {
        const long = item.size * scale / thick;
        placed.push({ item, x: flat ? x : at, y: flat ? at : y, w: flat ? thick : long, h: flat ? long : thick });
        at += long;
      }
      if (flat) {
        x += thick;
        w -= thick;
      } else {
        y += thick;
        h -= thick;
      }
      row = [];
    };
    for (const item of [...items].sort((a, b) => b.size - a.size)) {
      const side = Math.min(w, h);
      const sizes = row.map((each) => each.size * scale);
      if (row.length && worst([...sizes, item.size * scale], side) > worst(sizes, side)) close();
      row.push(item);
    }
    if (row.length) close();
    return placed;
  };

  // src/map.js
  var HEAD = 24;
  var ROOM = 4200;
  var together = (part, nodes) => nodes.length === 1 ? freesOf(part, nodes[0]) : new Set(nodes.flatMap((node) => goneWith(part, node))).size;
  var blocksByPackages = (part, open) => familiesOf(part.roots, open).map(({ name, nodes }) => {
    const brought = together(part, nodes);
    return { name, nodes, cells: [], size: Math.sqrt(brought + 0.5), words: brought > nodes.length ? `brings ${brought}` : "" };
  });
  var blocksBySize = (part, open) => {
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
  var mapView = {
    id: "map",
    title: "Map",
    make(section, app2) {
      this.words = el("p", { class: "dim" });
      this.controls = el("div", { class: "controls" });
      this.map = el("div", { class: "treemap", role: "group", "aria-label": "Direct dependencies, the heaviest first" });
      this.box = el("div", { class: "scroll map-box" }, this.map);
      section.append(el("div", { class: "strip" }, heading("Map", this.words), this.controls), this.box);
      new ResizeObserver(() => {
        this.drawn = "";
        if (!section.hidden) this.show(app2, app2.store.state);
      }).observe(this.box);
      this.map.addEventListener("keydown", (event) => this.key(event));
    },
    key(event) {
      const all = [...this.map.querySelectorAll("button")];
      const at = all.indexOf(
        /** @type {HTMLButtonElement} */
        event.target
      );
      const to = { ArrowRight: all[at + 1], ArrowDown: all[at + 1], ArrowLeft: all[at - 1], ArrowUp: all[at - 1], Home: all[0], End: all.at(-1) }[event.key];
      if (!to) return;
      event.preventDefault();
      event.stopPropagation();
      to.focus();
    },
    show(app2, state) {
      const byBytes = app2.model.hasSizes && state.by !== "packages";
      const key = `${state.open}|${byBytes}|${state.off}|${state.variant}`;
      if (this.drawn !== key) {
        this.fill(app2, byBytes, new Set(listOf(state.open)));
        this.showControls(app2, state, byBytes);
        this.drawn = key;
      }
      for (const cell of this.map.querySelectorAll("button")) cell.setAttribute("aria-pressed", String(!!cell.node && cell.node === app2.selected()));
    },
    showControls(app2, state, byBytes) {
      this.controls.replaceChildren(
        app2.model.hasSizes ? chosenButtons("Area", [["packages", "Packages"], ["", "Download"]], byBytes ? "" : "packages", (by) => app2.store.set({ by })) : "",
        chosenButtons("Families", [["", "Folded"], ["*", "Open"]], state.open, (open) => app2.store.set({ open }))
      );
    },
    fill(app2, byBytes, open) {
      const { part } = app2;
      const blocks = byBytes ? blocksBySize(part, open) : blocksByPackages(part, open);
      const area = byBytes ? 0 : blocks.reduce((sum2, block) => sum2 + block.size, 0) * ROOM;
      const w = this.box.clientWidth - 4;
      const h = Math.max(this.box.clientHeight - 4, area / w);
      this.map.style.setProperty("height", `${h}px`);
      const sum = byBytes ? bytes(blocks.reduce((all, block) => all + block.size, 0)) : many(part.count, "package");
      const unknown = byBytes ? app2.model.nodes.filter((node) => part.has(node) && !node.size).length : 0;
      this.words.textContent = `${sum}${unknown ? `; ${unknown} without a known size` : ""}. ${byBytes ? "Each block: what one direct dependency alone brings." : `${many(part.roots.length, "direct dependency", "direct dependencies")}: the more packages one alone brings, the larger.`}`;
      const placed = squarify(blocks, { x: 0, y: 0, w, h }).sort((a, b) => b.item.size - a.item.size);
      this.map.replaceChildren(...placed.flatMap((each) => this.block(app2, each)));
      const buttons = this.map.querySelectorAll("button");
      buttons.forEach((button, index) => button.setAttribute("tabindex", index ? "-1" : "0"));
    },
    // A block as one button, or with a headline and a button for each package.
    block(app2, { item, x, y, w, h }) {
      const [node] = item.nodes;
      const title = item.name || node.name;
      const inner = item.cells.length > 1 && h > HEAD + 20 && w > 50 ? item.cells : [];
      const words = [title, item.words, item.name && item.nodes.length ? many(item.nodes.length, "package") : node?.versions.join(", ")].filter(Boolean).join(", ");
      const head = this.cell(app2, {
        node: item.name ? null : node,
        title,
        words,
        detail: item.words,
        tall: !inner.length,
        tone: node ?? item.cells[0],
        more: item.name && item.nodes.length ? `${item.nodes.length} packages` : node?.versions.join(", "),
        act: () => this.act(app2, item),
        box: { x, y, w, h: inner.length ? HEAD : h }
      });
      const cells = squarify(inner.map((each) => ({ node: each, size: each.size })), { x: x + 1, y: y + HEAD, w: w - 2, h: h - HEAD - 2 });
      return [head, ...cells.map((each) => this.cell(app2, {
        node: each.item.node,
        title: each.item.node.name,
        words: `${each.item.node.name}, ${bytes(each.item.size)}`,
        detail: bytes(each.item.size),
        tall: true,
        tone: each.item.node,
        more: "",
        act: () => app2.act.select(each.item.node),
        box: each
      }))];
    },
    act(app2, item) {
      if (item.name && item.nodes.length) {
        app2.store.set({ open: [.../* @__PURE__ */ new Set([...listOf(app2.store.state.open), item.name])].join(",") });
        say(`${item.name} is open: ${many(item.nodes.length, "package")}`);
        this.map.querySelector("button")?.focus();
      } else if (item.nodes.length) app2.act.select(item.nodes[0]);
    },
    cell(app2, { node, title, words, detail, more, tall, tone, act, box: { x, y, w, h } }) {
      const roomy = w > 44 && h > 19;
      const button = el("button", {
        type: "button",
        class: `${groupClass(tone)}${roomy ? "" : " tiny"}${tall ? "" : " headline"}${node ? "" : " family"}`,
        title: words,
        "aria-label": roomy ? null : words,
        onclick: act,
        ondblclick: node ? () => app2.act.focus(node) : null,
        style: { left: `${x}px`, top: `${y}px`, width: `${Math.max(0, w - 2)}px`, height: `${Math.max(0, h - 2)}px` }
      }, roomy ? el("bdi", {}, title) : null, " ", roomy && detail && (h > 40 || !tall) ? el("span", {}, detail) : null, " ", roomy && more && h > 58 ? el("span", { class: "dim" }, more) : null);
      button.node = node;
      return button;
    }
  };

  // src/model.js
  var readModel = (text) => {
    const raw = JSON.parse(text);
    const say2 = (number) => raw.texts[number ?? 0];
    const all = (numbers) => (numbers ?? []).map(say2);
    const groups = raw.groups.map(([name, variant], index) => ({ index, name, variant, packages: 0 }));
    const groupOf = new Map(groups.map((group) => [group.name, group]));
    const lost = new Set(raw.nodes.lost);
    const bounds = new Map(raw.bounds.map(([number, rank, upper]) => [say2(number), { rank, upper }]));
    const limited = (constraint) => ({ constraint, ...bounds.get(constraint) ?? { rank: Infinity, upper: "" } });
    const nodes = raw.nodes.id.map((id, index) => {
      const flags = Number(raw.nodes.flags[index]);
      return {
        index,
        id,
        name: raw.nodes.name[index] ?? id,
        about: raw.nodes.about[index],
        groups: all(raw.nodes.groups[index]).map((name) => groupOf.get(name)),
        builds: raw.nodes.builds[index].map(([version, source, python, of, markers]) => ({
          version: say2(version),
          source: say2(source),
          python: say2(python),
          groups: all(of),
          markers: (markers ?? []).map(([group, marker]) => [say2(group), say2(marker)])
        })),
        direct: (flags & 1) > 0,
        optional: (flags & 2) > 0,
        orphan: (flags & 4) > 0,
        lost: lost.has(index),
        x: raw.nodes.x[index],
        y: raw.nodes.y[index],
        layer: raw.nodes.layer[index],
        needs: [],
        neededBy: [],
        links: [],
        demands: [],
        cycles: [],
        frees: raw.nodes.frees[index] ?? 0,
        leader: null,
        change: lost.has(index) ? "removed" : "",
        before: [],
        size: raw.sizes[index] ?? null,
        advisories: (raw.advisories[index] ?? []).map(([name, severity, summary, fixed]) => ({ id: name, severity, summary, fixed }))
      };
    });
    for (const node of nodes) {
      node.leader = nodes[raw.nodes.brought[node.index]] ?? null;
      node.versions = [...new Set(node.builds.map((build) => build.version))];
      for (const group of node.groups) group.packages += node.lost ? 0 : 1;
    }
    const lostEdges = new Set(raw.edges.lost);
    const edges = raw.edges.from.map((from, index) => ({
      index,
      from: nodes[from],
      to: nodes[raw.edges.to[index]],
      hard: raw.edges.hard[index] === "1",
      marker: say2(raw.edges.marker[index]),
      lost: lostEdges.has(index),
      change: lostEdges.has(index) ? "removed" : "",
      entries: raw.edges.entries[index].map((entry) => {
        const [constraint, marker, asks, extras, version] = typeof entry === "number" ? [entry] : entry;
        return { ...limited(say2(constraint)), marker: say2(marker), asks: all(asks), extras: all(extras), version: say2(version) };
      })
    }));
    for (const edge of edges) {
      if (edge.lost) continue;
      edge.from.needs.push(edge);
      edge.to.neededBy.push(edge);
    }
    const demands = raw.demands.map(([node, group, constraint, marker, asks, extras, links2]) => ({
      node: nodes[node],
      group: groupOf.get(say2(group)),
      ...limited(say2(constraint)),
      marker: say2(marker),
      asks: all(asks),
      extras: all(extras),
      links: links2
    }));
    for (const demand of demands) demand.node.demands.push(demand);
    const pick = (numbers) => numbers.map((number) => nodes[number]);
    const cycles = raw.cycles.map((cycle) => ({
      members: pick(cycle.members),
      kind: cycle.kind,
      example: pick(cycle.example),
      broken: cycle.broken.map(([from, to, words]) => ({ from: nodes[from], to: nodes[to], words }))
    }));
    for (const cycle of cycles) for (const node of cycle.members) node.cycles.push(cycle);
    const links = raw.links.of.map((of, index) => ({
      index,
      node: nodes[of],
      build: nodes[of].builds[raw.links.build[index]],
      extra: say2(raw.links.extra[index]),
      to: [],
      from: []
    }));
    for (const link of links) {
      link.node.links.push(link);
      link.to = raw.links.to[link.index].map((index) => links[index]);
      for (const target of link.to) target.from.push(link);
    }
    for (const demand of demands) demand.links = demand.links.map((index) => links[index]);
    let diff = null;
    if (raw.diff) {
      const arrival = ([number, builds, because, direct]) => ({ node: nodes[number], builds, because: pick(because), direct });
      diff = {
        ...raw.diff,
        added: raw.diff.added.map(arrival),
        removed: raw.diff.removed.map(arrival),
        changed: raw.diff.changed.map(([number, before, after, kind]) => ({ node: nodes[number], before, after, kind }))
      };
      for (const { node } of diff.added) node.change = "added";
      for (const { node, before } of diff.changed) Object.assign(node, { change: "changed", before });
      for (const index of diff.edges_added) edges[index].change = "added";
    }
    return {
      project: raw.project,
      lock: raw.lock,
      audited: raw.audited,
      python: raw.python,
      scope: raw.scope,
      focus: nodes[raw.focus] ?? null,
      summary: { ...raw.summary, chain: pick(raw.summary.chain), loops: pick(raw.summary.loops) },
      nodes,
      edges,
      links,
      groups,
      demands,
      cycles,
      diff,
      byId: new Map(nodes.map((node) => [node.id, node])),
      hasSizes: nodes.some((node) => node.size !== null),
      hasAdvisories: nodes.some((node) => node.advisories.length > 0)
    };
  };

  // src/removal.js
  var removalView = {
    id: "removal",
    title: "Remove",
    make(section, app2) {
      this.list = el("ul", { class: "choices" });
      this.result = el("div", { class: "result", role: "region", "aria-label": "What goes away", tabindex: "0" });
      section.append(
        el("div", { class: "strip" }, heading("Remove", el("p", { class: "dim" }, "Choose direct dependencies to see what leaves the lock with them."))),
        el("div", { class: "halves" }, el("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": "Direct dependencies" }, this.list), this.result)
      );
      this.app = app2;
    },
    show(app2, state) {
      if (this.part !== app2.part) this.fill(app2);
      for (const box of this.list.querySelectorAll("input")) box.checked = app2.removed.has(box.node);
      const key = `${state.remove}|${state.off}|${state.variant}`;
      if (this.key === key) return;
      this.key = key;
      this.showResult(app2);
    },
    fill(app2) {
      this.part = app2.part;
      this.key = null;
      const costs = app2.part.roots.map((node) => [node, freesOf(app2.part, node)]).sort((a, b) => b[1] - a[1] || a[0].index - b[0].index);
      const most = Math.max(1, ...costs.map(([, cost]) => cost));
      this.list.replaceChildren(...costs.map(([node, cost]) => {
        const box = el("input", { type: "checkbox", onchange: () => app2.act.toggleRemoval(node, false) });
        box.node = node;
        return el("li", { style: { "--share": `${100 * cost / most}%` } }, el("label", {}, box, icon(node), el("bdi", {}, node.name)), el("span", { class: cost ? "number" : "number dim" }, cost ? `frees ${cost}` : "stays: still needed"));
      }));
    },
    showResult(app2) {
      const chosen = new Set([...app2.removed].filter((node) => app2.part.isRoot.has(node)));
      const { freed, kept } = removal(app2.part, chosen);
      const size = freed.reduce((sum, node) => sum + (node.size ?? 0), 0);
      const words = chosen.size ? `${many(freed.length, "package")} of ${app2.part.count} would go${size ? `, ${bytes(size)} of downloads` : ""}.` : "Nothing is chosen yet.";
      say(words);
      const others = freed.filter((node) => !chosen.has(node)).sort((a, b) => a.index - b.index);
      const content = [
        el("p", { class: "big" }, words),
        chosen.size ? el("div", { class: "meter", "aria-hidden": "true", style: { "--share": `${100 * freed.length / Math.max(1, app2.part.count)}%` } }) : null,
        chosen.size ? el("pre", { class: "command" }, `poetry remove ${[...chosen].map((node) => node.id).join(" ")}`) : null,
        chosen.size ? el("button", { type: "button", class: "plain", onclick: () => app2.store.set({ remove: "" }) }, "Choose none") : null,
        kept.length ? [el("h3", {}, "Stay, because others need them", el("span", { class: "count" }, String(kept.length))), el("ul", { class: "edges" }, kept.map(({ node, by }) => el(
          "li",
          {},
          packageButton(node, app2.act),
          el("span", { class: "constraint" }, `needed by ${by.slice(0, 4).map((other) => other.name).join(", ")}${by.length > 4 ? ` and ${by.length - 4} more` : ""}`)
        )))] : null,
        others.length ? [el("h3", {}, "Go with them", el("span", { class: "count" }, String(others.length))), packageList(others, app2.act, 200)] : null
      ];
      this.result.replaceChildren(...content.flat().filter(Boolean));
    }
  };

  // src/search.js
  var rankOf = (node, text) => {
    const id = node.id;
    if (id === text) return 0;
    if (id.startsWith(text)) return 1;
    if (id.split("-").some((part) => part.startsWith(text))) return 2;
    if (id.includes(text)) return 3;
    return node.about.toLowerCase().includes(text) ? 4 : 9;
  };
  var makeSearch = (app2) => {
    const input = $("search");
    const hits = $("hits");
    let found = [];
    let at = -1;
    const close = () => {
      hits.hidden = true;
      at = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    };
    const mark = (next) => {
      if (!found.length) return;
      at = (next + found.length) % found.length;
      [...hits.children].forEach((hit, index) => hit.setAttribute("aria-selected", String(index === at)));
      hits.children[at].scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", hits.children[at].id);
    };
    const choose = (node) => {
      input.value = "";
      close();
      app2.act.find(node);
    };
    const search = () => {
      const text = input.value.trim().toLowerCase().replaceAll(/[_.]/g, "-");
      if (!text) {
        close();
        return;
      }
      const ranked = app2.model.nodes.filter((node) => !node.lost).map((node) => [node, rankOf(node, text)]).filter(([, rank]) => rank < 9);
      ranked.sort((a, b) => a[1] - b[1] || b[0].neededBy.length - a[0].neededBy.length || a[0].index - b[0].index);
      found = ranked.slice(0, 12).map(([node]) => node);
      hits.replaceChildren(...found.map((node, index) => el(
        "li",
        { id: `hit-${index}`, role: "option", "aria-selected": "false", onpointerdown: (event) => {
          event.preventDefault();
          choose(node);
        } },
        icon(node),
        el("bdi", {}, node.name),
        el("span", { class: "version" }, node.versions.join(", ")),
        el("span", { class: "about", dir: "auto" }, node.about)
      )));
      hits.hidden = found.length === 0;
      input.setAttribute("aria-expanded", String(found.length > 0));
      say(found.length ? `${many(ranked.length, "package")} found` : "No package found");
      at = -1;
      if (found.length) mark(0);
    };
    input.addEventListener("input", search);
    input.addEventListener("focus", search);
    input.addEventListener("blur", close);
    input.addEventListener("keydown", (event) => {
      const keys = {
        ArrowDown: () => mark(at + 1),
        ArrowUp: () => mark(at - 1),
        Enter: () => {
          if (found[at] && !hits.hidden) choose(found[at]);
        },
        Escape: () => {
          if (input.value) {
            input.value = "";
            close();
          } else $("content").focus();
        }
      };
      if (!keys[event.key]) return;
      event.preventDefault();
      event.stopPropagation();
      keys[event.key]();
    });
  };

  // src/table.js
  var COLUMNS = [
    { id: "name", title: "Package", of: (node) => node.id, first: 1 },
    { id: "version", title: "Version", extra: true, of: (node) => node.versions.join(", "), first: 1 },
    { id: "kind", title: "Kind", wide: true, of: (node) => kindOf(node), first: 1 },
    { id: "groups", title: "Groups", wide: true, of: (node) => node.groups.map((group) => group.name).join(", "), first: 1 },
    { id: "depth", title: "Depth", wide: true, title2: "Steps from the project", of: (node, app2) => (app2.part.depth.get(node) ?? -1) + 1, first: 1, number: true },
    { id: "needs", title: "Needs", wide: true, of: (node, app2) => app2.part.needs(node).length, number: true },
    { id: "by", title: "Needed by", wide: true, of: (node, app2) => app2.part.neededBy(node).length, number: true },
    { id: "frees", title: "Frees", title2: "Packages that go when it is removed, itself included", of: (node, app2) => freesOf(app2.part, node), number: true },
    { id: "size", title: "Size", of: (node) => node.size ?? -1, words: (node) => bytes(node.size), number: true, when: (model) => model.hasSizes },
    { id: "bad", title: "Vulnerable", of: (node) => node.advisories.length, words: (node) => node.advisories.length ? String(node.advisories.length) : "", number: true, when: (model) => model.hasAdvisories }
  ];
  var classOf = (column) => [column.number && "number", column.wide && "wide", column.extra && "extra"].filter(Boolean).join(" ") || null;
  var ROW = 35;
  var MANY = 400;
  var BEYOND = 12;
  var rowsInSight = (count, top, height) => {
    if (count <= MANY) return { from: 0, to: count };
    const from = Math.max(0, Math.min(count, Math.floor(top / ROW)) - BEYOND);
    return { from, to: Math.min(count, from + Math.ceil(height / ROW) + 2 * BEYOND) };
  };
  var tableView = {
    id: "table",
    title: "Table",
    make(section, app2) {
      this.app = app2;
      this.columns = COLUMNS.filter((column) => !column.when || column.when(app2.model));
      this.rows = /* @__PURE__ */ new Map();
      const filter = el("input", { id: "table-filter", type: "search", spellcheck: "false", autocomplete: "off", oninput: () => app2.store.set({ q: filter.value }) });
      const kinds = el(
        "select",
        { id: "table-kind", onchange: () => app2.store.set({ only: kinds.value }) },
        [
          ["", "All kinds"],
          ["direct", "Direct"],
          ["transitive", "Transitive"],
          ["orphan", "Orphans"],
          ["cycle", "In a cycle"],
          ["several", "Several versions"],
          ...app2.model.hasAdvisories ? [["bad", "Vulnerable"]] : [],
          ...app2.model.diff ? [["diff", "Added or changed"]] : []
        ].map(([value, words]) => el("option", { value }, words))
      );
      const count = el("p", { class: "dim" });
      this.heads = this.columns.map((column) => el(
        "th",
        { scope: "col", class: classOf(column) },
        el("button", { type: "button", title: column.title2 ?? null, onclick: () => this.sort(app2, column) }, column.title, el("span", { class: "sign", "aria-hidden": "true" }))
      ));
      this.body = el("tbody", {});
      this.body.addEventListener("keydown", (event) => this.key(event));
      section.append(
        el("div", { class: "strip" }, heading("Table", count), el(
          "div",
          { class: "controls" },
          el("label", { for: "table-filter" }, "Filter "),
          filter,
          el("label", { class: "hidden", for: "table-kind" }, "Kind"),
          kinds
        )),
        this.box = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Packages", onscroll: () => this.draw(app2) }, this.table = el("table", { class: app2.model.hasSizes || app2.model.hasAdvisories ? "many" : null }, el("caption", { class: "hidden" }, "Packages; the buttons in the head sort."), el("thead", {}, el("tr", {}, this.heads)), this.body))
      );
      Object.assign(this, { filter, kinds, counted: count, nodes: [], from: 0 });
      new ResizeObserver(() => this.draw(app2)).observe(this.box);
      addEventListener("beforeprint", () => this.draw(app2, true));
      addEventListener("afterprint", () => this.draw(app2));
    },
    row(app2, node) {
      const cells = this.columns.map((column) => {
        const words = column.words ? column.words(node) : String(column.of(node, app2));
        if (column.id === "name") return el("th", { scope: "row" }, packageButton(node, app2.act));
        if (column.id === "version") return el("td", { class: "version extra", title: words }, words);
        if (column.id === "frees") {
          const frees = column.of(node, app2);
          return el("td", { class: "number share", style: { "--share": `${100 * frees / app2.mostFreed}%` } }, frees ? words : el("span", { class: "dim" }, "0"));
        }
        return el("td", { class: classOf(column), title: words }, words);
      });
      const row = el("tr", { ondblclick: () => app2.act.focus(node) }, cells);
      row.node = node;
      return row;
    },
    sort(app2, column) {
      const [id, direction] = app2.store.state.sort.split(".");
      const first2 = column.first ? "up" : "down";
      app2.store.set({ sort: id === column.id && direction === first2 ? `${column.id}.${first2 === "up" ? "down" : "up"}` : `${column.id}.${first2}` });
      say(`Sorted by ${column.title}`);
    },
    keeps(app2, node, words, only) {
      if (!app2.part.has(node)) return false;
      if (words.length && !words.every((word) => `${node.id} ${node.name} ${node.about}`.toLowerCase().includes(word))) return false;
      const tests = { cycle: node.cycles.length, several: node.versions.length > 1, bad: node.advisories.length, diff: node.change };
      if (only in tests) return !!tests[only];
      return !only || kindOf(node) === only || only === "transitive" && kindOf(node) === "optional";
    },
    show(app2, state) {
      if (this.part !== app2.part) {
        this.rows.clear();
        this.part = app2.part;
        this.order = null;
      }
      if (document.activeElement !== this.filter) this.filter.value = state.q;
      this.kinds.value = state.only;
      const key = `${state.q} ${state.only} ${state.sort}`;
      if (this.order !== key) this.fill(app2, state, key);
      this.mark(app2);
    },
    mark(app2) {
      for (const row of this.body.children) row.classList.toggle("selected", row.node === app2.selected());
    },
    // A long table has elements for the rows in sight only; empty rows above and below keep its height.
    draw(app2, whole = false) {
      const { from, to } = whole ? { from: 0, to: this.nodes.length } : rowsInSight(this.nodes.length, this.box.scrollTop, this.box.clientHeight);
      if (this.shown === `${from} ${to}`) return;
      this.shown = `${from} ${to}`;
      this.from = from;
      const spare = (rows) => rows ? el("tr", { class: "spare", "aria-hidden": "true" }, el("td", { colspan: String(this.columns.length), style: { height: `${rows * ROW}px` } })) : "";
      const focused = this.body.contains(document.activeElement) ? document.activeElement.closest("tr") : null;
      this.body.replaceChildren(spare(from), ...this.nodes.slice(from, to).map((node, index) => {
        if (!this.rows.has(node)) this.rows.set(node, this.row(app2, node));
        const row = this.rows.get(node);
        row.setAttribute("aria-rowindex", String(from + index + 2));
        return row;
      }), spare(this.nodes.length - to));
      if (focused?.isConnected) focused.querySelector("button").focus({ preventScroll: true });
      this.mark(app2);
    },
    fill(app2, state, key) {
      const [id, direction] = (state.sort || "name.up").split(".");
      const column = this.columns.find((each) => each.id === id) ?? this.columns[0];
      const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
      const nodes = app2.model.nodes.filter((node) => this.keeps(app2, node, words, state.only));
      const sign = direction === "down" ? -1 : 1;
      const value = new Map(nodes.map((node) => [node, column.of(node, app2)]));
      nodes.sort((a, b) => sign * (value.get(a) < value.get(b) ? -1 : value.get(a) > value.get(b) ? 1 : 0) || a.index - b.index);
      this.nodes = nodes;
      this.shown = "";
      this.table.setAttribute("aria-rowcount", String(nodes.length + 1));
      this.box.scrollTop = 0;
      this.draw(app2);
      this.heads.forEach((head, index) => {
        const isSorted = this.columns[index] === column;
        if (isSorted) head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
        else head.removeAttribute("aria-sort");
      });
      this.counted.textContent = `${many(nodes.length, "package")}${nodes.length < app2.part.count ? ` of ${app2.part.count}` : ""}`;
      if (this.order !== null && this.order !== void 0) say(this.counted.textContent);
      this.order = key;
    },
    key(event) {
      const row = event.target.closest("tr");
      const at = row ? this.nodes.indexOf(row.node) : -1;
      const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: this.nodes.length - 1 }[event.key];
      if (at < 0 || to === void 0 || !this.nodes[to]) return;
      event.preventDefault();
      if (!this.rows.get(this.nodes[to])?.isConnected) {
        this.box.scrollTop = to * ROW - this.box.clientHeight / 2;
        this.draw(this.app);
      }
      this.rows.get(this.nodes[to]).querySelector("button").focus();
    }
  };

  // src/main.js
  var ALL_VIEWS = [mapView, focusView, overviewView, tableView, cyclesView, removalView, changesView, compareView, advisoriesView];
  var app = { model: readModel($("data").textContent), views: [] };
  app.act = {
    select: (node) => {
      app.store.set({ sel: node.id });
      say(nodeWords(app, node));
    },
    find: (node) => {
      if (VIEWS_WITH_PACKAGE.has(app.store.state.view)) app.act.focus(node);
      else {
        app.store.set({ sel: node.id });
        app.act.enter();
      }
      say(nodeWords(app, node));
    },
    focus: (node) => {
      if (!app.part.has(node)) {
        app.store.set({ sel: node.id });
        say(`${node.name} is not in the chosen groups`);
        return;
      }
      app.store.set({ view: "focus", pkg: node.id, sel: node.id, more: "" });
      app.act.enter();
      say(`Focus on ${nodeWords(app, node)}`);
    },
    showInOverview: (node) => {
      app.store.set({ view: "overview", sel: node.id });
      app.act.enter();
    },
    go: (id, enter = false) => {
      app.store.set({ view: id });
      if (enter) app.act.enter();
    },
    toggleRemoval: (node, go = true) => {
      const chosen = new Set(app.removed);
      if (!chosen.delete(node)) chosen.add(node);
      app.store.set({ remove: [...chosen].map((each) => each.id).sort().join(","), ...go ? { view: "removal" } : {} });
    },
    tryRemoving: (nodes) => {
      app.store.set({ view: "removal", remove: nodes.map((node) => node.id).sort().join(",") });
      app.act.enter();
    },
    // Puts the keyboard where the present view wants it.
    enter: () => {
      const section = $(`view-${app.view.id}`);
      const wanted = ["canvas", ".treemap button", "tbody tr.selected button", "tbody button", "input", "select", "button", "[tabindex='0']"];
      const found = wanted.map((each) => (
        /** @type {HTMLElement} */
        section.querySelector(each)
      )).find(Boolean);
      (found ?? $("content")).focus();
    }
  };
  app.selected = () => app.model.byId.get(app.store.state.sel) ?? (app.view === focusView ? app.centre() : null);
  app.centre = () => {
    const asked = app.model.byId.get(app.store.state.pkg) ?? app.model.focus;
    if (asked && app.part.has(asked)) return asked;
    const heavy = [...app.part.roots].sort((a, b) => freesOf(app.part, b) - freesOf(app.part, a) || a.index - b.index);
    return heavy[0] ?? app.model.nodes.find(app.part.has) ?? app.model.nodes[0];
  };
  var lookAt = (state) => {
    app.part = partOf(app.model, offOf(state), variantsOffOf(app.model, state));
    app.part.depth = reach(app.part.roots, app.part.below);
    app.mostFreed = app.part.roots.reduce((most, node) => Math.max(most, freesOf(app.part, node)), 1);
  };
  var showNav = () => {
    for (const view of app.views) {
      const count = view.count ? view.count(app) : 0;
      view.button.replaceChildren(view.title, count ? el("span", { class: "count" }, String(count)) : "");
      if (view === app.view) view.button.setAttribute("aria-current", "page");
      else view.button.removeAttribute("aria-current");
    }
  };
  var showNotice = (state) => {
    const unknown = [state.pkg, state.sel, ...listOf(state.remove)].filter((id) => id && !app.model.byId.has(id));
    $("notice").hidden = !unknown.length;
    $("notice").textContent = unknown.length ? `Not in this lock: ${[...new Set(unknown)].map((id) => id.slice(0, 80)).join(", ")}` : "";
  };
  var render = (state, before) => {
    document.documentElement.dataset.theme = state.theme;
    $("theme").value = state.theme;
    if (!before || before.off !== state.off || before.variant !== state.variant) {
      lookAt(state);
      app.showFilters(state);
      if (before) say(`${many(app.part.count, "package")} in the chosen groups`);
    }
    if (before && before.theme !== state.theme) for (const view of app.views) view.scene?.recolour();
    app.removed = new Set(listOf(state.remove).map((id) => app.model.byId.get(id)).filter(Boolean));
    app.view = app.views.find((view) => view.id === state.view) ?? app.views[0];
    marking.on = app.view.id === "changes";
    for (const view of app.views) {
      const section = $(`view-${view.id}`);
      section.hidden = view !== app.view;
      if (view !== app.view) continue;
      if (!view.made) {
        view.made = true;
        view.make(section, app);
      }
      view.scene?.resize();
      view.show(app, state, before?.view === state.view ? before : null);
    }
    showNav();
    showDetail(app);
    showNotice(state);
  };
  var begin = () => {
    const { model } = app;
    app.views = ALL_VIEWS.filter((view) => !view.when || view.when(model));
    $("title").textContent = model.project;
    $("figures").textContent = [many(model.summary.packages, "package"), `${model.summary.direct} direct`, model.cycles.length ? many(model.cycles.length, "cycle") : "no cycles"].join(" · ");
    for (const [index, view] of app.views.entries()) {
      view.button = el("button", { type: "button", "aria-keyshortcuts": String(index + 1), title: `${view.title} (${index + 1})`, onclick: () => app.act.go(view.id) });
      $("views").append(view.button);
      $("content").append(el("section", { id: `view-${view.id}`, class: `view ${view.id}`, "aria-label": `${view.title} view`, hidden: true }));
    }
    $("theme").addEventListener("change", () => app.store.set({ theme: $("theme").value }));
    document.querySelector(".skip").addEventListener("click", (event) => {
      event.preventDefault();
      $("content").focus();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      for (const view of app.views) view.scene?.recolour();
    });
    const repaint = (theme) => {
      document.documentElement.dataset.theme = theme;
      app.view?.scene?.recolour();
      app.view?.scene?.draw();
    };
    addEventListener("beforeprint", () => repaint("light"));
    addEventListener("afterprint", () => repaint(app.store.state.theme));
    app.store = new Store((state, before) => render(state, before), model.focus ? "focus" : "map");
    app.showFilters = makeFilters(app);
    makeSearch(app);
    makeKeys(app);
    if (model.nodes.length) {
      render(app.store.state, null);
    } else {
      $("content").append(el("p", { class: "empty" }, "The lock holds no packages."));
    }
    performance.mark("graph-drawn");
  };
  begin();
})();
