// Colours and shapes for the canvas, read from the style sheet so that both sides always agree.

import { el, groupClass } from "./dom.js";

const NAMES = [
  "canvas", "panel", "ink", "dim", "line", "edge", "accent", "accent-soft", "up", "down", "bad", "good", "warn",
  "g0", "g1", "g2", "g3", "g4", "g5", "g6", "g7",
];

export const readColours = () => {
  const probe = el("span", { hidden: true });
  document.body.append(probe);
  const colours = {};
  for (const name of NAMES) {
    probe.style.color = `var(--${name})`;
    colours[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return colours;
};

export const nodeColour = (colours, node) => colours[groupClass(node)];

// Squares are direct dependencies, circles transitive ones, triangles orphans; where revisions are compared, a plus
// came, a diamond went and a triangle changed.
export const addShape = (path, kind, x, y, r) => {
  if (kind === "direct") {
    const half = r * 0.9;
    path.roundRect(x - half, y - half, half * 2, half * 2, r * 0.3);
  } else if (kind === "orphan") {
    path.moveTo(x, y - r * 1.1);
    path.lineTo(x + r, y + r * 0.8);
    path.lineTo(x - r, y + r * 0.8);
    path.closePath();
  } else if (kind === "removed") {
    path.moveTo(x, y - r * 1.15);
    path.lineTo(x + r * 1.15, y);
    path.lineTo(x, y + r * 1.15);
    path.lineTo(x - r * 1.15, y);
    path.closePath();
  } else if (kind === "plus") {
    const arm = r * 0.42;
    const far = r * 1.2;
    path.rect(x - far, y - arm, far * 2, arm * 2);
    path.rect(x - arm, y - far, arm * 2, far - arm);
    path.rect(x - arm, y + arm, arm * 2, far - arm);
  } else {
    path.moveTo(x + r, y);
    path.arc(x, y, r, 0, 7);
  }
};

export const addCurve = (path, x1, y1, x2, y2) => {
  const bend = Math.max(24, Math.abs(x2 - x1) * 0.45);
  path.moveTo(x1, y1);
  path.bezierCurveTo(x1 + bend, y1, x2 - bend, y2, x2, y2);
};

// Small signs beside a shape: "!" for an advisory, "+", "−" and "~" for a change.
export const drawSign = (ctx, text, x, y, size, colour, ground) => {
  ctx.fillStyle = colour;
  ctx.beginPath();
  ctx.arc(x, y, size, 0, 7);
  ctx.fill();
  ctx.fillStyle = ground;
  ctx.font = `700 ${size * 1.6}px ${FONT}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillText(text, x, y + size * 0.08);
  ctx.textAlign = "left";
};

export const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif';
export const CHANGE_COLOURS = { added: "good", removed: "bad", changed: "warn" };
