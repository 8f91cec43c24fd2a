// Ranked bars. Each row that can be drilled into is a link, so that keyboard, Back and new tabs just work.
import { h, label, replaceKeepingFocus } from "./dom.js";
import { columnFormat, exact } from "./format.js";
import { leads, members } from "./members.js";

export function renderRanking(body, tile) {
  const { rows, metric } = members(tile);
  if (!rows.length) return false;
  const top = Math.max(...rows.map((row) => Number(row.values[0] ?? 0)), 0);
  const form = columnFormat(rows.map((row) => row.values[0]), metric.unit, metric.currency);
  const list = h("ol", { class: "ranking", "--rows": rows.length });
  for (const row of rows) {
    const value = row.values[0];
    const share = top > 0 ? Math.max(0, Number(value ?? 0)) / top : 0;
    const isUnknown = row.key === "unknown" || row.key === null;
    const link = leads(tile, row.key);
    list.append(
      h(
        "li",
        {},
        h(
          link ? "a" : "div",
          { class: isUnknown ? "row unknown" : "row", ...link },
          label(row.label, { class: "name" }),
          h("span", { class: "track", "aria-hidden": "true" }, h("span", { class: "bar", "--share": share.toFixed(4) })),
          h("span", { class: "amount", title: exact(value, metric.unit, metric.currency) }, form(value)),
        ),
      ),
    );
  }
  replaceKeepingFocus(body, list);
  return true;
}
