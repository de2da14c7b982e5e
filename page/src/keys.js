// Keys that work everywhere but in fields, and the page that lists them.

import { $, el, say } from "./dom.js";

const KEYS = [
  ["/", "find a package"],
  ["1 – 9", "switch the view"],
  ["← →", "in a drawing: along an edge, to who needs it and to what it needs"],
  ["↑ ↓", "in a drawing: to the next package above or below; in the table: rows"],
  ["Enter", "focus on the selected package"],
  ["Shift + arrows", "move the drawing"],
  ["+ − 0", "zoom in, zoom out, show all"],
  ["g", "groups and variants"],
  ["d", "to the details and back"],
  ["t", "light, dark, or as the system says"],
  ["Esc", "close; else back to where you were"],
  ["?", "this page"],
];

const isField = (target) => target.closest?.("input:not([type=checkbox]):not([type=radio]), select, textarea, [contenteditable]");

export const makeKeys = (app) => {
  const help = $("help");
  const single = el("input", { type: "checkbox", onchange: () => app.store.set({ keys: single.checked ? "" : "off" }) });
  help.append(
    el("h2", { id: "help-title" }, "Help and keys"),
    el("p", {}, "Every package of the lock, and who needs whom. Start with one package, look it up with /, follow the edges with the arrow keys."),
    el("dl", { class: "keys" }, KEYS.map(([key, words]) => el("div", {}, el("dt", {}, el("kbd", {}, key)), el("dd", {}, words)))),
    el("p", {}, el("label", {}, single, " Single keys work as listed (off: only in drawings and fields)")),
    el("p", { class: "dim" }, "The address of this page holds what you see: copy it to share this view. “Brings alone” counts the packages that would leave if one were gone (dominators). Dashed edges come through extras. The page is one file and asks no network for anything."),
    el("form", { method: "dialog" }, el("button", { class: "primary" }, "Close")),
  );
  const openHelp = () => { single.checked = app.store.state.keys !== "off"; help.showModal(); };
  $("help-open").addEventListener("click", openHelp);

  const escape = () => {
    if ($("filters").open) { $("filters").open = false; return; }
    const pane = $("detail");
    if (pane.contains(document.activeElement)) { app.act.enter(); return; }
    if (app.store.back()) say("Back");
    else if (app.store.state.sel) app.store.set({ sel: "" });
  };
  const keys = {
    "/": () => { $("search").focus(); $("search").select(); },
    "?": openHelp,
    g: () => { $("filters").open = !$("filters").open; $("filters").querySelector($("filters").open ? "input" : "summary").focus(); },
    d: () => { if ($("detail").contains(document.activeElement)) app.act.enter(); else $("detail").focus(); },
    t: () => { const next = { "": "light", light: "dark", dark: "" }[app.store.state.theme]; app.store.set({ theme: next }); say(`Colours: ${next || "auto"}`); },
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    if (event.key === "Escape") { escape(); return; }
    if (isField(event.target) || app.store.state.keys === "off") return;
    const number = Number(event.key);
    if (number >= 1 && number <= app.views.length && event.key.trim()) app.act.go(app.views[number - 1].id, true);
    else if (keys[event.key]) keys[event.key]();
    else return;
    event.preventDefault();
  });
};
