// Puts the page together: one state, one part of the graph, one view at a time.

import { advisoriesView } from "./advisories.js";
import { changesView } from "./changes.js";
import { compareView } from "./compare.js";
import { cyclesView } from "./cycles.js";
import { showDetail } from "./detail.js";
import { $, el, many, marking, say } from "./dom.js";
import { makeFilters, offOf, variantsOffOf } from "./filters.js";
import { focusView, nodeWords } from "./focus.js";
import { makeKeys } from "./keys.js";
import { mapView } from "./map.js";
import { readModel } from "./model.js";
import { overviewView } from "./overview.js";
import { removalView } from "./removal.js";
import { makeSearch } from "./search.js";
import { Store, VIEWS_WITH_PACKAGE, listOf } from "./state.js";
import { tableView } from "./table.js";
import { freesOf, partOf, reach } from "./walks.js";

const ALL_VIEWS = [mapView, focusView, overviewView, tableView, cyclesView, removalView, changesView, compareView, advisoriesView];

const app = { model: readModel($("data").textContent), views: [] };

app.act = {
  select: (node) => { app.store.set({ sel: node.id }); say(nodeWords(app, node)); },
  find: (node) => {
    if (VIEWS_WITH_PACKAGE.has(app.store.state.view)) app.act.focus(node);
    else { app.store.set({ sel: node.id }); app.act.enter(); }
    say(nodeWords(app, node));
  },
  focus: (node) => {
    if (!app.part.has(node)) { app.store.set({ sel: node.id }); say(`${node.name} is not in the chosen groups`); return; }
    app.store.set({ view: "focus", pkg: node.id, sel: node.id, more: "" });
    app.act.enter();
    say(`Focus on ${nodeWords(app, node)}`);
  },
  showInOverview: (node) => { app.store.set({ view: "overview", sel: node.id }); app.act.enter(); },
  go: (id, enter = false) => { app.store.set({ view: id }); if (enter) app.act.enter(); },
  toggleRemoval: (node, go = true) => {
    const chosen = new Set(app.removed);
    if (!chosen.delete(node)) chosen.add(node);
    app.store.set({ remove: [...chosen].map((each) => each.id).sort().join(","), ...(go ? { view: "removal" } : {}) });
  },
  tryRemoving: (nodes) => { app.store.set({ view: "removal", remove: nodes.map((node) => node.id).sort().join(",") }); app.act.enter(); },
  // Puts the keyboard where the present view wants it.
  enter: () => {
    const section = $(`view-${app.view.id}`);
    const wanted = ["canvas", ".treemap button", "tbody tr.selected button", "tbody button", "input", "select", "button", "[tabindex='0']"];
    const found = wanted.map((each) => /** @type {HTMLElement} */ (section.querySelector(each))).find(Boolean);
    (found ?? $("content")).focus();
  },
};

app.selected = () => app.model.byId.get(app.store.state.sel) ?? (app.view === focusView ? app.centre() : null);

app.centre = () => {
  const asked = app.model.byId.get(app.store.state.pkg) ?? app.model.focus;
  if (asked && app.part.has(asked)) return asked;
  const heavy = [...app.part.roots].sort((a, b) => freesOf(app.part, b) - freesOf(app.part, a) || a.index - b.index);
  return heavy[0] ?? app.model.nodes.find(app.part.has) ?? app.model.nodes[0];
};

const lookAt = (state) => {
  app.part = partOf(app.model, offOf(state), variantsOffOf(app.model, state));
  app.part.depth = reach(app.part.roots, app.part.below);
  app.mostFreed = app.part.roots.reduce((most, node) => Math.max(most, freesOf(app.part, node)), 1);
};

const showNav = () => {
  for (const view of app.views) {
    const count = view.count ? view.count(app) : 0;
    view.button.replaceChildren(view.title, count ? el("span", { class: "count" }, String(count)) : "");
    if (view === app.view) view.button.setAttribute("aria-current", "page"); else view.button.removeAttribute("aria-current");
  }
};

// Why this page does not know a name in its address, such as one of an older lock.
const reasonFor = (id) => {
  const { summary, scope } = app.model;
  if (summary.missing.includes(id)) return "In pyproject.toml, but not locked yet";
  return summary.outside.includes(id) ? `Locked, but not in what this page shows${scope && ` (${scope})`}` : "Not in this lock";
};

const showNotice = (state) => {
  const unknown = [state.pkg, state.sel, ...listOf(state.remove)].filter((id) => id && !app.model.byId.has(id));
  $("notice").hidden = !unknown.length;
  $("notice").textContent = [...new Set(unknown)].map((id) => `${reasonFor(id)}: ${id.slice(0, 80)}`).join("; ");
};

const render = (state, before) => {
  document.documentElement.dataset.theme = state.theme;
  $("theme").value = state.theme;
  if (!before || before.off !== state.off || before.variant !== state.variant) {
    lookAt(state);
    app.showFilters(state);
    if (before) say(`${many(app.part.count, "package")} in the chosen groups`);
  }
  if (before && before.theme !== state.theme) for (const view of app.views) view.scene?.recolour();
  app.removed = new Set(listOf(state.remove).map((id) => app.model.byId.get(id)).filter(Boolean));
  app.view = app.views.find((view) => view.id === state.view) ?? app.views[0];
  marking.on = app.view.id === "changes";
  for (const view of app.views) {
    const section = $(`view-${view.id}`);
    section.hidden = view !== app.view;
    if (view !== app.view) continue;
    if (!view.made) { view.made = true; view.make(section, app); }
    view.scene?.resize();
    view.show(app, state, before?.view === state.view ? before : null);
  }
  showNav();
  showDetail(app);
  showNotice(state);
};

const begin = () => {
  const { model } = app;
  app.views = ALL_VIEWS.filter((view) => !view.when || view.when(model));
  $("title").textContent = model.project;
  $("figures").textContent = [many(model.summary.packages, "package"), `${model.summary.direct} direct`, model.cycles.length ? many(model.cycles.length, "cycle") : "no cycles"].join(" · ");
  for (const [index, view] of app.views.entries()) {
    view.button = el("button", { type: "button", "aria-keyshortcuts": String(index + 1), title: `${view.title} (${index + 1})`, onclick: () => app.act.go(view.id) });
    $("views").append(view.button);
    $("content").append(el("section", { id: `view-${view.id}`, class: `view ${view.id}`, "aria-label": `${view.title} view`, hidden: true }));
  }
  $("theme").addEventListener("change", () => app.store.set({ theme: $("theme").value }));
  document.querySelector(".skip").addEventListener("click", (event) => { event.preventDefault(); $("content").focus(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { for (const view of app.views) view.scene?.recolour(); });
  const repaint = (theme) => {
    document.documentElement.dataset.theme = theme;
    app.view?.scene?.recolour();
    app.view?.scene?.draw();
  };
  addEventListener("beforeprint", () => repaint("light"));
  addEventListener("afterprint", () => repaint(app.store.state.theme));
  app.store = new Store((state, before) => render(state, before), model.focus ? "focus" : "map");
  app.showFilters = makeFilters(app);
  makeSearch(app);
  makeKeys(app);
  if (model.nodes.length) {
    render(app.store.state, null);
  } else {
    $("content").append(el("p", { class: "empty" }, "The lock holds no packages."));
  }
  performance.mark("graph-drawn");
};

begin();
