// An answer as a table: every column that was asked for, totals marked, sorted where a heading is pressed.
import { h, label, replaceKeepingFocus } from "../dom.js";
import { watchEdges } from "../edges.js";
import { columnFormat, exact, NOTHING, rounded } from "../format.js";
import { t } from "../text.js";

export const MOST_LINES = 500;
const NUMBERS = new Set(["metric", "previous", "change", "change_rate"]);
const HIDDEN = new Set(["key", "others", "totalled", "partial", "period"]);
const TURNED = { descending: "ascending", ascending: null };

const signed = (text, value) => (Number(value) > 0 ? `+${text}` : text);

function cellText(column, form, value) {
  if (value === null || value === undefined) return NOTHING;
  if (column.kind === "change_rate") return `${signed(rounded(Number(value) * 100, 1), value)} %`;
  if (column.unit === "date") return String(value);
  return column.kind === "change" ? signed(form(value), value) : form(value);
}

function heading(column, name, sort, onSort) {
  const isSorted = sort?.replace(/^-/, "") === column.name;
  const state = isSorted ? (sort.startsWith("-") ? "descending" : "ascending") : null;
  const next = isSorted ? TURNED[state] : NUMBERS.has(column.kind) ? "descending" : "ascending";
  const attributes = { scope: "col", class: NUMBERS.has(column.kind) ? "number" : null, "aria-sort": state };
  if (!onSort) return h("th", attributes, name);
  const press = () => onSort(next === null ? null : next === "descending" ? `-${column.name}` : column.name);
  return h("th", attributes, h("button", { type: "button", class: "sort", "data-key": `sort:${column.name}`, onclick: press, title: t("explore.sort", { label: name }) }, name, h("span", { class: "sort-mark", "aria-hidden": "true" }, state === "descending" ? "↓" : state === "ascending" ? "↑" : "")));
}

// Which cells have a receipt of their own: those of an answer with one number a row and few groups.
const receiptAt = (shape, row) => {
  if (shape.isTotal(row) || shape.isOthers(row)) return null;
  const [column] = shape.dimensions;
  if (shape.dimensions.length > 1) return null;
  if (shape.time >= 0) return column ? `${row[shape.time]}|${row[column.index]}` : row[shape.time];
  return column ? shape.key(row, column) : null;
};

function leading(shape, column, row) {
  if (column.kind === "time") return [shape.when(row, true), shape.partial >= 0 && row[shape.partial] === true ? h("span", { class: "missing" }, ` (${t("trend.is_partial")})`) : null];
  return label(shape.member(row, shape.dimensions.find((each) => each.index === column.index)));
}

export function grid(body, shape, { names, title, sort, onSort }) {
  const shown = shape.columns.map((column, index) => ({ ...column, index })).filter((column) => !HIDDEN.has(column.kind));
  const forms = new Map(shown.filter((column) => NUMBERS.has(column.kind)).map((column) => [column.index, columnFormat(shape.rows.map((row) => row[column.index]), column.unit, column.currency)]));
  const head = h("tr", {}, shown.map((column) => heading(column, names.column(column), sort, onSort)));
  const lines = shape.rows.slice(0, MOST_LINES).map((row) => {
    const at = receiptAt(shape, row);
    const cells = shown.map((column, place) => {
      if (!NUMBERS.has(column.kind)) return h(place === 0 ? "th" : "td", { scope: place === 0 ? "row" : null, class: place === 0 ? null : "text" }, leading(shape, column, row));
      const value = row[column.index];
      const metric = column.name.split("__")[0];
      const text = cellText(column, forms.get(column.index), value);
      return h("td", { class: value === null ? "number missing" : "number", "data-receipt": value === null ? null : metric, "data-at": at, title: value === null || column.unit === "date" ? null : exact(value, column.unit, column.currency) }, h("span", {}, text));
    });
    return h("tr", { class: shape.isTotal(row) ? "total" : shape.isOthers(row) ? "others" : null }, cells);
  });
  const table = h("table", { class: "explorer-grid" }, h("caption", { class: "hidden" }, title), h("thead", {}, head), h("tbody", {}, lines));
  replaceKeepingFocus(body, watchEdges(h("div", { class: "scroll", role: "region", "aria-label": title, tabindex: "0" }, table)));
}
