// Which groups and which hardware variant are shown.

import { $, el } from "./dom.js";
import { listOf } from "./state.js";

export const offOf = (state) => new Set(listOf(state.off));

export const variantsOffOf = (model, state) => new Set(
  model.groups.filter((group) => group.variant && state.variant && group.name !== state.variant).map((group) => group.name),
);

export const makeFilters = (app) => {
  const sheet = $("filter-sheet");
  const plain = app.model.groups.filter((group) => !group.variant);
  const variants = app.model.groups.filter((group) => group.variant);
  const label = (group, input, words) => el("label", {}, input, el("span", { class: `shape transitive g${group ? group.index % 8 : 7}`, "aria-hidden": "true" }), el("bdi", {}, words), group ? el("span", { class: "dim" }, String(group.packages)) : null);
  const boxes = plain.map((group) => {
    const box = el("input", {
      type: "checkbox",
      onchange: () => {
        const off = offOf(app.store.state);
        if (box.checked) off.delete(group.name); else off.add(group.name);
        app.store.set({ off: [...off].sort().join(",") });
      },
    });
    box.group = group;
    return box;
  });
  const all = (off) => el("button", { type: "button", class: "plain", onclick: () => app.store.set({ off }) }, off ? "None but main" : "All");
  const choices = [["", "all variants"], ["none", "no variant"], ...variants.map((group) => [group.name, `${group.name} (${group.variant})`])];
  const radios = choices.map(([value]) => el("input", { type: "radio", name: "variant", value, onchange: () => app.store.set({ variant: value }) }));
  sheet.append(el("fieldset", {}, el("legend", {}, "Groups"), plain.map((group, index) => label(group, boxes[index], group.name)),
    el("div", { class: "controls" }, all(""), plain.length > 1 ? all(plain.filter((group) => group.name !== "main").map((group) => group.name).join(",")) : null)));
  if (variants.length) sheet.append(el("fieldset", {}, el("legend", {}, "Hardware variant"), choices.map(([value, words], index) => label(variants.find((group) => group.name === value), radios[index], words))));
  $("filters").hidden = app.model.groups.length < 2;
  $("filters").addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !$("filters").open) return;
    $("filters").open = false;
    $("filters").querySelector("summary").focus();
    event.stopPropagation();
  });
  return (state) => {
    const off = offOf(state);
    for (const box of boxes) box.checked = !off.has(box.group.name);
    for (const radio of radios) radio.checked = radio.value === state.variant;
    const on = plain.filter((group) => !off.has(group.name)).length;
    $("filters").firstElementChild.replaceChildren(`Groups: ${on === plain.length ? "all" : `${on} of ${plain.length}`}${variants.length ? ` · ${state.variant || "all variants"}` : ""}`);
  };
};
