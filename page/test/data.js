// Small data as report/page_data.py writes it. Lines: "a>b" or "a[x]>b[y] constraint"; demands: "group: a[x] constraint".

const parse = (text) => {
  const [, source, extra, target, ask, constraint] = /^(?:([\w-]+)(?:\[(\w+)\])?>)?([\w-]+)(?:\[(\w+)\])?(?: (.*))?$/.exec(text);
  return { source, extra: extra ?? "", target, ask: ask ?? "", constraint: constraint ?? "*" };
};

export const pageData = (demands, lines, more = {}) => {
  const texts = [""];
  const text = (value) => (texts.includes(value) ? texts.indexOf(value) : texts.push(value) - 1);
  const wanted = demands.map((each) => ({ group: each.split(": ")[0], ...parse(each.split(": ")[1]) }));
  const edges = lines.map(parse);
  const ids = [...new Set([...wanted, ...edges].flatMap((each) => [each.source, each.target]).filter(Boolean))].sort();
  const faces = [...new Set([
    ...ids.map((id) => `${id} `), ...edges.filter((edge) => edge.extra).map((edge) => `${edge.source} ${edge.extra}`),
    ...[...wanted, ...edges].filter((each) => each.ask).map((each) => `${each.target} ${each.ask}`),
  ])];
  const asked = ({ target, ask }) => [faces.indexOf(`${target} `), ...(ask ? [faces.indexOf(`${target} ${ask}`)] : [])];
  const groups = [...new Set(wanted.map((each) => each.group))];
  const ranks = more.ranks ?? [];
  return JSON.stringify({
    project: "demo", lock: "2.1", python: "*", scope: "", audited: "", focus: -1, diff: null, advisories: {}, cycles: [],
    sizes: Object.fromEntries(Object.entries(more.sizes ?? {}).map(([id, size]) => [ids.indexOf(id), size])),
    summary: { packages: ids.length, chain: [], loops: [], missing: [], dangling: [] },
    groups: groups.map((group) => [group, ""]),
    nodes: {
      id: ids, name: {}, about: ids.map(() => ""), groups: ids.map(() => groups.map(text)), builds: ids.map(() => [[text("1.0")]]),
      flags: ids.map((id) => Number(wanted.some((each) => each.target === id))).join(""), x: ids.map(() => 0), y: ids.map(() => 0), layer: ids.map(() => 0),
      frees: ids.map((id) => more.frees?.[id] ?? 0), brought: ids.map((id) => ids.indexOf(more.brought?.[id])), lost: [],
    },
    edges: {
      from: edges.map((edge) => ids.indexOf(edge.source)), to: edges.map((edge) => ids.indexOf(edge.target)), hard: edges.map((edge) => (edge.extra ? "0" : "1")).join(""),
      entries: edges.map((edge) => [[text(edge.constraint), 0, edge.ask ? [text(edge.ask)] : [], edge.extra ? [text(edge.extra)] : []]]), marker: edges.map(() => 0), lost: [],
    },
    links: {
      of: faces.map((face) => ids.indexOf(face.split(" ")[0])), build: faces.map(() => 0), extra: faces.map((face) => text(face.split(" ")[1])),
      to: faces.map((face) => {
        const [id, extra] = face.split(" ");
        return [...edges.filter((edge) => edge.source === id && edge.extra === extra).flatMap(asked), ...(extra ? [faces.indexOf(`${id} `)] : [])];
      }),
    },
    demands: wanted.map((each) => [ids.indexOf(each.target), text(each.group), text(each.constraint), 0, each.ask ? [text(each.ask)] : [], [], asked(each)]),
    bounds: ranks.map((constraint, rank) => [text(constraint), rank, constraint]),
    texts,
  });
};
