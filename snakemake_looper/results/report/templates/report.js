// The script of all pages: it sorts and narrows down lists, and keeps a page up to date while a run
// goes on. Without it, a page shows the first entries of its lists.
"use strict";

const AT_A_TIME = 250;  // Entries of a long list that are drawn at a time, as in report_lists.py.
const MOST_COLUMNS = 12;  // A table with more columns has a chooser.
const home = document.currentScript.getAttribute("src").replace("assets/report.js", "");  // As "../../../".
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

function make(name, values = {}, ...children) {
  const element = Object.assign(document.createElement(name), values);
  element.append(...children);
  return element;
}

function load(source, done = () => {}) {
  const script = make("script", { src: source, onload: done, onerror: done });
  script.addEventListener("load", () => script.remove());
  script.addEventListener("error", () => script.remove());
  document.head.append(script);
}

// --- sorting -------------------------------------------------------------------------------------

// A number, a text in lower case, or null for what is empty.
function keyOf(text) {
  if (text === "") return null;
  const number = Number(text);
  return Number.isNaN(number) ? text : number;
}

// Numbers come before text, and what is empty comes last, whichever way a column is sorted.
function compare(a, b, direction) {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  if (typeof a === "number" && typeof b === "number") return direction * (a - b || 0);
  if (typeof a !== typeof b) return typeof a === "number" ? -direction : direction;
  return direction * collator.compare(a, b);
}

// --- lists ---------------------------------------------------------------------------------------

// The entries of a page's list. An entry is an element of the page, or, in a long list, its HTML.
class List {
  constructor(box) {
    this.box = box;
    this.files = box.dataset.files ? box.dataset.files.split(" ") : [];
    this.size = Number(box.dataset.size ?? box.children.length);
    this.entries = this.files.length ? [] : Array.from(box.children, List.entry);
    this.parts = [];
    this.first = 0;
    this.drawn = null;
    if (this.files.length) this.makePager();
  }

  static entry(element) {
    return {
      element,
      status: element.dataset.status,
      text: element.textContent.toLowerCase(),
      keys: Array.from(element.cells ?? [], cell => cell.dataset.sort ?? cell.textContent.trim()),
    };
  }

  get isWhole() { return !this.files.length || this.entries.length === this.size; }

  // A part of a long list: each entry is looked through once, and kept as text.
  add(number, texts) {
    const template = document.createElement("template");
    template.innerHTML = texts.join("");
    this.parts[number] = Array.from(template.content.children, (element, index) =>
      ({ ...List.entry(element), element: null, html: texts[index] }));
    if (this.parts.filter(Boolean).length === this.files.length) this.entries = this.parts.flat();
  }

  makePager() {
    const step = (text, move) => make("button", {
      type: "button", textContent: text,
      onclick: () => { this.first = move(this.first, this.last()); this.draw(); this.toTop(); },
    });
    this.steps = [
      step("« first", () => 0), step("‹ previous", first => first - AT_A_TIME),
      step("next ›", first => first + AT_A_TIME), step("last »", (_, last) => last),
    ];
    this.range = make("span");
    this.range.setAttribute("role", "status");
    this.pager = make("nav", { className: "pager", hidden: true },
      this.steps[0], this.steps[1], this.range, this.steps[2], this.steps[3]);
    this.pager.setAttribute("aria-label", "Parts of the list");
    (this.box.closest(".scroll") ?? this.box).after(this.pager);
  }

  last() { return Math.max(0, Math.ceil(this.fitting.length / AT_A_TIME) - 1) * AT_A_TIME; }

  toTop() { (this.box.closest(".scroll") ?? document.scrollingElement).scrollTop = 0; }

  // Show the entries that fit a text and a status, in the order of some columns: of equal entries, the
  // next column decides. Returns how many fit.
  show(text, status, orders) {
    let fitting = this.entries.filter(one =>
      (!status || one.status === status) && (!text || one.text.includes(text)));
    if (orders.length) {
      const keyed = fitting.map(one => [one, orders.map(({ column }) => keyOf(one.keys[column]))]);
      keyed.sort(([, a], [, b]) => {
        let found = 0;
        for (let at = 0; at < orders.length && !found; at += 1) {
          found = compare(a[at], b[at], orders[at].direction);
        }
        return found;
      });
      fitting = keyed.map(([one]) => one);
    }
    this.fitting = fitting;
    this.first = Math.min(this.first, this.last());
    this.draw();
    return fitting.length;
  }

