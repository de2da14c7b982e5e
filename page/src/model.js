// The data as objects: nodes know their edges in both directions. report/page_data.py writes what is read here.

/** @import { Model } from "./types" */

/** @type {(text: string) => Model} */
export const readModel = (text) => {
  const raw = JSON.parse(text);
  const say = (number) => raw.texts[number ?? 0];
  const all = (numbers) => (numbers ?? []).map(say);
  const groups = raw.groups.map(([name, variant], index) => ({ index, name, variant, packages: 0 }));
  const groupOf = new Map(groups.map((group) => [group.name, group]));
  const lost = new Set(raw.nodes.lost);
  const bounds = new Map(raw.bounds.map(([number, rank, upper]) => [say(number), { rank, upper }]));
  const limited = (constraint) => ({ constraint, ...(bounds.get(constraint) ?? { rank: Infinity, upper: "" }) });

  const nodes = raw.nodes.id.map((id, index) => {
    const flags = Number(raw.nodes.flags[index]);
    return {
      index, id,
      name: raw.nodes.name[index] ?? id,
      about: raw.nodes.about[index],
      groups: all(raw.nodes.groups[index]).map((name) => groupOf.get(name)),
      builds: raw.nodes.builds[index].map(([version, source, python, of, markers]) => ({
        version: say(version), source: say(source), python: say(python), groups: all(of),
        markers: (markers ?? []).map(([group, marker]) => [say(group), say(marker)]),
      })),
      direct: (flags & 1) > 0, optional: (flags & 2) > 0, orphan: (flags & 4) > 0,
      lost: lost.has(index),
      x: raw.nodes.x[index], y: raw.nodes.y[index], layer: raw.nodes.layer[index],
      needs: [], neededBy: [], links: [], demands: [], cycles: [], frees: raw.nodes.frees[index] ?? 0, leader: null, change: lost.has(index) ? "removed" : "", before: [],
      size: raw.sizes[index] ?? null,
      advisories: (raw.advisories[index] ?? []).map(([name, severity, summary, fixed]) => ({ id: name, severity, summary, fixed })),
    };
  });
  for (const node of nodes) {
    node.leader = nodes[raw.nodes.brought[node.index]] ?? null;
    node.versions = [...new Set(node.builds.map((build) => build.version))];
    for (const group of node.groups) group.packages += node.lost ? 0 : 1;
  }

  const lostEdges = new Set(raw.edges.lost);
  const edges = raw.edges.from.map((from, index) => ({
    index, from: nodes[from], to: nodes[raw.edges.to[index]], hard: raw.edges.hard[index] === "1",
    marker: say(raw.edges.marker[index]), lost: lostEdges.has(index), change: lostEdges.has(index) ? "removed" : "",
    entries: raw.edges.entries[index].map((entry) => {
      const [constraint, marker, asks, extras, version] = typeof entry === "number" ? [entry] : entry;
      return { ...limited(say(constraint)), marker: say(marker), asks: all(asks), extras: all(extras), version: say(version) };
    }),
  }));
  for (const edge of edges) {
    if (edge.lost) continue;
    edge.from.needs.push(edge);
    edge.to.neededBy.push(edge);
  }

  const demands = raw.demands.map(([node, group, constraint, marker, asks, extras, links]) => ({
    node: nodes[node], group: groupOf.get(say(group)), ...limited(say(constraint)), marker: say(marker),
    asks: all(asks), extras: all(extras), links,
  }));
  for (const demand of demands) demand.node.demands.push(demand);

  const pick = (numbers) => numbers.map((number) => nodes[number]);
  const cycles = raw.cycles.map((cycle) => ({
    members: pick(cycle.members), kind: cycle.kind, example: pick(cycle.example),
    broken: cycle.broken.map(([from, to, words]) => ({ from: nodes[from], to: nodes[to], words })),
  }));
  for (const cycle of cycles) for (const node of cycle.members) node.cycles.push(cycle);

  // The lock's own graph: each build, and each build with one of its extras, is a link; what goes away is decided here.
  const links = raw.links.of.map((of, index) => ({
    index, node: nodes[of], build: nodes[of].builds[raw.links.build[index]], extra: say(raw.links.extra[index]), to: [], from: [],
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
      changed: raw.diff.changed.map(([number, before, after, kind]) => ({ node: nodes[number], before, after, kind })),
    };
    for (const { node } of diff.added) node.change = "added";
    for (const { node, before } of diff.changed) Object.assign(node, { change: "changed", before });
    for (const index of diff.edges_added) edges[index].change = "added";
  }

  return {
    project: raw.project, lock: raw.lock, audited: raw.audited, python: raw.python, scope: raw.scope, focus: nodes[raw.focus] ?? null,
    summary: { ...raw.summary, chain: pick(raw.summary.chain), loops: pick(raw.summary.loops) },
    nodes, edges, links, groups, demands, cycles, diff,
    byId: new Map(nodes.map((node) => [node.id, node])),
    hasSizes: nodes.some((node) => node.size !== null),
    hasAdvisories: nodes.some((node) => node.advisories.length > 0),
  };
};
