// The search field: a combobox over every package. "/" leads here from anywhere.

import { $, el, icon, many, say } from "./dom.js";

const rankOf = (node, text) => {
  const id = node.id;
  if (id === text) return 0;
  if (id.startsWith(text)) return 1;
  if (id.split("-").some((part) => part.startsWith(text))) return 2;
  if (id.includes(text)) return 3;
  return node.about.toLowerCase().includes(text) ? 4 : 9;
};

export const makeSearch = (app) => {
  const input = $("search");
  const hits = $("hits");
  let found = [];
  let at = -1;
  const close = () => {
    hits.hidden = true;
    at = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const mark = (next) => {
    if (!found.length) return;
    at = (next + found.length) % found.length;
    [...hits.children].forEach((hit, index) => hit.setAttribute("aria-selected", String(index === at)));
    hits.children[at].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", hits.children[at].id);
  };
  const choose = (node) => {
    input.value = "";
    close();
    app.act.find(node);
  };
  const search = () => {
    const text = input.value.trim().toLowerCase().replaceAll(/[_.]/g, "-");
    if (!text) { close(); return; }
    const ranked = app.model.nodes.filter((node) => !node.lost).map((node) => [node, rankOf(node, text)]).filter(([, rank]) => rank < 9);
    ranked.sort((a, b) => a[1] - b[1] || b[0].neededBy.length - a[0].neededBy.length || a[0].index - b[0].index);
    found = ranked.slice(0, 12).map(([node]) => node);
    hits.replaceChildren(...found.map((node, index) => el(
      "li", { id: `hit-${index}`, role: "option", "aria-selected": "false", onpointerdown: (event) => { event.preventDefault(); choose(node); } },
      icon(node), el("bdi", {}, node.name), el("span", { class: "version" }, node.versions.join(", ")), el("span", { class: "about", dir: "auto" }, node.about),
    )));
    hits.hidden = found.length === 0;
    input.setAttribute("aria-expanded", String(found.length > 0));
    say(found.length ? `${many(ranked.length, "package")} found` : app.model.summary.outside.includes(text) ? `${text} is locked, but not in what this page shows` : "No package found");
    at = -1;
    if (found.length) mark(0);
  };
  input.addEventListener("input", search);
  input.addEventListener("focus", search);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    const keys = {
      ArrowDown: () => mark(at + 1),
      ArrowUp: () => mark(at - 1),
      Enter: () => { if (found[at] && !hits.hidden) choose(found[at]); },
      Escape: () => { if (input.value) { input.value = ""; close(); } else $("content").focus(); },
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  });
};
