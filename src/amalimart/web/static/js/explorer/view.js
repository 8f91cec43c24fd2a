// How an answer is shown: cards, a drawing or a table. The explorer and boards show answers by this alone.
import { h } from "../dom.js";
import { exact } from "../format.js";
import { french } from "../receipt/language.js";
import { t } from "../text.js";
import { cards } from "./cards.js";
import { Chart } from "./chart.js";
import { grid, MOST_LINES } from "./grid.js";
import { Shape } from "./shape.js";

const NUMBERS = new Set(["metric", "previous"]);

export class AnswerView {
  constructor(root, { vega, names }) {
    Object.assign(this, { root, vega, names });
    this.body = h("div", { class: "explorer-shown" });
    this.notes = h("ul", { class: "explorer-notes" });
    root.replaceChildren(this.body, this.notes);
  }

  clear(...children) {
    this.chart?.remove();
    this.chart = this.shape = this.drawing = null;
    this.notes.replaceChildren();
    this.body.replaceChildren(...children);
  }

  // True where there is something to see.
  show(answer, { question, title, onSort, most }) {
    const shape = new Shape(answer, question.grain);
    const isEmpty = !shape.rows.some((row) => shape.columns.some((column, index) => NUMBERS.has(column.kind) && row[index] !== null));
    if (isEmpty) {
      this.clear();
      return false;
    }
    this.shape = shape;
    const { drawings } = shape;
    const isCut = Boolean(most) && shape.ordinary.length >= most;
    const wanted = question.chart ?? drawings[0] ?? "table";
    this.drawing = !shape.groups ? null : wanted !== "table" && drawings.includes(wanted) && !isCut ? wanted : drawings.length && wanted !== "table" && !isCut ? drawings[0] : "table";
    const notes = [...(french ? answer.receipt.notes_fr : answer.receipt.notes)];
    if (isCut) notes.push(t("explore.cut", { n: exact(most, "count") }));
    if (question.chart && shape.groups && this.drawing !== question.chart) notes.push(t(this.drawing === "table" ? "explore.no_chart" : "explore.other_chart"));
    if (this.drawing === null) {
      this.dropChart();
      cards(this.body, shape, { names: this.names });
    } else if (this.drawing === "table") {
      this.dropChart();
      grid(this.body, shape, { names: this.names, title, sort: question.sort, onSort });
      if (shape.rows.length > MOST_LINES) notes.push(t("explore.more_lines", { n: exact(MOST_LINES, "count"), all: exact(shape.rows.length, "count") }));
    } else this.draw(shape, title, notes);
    this.notes.replaceChildren(...notes.map((note) => h("li", {}, note)));
    return true;
  }

  draw(shape, title, notes) {
    if (!this.chart) {
      this.chart = new Chart({ vega: this.vega, names: this.names, report: (cause) => this.failed(cause) });
      this.body.replaceChildren(this.chart.root);
    }
    this.chart.update(shape, this.drawing, title);
    if (this.chart.data.left) notes.push(t("explore.more_bars", { n: this.chart.data.members.length }));
    if (shape.drawn.length < shape.metrics.length) notes.push(t("explore.drawn_only", { label: shape.drawn.map((each) => this.names.label(each.name)).join(", ") }));
  }

  dropChart() {
    this.chart?.remove();
    this.chart = null;
  }

  failed(cause) {
    console.error(cause);
    this.clear(h("div", { class: "calm" }, h("p", {}, t("tile.broken")), h("p", { class: "next" }, t("tile.broken_next"))));
  }
}
