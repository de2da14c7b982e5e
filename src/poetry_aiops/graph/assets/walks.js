// Walks over the part of the graph that the filters leave. A part says which nodes are alive and where walks begin.

// Every node that some demand of the groups left on leads to, builds and extras told apart; with all groups on, everything locked.
const partOf = (model, off, variantsOff = new Set()) => {
  const on = (group) => group && !off.has(group.name) && !variantsOff.has(group.name);
  const everything = model.groups.every(on);
  const allowed = (node) => !node.lost && (everything || node.groups.length === 0 || node.groups.some(on));
  const demands = model.demands.filter((demand) => on(demand.group) && allowed(demand.node));
  const roots = [...new Set(demands.map((demand) => demand.node))];
  const onward = (link) => link.to.filter((target) => allowed(target.node));
  const reached = reach(demands.flatMap((demand) => demand.links), onward);
  const alive = new Uint8Array(model.nodes.length);
  for (const node of everything ? model.nodes.filter(allowed) : [...reached.keys()].map((link) => link.node)) alive[node.index] = 1;
  const part = { model, alive, roots, demands, reached, onward, count: alive.reduce((sum, one) => sum + one, 0), everything };
  part.has = (node) => alive[node.index] === 1;
  part.needs = (node) => node.needs.filter((edge) => alive[edge.to.index]);
  part.neededBy = (node) => node.neededBy.filter((edge) => alive[edge.from.index]);
  part.below = (node) => part.needs(node).map((edge) => edge.to);
  part.above = (node) => part.neededBy(node).map((edge) => edge.from);
  part.isRoot = new Set(roots);
  part.gone = new Map(); // node -> what goes with it, filled by goneWith
  part.broughtBy = new Map(); // node -> the one direct dependency that brings it
  for (const root of roots) for (const node of goneWith(part, root)) part.broughtBy.set(node, root);
  return part;
};

const below = (node) => node.needs.map((edge) => edge.to);

// Node -> distance, in the order of a breadth-first walk.
const reach = (starts, next) => {
  const distance = new Map(starts.map((node) => [node, 0]));
  for (const [node, steps] of distance) {
    for (const other of next(node)) if (!distance.has(other)) distance.set(other, steps + 1);
  }
  return distance;
};

const ancestors = (part, node) => { const found = reach([node], part.above); found.delete(node); return found; };
const descendants = (part, node) => { const found = reach([node], part.below); found.delete(node); return found; };

// One shortest path for each direct dependency that leads to the node, shortest first; never all paths.
const whyPaths = (part, node) => {
  const goals = node.links.filter((link) => part.reached.has(link));
  const towards = new Map(goals.map((link) => [link, null]));
  for (const [at] of towards) {
    for (const other of at.from) if (part.reached.has(other) && !towards.has(other)) towards.set(other, at);
  }
  const paths = new Map();
  for (const demand of part.demands) {
    for (const start of demand.links.filter((link) => towards.has(link))) {
      const path = [];
      for (let at = start; at; at = towards.get(at)) if (path.at(-1) !== at.node) path.push(at.node);
      if (!paths.has(demand.node) || path.length < paths.get(demand.node).length) paths.set(demand.node, path);
    }
  }
  return [...paths.values()].sort((a, b) => a.length - b.length || (a[0].id < b[0].id ? -1 : 1));
};

// What goes when the project no longer asks for the chosen: freed nodes, and the chosen that others still need.
const removal = (part, chosen) => {
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
const goneWith = (part, node) => {
  if (!part.gone.has(node)) part.gone.set(node, removal(part, new Set([node])).freed);
  return part.gone.get(node);
};

const linksWithout = (part, chosen) => {
  const cut = new Set();
  const starts = [];
  for (const node of chosen) {
    if (part.isRoot.has(node)) starts.push(...part.demands.filter((demand) => demand.node === node).flatMap((demand) => demand.links));
    else for (const link of node.links) if (part.reached.has(link)) { starts.push(link); cut.add(link); }
  }
  const below = new Set(reach(starts, (link) => part.onward(link)).keys());
  const asked = new Set(part.demands.filter((demand) => !chosen.has(demand.node)).flatMap((demand) => demand.links));
  const firm = [...below].filter((link) => !cut.has(link) && (asked.has(link) || link.from.some((other) => part.reached.has(other) && !below.has(other))));
  const kept = reach(firm, (link) => link.to.filter((target) => below.has(target) && !cut.has(target)));
  return new Set([...below].filter((link) => !kept.has(link)));
};
