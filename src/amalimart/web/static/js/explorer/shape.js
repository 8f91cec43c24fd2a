// What kind of answer it is: its groups, its metrics, its ordinary rows beside totals, and how it can be drawn.
import { memberLabel } from "../format.js";
import { t } from "../text.js";
import { when } from "./buckets.js";

export const MOST_SERIES = 12;
export const MOST_BARS = 60;
export const MOST_CELLS = 1500;

const place = (columns, kind) => columns.findIndex((column) => column.kind === kind);

export class Shape {
  constructor(answer, grain) {
    const { columns, rows } = answer;
    this.columns = columns;
    this.rows = rows;
    this.grain = grain;
    this.time = place(columns, "time");
    this.partial = place(columns, "partial");
    this.period = place(columns, "period");
    this.totalled = place(columns, "totalled");
    this.others = place(columns, "others");
    const at = (kind) => columns.map((column, index) => ({ ...column, index })).filter((column) => column.kind === kind);
    this.dimensions = at("dimension");
    this.metrics = at("metric");
    this.previous = at("previous");
    this.ordinary = rows.filter((row) => !this.isTotal(row));
    this.groups = (this.time >= 0 ? 1 : 0) + this.dimensions.length;
  }

  isTotal(row) {
    return this.totalled >= 0 && Number(row[this.totalled] ?? 0) > 0;
  }

  isOthers(row) {
    return this.others >= 0 && row[this.others] === true;
  }

  hasKey(column) {
    return this.columns.some((each) => each.kind === "key" && each.name === `${column.name}_id`);
  }

  key(row, column) {
    const index = this.columns.findIndex((each) => each.kind === "key" && each.name === `${column.name}_id`);
    return row[index >= 0 ? index : column.index];
  }

  // The group that a row leaves empty because it adds its members up.
  isAdded(row, groupPlace) {
    return this.isTotal(row) && groupPlace >= this.groups - Number(row[this.totalled]);
  }

  member(row, column) {
    const groupPlace = this.dimensions.indexOf(column) + (this.time >= 0 ? 1 : 0);
    if (this.isAdded(row, groupPlace)) return groupPlace === this.groups - Number(row[this.totalled]) ? t("explore.total") : "";
    const value = row[column.index];
    if (value === null && this.isOthers(row)) return t("explore.others");
    return this.hasKey(column) ? String(value ?? t("number.unknown")) : memberLabel(value);
  }

  when(row, isLong = false) {
    if (this.isTotal(row) && row[this.time] === null) return t("explore.total");
    return this.period >= 0 && row[this.period] ? String(row[this.period]) : when(row[this.time], this.grain, isLong);
  }

  // Metrics that one scale can hold: those in the unit of the first.
  get drawn() {
    const [first] = this.metrics;
    if (this.dimensions.length) return [first];
    return this.metrics.filter((each) => each.unit === first.unit && each.currency === first.currency && each.unit !== "date");
  }

  // The ways to draw it, the best first; none where only a table says it.
  get drawings() {
    const [first] = this.metrics;
    if (!this.groups || !first || first.unit === "date" || !this.ordinary.length) return [];
    const isAdditive = first.unit === "money" || first.unit === "count";
    const values = this.ordinary.map((row) => Number(row[first.index] ?? 0));
    const isPositive = values.every((value) => value >= 0);
    const sizes = this.dimensions.map((column) => new Set(this.ordinary.map((row) => this.key(row, column))).size);
    if (this.time >= 0) {
      if (!this.dimensions.length) return this.drawn.length > 1 || !isPositive ? ["line", "bar"] : ["line", "bar", "area"];
      if (this.dimensions.length > 1) return [];
      const course = sizes[0] > MOST_SERIES ? [] : isAdditive && isPositive ? ["stacked", "line", "area"] : ["line"];
      return [...course, "heat"].filter((each) => each !== "heat" || this.ordinary.length <= MOST_CELLS);
    }
    if (this.dimensions.length === 1) return ["bar"];
    if (this.dimensions.length > 2 || this.ordinary.length > MOST_CELLS || Math.max(...sizes) > MOST_BARS) return [];
    return isAdditive && isPositive && sizes[1] <= MOST_SERIES ? ["heat", "stacked"] : ["heat"];
  }
}
