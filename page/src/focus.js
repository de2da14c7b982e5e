// The focus view: one package in the middle, what needs it to the left, what it needs to the right.

import { KIND_WORDS, chosenButtons, el, heading, icon, kindOf, many } from "./dom.js";
import { legend } from "./overview.js";
import { FONT, addCurve, addShape, drawSign, nodeColour } from "./paint.js";
import { Scene } from "./scene.js";
import { listenTo, stage } from "./scene_input.js";
import { ancestors, descendants } from "./walks.js";

const PILL = { height: 30, row: 39, gap: 60, cap: 18, enough: 44 };

// Node -> signed distance. A node of both sides (a cycle) stands on the nearer one.
const focusColumns = (part, node, depth, narrow) => {
  const up = ancestors(part, node);
  const down = descendants(part, node);
  const limit = depth || (narrow ? 1 : autoDepth(up, down));
  const side = new Map([[node, 0]]);
  for (const [other, steps] of down) if (steps <= limit) side.set(other, steps);
  for (const [other, steps] of up) if (steps <= limit && !(Math.abs(side.get(other)) <= steps)) side.set(other, -steps);
  return { side, up, down, limit, deepest: Math.max(0, ...up.values(), ...down.values()) };
};

const autoDepth = (up, down) => {
  const steps = [...up.values(), ...down.values()].sort((a, b) => a - b);
  const deepest = steps[steps.length - 1] ?? 1;
  return steps.length <= PILL.enough ? deepest : Math.max(1, steps[PILL.enough] - 1);
};

