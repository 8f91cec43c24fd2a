// A metric by two dimensions: a table whose cells are shaded by size, so that it is its own table view.
import { h, label, replaceKeepingFocus } from "./dom.js";
import { columnFormat, exact, NOTHING } from "./format.js";
import { leads, shownMember } from "./members.js";
import { scrolled } from "./table.js";
import { t } from "./text.js";

const columnsOf = (tile, kind) => tile.columns.filter((each) => each.kind === kind);

export function renderHeat(body, tile) {
  const known = tile.cells.flat().filter((value) => value !== null).map(Number);
  if (!known.length) return false;
  const [down, across] = columnsOf(tile, "dimension");
  const [metric] = columnsOf(tile, "metric");
  const [low, high] = [Math.min(0, ...known), Math.max(...known)];
  const form = columnFormat(known, metric.unit, metric.currency);
  const cell = (value, row) => {
    if (value === null) return h("td", { class: "number missing", title: t("number.none") }, NOTHING);
    const share = high > low ? (Number(value) - low) / (high - low) : 0;
    return h("td", { class: "number heat", title: exact(value, metric.unit, metric.currency), "data-receipt": metric.name, "data-at": row.key, "--share": share.toFixed(4) }, h("span", {}, form(value)));
  };
  const head = h("tr", {}, h("th", { scope: "col" }, `${down.label} · ${across.label}`), tile.across.map((each) => h("th", { scope: "col", class: "number" }, label(shownMember(tile, across, each.value)))));
  const lines = tile.down.map((row, index) => {
    const name = label(shownMember(tile, down, row.value));
    const link = leads(tile, row.key);
    const lead = link ? h("a", link, name) : name;
    return h("tr", {}, h("th", { scope: "row" }, lead), tile.cells[index].map((value) => cell(value, row)));
  });
  const table = h("table", { class: "grid" }, h("caption", { class: "hidden" }, tile.title), h("thead", {}, head), h("tbody", {}, lines));
  const left = tile.more.down + tile.more.across;
  replaceKeepingFocus(body, scrolled(table, tile.title), left ? h("p", { class: "note" }, t("heat.more", { down: tile.more.down, across: tile.more.across })) : null);
  return true;
}
