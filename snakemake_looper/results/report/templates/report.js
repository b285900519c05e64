// Tables are sorted by a click on a heading; lists are narrowed down by text and status.
// The pages are whole without this: it only moves and hides what is there.
"use strict";

// How many rows are shown at first.
const MOST = 1000;
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

// Numbers come before text, and what is empty comes last, whichever way a column is sorted.
function compare(a, b) {
  if (a === "" || b === "") return a === b ? 0 : null;
  const x = Number(a), y = Number(b);
  if (!Number.isNaN(x) && !Number.isNaN(y)) return x < y ? -1 : x > y ? 1 : 0;
  if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
  return collator.compare(a, b);
}

function sortBy(table, column, direction) {
  const body = table.tBodies[0];
  const keyed = Array.from(body.rows, row => {
    const cell = row.cells[column];
    return [cell.dataset.sort ?? cell.textContent.trim(), row];
  });
  keyed.sort(([a], [b]) => {
    const found = compare(a, b);
    return found === null ? (a === "" ? 1 : -1) : direction * found;
  });
  body.remove();  // rows of a table that is not drawn move faster
  for (const [, row] of keyed) body.append(row);
  table.append(body);
  document.dispatchEvent(new Event("sorted"));
}

function makeSortable(table) {
  const headings = Array.from(table.tHead.rows[0].cells);
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const ascending = heading.getAttribute("aria-sort") !== "ascending";
      headings.forEach(other => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      sortBy(table, column, ascending ? 1 : -1);
    });
  });
}

function makeFilter(form) {
  const [text, status, output, all] =
    ["input", "select", "output", "button"].map(name => form.querySelector(name));
  const texts = new Map();
  const textOf = item => {
    if (!texts.has(item)) texts.set(item, item.textContent.toLowerCase());
    return texts.get(item);
  };
  let most = MOST;
  const apply = () => {
    const wanted = text.value.trim().toLowerCase();
    const items = document.querySelectorAll(".items > *");
    let fitting = 0;
    for (const item of items) {
      const fits = (!status.value || item.dataset.status === status.value)
        && (!wanted || textOf(item).includes(wanted));
      fitting += fits;
      const hide = !fits || fitting > most;
      if (item.hidden !== hide) item.hidden = hide;
    }
    output.value = `${fitting} of ${items.length}`;
    all.hidden = fitting <= most;
    all.textContent = `The first ${most} are shown. Show all`;
  };
  const fromAddress = () => {
    const asked = new URLSearchParams(location.hash.slice(1)).get("status") ?? "";
    status.value = Array.from(status.options).some(one => one.value === asked) ? asked : "";
    apply();
  };
  form.addEventListener("submit", event => event.preventDefault());
  text.addEventListener("input", apply);
  status.addEventListener("change", apply);
  all.addEventListener("click", () => { most = Infinity; apply(); });
  document.addEventListener("sorted", apply);
  window.addEventListener("hashchange", fromAddress);
  form.hidden = false;
  fromAddress();
}

// Until it is known which rows are shown none is: laying out 10,000 takes the browser seconds.
document.documentElement.classList.add("starting");
document.addEventListener("DOMContentLoaded", () => {
  try {
    document.querySelectorAll("table.sortable").forEach(makeSortable);
    document.querySelectorAll("form.filter").forEach(makeFilter);
  } finally {
    document.documentElement.classList.remove("starting");
  }
});
