// The pane beside every view: one package, or the project while none is chosen.

/** @import { Line } from "./types" */
import { advisoryList } from "./advisories.js";
import { cycleBody } from "./cycles.js";
import { $, KIND_WORDS, bytes, el, icon, kindOf, many, packageButton, packageList } from "./dom.js";
import { freesOf, goneWith, leaderOf, whyPaths } from "./walks.js";

export const facts = (rows) => el("dl", { class: "facts" }, rows.filter(Boolean).map(([term, ...values]) => el("div", {}, el("dt", {}, term), el("dd", {}, values))));

const tag = () => el("span", { class: "tag medium" }, "tightest");

const part2 = (title, count, ...content) => el("section", {}, el("h3", {}, title, count === null ? null : el("span", { class: "count" }, String(count))), content);

// The lines of an edge in words; those behind an extra that nothing asks for say so.
/** @type {(entries: Line[], asked?: (entry: Line) => boolean) => string[]} */
const constraintWords = (entries, asked) => [...new Set(entries.map((entry) => [
  `${entry.asks.length ? `[${entry.asks.join(", ")}] ` : ""}${entry.constraint || "*"}`,
  entry.extras?.length && `with its extra ${entry.extras.join(", ")}${!asked || asked(entry) ? "" : ", which nothing asks for"}`,
  entry.marker && `if ${entry.marker}`,
  entry.version && `in ${entry.version}`,
].filter(Boolean).join(" · ")))];

const lowest = (lines) => Math.min(...lines.map((line) => line.rank));

// A list whose rows beyond the limit come with a button.
const shortened = (list, rows, limit) => {
  list.append(...rows.slice(0, limit));
  if (rows.length > limit) {
    const button = el("button", {
      type: "button", class: "plain",
      onclick: () => { button.parentElement.replaceWith(...rows.slice(limit)); rows[limit].querySelector("button").focus(); },
    }, `Show ${rows.length - limit} more`);
    list.append(el("li", {}, button));
  }
  return list;
};

const edgeList = (app, edges, end, tightest = -1) => {
  const { act, part } = app;
  const asked = (edge) => (entry) => edge.from.links.some((link) => entry.extras.includes(link.extra) && part.reached.has(link));
  const row = (edge) => el(
    "li", { class: edge.hard ? null : "soft" }, packageButton(edge[end], act), lowest(edge.entries) === tightest ? tag() : null,
    constraintWords(edge.entries, asked(edge)).map((words) => el("span", { class: "constraint" }, words)),
  );
  return shortened(el("ul", { class: "edges" }), edges.map(row), 30);
};

const lineWords = (line) => [line.asks.length ? `[${line.asks.join(", ")}]` : "", line.constraint || "*", line.marker && `if ${line.marker}`].filter(Boolean).join(" ");

// What a step asks for, below its package.
const stepWords = ({ lines, of, extra }) => [...new Set(lines.map(lineWords))].map((words) => el("span", { class: "asked" },
  [words, extra && `with the extra ${extra}`, of && `of ${of.version}`].filter(Boolean).join(", ")));

// Paths are lists of steps, see whyPaths, or of packages alone.
export const pathList = (paths, act, limit = 6) => {
  const row = (path) => el("li", {}, el("span", { class: "path" }, path[0].group ? el("span", { class: "tag" }, path[0].group.name) : null, path.map((step, index) => [
    index ? el("span", { class: "arrow", "aria-label": "needs", role: "img" }, "→") : null, packageButton(step.node ?? step, act), step.lines ? stepWords(step) : null,
  ]), boundOf(path)));
  return shortened(el("ol", { class: "paths" }), paths.map(row), limit);
};

const boundOf = (path) => {
  const lines = path.at(-1).lines ?? [];
  const last = lines.find((line) => line.rank === Math.max(...lines.map((each) => each.rank)));
  return last ? el("span", { class: "tag" }, last.upper ? `allows ${last.upper}` : "no upper bound") : null;
};

const badges = (app, node) => {
  const words = [[KIND_WORDS[kindOf(node)], ""]];
  if (node.optional && node.direct) words.push(["optional", ""]);
  if (node.cycles.length) words.push(["in a cycle", "warn"]);
  if (node.versions.length > 1) words.push([`${node.versions.length} versions`, "warn"]);
  if (node.advisories.length) words.push([many(node.advisories.length, "vulnerability", "vulnerabilities"), "bad"]);
  if (node.change) words.push([node.change === "changed" ? `changed from ${node.before.join(", ")}` : node.change, node.change]);
  if (!app.part.has(node) && !node.lost) words.push(["not in the chosen groups", "warn"]);
  return el("ul", { class: "badges" }, words.map(([text, kind]) => el("li", { class: kind || null }, text)));
};

// What one of several builds needs and another does not.
const ownNeeds = (node, build) => {
  const versions = (edge) => new Set(edge.entries.map((entry) => entry.version));
  return node.versions.length < 2 ? [] : node.needs.filter((edge) => versions(edge).has(build.version) && versions(edge).size < node.versions.length).map((edge) => edge.to);
};

const buildList = (node, act) => el("ul", { class: "builds" }, node.builds.map((build) => el(
  "li", {}, el("span", { class: "version" }, build.version), build.source ? el("span", { class: "dim" }, ` from ${build.source}`) : null,
  build.python ? el("span", { class: "constraint" }, `Python ${build.python}`) : null,
  node.builds.length > 1 && build.groups.length ? el("span", { class: "constraint" }, `in ${build.groups.join(", ")}`) : null,
  ownNeeds(node, build).length ? [el("span", { class: "constraint" }, "only this build needs"), packageList(ownNeeds(node, build), act, 12)] : null,
  [...new Set(build.markers.map(([, marker]) => marker))].map((marker) => el("span", { class: "constraint" }, `if ${marker}`)),
)));

