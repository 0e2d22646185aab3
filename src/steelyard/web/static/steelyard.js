// The pages' one script. Every page works without it; it adds keys, copying, hints and charts.
"use strict";
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const one = (selector, root = document) => root.querySelector(selector);
const make = (tag, fields = {}) => Object.assign(document.createElement(tag), fields);

function toast(text) {
  all(".toast").forEach((old) => old.remove());
  const note = make("div", { className: "toast", textContent: text });
  note.setAttribute("role", "status");
  document.body.append(note);
  setTimeout(() => note.remove(), 1800);
}

async function copy(text, said) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const box = make("textarea", { value: text }); // no clipboard without https: the old way
    document.body.append(box);
    box.select();
    document.execCommand("copy");
    box.remove();
  }
  toast(said);
}

function toggleTheme() {
  const root = document.documentElement;
  const dark = getComputedStyle(root).colorScheme === "dark" ||
    (!root.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  root.dataset.theme = dark ? "light" : "dark";
  document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax`;
}

// Definitions on hover and focus: one floating note, so that no table can clip it.
let tip = null;
function hideTip() {
  if (tip) tip.hidden = true;
}
function showTip(term) {
  const text = term.dataset.def ?? term.title;
  if (!text) return;
  term.dataset.def = text;
  term.removeAttribute("title");
  term.setAttribute("aria-description", text);
  tip ??= document.body.appendChild(make("div", { id: "tip", hidden: true }));
  tip.setAttribute("aria-hidden", "true");
  tip.textContent = text;
  tip.hidden = false;
  const at = term.getBoundingClientRect();
  const box = tip.getBoundingClientRect();
  const left = Math.max(8, Math.min(at.left, innerWidth - box.width - 8));
  const below = at.bottom + 8;
  tip.style.left = `${left}px`;
  tip.style.top = `${below + box.height > innerHeight ? at.top - box.height - 8 : below}px`;
}
for (const kind of ["mouseover", "focusin"]) {
  document.addEventListener(kind, (event) => {
    const term = event.target.closest?.(".def");
    if (term) showTip(term);
    else hideTip();
  });
}

function closeMenus(but = null) {
  const open = all("details.menu[open]").filter((menu) => menu !== but);
  open.forEach((menu) => menu.removeAttribute("open"));
  return open.length > 0;
}

document.addEventListener("click", (event) => {
  const target = event.target;
  closeMenus(target.closest("details.menu"));
  const block = target.closest(".copy");
  if (block) copy(one("pre", block.parentElement).textContent, "Copied");
  if (target.closest("[data-share]")) copy(target.closest("[data-share]").href, "Link copied");
  if (target.closest("[data-print]")) print();
  const opener = target.closest("[data-open]");
  if (opener) openDialog(opener.dataset.open);
  if (target.closest("[data-theme-toggle]")) toggleTheme();
  else if (!block && !target.closest("[data-share],[data-open],[data-print]")) return;
  event.preventDefault();
});

// The palette: pages, metrics, teams. Its list is fetched when first opened.
let entries = null;
async function openDialog(id) {
  const dialog = document.getElementById(id);
  if (!dialog || dialog.open) return;
  dialog.showModal();
  if (id !== "palette") return;
  const field = one("input", dialog);
  field.value = "";
  entries ??= await fetch("/palette.json").then((answer) => (answer.ok ? answer.json() : []));
  suggest(dialog);
}
function suggest(dialog) {
  const words = one("input", dialog).value.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (entries ?? []).filter((entry) =>
    words.every((word) => `${entry.label} ${entry.kind} ${entry.name ?? ""}`.toLowerCase().includes(word)));
  const list = one("ul", dialog);
  list.replaceChildren(...fits.slice(0, 12).map((entry, index) => {
    const item = make("li", { id: `choice-${index}` });
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", String(index === 0));
    item.dataset.url = entry.url;
    item.append(make("span", { textContent: entry.label }), make("small", { textContent: entry.kind }));
    return item;
  }));
  choose(dialog, 0);
}
function choose(dialog, move) {
  const items = all("li", dialog);
  const now = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
  const next = items[(now + move + items.length) % items.length];
  items.forEach((item) => item.setAttribute("aria-selected", String(item === next)));
  next?.scrollIntoView({ block: "nearest" });
  one("input", dialog).setAttribute("aria-activedescendant", next?.id ?? "");
  return next;
}
const palette = document.getElementById("palette");
palette?.addEventListener("input", () => suggest(palette));
palette?.addEventListener("keydown", (event) => {
  const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (move) choose(palette, move);
  else if (event.key === "Enter") location.assign(choose(palette, 0)?.dataset.url ?? location.href);
  else return;
  event.preventDefault();
});
palette?.addEventListener("click", (event) => {
  const item = event.target.closest("li");
  if (item) location.assign(item.dataset.url);
  else if (event.target === palette) palette.close();
});

const KEYS = {
  "/": () => openDialog("palette"),
  "?": () => openDialog("help"),
  t: toggleTheme,
  "[": () => one("[data-period='earlier']")?.click(),
  "]": () => one("[data-period='later']")?.click(),
};
document.addEventListener("keydown", (event) => {
  if ((event.metaKey || event.ctrlKey) && event.key === "k") {
    event.preventDefault();
    openDialog("palette");
  }
  if (event.metaKey || event.ctrlKey || event.altKey || one("dialog[open]")) return;
  if (event.target.matches("input, select, textarea")) return;
  if (event.key === "Escape") {
    const tipped = tip && !tip.hidden;
    hideTip();
    if (!closeMenus() && !tipped) one("[data-clear]")?.click();
  } else if (KEYS[event.key]) {
    event.preventDefault();
    KEYS[event.key]();
  }
});

// Times are the server's in UTC; a reader sees their own, and UTC on hover.
const CLOCK = { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short" };
function localTimes(root = document) {
  const clock = new Intl.DateTimeFormat("en-GB", CLOCK);
  all("time[datetime$='Z']", root).forEach((each) => { each.textContent = clock.format(new Date(each.dateTime)); });
}
localTimes();

// Waiting for the first event: ask the server; when something changed, take the new page's parts.
const live = one("[data-live-page]");
if (live) {
  let known = live.dataset.livePage;
  const look = async () => {
    try {
      const answer = await fetch("/api/v1/status");
      const status = await answer.json();
      if (answer.ok && String(status.change) !== known) {
        const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
        known = String(status.change);
        all("[data-live]").forEach((part) => {
          const fresh = page.getElementById(part.id);
          if (fresh && fresh.innerHTML !== part.innerHTML) {
            const open = all("details[open]", part).map((box) => box.id);
            part.replaceWith(fresh);
            localTimes(fresh);
            open.filter(Boolean).forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
          }
        });
      }
    } catch { /* the server is away for a moment: ask again */ }
    setTimeout(look, document.hidden ? 10000 : 2000);
  };
  setTimeout(look, 2000);
}

// Waiting for an analysis: look again until the page has nothing to wait for.
if (one("[data-waits]")) {
  const again = async () => {
    try {
      const answer = await fetch(location.href);
      if (!answer.ok || !(await answer.text()).includes("data-waits")) return location.reload();
    } catch { /* the server is away for a moment */ }
    setTimeout(again, document.hidden ? 15000 : 2000);
  };
  setTimeout(again, 1500);
}

// Charts draw the data table below them; colours are CSS variables, so themes and print follow.
function readTable(table) {
  const heads = all("thead th[data-series]", table).map((head) => head.dataset);
  return all("tbody tr", table).map((row) => ({
    day: row.dataset.day,
    label: one("th", row).textContent.trim(),
    partial: "partial" in row.dataset,
    cells: all("td[data-v]", row).map((cell, index) => ({
      name: heads[index].series, tint: Number(heads[index].tint), order: index, text: cell.textContent.trim(),
      value: cell.dataset.v === "" ? null : Number(cell.dataset.v),
    })),
    total: one("td[data-total]", row)?.textContent.trim(),
  }));
}
function chartData(days, kind) {
  // Lines have gaps and zeros, classes keep their order; a call belongs to one line only.
  const drawn = (cell) => (kind === "calls" ? cell.value !== null : kind || cell.value);
  const rows = days.flatMap((day, at) => {
    const tail = day.partial || Boolean(days[at + 1]?.partial);
    return day.cells.filter(drawn).map((cell) => ({ ...cell, day: day.day, partial: day.partial, tail }));
  });
  const hover = days.map((day) => ({
    day: day.day,
    tip: Object.assign({ title: day.label }, day.total && { All: day.total },
      ...day.cells.filter((cell) => (kind === "calls" ? cell.value !== null : cell.value !== 0 || kind === "lines")).slice(0, 8).map((cell) => ({ [cell.name]: cell.text }))),
  }));
  return { rows, hover };
}
function ticks(days, width) {
  const each = Math.max(1, Math.ceil(days.length / Math.max(2, Math.floor(width / 84))));
  const step = [1, 2, 7, 14, 28].find((size) => size >= each) ?? each;
  return days.filter((_, index) => (days.length - 1 - index) % step === 0).map((day) => day.day);
}
function fill(spec, figure, width) {
  const days = readTable(document.getElementById(figure.dataset.table));
  spec.datasets = chartData(days, figure.dataset.chart);
  const marks = figure.dataset.chart === "classes" ? days.map((day) => day.day) : ticks(days, width);
  spec.layer.filter((layer) => layer.encoding.x.axis).forEach((layer) => { layer.encoding.x.axis.values = marks; });
}
function draw(figure) {
  const canvas = one("[data-canvas]", figure);
  const spec = JSON.parse(document.getElementById(figure.dataset.spec).textContent);
  if (figure.dataset.chart !== "given") fill(spec, figure, canvas.clientWidth); // "given" brings its rows
  else if (spec.config.axisY.labelLimit) spec.config.axisY.labelLimit = Math.min(spec.config.axisY.labelLimit, canvas.clientWidth * 0.42);
  const look = { actions: false, renderer: "svg", ast: true, defaultStyle: false, tooltip: { disableDefaultStyle: true } };
  return window.vegaEmbed(canvas, spec, look).then(() => { figure.dataset.drawn = "yes"; });
}
// The page is painted first: their library takes longer to read than all of the page.
addEventListener("DOMContentLoaded", () => {
  const library = one("meta[name=charts]");
  if (!library) return;
  const onload = () => all("[data-chart]").forEach(draw);
  requestAnimationFrame(() => setTimeout(() => document.head.append(make("script", { src: library.content, onload }))));
});
