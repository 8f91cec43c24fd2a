// A funnel: a table whose first number has a bar, each step as a share of the first and of the one before.
import { h, label, replaceKeepingFocus } from "./dom.js";
import { compact, exact, NOTHING } from "./format.js";
import { scrolled } from "./table.js";
import { t } from "./text.js";

const share = (value) => h("td", { class: "number" }, value === null ? NOTHING : compact(value, "percent"));

export function renderFunnel(body, tile) {
  if (tile.steps.every((step) => !Number(step.value))) return false;
  const top = Math.max(...tile.steps.map((step) => Number(step.value ?? 0)));
  const lines = tile.steps.map((step) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, label(step.label)),
      h("td", { class: "number bar", title: exact(step.value, step.unit, step.currency), "data-receipt": step.metric, "--share": (top ? Number(step.value ?? 0) / top : 0).toFixed(4) }, h("span", {}, compact(step.value, step.unit, step.currency))),
      share(step.of_first),
      share(step.of_previous),
    ),
  );
  const head = h("tr", {}, h("th", { scope: "col" }, t("funnel.step")), h("th", { scope: "col", class: "number bar" }, t("funnel.left")), h("th", { scope: "col", class: "number" }, t("funnel.of_first")), h("th", { scope: "col", class: "number" }, t("funnel.of_previous")));
  replaceKeepingFocus(body, scrolled(h("table", { class: "funnel" }, h("caption", { class: "hidden" }, tile.title), h("thead", {}, head), h("tbody", {}, lines)), tile.title));
  return true;
}
