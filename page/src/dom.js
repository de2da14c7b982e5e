// Elements. Text goes in as text nodes only: nothing here, or anywhere on this page, parses markup.

/** @type {(id: string) => any} The element of page.html with this id. */
export const $ = (id) => document.getElementById(id);

/** @type {(tag: string, attributes?: object, ...children: any[]) => any} */
export const el = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "style") for (const [name, setting] of Object.entries(value)) element.style.setProperty(name, setting);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
};

export const many = (count, one, more = `${one}s`) => `${count.toLocaleString("en")} ${count === 1 ? one : more}`;

export const bytes = (size) => {
  if (size === null || size === undefined) return "";
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  for (; size >= 999.5 && at < units.length - 1; at += 1) size /= 1000;
  return `${size >= 100 || at === 0 ? Math.round(size) : size.toFixed(1)} ${units[at]}`;
};

let said = 0;
export const say = (text) => {
  clearTimeout(said);
  said = setTimeout(() => { $("say").textContent = text; }, 60);
};

export const kindOf = (node) => {
  if (node.lost) return "removed";
  if (node.orphan) return "orphan";
  if (node.direct) return "direct";
  return node.optional ? "optional" : "transitive";
};

export const KIND_WORDS = {
  direct: "direct dependency", transitive: "transitive", optional: "transitive, optional", orphan: "orphan", removed: "removed",
};

export const groupClass = (node) => (node.groups.length ? `g${node.groups[0].index % 8}` : "g7");

export const icon = (node) => el("span", { class: `shape ${kindOf(node)} ${groupClass(node)}`, "aria-hidden": "true" });

export const MARKS = { added: ["+", "added"], removed: ["−", "removed"], changed: ["~", "changed"] };

export const marking = { on: false }; // only the view of changes shows these beside every package

export const signMark = (change) => el("span", { class: `mark ${change}` }, el("span", { "aria-hidden": "true" }, MARKS[change][0]), el("span", { class: "hidden" }, MARKS[change][1]));

const changeMark = (change) => (marking.on && MARKS[change] ? signMark(change) : null);

// A package's name as a button that shows its details; `act` comes from main.js.
export const packageButton = (node, act, text = node.name) => el(
  "button",
  { type: "button", class: "package", title: node.about || null, onclick: () => act.select(node) },
  icon(node), el("bdi", {}, text), changeMark(node.change),
);

export const packageList = (nodes, act, limit = 40) => {
  const list = el("ul", { class: "packages" }, nodes.slice(0, limit).map((node) => el("li", {}, packageButton(node, act))));
  if (nodes.length > limit) {
    const rest = el("button", {
      type: "button", class: "plain",
      onclick: () => {
        const whole = packageList(nodes, act, nodes.length);
        list.replaceWith(whole);
        whole.children[limit].firstChild.focus();
      },
    }, `Show ${nodes.length - limit} more`);
    list.append(el("li", {}, rest));
  }
  return list;
};

export const heading = (title, ...beside) => el("div", { class: "head" }, el("h2", {}, title), ...beside);

export const chosenButtons = (label, options, chosen, pick) => el(
  "div", { class: "choice", role: "group", "aria-label": label },
  el("span", { class: "dim", "aria-hidden": "true" }, label),
  options.map(([value, words, title]) => el(
    "button",
    { type: "button", title: title ?? null, "aria-pressed": String(value === chosen), "data-value": value, onclick: () => pick(value) },
    words,
  )),
);

export const moves = () => !matchMedia("(prefers-reduced-motion: reduce)").matches;