  draw() {
    const part = this.pager
      ? this.fitting.slice(this.first, this.first + AT_A_TIME) : this.fitting;
    const same = this.drawn && part.length === this.drawn.length
      && part.every((one, index) => one === this.drawn[index]);
    if (!same) {
      if (this.pager) this.box.innerHTML = part.map(one => one.html).join("");
      else this.box.replaceChildren(...part.map(one => one.element));
    }
    this.drawn = part;
    if (!this.pager) return;
    const end = this.first + part.length, last = this.last();
    this.range.textContent = `${this.first + 1}–${end} of ${this.fitting.length}`;
    this.steps.forEach((step, index) => {
      const without = index < 2 ? this.first === 0 : this.first === last;
      if (without && document.activeElement === step) this.steps[index < 2 ? 2 : 1].focus();
      step.disabled = without;
    });
    this.pager.hidden = last === 0;
  }
}

// --- the view of a page: what is shown, and how ---------------------------------------------------

const lists = new Map();
const view = { text: "", status: "", orders: [] };

function showLists() {
  const all = Array.from(lists.values());
  if (!all.every(list => list.isWhole)) return;
  const wanted = view.text.trim().toLowerCase();
  let fitting = 0, size = 0;
  for (const list of all) {
    fitting += list.show(wanted, view.status, view.orders);
    size += list.size;
  }
  const output = document.querySelector(".filter output");
  if (output) output.value = `${fitting} of ${size}`;
}

function makeSortable(table) {
  const headings = Array.from(table.tHead.rows[0].cells);
  headings.forEach((heading, column) => {
    const label = Array.from(heading.childNodes).filter(node => node.nodeName !== "svg");
    const button = make("button", { type: "button" }, ...label);
    heading.prepend(button);
    heading.dataset.name = button.textContent;
    button.addEventListener("click", () => {
      const direction = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      sortBy(headings, column, direction);
      for (const list of lists.values()) list.first = 0;
      showLists();
    });
  });
  return headings;
}

function sortBy(headings, column, direction) {
  for (const one of headings) one.removeAttribute("aria-sort");
  headings[column].setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
  const others = view.orders.filter(one => one.column !== column);
  view.orders = [{ column, direction, name: headings[column].dataset.name }, ...others].slice(0, 3);
}

function makeFilter(form) {
  const [text, status] = ["input", "select"].map(name => form.querySelector(name));
  const apply = () => {
    view.text = text.value;
    view.status = status.value;
    for (const list of lists.values()) list.first = 0;
    showLists();
  };
  const fromAddress = () => {
    const asked = new URLSearchParams(location.hash.slice(1)).get("status") ?? "";
    status.value = Array.from(status.options).some(one => one.value === asked) ? asked : "";
    apply();
  };
  form.addEventListener("submit", event => event.preventDefault());
  text.addEventListener("input", () => { typed = Date.now(); apply(); });
  status.addEventListener("change", apply);
  window.addEventListener("hashchange", fromAddress);
  form.hidden = false;
  return { text, status, fromAddress };
}

// --- columns -------------------------------------------------------------------------------------

// Where a browser forbids to keep anything, the choice lasts as long as the page.
const kept = {
  get(name) {
    try { return JSON.parse(localStorage.getItem(name)) ?? {}; } catch { return {}; }
  },
  set(name, value) {
    try { localStorage.setItem(name, JSON.stringify(value)); } catch { /* it is not kept */ }
  },
};
const GROUPS = { result: "Results", times: "Times", sample: "Attributes of samples" };

