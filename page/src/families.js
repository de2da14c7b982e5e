// Packages of one project under one sign: opentelemetry-*, nvidia-*, llama-index-*.

/** @import { Family, GraphNode } from "./types" */

const FEWEST = 3;
const TOO_COMMON = new Set(["python", "py"]); // say nothing about who makes a package

const grouped = (nodes, prefixOf) => {
  const found = new Map();
  for (const node of nodes) {
    const prefix = prefixOf(node.id);
    if (prefix) found.set(prefix, [...(found.get(prefix) ?? []), node]);
  }
  return found;
};

const first = (id) => id.split("-")[0];

const firstTwo = (id) => id.split("-").slice(0, 2).join("-");

// What all but a few of a family begin with: "llama-index" rather than "llama".
const narrowed = (prefix, members) => {
  const [longer, most] = [...grouped(members, firstTwo)].sort((a, b) => b[1].length - a[1].length)[0];
  return most.length >= FEWEST && most.length >= 0.8 * members.length ? [longer, most] : [prefix, members];
};

// Nodes in families: {name, nodes}, a node alone without a name, in the order of their first members. `open` are the
// names of families that are not folded, "*" stands for all.
/** @type {(nodes: GraphNode[], open?: Set<string>) => Family[]} */
export const familiesOf = (nodes, open = new Set()) => {
  const home = new Map();
  for (const [prefix, members] of grouped(nodes, first)) {
    if (members.length < FEWEST || TOO_COMMON.has(prefix)) continue;
    const [begin, kept] = narrowed(prefix, members);
    const name = `${begin}-*`;
    if (open.has("*") || open.has(name)) continue;
    const family = { name, nodes: kept };
    for (const node of kept) home.set(node, family);
  }
  return [...new Set(nodes.map((node) => home.get(node) ?? { name: "", nodes: [node] }))].map(
    (each) => (each.name ? each : { name: "", nodes: each.nodes }),
  );
};
