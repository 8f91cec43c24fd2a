// Numbers without a group: one card each, with the change where there is something to compare with.
import { h } from "../dom.js";
import { compact, exact, rounded } from "../format.js";
import { t } from "../text.js";

const beside = (shape, row, name, side) => {
  const index = shape.columns.findIndex((column) => column.name === `${name}__${side}`);
  return index < 0 ? undefined : row[index];
};

function changeLine(shape, row, metric) {
  const before = beside(shape, row, metric.name, "previous");
  if (before === undefined) return null;
  const rate = beside(shape, row, metric.name, "change_rate");
  const said = t("kpi.previous", { value: exact(before, metric.unit, metric.currency) });
  const share = rate === null || rate === undefined ? "" : `${Number(rate) > 0 ? "+" : ""}${rounded(Number(rate) * 100, 1)} %`;
  return h("p", { class: "explorer-change" }, share ? h("b", {}, share) : null, h("span", {}, said));
}

export function cards(body, shape, { names }) {
  const [row] = shape.rows;
  const list = shape.metrics.map((metric) => {
    const value = row[metric.index];
    const isDay = metric.unit === "date";
    const name = names.label(metric.name);
    const said = isDay ? String(value ?? t("number.none")) : exact(value, metric.unit, metric.currency);
    return h("li", { class: "explorer-card" }, h("h3", {}, name), h("button", { type: "button", class: "value", "data-receipt": metric.name, "data-key": `card:${metric.name}`, title: said, "data-value": value, "aria-label": `${said}. ${t("receipt.open", { title: name })}` }, isDay ? said : compact(value, metric.unit, metric.currency)), changeLine(shape, row, metric));
  });
  body.replaceChildren(h("ul", { class: "explorer-cards" }, list));
}
