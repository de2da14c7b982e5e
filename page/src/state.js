// What the reader chose, as short texts, kept in the address after "#" so that a link shows the same.

export const VIEWS_WITH_PACKAGE = new Set(["focus", "map"]); // where a search leads to the focus
const PLAIN = {
  view: "map", pkg: "", sel: "", depth: "", more: "", open: "", by: "", off: "", variant: "", remove: "", q: "", sort: "", a: "", b: "",
  theme: "", keys: "", only: "",
};

export const listOf = (text) => (text ? text.split(",") : []);

const readAddress = (first) => {
  const given = new URLSearchParams(location.hash.slice(1));
  const state = { ...PLAIN };
  for (const key of Object.keys(PLAIN)) if (given.has(key)) state[key] = given.get(key);
  if (!given.has("view")) state.view = state.pkg ? "focus" : first;
  return state;
};

const addressOf = (state) => {
  const kept = new URLSearchParams();
  for (const [key, value] of Object.entries(state)) if (value !== PLAIN[key] || key === "view") kept.set(key, value);
  return `#${kept.toString().replaceAll("%2C", ",")}`;
};

export class Store {
  constructor(listener, first) {
    this.state = readAddress(first);
    this.listener = listener;
    this.steps = 0; // how many of the browser's history entries are ours
    const follow = () => {
      const found = readAddress(first);
      if (addressOf(found) === addressOf(this.state)) return;
      const before = this.state;
      this.state = found;
      this.listener(this.state, before);
    };
    addEventListener("popstate", () => { this.steps = history.state?.steps ?? 0; follow(); });
    addEventListener("hashchange", follow);
  }

  // A new view or package is a step that "back" undoes; anything else replaces the present step.
  set(patch) {
    const before = this.state;
    this.state = { ...before, ...patch };
    if (addressOf(before) === addressOf(this.state)) return;
    const isStep = before.view !== this.state.view || before.pkg !== this.state.pkg;
    if (isStep) this.steps += 1;
    history[isStep ? "pushState" : "replaceState"]({ steps: this.steps }, "", addressOf(this.state));
    this.listener(this.state, before);
  }

  back() {
    if (this.steps > 0) history.back();
    return this.steps > 0;
  }
}
