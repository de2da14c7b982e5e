// Sizes as a treemap (Bruls, Huizing, van Wijk 2000): each direct dependency with what it alone brings.

const squarify = (items, box) => {
  const placed = [];
  const total = items.reduce((sum, item) => sum + item.size, 0);
  if (!total || box.w <= 0 || box.h <= 0) return placed;
  const scale = (box.w * box.h) / total;
  let { x, y, w, h } = box;
  let row = [];
  const worst = (sizes, side) => {
    const area = sizes.reduce((sum, each) => sum + each, 0);
    return Math.max((side * side * Math.max(...sizes)) / (area * area), (area * area) / (side * side * Math.min(...sizes)));
  };
  const close = () => {
    const area = row.reduce((sum, item) => sum + item.size * scale, 0);
    const flat = w >= h;
    const thick = area / (flat ? h : w);
    let at = flat ? y : x;
    for (const item of row) {
      const long = (item.size * scale) / thick;
      placed.push({ item, x: flat ? x : at, y: flat ? at : y, w: flat ? thick : long, h: flat ? long : thick });
      at += long;
    }
    if (flat) { x += thick; w -= thick; } else { y += thick; h -= thick; }
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

const sizesView = {
  id: "sizes", title: "Sizes",
  when: (model) => model.hasSizes,
  make(section, app) {
    this.words = el("p", { class: "dim" });
    this.map = el("div", { class: "treemap", role: "group", "aria-label": "Packages by size, largest first" });
    section.append(el("div", { class: "strip" }, heading("Sizes", this.words)), this.map);
    new ResizeObserver(() => { this.part = null; if (!section.hidden) this.show(app); }).observe(this.map);
    this.map.addEventListener("keydown", (event) => {
      const all = [...this.map.querySelectorAll("button")];
      const at = all.indexOf(event.target);
      const to = { ArrowRight: all[at + 1], ArrowDown: all[at + 1], ArrowLeft: all[at - 1], ArrowUp: all[at - 1], Home: all[0], End: all[all.length - 1] }[event.key];
      if (!to) return;
      event.preventDefault();
      event.stopPropagation();
      to.focus();
    });
  },
  show(app) {
    if (this.part === app.part) { this.mark(app); return; }
    this.part = app.part;
    const sized = app.model.nodes.filter((node) => app.part.has(node) && node.size);
    const blocks = new Map();
    for (const node of sized) {
      const top = app.part.broughtBy.get(node) ?? node;
      blocks.set(top, [...(blocks.get(top) ?? []), node]);
    }
    const groups = [...blocks].map(([top, nodes]) => ({ top, nodes, size: nodes.reduce((sum, node) => sum + node.size, 0) }));
    const box = { x: 0, y: 0, w: this.map.clientWidth, h: this.map.clientHeight };
    const cells = squarify(groups, box).flatMap((block) => squarify(block.item.nodes.map((node) => ({ node, size: node.size })),
      { x: block.x + 1, y: block.y + 1, w: block.w - 2, h: block.h - 2 }));
    cells.sort((a, b) => b.item.size - a.item.size);
    const known = app.model.nodes.filter(app.part.has).length;
    this.words.textContent = `${bytes(groups.reduce((sum, group) => sum + group.size, 0))} in ${many(sized.length, "package")}${sized.length < known ? `; ${known - sized.length} without a known size` : ""}. Side by side: what one direct dependency alone brings.`;
    this.map.replaceChildren(...cells.map(({ item: { node, size }, x, y, w, h }, index) => {
      const roomy = w > 46 && h > 26;
      const cell = el("button", {
        type: "button", class: `${groupClass(node)}${roomy ? "" : " tiny"}`, tabindex: index ? "-1" : "0", title: `${node.name}: ${bytes(size)}`, "aria-label": roomy ? null : `${node.name} ${bytes(size)}`,
        onclick: () => app.act.select(node), style: { left: `${x}px`, top: `${y}px`, width: `${Math.max(0, w - 1)}px`, height: `${Math.max(0, h - 1)}px` },
      }, roomy ? el("bdi", {}, node.name) : null, " ", roomy && h > 42 ? el("span", {}, bytes(size)) : null);
      cell.node = node;
      return cell;
    }));
    this.mark(app);
  },
  mark(app) {
    for (const cell of this.map.children) cell.setAttribute("aria-pressed", String(cell.node === app.selected()));
  },
};
