// Walks over the part of the graph that the filters leave. A part says which nodes are alive and where walks begin.

// Every node that some direct dependency of the groups left on needs; with all groups on, everything locked.
const partOf = (model, off, variantsOff = new Set()) => {
  const on = (group) => group && !off.has(group.name) && !variantsOff.has(group.name);
  const everything = model.groups.every(on);
  const allowed = (node) => !node.lost && (everything || node.groups.length === 0 || node.groups.some(on));
  const roots = [...new Set(model.demands.filter((demand) => on(demand.group) && allowed(demand.node)).map((demand) => demand.node))];
  const alive = new Uint8Array(model.nodes.length);
  if (everything) {
    for (const node of model.nodes) alive[node.index] = allowed(node) ? 1 : 0;
  } else {
    for (const node of reach(roots, (from) => below(from).filter(allowed)).keys()) alive[node.index] = 1;
  }
  const part = { model, alive, roots, count: alive.reduce((sum, one) => sum + one, 0), everything };
  part.has = (node) => alive[node.index] === 1;
  part.needs = (node) => node.needs.filter((edge) => alive[edge.to.index]);
  part.neededBy = (node) => node.neededBy.filter((edge) => alive[edge.from.index]);
  part.below = (node) => part.needs(node).map((edge) => edge.to);
  part.above = (node) => part.neededBy(node).map((edge) => edge.from);
  part.isRoot = new Set(roots);
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
  const towards = new Map([[node, null]]);
  for (const [at] of towards) {
    for (const other of part.above(at)) if (!towards.has(other)) towards.set(other, at);
  }
  const paths = part.roots.filter((root) => towards.has(root)).map((root) => {
    const path = [];
    for (let at = root; at; at = towards.get(at)) path.push(at);
    return path;
  });
  return paths.sort((a, b) => a.length - b.length || (a[0].id < b[0].id ? -1 : 1));
};

// What goes when the project no longer asks for the chosen: freed nodes, and the chosen that others still need.
const removal = (part, chosen) => {
  const rest = reach(part.roots.filter((root) => !chosen.has(root)), part.below);
  const before = reach(part.roots, part.below);
  const freed = [...before.keys()].filter((node) => !rest.has(node));
  const kept = [...chosen].filter((node) => rest.has(node))
    .map((node) => ({ node, by: part.above(node).filter((other) => rest.has(other)) }));
  return { freed, kept, rest };
};
