import assert from "node:assert/strict";
import test from "node:test";

import { familiesOf } from "../src/families.js";
import { apart } from "../src/focus.js";
import { blocksBySize } from "../src/map.js";
import { readModel } from "../src/model.js";
import { rowsInSight } from "../src/table.js";
import { squarify } from "../src/treemap.js";
import { partOf } from "../src/walks.js";
import { pageData } from "./data.js";

const named = (...given) => familiesOf(given.map((id) => ({ id }))).map(({ name, nodes }) => name || nodes[0].id);

test("families fold under what all but a few begin with", () => {
  assert.deepEqual(named("torch", "nvidia-cublas", "nvidia-nccl", "nvidia-cudnn"), ["torch", "nvidia-*"]);
  assert.deepEqual(named("llama-index-core", "llama-index-llms", "llama-index-vector", "llama-index-readers", "llama-parse"), ["llama-index-*", "llama-parse"]);
  assert.deepEqual(named("python-dateutil", "python-dotenv", "python-multipart"), ["python-dateutil", "python-dotenv", "python-multipart"]);
  assert.deepEqual(named("google-auth", "google-crc32c"), ["google-auth", "google-crc32c"]);
});

test("an open family is not folded", () => {
  const nodes = ["a-x", "a-y", "a-z", "b"].map((id) => ({ id }));
  assert.equal(familiesOf(nodes, new Set(["a-*"])).length, 4);
  assert.equal(familiesOf(nodes, new Set(["*"])).length, 4);
});

test("a treemap fills its box with areas in proportion and without overlap", () => {
  const placed = squarify([6, 6, 4, 3, 2, 2, 1].map((size) => ({ size })), { x: 10, y: 20, w: 600, h: 400 });
  for (const { item, w, h } of placed) assert.ok(Math.abs(w * h - (item.size * 240000) / 24) < 1);
  for (const one of placed) {
    assert.ok(one.x >= 9.99 && one.y >= 19.99 && one.x + one.w <= 610.01 && one.y + one.h <= 420.01);
    for (const other of placed) {
      const overlap = (from, side) => Math.min(one[from] + one[side], other[from] + other[side]) - Math.max(one[from], other[from]);
      assert.ok(one === other || overlap("x", "w") < 0.01 || overlap("y", "h") < 0.01);
    }
  }
});

test("a map of sizes puts a package with the dependency that alone brings it", () => {
  const data = pageData(["main: a", "main: b"], ["a>only", "a>both", "b>both", "lost>b"], { sizes: { a: 1, b: 2, only: 4, both: 8, lost: 16 }, brought: { a: "a", b: "b", only: "a" } });
  const blocks = blocksBySize(partOf(readModel(data), new Set()), new Set());
  assert.deepEqual(blocks.map(({ name, nodes, size }) => [name || nodes[0].id, size]), [["a", 5], ["b", 2], ["needed by several", 8], ["not needed", 16]]);
});

test("heights keep their order and distance and stay near what is wanted", () => {
  assert.deepEqual(apart([0, 0, 0], 10), [-10, 0, 10]);
  assert.deepEqual(apart([0, 100], 10), [0, 100]);
});

test("a long table has rows in sight only", () => {
  assert.deepEqual(rowsInSight(300, 0, 700), { from: 0, to: 300 });
  const { from, to } = rowsInSight(5000, 35 * 1000, 700);
  assert.ok(from <= 1000 && to >= 1020 && to - from < 60);
  assert.equal(rowsInSight(5000, 35 * 5000, 700).to, 5000);
});
