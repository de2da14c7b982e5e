// The whole graph at the places that layout.py computed: dots and curves, drawn in few strokes to stay fast.

/** @import { Edge, Part } from "./types" */
import { el, heading, kindOf, many } from "./dom.js";
import { graphListeners } from "./focus.js";
import { FONT, addCurve, addShape, drawSign, nodeColour } from "./paint.js";
import { Scene } from "./scene.js";
import { listenTo, stage } from "./scene_input.js";
import { ancestors, descendants } from "./walks.js";

const nodeSize = (node) => 4.6 + Math.min(7.5, Math.sqrt(node.neededBy.length) * 1.35);

export class DotsPainter {
  margin = 36;
  largest = 1.6;
  smallest = 0;
  selected = null;
  cache = null; // the paths
  base = null; // the picture of edges and dots
  lit = null; // the paths of what the marked package needs and what needs it
  /** @type {Pick<Part, "needs" | "neededBy" | "below" | "above">} */
  part = null;
  widths = new Map();

  /** @param {{colourOf: Function, signOf: Function, edges: () => Edge[], shapeOf?: Function}} options */
  constructor({ colourOf, signOf, edges, shapeOf = kindOf }) {
    this.colourOf = colourOf;
    this.signOf = signOf;
    this.edges = edges;
    this.shapeOf = shapeOf;
  }

  items(nodes) {
    this.nodes = nodes;
    this.forget();
    this.ranked = [...nodes].sort((a, b) => b.neededBy.length + b.direct * 6 - a.neededBy.length - a.direct * 6 || a.index - b.index);
    return nodes.map((node) => ({ node, x: node.x, y: node.y, w: nodeSize(node) * 2, h: nodeSize(node) * 2 }));
  }

  forget() {
    this.cache = null;
    this.lit = null;
    this.base = null;
  }

  // Paths in the plane's own units. Dots grow when the camera is far, in steps, so that they never vanish.
  paths(scene) {
    const grow = scene.camera.k < 0.5 ? Math.min(2.2, 0.5 / scene.camera.k) : 1;
    const step = Math.round(grow * 8) / 8;
    if (this.cache?.step === step) return this.cache;
    const edges = this.cache?.edges ?? this.edgePaths();
    const dots = new Map();
    const rings = new Path2D();
    for (const node of this.nodes) {
      const colour = this.colourOf(scene.colours, node);
      const hollow = this.shapeOf(node) === "optional";
      const key = `${colour} ${hollow}`;
      if (!dots.has(key)) dots.set(key, { colour, hollow, path: new Path2D() });
      addShape(dots.get(key).path, this.shapeOf(node), node.x, node.y, nodeSize(node) * step);
      if (node.cycles.length) { rings.moveTo(node.x + nodeSize(node) * step + 4, node.y); rings.arc(node.x, node.y, nodeSize(node) * step + 4, 0, 7); }
    }
    this.cache = { step, edges, dots: [...dots.values()], rings };
    return this.cache;
  }

  edgePaths() {
    const hard = [new Path2D()];
    const soft = new Path2D();
    let held = 0;
    for (const edge of this.edges()) {
      if (edge.hard && held > 0 && held % 400 === 0) hard.push(new Path2D());
      addCurve(edge.hard ? hard[hard.length - 1] : soft, edge.from.x, edge.from.y, edge.to.x, edge.to.y);
      held += edge.hard ? 1 : 0;
    }
    return { hard, soft };
  }

  // The marked package with all that needs it and all that it needs.
  litFor(node) {
    if (this.lit?.node === node) return this.lit;
    const lit = { node, up: new Path2D(), down: new Path2D(), nodes: new Set([node]) };
    const light = (found, edgesOf, path) => {
      for (const other of [node, ...found.keys()]) {
        lit.nodes.add(other);
        for (const edge of edgesOf(other)) addCurve(path, edge.from.x, edge.from.y, edge.to.x, edge.to.y);
      }
    };
    light(ancestors(this.part, node), this.part.neededBy, lit.up);
    light(descendants(this.part, node), this.part.needs, lit.down);
    this.lit = lit;
    return lit;
  }

  draw(scene, ctx) {
    const marked = scene.hover?.node ?? this.selected;
    const lit = marked && scene.byNode.has(marked) ? this.litFor(marked) : null;
    const { camera, ratio } = scene;
    const base = this.fits(scene, lit) ? this.base : this.drawBase(scene, lit);
    const swell = camera.k / base.k;
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.drawImage(base.canvas, (base.x - camera.x) * camera.k, (base.y - camera.y) * camera.k, base.w * swell, base.h * swell);
    this.drawLabels(scene, ctx, lit, marked, base.step);
  }