const packageDetail = (app, node) => {
  const { act, part } = app;
  const paths = whyPaths(part, node);
  const leading = [...new Set(paths.map(([step]) => step.node))];
  const closure = part.has(node) ? goneWith(part, node).filter((other) => other !== node) : [];
  const needs = part.needs(node);
  const neededBy = [...part.neededBy(node)].sort((a, b) => lowest(a.entries) - lowest(b.entries) || a.from.index - b.from.index);
  const bound = Math.min(...neededBy.map((edge) => lowest(edge.entries)), ...node.demands.map((demand) => demand.rank));
  const tightest = bound === Infinity ? -1 : bound;
  const depth = part.depth.get(node);
  const chosen = app.removed.has(node);
  const leader = node.direct ? null : leaderOf(part, node);
  return [
    el("div", { class: "title" }, el("h2", {}, icon(node), el("bdi", {}, node.name)),
      el("button", { type: "button", class: "close", "aria-label": "Close the details", onclick: () => app.store.set({ sel: "" }) }, "×")),
    badges(app, node),
    node.about ? el("p", { class: "about", dir: "auto" }, node.about) : null,
    el("div", { class: "actions" },
      el("button", { type: "button", class: "primary", onclick: () => act.focus(node) }, "Focus"),
      el("button", { type: "button", onclick: () => act.showInOverview(node) }, "Overview"),
      node.direct ? el("button", { type: "button", "aria-pressed": String(chosen), onclick: () => act.toggleRemoval(node) }, "Try removing") : null),
    buildList(node, act),
    facts([
      ["Groups", node.groups.length ? node.groups.map((group) => el("span", { class: "group" }, el("span", { class: `shape transitive g${group.index % 8}`, "aria-hidden": "true" }), el("bdi", {}, group.name))) : "none"],
      ["Depth", depth === undefined ? "not reached" : many(depth + 1, "step")],
      ["Brings alone", many(closure.length, "package")],
      node.size === null ? null : ["Download", bytes(node.size), closure.length && app.model.hasSizes ? ` (${bytes([node, ...closure].reduce((sum, other) => sum + (other.size ?? 0), 0))} with what it brings alone)` : ""],
      leader ? ["Only through", packageButton(leader, act)] : null,
    ]),
    node.advisories.length ? part2("Vulnerabilities", node.advisories.length, advisoryList(node)) : null,
    node.demands.length ? part2("Asked for by the project", null, el("ul", { class: "edges" }, node.demands.map((demand) => el("li", {},
      el("bdi", {}, demand.group?.name ?? ""), " ", demand.rank === tightest ? tag() : null, constraintWords([{ ...demand, extras: [] }]).map((words) => el("span", { class: "constraint" }, words)),
      demand.extras.length ? el("span", { class: "constraint" }, `in the extra ${demand.extras.join(", ")}`) : null)))) : null,
    part2("Why it is here", paths.length, paths.length
      ? [pathList(paths, act), el("p", { class: "dim" }, leading.length > 1
        ? `To lose ${node.name}, all ${leading.length} of these direct dependencies must go or stop needing it.`
        : "One direct dependency leads here."),
        el("button", { type: "button", class: "plain", onclick: () => act.tryRemoving(leading) }, "Try removing these")]
      : el("p", { class: "dim" }, part.has(node) ? "Nothing in the project leads to it." : "It is not in the chosen groups.")),
    part2("Needs", needs.length, needs.length ? edgeList(app, needs, "to") : null),
    part2(neededBy.length > 1 ? "Needed by, who limits it most first" : "Needed by", neededBy.length, neededBy.length ? edgeList(app, neededBy, "from", tightest) : null),
    closure.length ? part2("Brings alone", closure.length, packageList(closure, act, 20)) : null,
    node.cycles.map((cycle) => part2("Cycle", null, cycleBody(cycle, act))),
  ];
};

const projectDetail = (app) => {
  const { model, act, part } = app;
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
      ["Lock format", model.lock || "unnamed"],
    ]),
    heaviest.length ? part2("Bring the most", null, el("ol", { class: "bars" }, heaviest.map(([node, frees]) => el("li", { style: { "--share": `${(100 * frees) / heaviest[0][1]}%` } }, packageButton(node, act), el("span", { class: "dim" }, String(frees)))))) : null,
    summary.chain.length ? part2("Longest chain", summary.longest, pathList([summary.chain], act)) : null,
    several.length ? part2("Locked in several versions", several.length, packageList(several, act, 8)) : null,
    orphans.length ? part2("Orphans", orphans.length, el("p", { class: "dim" }, "Locked, but the project needs none of them."), packageList(orphans, act, 8)) : null,
    summary.missing.length ? part2("Asked for, but not locked", summary.missing.length, el("ul", {}, summary.missing.map((name) => el("li", {}, el("bdi", {}, name))))) : null,
    summary.dangling.length ? part2("Needed, but not locked", summary.dangling.length, el("ul", {}, summary.dangling.map((name) => el("li", {}, el("bdi", {}, name))))) : null,
  ];
};

export const showDetail = (app) => {
  const pane = $("detail");
  const node = app.selected();
  const content = node ? packageDetail(app, node) : projectDetail(app);
  const inside = pane.contains(document.activeElement);
  pane.replaceChildren(...content.flat(Infinity).filter(Boolean));
  pane.scrollTop = 0;
  if (inside) pane.focus();
};