// Columns are hidden by a style, so rows that are drawn later have them hidden, too. All are printed.
function makeChooser(table, headings, tools) {
  if (headings.length <= MOST_COLUMNS) return;
  const place = `columns of ${location.pathname}`;
  const chosen = kept.get(place);
  const style = make("style"), summary = make("summary"), panel = make("div");
  const boxes = [];
  const apply = () => {
    const hidden = boxes.filter(one => !one.box.checked);
    const cells = hidden.map(one => `#${table.id} tr > :nth-child(${one.column + 1})`);
    style.textContent = cells.length ? `@media screen { ${cells.join(", ")} { display: none; } }` : "";
    summary.textContent = `Columns (${headings.length - hidden.length} of ${headings.length})`;
  };
  const note = changed => {
    for (const one of changed) chosen[one.name] = one.box.checked;
    kept.set(place, chosen);
    apply();
  };
  for (const [group, title] of Object.entries(GROUPS)) {
    const own = [];
    headings.forEach((heading, column) => {
      if (heading.dataset.group !== group) return;
      const name = `${group} ${heading.dataset.name}`;
      // Attributes of samples are there if someone asks for them.
      const box = make("input", { type: "checkbox", checked: chosen[name] ?? group !== "sample" });
      const one = { name, box, column };
      box.addEventListener("change", () => note([one]));
      own.push(one);
    });
    if (!own.length) continue;
    boxes.push(...own);
    const all = (text, checked) => make("button", {
      type: "button", textContent: text,
      onclick: () => { for (const one of own) one.box.checked = checked; note(own); },
    });
    const labels = own.map(one => make("label", {}, one.box, ` ${headings[one.column].dataset.name}`));
    panel.append(make("fieldset", {}, make("legend", { textContent: title }),
      make("p", {}, all("all", true), " ", all("none", false)), ...labels));
  }
  const chooser = make("details", { className: "chooser" }, summary, panel);
  chooser.addEventListener("keydown", event => {
    if (event.key === "Escape") { chooser.open = false; summary.focus(); }
  });
  document.addEventListener("click", event => {
    if (!chooser.contains(event.target)) chooser.open = false;
  });
  document.head.append(style);
  tools.append(chooser);
  apply();
}

// --- a page that loads itself again looks as before -----------------------------------------------

const TAKES_FOCUS = "a[href], button, input, select, summary, [tabindex]";
const scrolled = () => [document.scrollingElement, ...document.querySelectorAll(".scroll")];

// Elements by names that they still have if others have come or gone.
function named(selector, nameOf) {
  const found = new Map();
  for (const one of document.querySelectorAll(selector)) {
    const name = nameOf(one);
    if (!found.has(name)) found.set(name, one);
  }
  return found;
}
const folded = () => named("details", one => one.closest("tr")?.cells[0].textContent
  ?? one.querySelector("summary").textContent);
const focusable = () => named(TAKES_FOCUS, one =>
  [one.tagName, one.type, one.getAttribute("href"), one.textContent].join(" "));

function keepView(asked = "") {
  const focus = Array.from(focusable()).find(([, one]) => one === document.activeElement);
  const state = {
    ...view,
    asked,
    firsts: Array.from(lists.values(), list => list.first),
    open: Array.from(folded(), ([name, one]) => [name, one.open]),
    scrolls: scrolled().map(one => [one.scrollLeft, one.scrollTop]),
    focus: focus?.[0],
  };
  try { history.replaceState(state, ""); } catch { /* the page starts afresh */ }
}

function restoreView(state, headings, form) {
  if (form) {
    form.text.value = view.text = state.text;
    form.status.value = view.status = state.status;
  }
  for (const order of state.orders.toReversed()) {
    const column = headings.findIndex(one => one.dataset.name === order.name);
    if (column >= 0) sortBy(headings, column, order.direction);
  }
  Array.from(lists.values()).forEach((list, index) => { list.first = state.firsts[index] ?? 0; });
}

function restorePlaces(state) {
  const all = folded();
  for (const [name, open] of state.open) if (all.has(name)) all.get(name).open = open;
  scrolled().forEach((one, index) => {
    if (state.scrolls[index]) [one.scrollLeft, one.scrollTop] = state.scrolls[index];
  });
  if (state.focus) focusable().get(state.focus)?.focus({ preventScroll: true });
}

// --- a run that goes on ---------------------------------------------------------------------------

const SLOWEST = 60;  // Seconds between two looks at a state that nobody writes any more.
let typed = 0;
let known = null;  // The last state.
let changed = 0;  // When it was seen to change; 0 before that.
let newer = "";  // The version of a newer page.
let ready = 0;  // The time that this page took to be whole, in ms.

const clock = seconds => new Date(seconds * 1000).toLocaleTimeString([], { hourCycle: "h23" });