  // While the camera moves, the picture of edges and dots is only shifted and stretched; at rest it is drawn sharp.
  fits({ camera, size, colours, ratio, moving }, lit) {
    const { base } = this;
    if (!base || base.lit !== lit || base.colours !== colours || base.ratio !== ratio || base.nodes !== this.nodes) return false;
    const swell = camera.k / base.k;
    if (swell !== 1 && (!moving() || swell > 1.7)) return false;
    return camera.x >= base.x && camera.y >= base.y
      && camera.x + size.w / camera.k <= base.x + base.w / base.k && camera.y + size.h / camera.k <= base.y + base.h / base.k;
  }

  drawBase(scene, lit) {
    const { colours, camera, size, ratio } = scene;
    const canvas = this.base?.canvas ?? document.createElement("canvas");
    const edge = 0.35; // how much of a window is drawn beyond each side
    const [w, h] = [Math.ceil(size.w * (1 + 2 * edge)), Math.ceil(size.h * (1 + 2 * edge))];
    const at = { x: camera.x - (edge * size.w) / camera.k, y: camera.y - (edge * size.h) / camera.k };
    if (canvas.width !== Math.round(w * ratio) || canvas.height !== Math.round(h * ratio)) {
      canvas.width = Math.round(w * ratio);
      canvas.height = Math.round(h * ratio);
    }
    const ctx = canvas.getContext("2d", { alpha: false });
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.globalAlpha = 1;
    ctx.fillStyle = colours.canvas;
    ctx.fillRect(0, 0, canvas.width, canvas.height);
    const k = camera.k * ratio;
    ctx.setTransform(k, 0, 0, k, -at.x * k, -at.y * k);
    const { edges, dots, rings, step } = this.paths(scene);
    this.drawEdges(ctx, edges, lit, scene);
    ctx.globalAlpha = lit ? 0.25 : 1;
    this.drawDots(ctx, dots, rings, colours);
    ctx.globalAlpha = 1;
    if (lit) this.drawLit(ctx, lit, colours, step);
    this.drawSigns(scene, ctx, lit, step);
    this.base = { canvas, ...at, k: camera.k, w, h, lit, colours, ratio, step, nodes: this.nodes };
    return this.base;
  }

  drawEdges(ctx, edges, lit, { colours, camera }) {
    ctx.lineWidth = Math.min(1.4, 0.9 / camera.k);
    ctx.strokeStyle = colours.edge;
    ctx.globalAlpha = lit ? 0.18 : 0.5;
    for (const path of edges.hard) ctx.stroke(path);
    ctx.setLineDash([6, 5]);
    ctx.stroke(edges.soft);
    ctx.setLineDash([]);
    if (!lit) return;
    ctx.globalAlpha = 0.75;
    ctx.lineWidth = 1.3 / camera.k;
    ctx.strokeStyle = colours.up;
    ctx.stroke(lit.up);
    ctx.strokeStyle = colours.down;
    ctx.stroke(lit.down);
  }

  drawDots(ctx, dots, rings, colours) {
    ctx.lineWidth = 2;
    for (const { colour, hollow, path } of dots) {
      ctx.fillStyle = hollow ? colours.canvas : colour;
      ctx.fill(path);
      if (hollow) { ctx.strokeStyle = colour; ctx.stroke(path); }
    }
    ctx.strokeStyle = colours.warn;
    ctx.setLineDash([4, 3]);
    ctx.stroke(rings);
    ctx.setLineDash([]);
  }

  drawLit(ctx, lit, colours, step) {
    for (const node of lit.nodes) {
      const path = new Path2D();
      addShape(path, this.shapeOf(node), node.x, node.y, nodeSize(node) * step * (node === lit.node ? 1.35 : 1));
      ctx.fillStyle = this.colourOf(colours, node);
      ctx.fill(path);
    }
  }

  drawSigns({ colours, camera }, ctx, lit, step) {
    const size = Math.max(4.5, 5 / camera.k * 0.9);
    for (const node of this.nodes) {
      const at = nodeSize(node) * step * 0.85;
      const sign = this.signOf(node);
      if (!sign) continue;
      ctx.globalAlpha = lit && !lit.nodes.has(node) ? 0.35 : 1;
      drawSign(ctx, sign[0], node.x + at, node.y - at, Math.min(size, 14), colours[sign[1]], colours.canvas);
    }
    ctx.globalAlpha = 1;
  }

