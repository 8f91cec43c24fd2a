// What pages for operators are made of: tables that are read and not compared, moments, states, calm words.
import { h } from "../dom.js";
import { watchEdges } from "../edges.js";
import { distance, exact, instant, NOTHING } from "../format.js";

export const count = (value) => (value === null || value === undefined ? NOTHING : exact(value, "count"));

// A moment as the time since or until it; the exact one is in its title.
export const since = (iso, zone) => (iso ? h("time", { datetime: iso, title: instant(iso, zone) }, distance(Date.now() - Date.parse(iso))) : h("span", { class: "missing" }, NOTHING));

// A sentence as it was written, with its end; a name it begins with keeps its case.
export const said = (text) => (text && !/[.!?]$/.test(text) ? `${text}.` : text ?? "");

export const sentence = (text) => (text ? text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".") : "");

export const calm = (text, next) => h("div", { class: "calm" }, h("p", {}, text), next ? h("p", { class: "next" }, sentence(next)) : null);

export const state = (text, tone = "") => h("span", { class: `state ${tone}` }, text);

// Headings are [text, class]; the first cell of a row names it.
export function readTable(title, headings, rows) {
  const head = headings.map(([name, kind]) => h("th", { scope: "col", class: kind === "number" ? "number" : null }, name));
  const lines = rows.map((cells) => h("tr", {}, cells.map((cell, index) => (index === 0 ? h("th", { scope: "row" }, cell) : h("td", { class: headings[index][1] ?? null }, cell ?? NOTHING)))));
  const table = h("table", { class: "read" }, h("caption", { class: "hidden" }, title), h("thead", {}, h("tr", {}, head)), h("tbody", {}, lines));
  return watchEdges(h("div", { class: "scroll", role: "region", "aria-label": title, tabindex: "0" }, table));
}

export function sampleTable(title, sample) {
  if (!sample?.rows.length) return null;
  return readTable(title, sample.columns.map((name) => [name]), sample.rows.map((row) => row.map((value) => value ?? NOTHING)));
}
