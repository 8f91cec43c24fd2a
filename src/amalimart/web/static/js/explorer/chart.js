// A drawing of an answer, with its legend and the numbers under the pointer. The table beside it says the same.
import { h, label } from "../dom.js";
import { exact } from "../format.js";
import { Pointer } from "../pointer.js";
import { t } from "../text.js";
import { onThemeChange } from "../theme.js";
import { expressionFunctions, loadVega, SERIES, themeConfig } from "../vega.js";
import { when } from "./buckets.js";
import { chartRows } from "./chart_rows.js";
import { heightOf, specification } from "./specs.js";

const ERRORS_ONLY = 1;
const swatch = (place) => `swatch swatch-${Math.min(place + 1, SERIES)}`;

export class Chart {
  // `report` is told what could not be drawn.
  constructor({ vega, names, report }) {
    Object.assign(this, { vega, names, report });
    this.drawing = h("div", { class: "drawing", "aria-hidden": "true" });
    this.box = h("div", { class: "chart", role: "img" }, this.drawing);
    this.legend = h("ul", { class: "legend" });
    this.root = h("div", { class: "explorer-chart" }, this.legend, this.box);
    this.turn = 0;
    this.pointer = new Pointer(this.box, { positions: () => this.positions(), describe: (index) => this.describe(index), choose: () => undefined });
    onThemeChange(() => this.redraw());
    this.sizes = new ResizeObserver(() => this.redraw());
    this.sizes.observe(this.box);
  }

  remove() {
    this.turn += 1;
    this.sizes.disconnect();
    this.view?.finalize();
    this.view = this.data = null;
  }

  redraw() {
    if (this.data && this.root.isConnected) this.draw().catch((cause) => this.report(cause));
  }

  update(shape, drawing, title) {
    this.data = chartRows(shape, drawing);
    this.kind = drawing;
    this.shape = shape;
    this.box.style.setProperty("--height", `${heightOf(drawing, this.data)}px`);
    this.fillLegend();
    this.box.setAttribute("aria-label", t("explore.chart_of", { title, kind: t(`explore.chart_${drawing}`) }));
    this.pointer.hide();
    this.shown = null;
    delete this.box.dataset.drawn;
    this.redraw();
  }

  seriesName(each) {
    if (each.isPrevious) return t("trend.previous_period");
    return each.metric ? this.names.label(each.metric.name) : each.label;
  }

  // What the legend says, for the page and for a picture of it.
  legendEntries() {
    const { series, hasPrevious } = this.data;
    if (this.kind === "heat") return [];
    const entries = series.length > 1 ? series.map((each, place) => ({ place, name: this.seriesName(each) })) : [];
    if (hasPrevious) entries.push({ place: 0, name: t("trend.this_period") }, { isPrevious: true, name: t("trend.previous_period") });
    return entries;
  }

  fillLegend() {
    const isPartial = this.kind !== "heat" && this.data.rows.some((row) => row.partial);
    const pale = isPartial ? [h("li", {}, t("trend.pale", { grain: t(`grain_word.${this.shape.grain}`) }))] : [];
    this.legend.replaceChildren(...this.legendEntries().map((each) => h("li", {}, h("span", { class: each.isPrevious ? "key previous" : `key ${swatch(each.place)}`, "aria-hidden": "true" }), label(each.name))), ...pale);
  }

  async draw() {
    if (!this.box.clientWidth) return;
    const { data, kind } = this;
    const config = themeConfig();
    const spec = specification(kind, data, this.box.clientWidth);
    const text = JSON.stringify([spec, config, data.rows, this.box.clientWidth, this.box.clientHeight]);
    if (text === this.shown) return;
    this.shown = text;
    const turn = ++this.turn;
    const { vegaEmbed } = await loadVega(this.vega);
    if (turn !== this.turn) return;
    this.view?.finalize();
    this.view = null;
    const holder = h("div", { class: "drawing", "aria-hidden": "true" });
    this.drawing.replaceWith(holder);
    this.drawing = holder;
    const functions = {
      ...expressionFunctions,
      when: (value) => data.named?.get(value) ?? when(value, this.shape.grain),
      member: (value) => data.labels.get(value) ?? String(value),
    };
    const { view } = await vegaEmbed(holder, { ...spec, data: { name: "rows", values: data.rows.map((row) => ({ ...row })) } }, { actions: false, ast: true, config, defaultStyle: false, expressionFunctions: functions, logLevel: ERRORS_ONLY, mode: "vega-lite", renderer: "svg", tooltip: false });
    if (turn !== this.turn) {
      view.finalize();
      return;
    }
    this.view = view;
    this.box.dataset.drawn = "true";
  }

  positions() {
    if (!this.view || !this.data.buckets) return [];
    const scale = this.view.scale("x");
    const offset = this.view.origin()[0] + (scale.bandwidth ? scale.bandwidth() / 2 : 0);
    return this.data.buckets.map((bucket) => scale(bucket) + offset);
  }

  describe(index) {
    const { buckets, series, rows, unit, currency, hasPrevious } = this.data;
    const at = buckets[index];
    const here = rows.filter((row) => row.x === at);
    const line = (key, name, value) => [h("span", { class: `key ${key}` }), h("dt", {}, name), h("dd", {}, exact(value, unit, currency))];
    const known = new Map(here.map((row) => [row.s, row]));
    const entries = (series.length ? series : []).map((each, place) => line(swatch(place), this.seriesName(each), known.get(each.key)?.v ?? null));
    if (hasPrevious) entries.push(line("previous", t("trend.previous"), here[0]?.p ?? null));
    return [h("p", { class: "when" }, when(at, this.shape.grain, true) + (here.some((row) => row.partial) ? ` · ${t("trend.is_partial")}` : "")), h("dl", {}, entries)];
  }
}