  // Labels in screen pixels, the most needed first, none over another.
  drawLabels(scene, ctx, lit, marked, step) {
    const { colours, size, ratio, camera } = scene;
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.font = `500 11px ${FONT}`;
    ctx.textBaseline = "middle";
    const taken = new Set();
    const room = (x, y, w) => {
      const cells = [];
      const right = Math.floor((x + w + 3) / 8);
      for (let row = Math.floor((y - 6) / 6); row <= Math.floor((y + 6) / 6); row += 1) {
        for (let column = Math.floor((x - 3) / 8); column <= right; column += 1) cells.push(row * 4096 + column);
      }
      if (cells.some((cell) => taken.has(cell))) return false;
      for (const cell of cells) taken.add(cell);
      return true;
    };
    const first = [marked, scene.cursor?.node].filter((node) => node && scene.byNode.has(node));
    const ranked = lit ? [...first, ...this.ranked.filter((node) => lit.nodes.has(node))] : [...first, ...this.ranked];
    let left = camera.k < 0.45 ? 100 : Math.round(100 + 180 * Math.min(1, camera.k - 0.45));
    ctx.lineWidth = 3.5;
    ctx.lineJoin = "round";
    ctx.strokeStyle = colours.canvas;
    const done = new Set();
    for (const node of ranked) {
      if (done.has(node)) continue;
      done.add(node);
      const beside = nodeSize(node) * step * camera.k + 4;
      let x = (node.x - camera.x) * camera.k + beside;
      const y = (node.y - camera.y) * camera.k;
      if (x < -80 || x > size.w || y < -8 || y > size.h + 8) continue;
      const w = this.widthOf(ctx, node);
      if (x + w > size.w && x - 2 * beside - w > 0) x -= 2 * beside + w; // at the right edge the label stands left of its dot
      if (!room(x, y, w) && !first.includes(node)) continue;
      ctx.strokeText(node.name, x, y);
      ctx.fillStyle = node === marked ? colours.accent : colours.ink;
      ctx.fillText(node.name, x, y);
      left -= 1;
      if (!left) break;
    }
    const cursor = scene.cursor && document.activeElement === scene.canvas ? scene.cursor : null;
    if (cursor) {
      ctx.strokeStyle = colours.ink;
      ctx.lineWidth = 2;
      ctx.beginPath();
      ctx.arc((cursor.x - camera.x) * camera.k, (cursor.y - camera.y) * camera.k, nodeSize(cursor.node) * step * camera.k + 5, 0, 7);
      ctx.stroke();
    }
  }

  widthOf(ctx, node) {
    if (!this.widths.has(node)) this.widths.set(node, ctx.measureText(node.name).width);
    return this.widths.get(node);
  }
}

export const legend = (app) => {
  const shape = (kind, words) => el("li", {}, el("span", { class: `shape ${kind} g0`, "aria-hidden": "true" }), words);
  return el(
    "details", { class: "legend" }, el("summary", {}, "Legend"),
    el(
      "ul", {},
      shape("direct", "direct: pyproject.toml asks for it"), shape("transitive", "transitive"),
      shape("optional", "only on request (extra)"), shape("orphan", "orphan: nothing needs it"),
      el("li", {}, el("span", { class: "stroke", "aria-hidden": "true" }), "needs, always"),
      el("li", {}, el("span", { class: "stroke soft", "aria-hidden": "true" }), "needs, through an extra"),
      app.model.cycles.length ? el("li", {}, el("span", { class: "ring", "aria-hidden": "true" }), "in a cycle") : null,
    ),
    el("ul", { class: "groups" }, app.model.groups.map((group) => el("li", {}, el("span", { class: `shape transitive g${group.index % 8}`, "aria-hidden": "true" }), el("bdi", {}, group.name)))),
  );
};

export const overviewView = {
  id: "overview", title: "Overview",
  make(section, app) {
    const words = el("p", { class: "dim" });
    const { box, canvas, buttons } = stage("Overview", legend(app));
    section.append(el("div", { class: "strip" }, heading("Overview", words)), box);
    const painter = new DotsPainter({
      colourOf: nodeColour,
      signOf: (node) => (node.advisories.length ? ["!", "bad"] : null),
      edges: () => app.model.edges.filter((edge) => !edge.lost && app.part.has(edge.from) && app.part.has(edge.to)),
    });
    const scene = new Scene(canvas, painter);
    buttons(scene);
    listenTo(scene, graphListeners(app, {
      readable: 0.9,
      start: () => scene.byNode.get(app.selected()) ?? scene.byNode.get(app.centre()) ?? scene.items[0],
    }));
    Object.assign(this, { scene, painter, words, canvas });
  },
  show(app) {
    this.painter.selected = app.selected();
    if (this.part !== app.part) {
      this.part = this.painter.part = app.part;
      this.scene.show(this.painter.items(app.model.nodes.filter(app.part.has)), { keep: false });
      this.words.textContent = `${many(app.part.count, "package")} from dependents (left) to dependencies (right)`;
      this.canvas.setAttribute("aria-label", `Overview of ${this.words.textContent}. Arrow keys follow edges, Enter focuses. The table view holds the same packages.`);
    }
    const item = this.scene.byNode.get(this.painter.selected);
    if (item && item !== this.scene.cursor) { this.scene.cursor = item; this.scene.reveal(item); }
    this.scene.ask();
  },
};
