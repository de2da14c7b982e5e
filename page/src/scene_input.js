// Pointer and keyboard of a scene. `on` has select(node), open(node), hover(node), and words(item) for the screen reader.

import { el, say } from "./dom.js";

export const listenTo = (scene, on) => {
  const { canvas } = scene;
  const pointers = new Map();
  let dragged = 0;
  let pinch = 0;
  const here = (event) => ({ x: event.offsetX, y: event.offsetY });

  canvas.addEventListener("pointerdown", (event) => {
    pointers.set(event.pointerId, here(event));
    dragged = 0;
    pinch = 0;
    try { canvas.setPointerCapture(event.pointerId); } catch { /* a pointer that is already gone */ }
  });
  canvas.addEventListener("pointermove", (event) => {
    const last = pointers.get(event.pointerId);
    const now = here(event);
    if (!last) {
      const item = scene.at(now.x, now.y);
      if (item !== scene.hover) { scene.hover = item; canvas.classList.toggle("on-item", !!item); on.hover?.(item?.node ?? null); scene.ask(); }
      return;
    }
    pointers.set(event.pointerId, now);
    if (pointers.size === 2) {
      const [a, b] = [...pointers.values()];
      const span = Math.hypot(a.x - b.x, a.y - b.y);
      if (pinch) scene.zoom(span / pinch, (a.x + b.x) / 2, (a.y + b.y) / 2);
      pinch = span;
      dragged = 99;
      return;
    }
    dragged += Math.abs(now.x - last.x) + Math.abs(now.y - last.y);
    if (dragged > 4) { canvas.classList.add("dragging"); scene.pan(now.x - last.x, now.y - last.y); }
  });
  const release = (event) => {
    pointers.delete(event.pointerId);
    pinch = 0;
    canvas.classList.remove("dragging");
  };
  canvas.addEventListener("pointerup", (event) => {
    const now = here(event);
    if (pointers.size === 1 && dragged <= 4) {
      const item = scene.at(now.x, now.y);
      scene.cursor = item;
      on.select(item ? item.node : null);
      scene.ask();
    }
    release(event);
  });
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("pointerleave", () => { scene.hover = null; on.hover?.(null); scene.ask(); });
  canvas.addEventListener("dblclick", (event) => {
    const item = scene.at(event.offsetX, event.offsetY);
    if (item) on.open(item.node);
  });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const step = event.deltaMode === 1 ? 18 : 1;
    scene.zoom(Math.exp(-event.deltaY * step * (event.ctrlKey ? 0.01 : 0.0016)), event.offsetX, event.offsetY);
  }, { passive: false });

  const stand = (item) => {
    if (!item) return;
    scene.cursor = item;
    scene.reveal(item, on.readable ?? 0);
    on.select(item.node);
    say(on.words(item));
  };
  const along = (items) => {
    const from = scene.cursor;
    const far = (item) => Math.abs(item.y - from.y) * 3 + Math.abs(item.x - from.x);
    return items.filter((item) => item && item !== from).sort((a, b) => far(a) - far(b))[0];
  };
  const beside = (down) => {
    const from = scene.cursor;
    const off = (item) => Math.abs(item.x - from.x) * 4 + Math.abs(item.y - from.y);
    return scene.items.filter((item) => (down ? item.y > from.y + 1 : item.y < from.y - 1)).sort((a, b) => off(a) - off(b))[0];
  };
  const keys = {
    ArrowRight: () => stand(along(on.below(scene.cursor.node).map((node) => scene.byNode.get(node)))),
    ArrowLeft: () => stand(along(on.above(scene.cursor.node).map((node) => scene.byNode.get(node)))),
    ArrowDown: () => stand(beside(true)),
    ArrowUp: () => stand(beside(false)),
    Enter: () => on.open(scene.cursor.node),
    " ": () => stand(scene.cursor),
  };
  const cameraKeys = {
    "+": () => scene.zoom(1.3), "=": () => scene.zoom(1.3), "-": () => scene.zoom(1 / 1.3), 0: () => scene.fit(),
    Home: () => stand(on.start(scene)),
  };
  const steps = { ArrowRight: [-60, 0], ArrowLeft: [60, 0], ArrowDown: [0, -60], ArrowUp: [0, 60] };
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.shiftKey && steps[event.key]) scene.pan(...steps[event.key]);
    else if (cameraKeys[event.key]) cameraKeys[event.key]();
    else if (keys[event.key]) {
      if (scene.cursor) keys[event.key](); else stand(on.start(scene));
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  canvas.addEventListener("focus", () => {
    if (!scene.cursor) scene.cursor = on.start(scene);
    if (scene.cursor) say(on.words(scene.cursor));
    scene.ask();
  });
  canvas.addEventListener("blur", () => scene.ask());
};

// The canvas with its buttons; the legend is given by the view.
export const stage = (label, legend) => {
  const canvas = el("canvas", { tabindex: "0", role: "application", "aria-roledescription": "graph", "aria-label": label });
  const zoom = el("div", { class: "zoom", role: "group", "aria-label": "Zoom" });
  const box = el("div", { class: "stage" }, canvas, zoom, legend);
  const buttons = (scene) => {
    const make = (sign, words, act) => el("button", { type: "button", title: words, "aria-label": words, onclick: act }, sign);
    zoom.append(make("+", "Zoom in", () => scene.zoom(1.3)), make("−", "Zoom out", () => scene.zoom(1 / 1.3)), make("⤢", "Show all", () => scene.fit()));
  };
  return { box, canvas, buttons };
};
