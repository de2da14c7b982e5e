// Bundles src/ into the one script that the wheel carries. Its first line says what it was built from, so that a test
// can tell without node whether it is up to date.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const sha256 = (...texts) => {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(text).update("\0");
  return hash.digest("hex");
};

const sources = ["build.js", "package.json", ...readdirSync("src").sort().map((name) => `src/${name}`)];
const { outputFiles: [bundle] } = await build({
  entryPoints: ["src/main.js"], bundle: true, format: "iife", target: "es2022", charset: "utf8", legalComments: "none", minify: true, write: false,
});
const built = sha256(...sources.flatMap((name) => [name, readFileSync(name, "utf8")]));
const target = "../src/poetry_aiops/graph/assets/page.js";
writeFileSync(target, `// Built by page/build.js. Sources: ${built}. What follows: ${sha256(bundle.text)}.\n${bundle.text}`);
