// A metric over time: the drawing, its legend, the numbers under the pointer, and the same as a table.
import { h, label, replaceKeepingFocus } from "./dom.js";
import { bucket, compact, exact } from "./format.js";
import { shownMember } from "./members.js";
import { Pointer } from "./pointer.js";
import { addressWith } from "./state.js";
import { trendTable } from "./table.js";
import { t } from "./text.js";
import { onThemeChange } from "./theme.js";
import { expressionFunctions, loadVega, SERIES, themeConfig, TICKS } from "./vega.js";

const column = (tile, kind) => tile.columns.find((each) => each.kind === kind);
const LABEL_WIDTH = 80;
const ERRORS_ONLY = 1; // an empty layer, such as no partial bucket, is no news
const swatch = (place) => `swatch swatch-${Math.min(place + 1, SERIES)}`; // the last colour is for all the rest
const MEASURED = new Set(["metric", "previous"]);

function calendarDay(iso) {
  const [year, month, date] = iso.split("-").map(Number);
  return { year, month, date, utc: true };
}

class TrendTile {
  constructor(body, context) {
    this.context = context;
    this.body = body;
    this.drawing = h("div", { class: "drawing", "aria-hidden": "true" });
    this.box = h("div", { class: "chart" }, this.drawing);
    this.table = h("div", { class: "numbers", hidden: true });
    this.legend = h("ul", { class: "legend" });
    this.isTable = false;
    const view = (name, isTable) => h("button", { type: "button", "aria-pressed": String(isTable === this.isTable), onclick: () => this.choose(isTable) }, name);
    this.views = [view(t("dashboard.chart"), false), view(t("dashboard.table"), true)];
    this.tools = h("div", { class: "views", role: "group", "aria-label": t("dashboard.show_as") }, this.views);
    body.closest(".tile").querySelector(".tile-head").append(this.tools);
    body.replaceChildren(this.legend, this.box, this.table);
    this.pointer = new Pointer(this.box, { positions: () => this.positions(), describe: (index) => this.describe(index), choose: (index) => this.context.openReceipt(this.tile.id, { metric: this.metric.name, at: this.buckets[index] }) });
    this.drawings = 0;
    onThemeChange(() => this.redraw());
    new ResizeObserver(() => this.redraw()).observe(this.box);
  }

  redraw() {
    if (this.tile) this.draw().catch((cause) => this.context.report(this.body, cause));
  }

  remove() {
    this.tools.remove();
    this.tile = null;
    this.drawings += 1;
    this.view?.finalize();
    this.view = null;
  }

  // What the drawing gets: days as milliseconds on a time axis, because data that is exchanged later is not parsed again.
  values() {
    if (this.isOrdinal) return this.rows.map((row) => ({ ...row }));
    return this.rows.map((row) => ({ ...row, [this.time]: Date.parse(row[this.time]) }));
  }

  choose(isTable) {
    this.isTable = isTable;
    this.views.forEach((button, index) => button.setAttribute("aria-pressed", String((index === 1) === isTable)));
    this.box.hidden = isTable;
    this.table.hidden = !isTable;
    if (isTable) this.fillTable();
  }

  fillTable() {
    replaceKeepingFocus(this.table, trendTable(this.tile));
  }

  update(tile) {
    this.tile = tile;
    const names = tile.columns.map((each) => each.name);
    const measured = tile.columns.map((each) => MEASURED.has(each.kind));
    this.rows = tile.rows.map((row) => Object.fromEntries(row.map((value, index) => [names[index], measured[index] && value !== null ? Number(value) : value])));
    this.time = column(tile, "time").name;
    this.series = column(tile, "dimension")?.name ?? null;
    this.isOrdinal = tile.spec.encoding.x.type === "ordinal";
    this.isLine = tile.spec.mark?.type === "line";
    this.metric = column(tile, "metric");
    this.previous = column(tile, "previous") ?? null;
    this.buckets = [...new Set(this.rows.map((row) => row[this.time]))];
    this.totals = this.seriesTotals();
    this.keys = new Map(this.series ? this.rows.map((row) => [row[this.series], row[`${this.series}_id`] ?? row[this.series]]) : []);
    this.fillLegend();
    this.box.setAttribute("role", "img");
    this.box.setAttribute("aria-label", this.summary());
    if (this.isTable) this.fillTable();
    return this.draw();
  }

  named(member) {
    return shownMember(this.tile, column(this.tile, "dimension"), member);
  }

  seriesTotals() {
    if (!this.series) return [];
    const totals = new Map();
    for (const row of this.rows) totals.set(row[this.series], (totals.get(row[this.series]) ?? 0) + (row[this.metric.name] ?? 0));
    return [...totals].sort((a, b) => b[1] - a[1]);
  }

  fillLegend() {
    const entry = (kind, ...text) => h("li", {}, h("span", { class: `key ${kind}`, "aria-hidden": "true" }), text);
    const all = this.totals.reduce((sum, [, total]) => sum + total, 0);
    const entries = this.series
      ? this.totals.map(([name, total], place) => entry(swatch(place), this.memberLink(name), this.isLine ? null : h("b", {}, all ? compact(total / all, "percent") : "")))
      : [entry("current", t("trend.this_period")), this.previous && entry("previous", t("trend.previous_period"))];
    if (this.rows.some((row) => row.partial)) entries.push(this.isOrdinal ? (this.tile.spec.mark?.type === "bar" || this.tile.spec.layer) && h("li", {}, t("trend.pale", { grain: t(`grain_word.${this.tile.grain}`) })) : entry("partial", t("trend.partial", { grain: t(`grain_word.${this.tile.grain}`) })));
    replaceKeepingFocus(this.legend, entries);
  }

