// A canvas with a camera. A painter says what stands where and how it looks; scene_input.js moves and asks.

import { moves } from "./dom.js";
import { readColours } from "./paint.js";

export class Scene {
  constructor(canvas, painter) {
    this.canvas = canvas;
    this.ctx = canvas.getContext("2d", { alpha: false });
    this.painter = painter;
    this.items = [];
    this.byNode = new Map();
    this.camera = { x: 0, y: 0, k: 1 };
    this.size = { w: 1, h: 1 };
    this.cursor = null; // the item that the keyboard stands on
    this.hover = null;
    this.asked = 0;
    this.motion = 0;
    this.movedAt = -Infinity;
    this.moving = () => performance.now() - this.movedAt < 120;
    this.colours = readColours();
    this.watcher = new ResizeObserver(() => this.resize());
    this.watcher.observe(canvas.parentElement);
    this.resize();
  }

  // Items: {node, x, y, w, h}, centred. `keep` leaves the camera where it is.
  show(items, { keep = false, glide = false } = {}) {
    const before = this.byNode;
    this.items = items;
    this.byNode = new Map(items.map((item) => [item.node, item]));
    this.hover = null;
    this.cursor = this.cursor ? this.byNode.get(this.cursor.node) ?? null : null;
    if (glide && moves() && before.size) this.glideFrom(before);
    if (!keep) this.fit();
    this.ask();
  }

  glideFrom(before) {
    const travel = this.items.map((item) => {
      const old = before.get(item.node);
      return { item, x: item.x, y: item.y, fromX: old ? old.x : item.x, fromY: old ? old.y : item.y };
    });
    this.play(200, (share) => {
      for (const { item, x, y, fromX, fromY } of travel) {
        item.x = fromX + (x - fromX) * share;
        item.y = fromY + (y - fromY) * share;
      }
    });
  }

  play(milliseconds, step) {
    cancelAnimationFrame(this.motion);
    const begun = performance.now();
    const frame = () => {
      const share = Math.min(1, Math.max(0, (performance.now() - begun) / milliseconds));
      step(1 - (1 - share) ** 3);
      this.draw();
      if (share < 1) this.motion = requestAnimationFrame(frame);
      else this.moved();
    };
    step(0);
    this.motion = requestAnimationFrame(frame);
  }

  resize() {
    const { clientWidth: w, clientHeight: h } = this.canvas.parentElement;
    if (!w || !h) return;
    const ratio = devicePixelRatio || 1;
    if (this.size.w === w && this.size.h === h && this.ratio === ratio) return;
    const first = this.size.w === 1;
    this.camera.x -= first ? 0 : (w - this.size.w) / 2 / this.camera.k;
    this.camera.y -= first ? 0 : (h - this.size.h) / 2 / this.camera.k;
    this.size = { w, h };
    this.ratio = ratio;
    this.canvas.width = Math.round(w * ratio);
    this.canvas.height = Math.round(h * ratio);
    if (first) this.fit();
    this.draw();
  }

  bounds() {
    const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
    for (const { x, y, w, h } of this.items) {
      box.left = Math.min(box.left, x - w / 2);
      box.right = Math.max(box.right, x + w / 2);
      box.top = Math.min(box.top, y - h / 2);
      box.bottom = Math.max(box.bottom, y + h / 2);
    }
    box.top -= this.painter.head ?? 0;
    return box;
  }

  fit() {
    if (!this.items.length) return;
    const box = this.bounds();
    const { left, top, right, bottom } = box;
    const { margin, largest, smallest } = this.painter;
    const k = Math.min((this.size.w - 2 * Math.min(margin, this.size.w / 24)) / (right - left || 1), (this.size.h - 2 * margin) / (bottom - top || 1), largest);
    this.camera.k = Math.max(k, smallest, 0.02);
    const at = this.painter.centre?.(this, box) ?? { x: (left + right) / 2, y: (top + bottom) / 2 };
    this.camera.x = at.x - this.size.w / 2 / this.camera.k;
    this.camera.y = at.y - this.size.h / 2 / this.camera.k;
    this.ask();
  }

  zoom(factor, x = this.size.w / 2, y = this.size.h / 2) {
    const k = Math.min(5, Math.max(0.05, this.camera.k * factor));
    this.camera.x += x / this.camera.k - x / k;
    this.camera.y += y / this.camera.k - y / k;
    this.camera.k = k;
    this.moved();
  }

  // Sharp again once the camera rests.
  moved() {
    this.movedAt = performance.now();
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.ask(), 140);
    this.ask();
  }

  pan(dx, dy) {
    this.camera.x -= dx / this.camera.k;
    this.camera.y -= dy / this.camera.k;
    this.moved();
  }

  // Brings an item into sight, and near enough to be read.
  reveal(item, k = this.camera.k) {
    const at = this.toScreen(item.x, item.y);
    const inside = at.x > 60 && at.y > 40 && at.x < this.size.w - 60 && at.y < this.size.h - 40;
    if (inside && k <= this.camera.k) { this.ask(); return; }
    const from = { ...this.camera };
    const zoom = Math.max(k, from.k);
    const to = { k: zoom, x: item.x - this.size.w / 2 / zoom, y: item.y - this.size.h / 2 / zoom };
    if (!moves()) { this.camera = to; this.ask(); return; }
    this.play(240, (share) => {
      const step = from.k + (to.k - from.k) * share;
      const centre = (start, end, side) => start + side / 2 / from.k + (end + side / 2 / to.k - start - side / 2 / from.k) * share;
      this.camera.k = step;
      this.movedAt = performance.now();
      this.camera.x = centre(from.x, to.x, this.size.w) - this.size.w / 2 / step;
      this.camera.y = centre(from.y, to.y, this.size.h) - this.size.h / 2 / step;
    });
  }

  toScreen(x, y) {
    return { x: (x - this.camera.x) * this.camera.k, y: (y - this.camera.y) * this.camera.k };
  }

  at(x, y) {
    const wx = x / this.camera.k + this.camera.x;
    const wy = y / this.camera.k + this.camera.y;
    const reachable = Math.max(2, 9 / this.camera.k);
    let found = null;
    let nearest = Infinity;
    for (const item of this.items) {
      const dx = Math.max(0, Math.abs(item.x - wx) - item.w / 2);
      const dy = Math.max(0, Math.abs(item.y - wy) - item.h / 2);
      const far = dx * dx + dy * dy;
      if (far < nearest && far <= reachable * reachable) { nearest = far; found = item; }
    }
    return found;
  }

  ask() {
    if (!this.asked) this.asked = requestAnimationFrame(() => this.draw());
  }

  draw() {
    cancelAnimationFrame(this.asked);
    this.asked = 0;
    const { ctx, ratio, camera } = this;
    if (!ratio || !this.items.length || this.canvas.offsetParent === null) return;
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.globalAlpha = 1;
    ctx.fillStyle = this.colours.canvas;
    ctx.fillRect(0, 0, this.size.w, this.size.h);
    ctx.setTransform(ratio * camera.k, 0, 0, ratio * camera.k, -camera.x * camera.k * ratio, -camera.y * camera.k * ratio);
    this.painter.draw(this, ctx);
  }

  recolour() {
    this.colours = readColours();
    this.painter.forget?.();
    this.ask();
  }
}