// Heights closest to the wanted ones that keep the order and the distance (pool adjacent violators).
export const apart = (wanted, step) => {
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

class FocusPainter {
  margin = 44;
  largest = 1.15;
  head = 40;
  smallest = 0.74;
  selected = null;

  // Items in columns; a long column ends with one that stands for the rest.
  arrange(part, node, columns, whole, narrow, ctx) {
    this.part = part;
    this.node = node;
    this.narrow = narrow;
    const byColumn = new Map();
    for (const [other, at] of columns.side) byColumn.set(at, [...(byColumn.get(at) ?? []), other]);
    const y = new Map([[node, 0]]);
    const items = [];
    const numbers = [...byColumn.keys()].sort((a, b) => Math.abs(a) - Math.abs(b) || a - b);
    for (const at of numbers) {
      const inner = (other) => (at > 0 ? part.above(other) : part.below(other)).filter((each) => y.has(each) && columns.side.get(each) === at - Math.sign(at));
      const centre = (other) => { const near = inner(other); return near.reduce((sum, each) => sum + y.get(each), 0) / (near.length || 1); };
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
        items.push({ node: each.node, column: at, x: 0, y: height, w: pillWidth(ctx, each.node, narrow), h: PILL.height });
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
    const widest = new Map();
    for (const { column, w } of items) widest.set(column, Math.max(widest.get(column) ?? 0, w));
    this.heads = [];
    for (const direction of [1, -1]) {
      let x = 0;
      let before = widest.get(0) / 2;
      for (let at = direction; widest.has(at); at += direction) {
        x += direction * (before + (this.narrow ? PILL.gap / 2 : PILL.gap) + widest.get(at) / 2);
        before = widest.get(at) / 2;
        const column = items.filter((item) => item.column === at);
        for (const item of column) item.x = x + (direction > 0 ? item.w - widest.get(at) : widest.get(at) - item.w) / 2;
        const words = Math.abs(at) === 1 ? (at > 0 ? "needs" : "needed by") : `${Math.abs(at)} steps`;
        this.heads.push({ x, y: Math.min(...column.map((item) => item.y)) - 34, words });
      }
    }
  }

  linksOf(part, columns) {
    const links = [];
    for (const [other, at] of columns.side) {
      for (const edge of part.needs(other)) {
        const to = columns.side.get(edge.to);
        if (to === undefined || (at < 0 && to > 0) || (at > 0 && to < 0)) continue;
        links.push({ edge, near: to - at === 1, side: at < 0 || (at === 0 && to < 0) ? "up" : "down" });
      }
    }
    return links.sort((a, b) => a.near - b.near);
  }

  // Where the camera looks when not everything fits: at the package, but never past the ends of the drawing.
  centre(scene, { left, right, top, bottom }) {
    const item = scene.byNode.get(this.node);
    const near = (at, from, to, side) => {
      const half = (0.46 * side) / scene.camera.k;
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
      if (kindOf(node) === "optional") ctx.stroke(path); else ctx.fill(path);
      at = left + 28;
    }
    ctx.font = `${isCentre ? 600 : 500} 13px ${FONT}`;
    ctx.fillStyle = isCentre ? colours.panel : colours.ink;
    const [name, version] = pillWords(node, this.narrow);
    ctx.fillText(name, at, y + 0.5);
    const { width } = ctx.measureText(name);
    ctx.font = `11px ${FONT}`;
    ctx.fillStyle = isCentre ? colours.panel : colours.dim;
    ctx.fillText(version, at + width + 7, y + 1);
    if (node.advisories?.length) drawSign(ctx, "!", left + 6, y - 11, 7, colours.bad, colours.panel);
    if (node.cycles?.length) drawSign(ctx, "↻", left + (node.advisories?.length ? 22 : 6), y - 11, 7, colours.warn, colours.panel);
  }
}

const short = (text) => (text.length > 14 ? `${text.slice(0, 13)}…` : text);

// Name and version; on a narrow screen three columns fit with short names alone.
const pillWords = (node, narrow) => {
  if (narrow) return [short(node.name), ""];
  const [first, ...rest] = node.versions.map(short);
  return [node.name, first ? first + (rest.length ? ` +${rest.length}` : "") : ""];
};

const pillWidth = (ctx, node, narrow) => {
  const [name, version] = pillWords(node, narrow);
  ctx.font = `600 13px ${FONT}`;
  const { width } = ctx.measureText(name);
  ctx.font = `11px ${FONT}`;
  return Math.ceil(width + (version ? ctx.measureText(version).width + 7 : 0) + (node.more ? 28 : 44));
};

export const nodeWords = (app, node) => {
  if (node.more) return `${node.more} more packages. Enter shows them.`;
  const facts = [
    node.name, node.versions.join(" and "), KIND_WORDS[kindOf(node)],
    `needs ${app.part.needs(node).length}, needed by ${app.part.neededBy(node).length}`,
  ];
  if (node.cycles.length) facts.push("in a cycle");
  if (node.advisories.length) facts.push(many(node.advisories.length, "known vulnerability", "known vulnerabilities"));
  return facts.join(", ");
};

export const graphListeners = (app, extra) => ({
  select: (node) => (node?.more ? app.store.set({ more: "1" }) : app.store.set({ sel: node ? node.id : "" })),
  open: (node) => (node.more ? app.store.set({ more: "1" }) : app.act.focus(node)),
  words: ({ node }) => nodeWords(app, node),
  below: (node) => (node.more ? [] : app.part.below(node)),
  above: (node) => (node.more ? [] : app.part.above(node)),
  ...extra,
});

export const focusView = {
  id: "focus", title: "Focus",
  make(section, app) {
    const head = heading("", el("p", { class: "dim" }));
    const controls = el("div", { class: "controls" });
    const { box, canvas, buttons } = stage("Focus", legend(app));
    section.append(el("div", { class: "strip" }, head, controls), box);
    const painter = new FocusPainter();
    const scene = new Scene(canvas, painter);
    buttons(scene);
    listenTo(scene, graphListeners(app, { start: () => scene.byNode.get(painter.node) }));
    Object.assign(this, { head, controls, scene, painter, canvas });
  },
  show(app, state, before) {
    const node = app.centre();
    const same = before && before.pkg === state.pkg && before.depth === state.depth && before.more === state.more
      && before.off === state.off && before.variant === state.variant && this.drawn === node;
    this.painter.selected = app.selected();
    if (same) { this.scene.ask(); return; }
    const narrow = innerWidth <= 620; // as in views.css
    const columns = focusColumns(app.part, node, Number(state.depth), narrow);
    const items = this.painter.arrange(app.part, node, columns, state.more === "1", narrow, this.scene.ctx);
    this.scene.cursor = items.find((item) => item.node === node);
    this.scene.show(items, { glide: !!this.drawn });
    this.drawn = node;
    const [title, words] = this.head.children;
    title.replaceChildren(icon(node), el("bdi", {}, node.name), " ", el("span", { class: "version" }, node.versions.join(", ")));
    const shown = columns.side.size - 1;
    const all = new Set([...columns.up.keys(), ...columns.down.keys()]).size;
    words.textContent = `${many(columns.up.size, "package needs", "packages need")} it, it needs ${columns.down.size}`
      + (shown < all ? `; ${shown} nearest shown` : "");
    this.canvas.setAttribute("aria-label", `Focus on ${node.name}: ${words.textContent}. Arrow keys follow edges, Enter focuses.`);
    const depths = ["", ...[1, 2, 3].filter((steps) => steps < columns.deepest).map(String), "99"];
    this.controls.replaceChildren(
      chosenButtons("Steps", depths.map((value) => [value, { "": "Auto", 99: "All" }[value] ?? value]), state.depth, (depth) => app.store.set({ depth })),
      chosenButtons("Long columns", [["", "Short"], ["1", "Whole"]], state.more, (more) => app.store.set({ more })),
    );
  },
};
