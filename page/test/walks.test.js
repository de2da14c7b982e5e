import assert from "node:assert/strict";
import test from "node:test";

import { between } from "../src/compare.js";
import { readModel } from "../src/model.js";
import { goneWith, leaderOf, partOf, removal, whyPaths } from "../src/walks.js";
import { pageData } from "./data.js";

const whole = (...given) => {
  const model = readModel(pageData(...given));
  return { model, part: partOf(model, new Set()), of: (id) => model.byId.get(id) };
};
const ids = (nodes) => nodes.map((node) => node.id).sort();

test("a package knows its edges in both directions", () => {
  const { of } = whole(["main: a"], ["a>b >=1", "c>b"]);
  assert.deepEqual(ids(of("b").neededBy.map((edge) => edge.from)), ["a", "c"]);
  assert.equal(of("a").needs[0].entries[0].constraint, ">=1");
  assert.equal(of("a").direct, true);
});

test("an extra of one parent is no way for another", () => {
  const { part, of } = whole(["main: plain", "main: rich"], ["plain>lib", "rich>lib[x]", "lib[x]>goal"]);
  assert.deepEqual(whyPaths(part, of("goal")).map((path) => path.map((step) => step.node.id)), [["rich", "lib", "goal"]]);
  assert.deepEqual(ids(goneWith(part, of("rich"))), ["goal", "rich"]);
});

test("each step says what it asks for, and the path that allows the least comes first", () => {
  const { part, of } = whole(["main: a[x]", "dev: b"], ["a[x]>c[y] >=1,<3", "c[y]>goal >=2", "b>goal <9"], { ranks: ["<9"] });
  const [first, second] = whyPaths(part, of("goal"));
  assert.equal(first[0].group.name, "dev");
  assert.deepEqual(second.map((step) => [step.node.id, step.extra, step.lines[0].asks, step.lines[0].constraint]), [
    ["a", "", ["x"], "*"], ["c", "x", ["y"], ">=1,<3"], ["goal", "y", [], ">=2"],
  ]);
});

test("removal frees what nothing else needs and says who keeps the rest", () => {
  const { part, of } = whole(["main: a", "main: b"], ["a>only", "a>both", "b>both", "b>a"]);
  const { freed, kept } = removal(part, new Set([of("a")]));
  assert.deepEqual(ids(freed), []);
  assert.deepEqual(kept.map(({ node, by }) => [node.id, ids(by)]), [["a", ["b"]]]);
  assert.deepEqual(ids(removal(part, new Set([of("a"), of("b")])).freed), ["a", "b", "both", "only"]);
});

test("without a group only what the others lead to is left", () => {
  const model = readModel(pageData(["main: a", "dev: b"], ["a>c", "b>d"]));
  const part = partOf(model, new Set(["dev"]));
  assert.deepEqual(ids(model.nodes.filter(part.has)), ["a", "c"]);
  assert.equal(leaderOf(part, model.byId.get("c")).id, "a");
});

test("two groups are compared by what each installs with main", () => {
  const model = readModel(pageData(["main: a", "cpu: t", "gpu: t[cuda]"], ["a>b", "t>m", "t[cuda]>nvidia"]));
  const [, cpu, gpu] = model.groups;
  const { added, removed, same } = between(model, cpu, gpu);
  assert.deepEqual([ids(added), ids(removed), same], [["nvidia"], [], 4]);
});