function inWords(seconds) {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  const minutes = Math.round(seconds / 60);
  return minutes < 2880 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${Math.round(minutes / 1440)} days`;
}

// The age of the state. The clocks of a web server and of the reader may differ: as soon as the state
// was seen to change, only the reader's clock counts.
const age = () => Math.max(0, Date.now() / 1000 - (changed || known.written));
const isForsaken = () => age() > Math.max(60, 5 * known.every);

// Nobody is disturbed. A page that is slow to load is not loaded all the time.
function mayReload() {
  return Date.now() - typed > 5000 && !String(getSelection())
    && !document.querySelector(".chooser[open]") && performance.now() > 10 * ready
    && history.state?.asked !== newer;
}

function tell() {
  const bar = document.getElementById("live");
  if (bar.contains(document.activeElement)) return;
  const follows = !known.last && !isForsaken();
  const facts = known.counts.map(([status, number]) => {
    const badge = make("span", { className: "badge", textContent: status });
    badge.dataset.status = status;
    return make("span", {}, make("b", { textContent: number.toLocaleString() }), " ", badge);
  });
  const add = (text, className = "") => facts.push(make("span", { className, textContent: text }));
  const shown = follows ? known.running : [];
  for (const one of shown) {
    add(`${one.record} (${one.pipeline})${one.since ? ` since ${clock(one.since)}` : ""}`, "runs");
  }
  if (follows && known.left > age()) add(`about ${inWords(known.left - age())} left`);
  const written = clock(known.written);
  if (known.last) add(known.goesOn ? `written ${written}; the report does not follow the run any more` : `written ${written}; the run ended`);
  else if (isForsaken()) add(`last written ${inWords(age())} ago; nobody updates this report now`, "note");
  else add(`last written ${changed ? inWords(age()) + " ago" : written}`);
  if (newer) {
    const again = make("button", { type: "button", textContent: "Show the new values", onclick: reload });
    facts.push(again);
  }
  bar.className = follows ? "follows" : "";
  bar.replaceChildren(...facts);
  bar.hidden = false;
}

function reload() {
  keepView(newer);
  location.reload();
}

const path = location.pathname.split("/").map(decodeURIComponent);
const here = path.at(-1) || "index.html";
// The folder of this page in the report: as many levels down as the way home goes up.
const folder = path.slice(-home.split("/").length, -1).join("/");
let looked = "";  // The version of the folder that was looked at.

// The scripts beside the pages call these.
window.report = {
  entries(name, number, texts) {
    lists.get(name)?.add(number, texts);
  },
  versions(pages) {
    const own = document.querySelector("meta[name=version]").content;
    newer = pages[here] && pages[here] !== own ? pages[here] : "";
  },
  state(state) {
    if (!state.watched) return;
    if (known && state.written !== known.written) changed = Date.now() / 1000;
    known = state;
  },
};

function look() {
  if (!known) return;
  const version = known.folders[folder];
  if (version && version !== looked) {
    looked = version;
    load(`versions.js?${version}`, look);
    return;
  }
  if (newer && mayReload()) reload();
  else tell();
}

// A finished report is not looked at again. One that nobody writes is looked at now and then.
function follow() {
  load(`${home}assets/state.js?${Date.now()}`, () => {
    look();
    if (!known || (known.last && !newer && looked)) return;
    const pause = isForsaken() ? SLOWEST : Math.min(Math.max(known.every, 1), SLOWEST);
    setTimeout(follow, pause * 1000);
  });
}

// --- a page begins --------------------------------------------------------------------------------

function whenWhole(done) {
  const waiting = Array.from(lists.values()).flatMap(list => list.files);
  let left = waiting.length;
  if (!left) return done();
  for (const file of waiting) load(file, () => { left -= 1; if (!left) done(); });
}

document.documentElement.classList.add("starting");
document.addEventListener("DOMContentLoaded", () => {
  const root = document.documentElement;
  const state = history.state?.scrolls ? history.state : null;
  const tools = document.querySelector(".tools");
  let headings = [], form = null;
  try {
    for (const box of document.querySelectorAll(".items")) {
      lists.set(box.dataset.list ?? lists.size, new List(box));
    }
    for (const table of document.querySelectorAll("table.sortable")) {
      headings = makeSortable(table);
      makeChooser(table, headings, tools);
    }
    const found = document.querySelector("form.filter");
    if (found) form = makeFilter(found);
    if (state) restoreView(state, headings, form);
    else form?.fromAddress();
  } finally {
    // The first entries can be seen at once, unless others are asked for.
    if (!view.text && !view.status && !view.orders.length) root.classList.remove("starting");
  }
  whenWhole(() => {
    showLists();
    root.classList.remove("starting");
    ready = performance.now();
    root.dataset.ready = "";
    if (state) restorePlaces(state);
  });
  window.addEventListener("pagehide", () => keepView(history.state?.asked));
  follow();
});
