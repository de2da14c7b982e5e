// Dominators from the project: what is here only because of one package (Cooper, Harvey, Kennedy 2001).

const dominatorsOf = (part) => {
  const order = []; // in postorder, the project last
  const rank = new Map();
  const seen = new Set();
  for (const root of part.roots) {
    if (seen.has(root)) continue;
    seen.add(root);
    const work = [[root, part.below(root), 0]];
    while (work.length) {
      const top = work[work.length - 1];
      const next = top[1][top[2]];
      top[2] += 1;
      if (next === undefined) {
        work.pop();
        rank.set(top[0], order.length);
        order.push(top[0]);
      } else if (!seen.has(next)) {
        seen.add(next);
        work.push([next, part.below(next), 0]);
      }
    }
  }
  const top = order.length;
  const leader = new Array(top + 1).fill(-1);
  leader[top] = top;
  const meet = (a, b) => {
    while (a !== b) {
      while (a < b) a = leader[a];
      while (b < a) b = leader[b];
    }
    return a;
  };
  for (let changed = true; changed;) {
    changed = false;
    for (let at = top - 1; at >= 0; at -= 1) {
      let found = part.isRoot.has(order[at]) ? top : -1;
      for (const other of part.above(order[at])) {
        const number = rank.get(other);
        if (number === undefined || leader[number] < 0) continue;
        found = found < 0 ? number : meet(found, number);
      }
      if (leader[at] !== found) { leader[at] = found; changed = true; }
    }
  }
  const only = new Map(part.model.nodes.map((node) => [node, []])); // node -> the nodes that it alone leads to
  const leaderOf = new Map();
  for (let at = top - 1; at >= 0; at -= 1) {
    leaderOf.set(order[at], order[leader[at]] ?? null);
    if (leader[at] < top) only.get(order[leader[at]]).push(order[at]);
  }
  const frees = new Map();
  for (const node of order) frees.set(node, 1);
  for (let at = 0; at < top; at += 1) {
    if (leader[at] < top) frees.set(order[leader[at]], frees.get(order[leader[at]]) + frees.get(order[at]));
  }
  return { only, leaderOf, frees, closure: (node) => [...reach([node], (from) => only.get(from)).keys()] };
};
