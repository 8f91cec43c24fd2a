// The receipt of an answer that was put together here: the same panel, from what the answer itself brought.
import { request } from "../api.js";
import { french } from "../receipt/language.js";
import { hashOf, ReceiptPanel } from "../receipt/panel.js";
import { t } from "../text.js";
import { SAID, written } from "./question.js";

// An answer as the panel reads a tile.
export const tileOf = ({ id, title, answer, question, days }) => ({ id, title, type: "table", status: "ok", columns: answer.columns, rows: answer.rows, grain: question.grain, explored: { answer, question, days } });

export class AnswerReceipt extends ReceiptPanel {
  constructor({ page, shown, names, values }) {
    super({ page, shown });
    Object.assign(this, { names, values });
  }

  tile(id) {
    return this.shown().tiles.find((each) => each.id === id);
  }

  async receiptOf({ tile: id }) {
    const { answer, question, days } = this.tile(id).explored;
    const told = await Promise.all(question.metrics.map((name) => request(`${this.page.metrics}/${encodeURIComponent(name)}`)));
    const metrics = told.map(({ body }, place) => {
      const used = answer.receipt.metrics.find((each) => each.name === body.metric.name) ?? {};
      return { changes: body.changes ?? [], ...body.metric, ...used, name: question.metrics[place] };
    });
    const filters = await Promise.all(question.filters.map((each) => this.filter(each)));
    const grain = question.grain ?? "day";
    const state = { first: days?.first, last: days?.last, grain, today: this.page.today, filters };
    return { metrics, notes: french ? answer.receipt.notes_fr : answer.receipt.notes, sql: answer.receipt.sql ? [answer.receipt.sql] : [], is_scoped: answer.receipt.sql === null, days, all_days: !days, state };
  }

  async filter({ dimension, operator, values }) {
    const labels = await Promise.all(values.slice(0, 10).map((value) => this.values.label(dimension, value)));
    const said = SAID[operator];
    const text = labels.join(", ") + (values.length > 10 ? ` +${values.length - 10}` : "");
    return { dimension, label: this.names.label(dimension), key: values[0], value_label: said === "is" ? text : `${t(`explore.operator.${said}`)} ${text}` };
  }

  // Numbers without a group are told one by one.
  head(number, tile, receipt, metric) {
    const column = tile?.columns.findIndex((each) => each.name === metric.name) ?? -1;
    const isAlone = tile && column >= 0 && !tile.columns.some((each) => each.kind === "time" || each.kind === "dimension");
    const { unit, currency } = tile?.columns[column] ?? {};
    const shown = isAlone && unit !== "date" ? { ...tile, type: "kpi", metric: metric.name, value: tile.rows[0][column], unit, currency } : tile;
    return super.head(number, shown, receipt, metric);
  }

  link(number, receipt, metric) {
    const { question, days } = this.tile(number.tile).explored;
    const fixed = days ? { ...question, range: "custom", from: days.first, to: days.last } : question;
    return `${location.origin}${this.page.explore}?${written(fixed)}${hashOf({ ...number, tile: "result", metric: metric.name, release: receipt.release.release_id })}`;
  }
}

// Presses on numbers open their receipt.
export function connectReceipts(root, panel) {
  addEventListener("popstate", () => panel.follow());
  root.addEventListener("click", (event) => {
    const number = event.target.closest("[data-receipt]");
    const tile = number?.closest("[data-tile]");
    if (tile) panel.open({ tile: tile.dataset.tile, metric: number.dataset.receipt || undefined, at: number.dataset.at });
  });
}