  // A member that the page can be filtered by is a link to that.
  memberLink(name) {
    const { drill } = this.tile;
    if (!drill || name === null) return label(this.named(name));
    return h("a", { href: addressWith({ [drill]: this.keys.get(name) ?? name }), "data-state-link": true, "data-key": `legend-${name}` }, label(this.named(name)));
  }

  summary() {
    const values = this.rows.filter((row) => row[this.metric.name] !== null);
    if (!values.length) return t("trend.nothing", { title: this.tile.title });
    const named = (time) => bucket(time, this.tile.grain, true);
    const span = t("trend.span", { title: this.tile.title, n: this.buckets.length, first: named(this.buckets[0]), last: named(this.buckets.at(-1)) });
    if (this.series) return t("trend.by", { span, members: this.totals.map(([name]) => this.named(name)).join(", ") });
    const highest = values.reduce((best, row) => (row[this.metric.name] > best[this.metric.name] ? row : best));
    return t("trend.highest", { span, value: exact(highest[this.metric.name], this.metric.unit, this.metric.currency), day: named(highest[this.time]) });
  }

  // The specification with what depends on the data and the width: days named at an even distance that ends
  // with the newest, and series numbered by size, so that their colours follow the legend.
  specification() {
    const { spec } = this.tile;
    const { encoding } = spec;
    const every = Math.ceil(this.buckets.length / Math.max(2, Math.floor((this.box.clientWidth - 60) / LABEL_WIDTH)));
    const named = this.buckets.filter((_, index) => (this.buckets.length - 1 - index) % every === 0);
    const values = this.isOrdinal ? named : named.map(calendarDay);
    const x = { ...encoding.x, axis: { ...encoding.x.axis, values, labelOverlap: false } };
    // The scale ends on a grid line: rounded by as many steps as lines are drawn.
    const rounded = (part) => ({ ...part, y: { ...part.y, scale: { ...part.y.scale, nice: TICKS } } });
    if (spec.layer) return { ...spec, encoding: { ...encoding, x }, layer: spec.layer.map((each) => ({ ...each, encoding: rounded(each.encoding) })) };
    const domain = this.totals.map(([name]) => name);
    return { ...spec, encoding: { ...rounded(encoding), x, color: { ...encoding.color, sort: domain, scale: { domain } } } };
  }

  // Draws anew only where form, size or colours changed; else the drawing gets the new rows.
  async draw() {
    if (!this.box.clientWidth) return;
    const spec = this.specification();
    const config = themeConfig();
    const shape = JSON.stringify([spec, config, this.box.clientWidth, this.box.clientHeight]);
    if (shape === this.shape) {
      await this.view?.data("rows", this.values()).runAsync();
      return;
    }
    this.shape = shape;
    const turn = ++this.drawings;
    const { vegaEmbed } = await loadVega(this.context.vega);
    if (turn !== this.drawings) return;
    this.view?.finalize();
    this.view = null;
    const { rows } = this;
    const holder = h("div", { class: "drawing", "aria-hidden": "true" });
    this.drawing.replaceWith(holder);
    this.drawing = holder;
    const { view } = await vegaEmbed(holder, { ...spec, data: { name: "rows", values: this.values() } }, {
      actions: false,
      ast: true,
      config,
      defaultStyle: false,
      expressionFunctions,
      logLevel: ERRORS_ONLY,
      renderer: "svg",
      tooltip: false,
    });
    if (turn !== this.drawings) {
      view.finalize();
      return;
    }
    this.view = view;
    this.box.dataset.drawn = "true";
    if (rows !== this.rows) await this.draw();
  }

  positions() {
    if (!this.view) return [];
    const scale = this.view.scale("x");
    const offset = this.view.origin()[0] + (scale.bandwidth ? scale.bandwidth() / 2 : 0);
    return this.buckets.map((time) => scale(this.isOrdinal ? time : new Date(time)) + offset);
  }

  describe(index) {
    const time = this.buckets[index];
    const rows = this.rows.filter((row) => row[this.time] === time);
    const shown = (value) => exact(value, this.metric.unit, this.metric.currency);
    const line = (key, text, value) => [h("span", { class: `key ${key}` }), h("dt", {}, text), h("dd", {}, shown(value))];
    const isPartial = rows.some((row) => row.partial);
    const heading = h("p", { class: "when" }, bucket(time, this.tile.grain, true) + (isPartial ? ` · ${t("trend.is_partial")}` : ""));
    if (this.series) {
      const of = new Map(rows.map((row) => [row[this.series], row[this.metric.name]]));
      return [heading, h("dl", {}, this.totals.map(([name], place) => line(swatch(place), this.named(name), of.get(name) ?? 0)))];
    }
    const [row] = rows;
    const entries = [line("current", t("trend.this_period"), row[this.metric.name])];
    if (this.previous) entries.push(line("previous", t("trend.previous"), row[this.previous.name]));
    return [heading, h("dl", {}, entries)];
  }
}

const drawn = new WeakMap();

export function renderTrend(body, tile, context) {
  const isEmpty = tile.rows.every((row) => tile.columns.every((each, index) => !MEASURED.has(each.kind) || !Number(row[index])));
  if (isEmpty) {
    removeTrend(body);
    return false;
  }
  if (!drawn.has(body)) drawn.set(body, new TrendTile(body, context));
  drawn.get(body).update(tile).catch((cause) => context.report(body, cause));
  return true;
}

export function removeTrend(body) {
  drawn.get(body)?.remove();
  drawn.delete(body);
}
