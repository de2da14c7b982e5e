// Walks over the part of the graph that the filters leave. A part says which nodes are alive and where walks begin.

/** @import { GraphNode, Link, Model, Part, Step } from "./types" */

// Every node that some demand of the groups left on leads to, builds and extras told apart; with all groups on, everything locked.
/** @type {(model: Model, off: Set<string>, variantsOff?: Set<string>) => Part} */
export const partOf = (model, off, variantsOff = new Set()) => {
  const on = (group) => group && !off.has(group.name) && !variantsOff.has(group.name);
  const everything = model.groups.every(on);
  const allowed = (node) => !node.lost && (everything || node.groups.length === 0 || node.groups.some(on));
  const demands = model.demands.filter((demand) => on(demand.group) && allowed(demand.node));
  const roots = [...new Set(demands.map((demand) => demand.node))];
  const onward = (link) => link.to.filter((target) => allowed(target.node));
  const reached = reach(demands.flatMap((demand) => demand.links), onward);
  const alive = new Uint8Array(model.nodes.length);
  for (const node of everything ? model.nodes.filter(allowed) : [...reached.keys()].map((link) => link.node)) alive[node.index] = 1;
  const part = /** @type {Part} */ ({ model, alive, roots, demands, reached, onward, count: alive.reduce((sum, one) => sum + one, 0), everything });
  part.has = (node) => alive[node.index] === 1;
  part.needs = (node) => node.needs.filter((edge) => alive[edge.to.index]);
  part.neededBy = (node) => node.neededBy.filter((edge) => alive[edge.from.index]);
  part.below = (node) => part.needs(node).map((edge) => edge.to);
  part.above = (node) => part.neededBy(node).map((edge) => edge.from);
  part.isRoot = new Set(roots);
  part.gone = new Map(); // node -> what goes with it, filled by goneWith
  part.leaders = null; // node -> the one direct dependency that brings it, filled by leaderOf
  return part;
};

export const below = (node) => node.needs.map((edge) => edge.to);

// Node -> distance, in the order of a breadth-first walk.
/** @type {<T>(starts: Iterable<T>, next: (node: T) => Iterable<T>) => Map<T, number>} */
export const reach = (starts, next) => {
  const distance = new Map([...starts].map((node) => [node, 0]));
  for (const [node, steps] of distance) {
    for (const other of next(node)) if (!distance.has(other)) distance.set(other, steps + 1);
  }
  return distance;
};

export const ancestors = (part, node) => { const found = reach([node], part.above); found.delete(node); return found; };
export const descendants = (part, node) => { const found = reach([node], part.below); found.delete(node); return found; };

// What a step of a path asks for: the lines of the build that take it, with the extra that switches them on.
/** @type {(from: Link, to: Link) => Step} */
const stepOf = (from, to) => {
  const edge = from.node.needs.find((each) => each.to === to.node);
  const taken = (edge?.entries ?? []).filter((entry) => (from.extra ? entry.extras.includes(from.extra) : !entry.extras.length)
    && (!entry.version || entry.version === from.build?.version));
  const asking = to.extra ? taken.filter((entry) => entry.asks.includes(to.extra)) : taken;
  return { node: to.node, lines: asking.length ? asking : taken, of: from.node.builds.length > 1 ? from.build : null, extra: from.extra };
};

const loosest = (path) => Math.max(...path.at(-1).lines.map((line) => line.rank), -1);

// One shortest path for each direct dependency and group that lead to the node, those that allow the least first; never
// all paths. A path is its steps: a package and the lines that ask for it.
/** @type {(part: Part, node: GraphNode) => Step[][]} */
export const whyPaths = (part, node) => {
  const goals = node.links.filter((link) => part.reached.has(link));
  const towards = new Map(goals.map((link) => [link, null]));
  for (const [at] of towards) {
    for (const other of at.from) if (part.reached.has(other) && !towards.has(other)) towards.set(other, at);
  }
  const paths = new Map();
  for (const demand of part.demands) {
    for (const start of demand.links.filter((link) => towards.has(link))) {
      /** @type {Step[]} */
      const path = [{ node: demand.node, lines: [demand], of: null, extra: demand.extras.join(" or "), group: demand.group }];
      for (let at = start; towards.get(at); at = towards.get(at)) {
        if (towards.get(at).node !== at.node) path.push(stepOf(at, towards.get(at)));
      }
      const key = `${demand.node.index} ${demand.group.name}`;
      if (!paths.has(key) || path.length < paths.get(key).length) paths.set(key, path);
    }
  }
  return [...paths.values()].sort((a, b) => loosest(a) - loosest(b) || a.length - b.length || (a[0].node.id < b[0].node.id ? -1 : 1));
};

// What goes when the project no longer asks for the chosen: freed nodes, and the chosen that others still need.
export const removal = (part, chosen) => {
  const gone = linksWithout(part, chosen);
  const rest = new Set([...part.reached.keys()].filter((link) => !gone.has(link)).map((link) => link.node));
  const freed = [...new Set([...gone].map((link) => link.node))].filter((node) => !rest.has(node));
  const kept = [...chosen].filter((node) => rest.has(node)).map((node) => ({
    node,
    by: [...new Set(node.links.filter((link) => part.reached.has(link) && !gone.has(link)).flatMap((link) => link.from)
      .filter((link) => link.node !== node && part.reached.has(link) && !gone.has(link)).map((link) => link.node))],
  }));
  return { freed, kept };
};

// What goes with one package: see removal. One that the project does not ask for is taken away itself.
/** @type {(part: Part, node: GraphNode) => GraphNode[]} */
export const goneWith = (part, node) => {
  if (!part.gone.has(node)) part.gone.set(node, removal(part, new Set([node])).freed);
  return part.gone.get(node);
};

// How many go with one package. Of the whole graph the data says it.
/** @type {(part: Part, node: GraphNode) => number} */
export const freesOf = (part, node) => (part.everything ? node.frees : goneWith(part, node).length);

// The one direct dependency without which the project would not need a package; null when several lead to it.
/** @type {(part: Part, node: GraphNode) => GraphNode | null} */
export const leaderOf = (part, node) => {
  if (part.everything) return node.leader;
  if (!part.leaders) part.leaders = new Map(part.roots.flatMap((root) => goneWith(part, root).map((other) => [other, root])));
  return part.leaders.get(node) ?? null;
};

const linksWithout = (part, chosen) => {
  const cut = new Set();
  const starts = [];
  for (const node of chosen) {
    if (part.isRoot.has(node)) starts.push(...part.demands.filter((demand) => demand.node === node).flatMap((demand) => demand.links));
    else for (const link of node.links) if (part.reached.has(link)) { starts.push(link); cut.add(link); }
  }
  const under = new Set(reach(starts, (link) => part.onward(link)).keys());
  const asked = new Set(part.demands.filter((demand) => !chosen.has(demand.node)).flatMap((demand) => demand.links));
  const firm = [...under].filter((link) => !cut.has(link) && (asked.has(link) || link.from.some((other) => part.reached.has(other) && !under.has(other))));
  const kept = reach(firm, (link) => link.to.filter((target) => under.has(target) && !cut.has(target)));
  return new Set([...under].filter((link) => !kept.has(link)));
};
