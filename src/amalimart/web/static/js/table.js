// Tables with numbers that can be compared at a glance: bars or shades behind them.
import { h, label, replaceKeepingFocus } from "./dom.js";
import { bucket, columnFormat, exact, NOTHING } from "./format.js";
import { leads, members, shownMember } from "./members.js";
import { watchEdges } from "./edges.js";
import { t } from "./text.js";

// Shades tell real differences apart: values within a few percent of each other look alike.
const LEAST_SPREAD = 0.05;

// What the cells of a column share: its extremes and its number format.
function scales(rows, metrics) {
  return metrics.map(({ unit, currency }, index) => {
    const values = rows.map((row) => row.values[index]).filter((value) => value !== null).map(Number);
    return { low: Math.min(...values), high: Math.max(...values), form: columnFormat(values, unit, currency) };
  });
}

function share(value, style, { low, high }) {
  if (style === "bar") return high > 0 ? Math.max(0, value) / high : 0;
  const spread = Math.max(high - low, Math.abs(high) * LEAST_SPREAD);
  return spread > 0 ? (value - low) / spread : 0;
}

function numberCell(value, column, style, scale, key) {
  if (value === null) return h("td", { class: "number missing", title: t("number.none") }, NOTHING);
  const shade = style === "plain" ? {} : { "--share": share(Number(value), style, scale).toFixed(4) };
  const opens = { "data-receipt": column.name, "data-at": key };
  return h("td", { class: style === "plain" ? "number" : `number ${style}`, ...opens, title: exact(value, column.unit, column.currency), ...shade }, h("span", {}, scale.form(value)));
}

export const scrolled = (table, name, tall = false) => watchEdges(h("div", { class: tall ? "scroll tall" : "scroll", role: "region", "aria-label": name, tabindex: "0" }, table));

export function renderTable(body, tile) {
  const { leading, others, metrics, rows } = members(tile);
  if (!rows.length) return false;
  const scale = scales(rows, metrics);
  const head = h("tr", {}, h("th", { scope: "col" }, [leading, ...others].map((column) => column.label).join(" · ")), metrics.map((column, index) => h("th", { scope: "col", class: tile.styles[index] === "plain" ? "number" : `number ${tile.styles[index]}` }, column.label)));
  const lines = rows.map((row) => {
    const name = label(row.label);
    const link = leads(tile, row.key);
    const lead = link ? h("a", link, name) : name;
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, lead, row.others.map((value) => label(value, { class: "more" }))),
      row.values.map((value, index) => numberCell(value, metrics[index], tile.styles[index] ?? "plain", scale[index], row.key)),
    );
  });
  const table = h("table", {}, h("caption", { class: "hidden" }, tile.title), h("thead", {}, head), h("tbody", {}, lines));
  replaceKeepingFocus(body, scrolled(table, tile.title));
  return true;
}

// The rows of a chart as a table: the same numbers for those who do not see the drawing.
export function trendTable(tile) {
  const shown = tile.columns.map((column, index) => ({ ...column, index })).filter((column) => column.kind !== "partial" && column.kind !== "key");
  const partial = tile.columns.findIndex((column) => column.kind === "partial");
  const isNumber = (column) => column.kind === "metric" || column.kind === "previous";
  const cell = (row, column) => {
    const value = row[column.index];
    if (column.kind === "time") return h("th", { scope: "row" }, bucket(value, tile.grain, true), partial >= 0 && row[partial] ? h("span", { class: "missing" }, ` (${t("trend.is_partial")})`) : null);
    if (!isNumber(column)) return h("td", { class: "text" }, label(shownMember(tile, column, value)));
    return h("td", { class: "number" }, value === null ? NOTHING : exact(value, column.unit, column.currency));
  };
  const head = h("tr", {}, shown.map((column) => h("th", { scope: "col", class: isNumber(column) ? "number" : null }, column.label)));
  const lines = [...tile.rows].reverse().map((row) => h("tr", {}, shown.map((column) => cell(row, column))));
  return scrolled(h("table", {}, h("caption", { class: "hidden" }, tile.title), h("thead", {}, head), h("tbody", {}, lines)), t("dashboard.as_table", { title: tile.title }), true);
}
