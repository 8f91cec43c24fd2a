// Which number of a tile is meant: the key figure, a bucket of a chart, or a cell of a table.
import { bucket, exact } from "../format.js";
import { members, shownMember } from "../members.js";

const isTime = (column) => column.kind === "time";

function ofSeries(tile, metric, at) {
  const [time, member] = at.split("|");
  const place = (name) => tile.columns.findIndex((column) => column.name === name);
  const when = tile.columns.findIndex(isTime);
  const dimension = tile.columns.find((column) => column.kind === "dimension");
  const row = tile.rows.find((each) => each[when] === time && (member === undefined || String(each[place(dimension?.name)]) === member));
  if (!row || (dimension && member === undefined)) return { of: bucket(time, tile.grain, true) };
  const column = tile.columns[place(metric)];
  const of = [bucket(time, tile.grain, true), dimension && shownMember(tile, dimension, member)].filter(Boolean).join(" · ");
  return { of, text: exact(row[place(metric)], column.unit, column.currency) };
}

// The words for the number: `text` is the value, `of` says which row or bucket; either may be unknown.
export function numberOf(tile, metric, at) {
  if (tile.status !== "ok") return {};
  if (tile.type === "kpi") return { text: exact(tile.value, tile.unit, tile.currency) };
  if (!at) return {};
  if (tile.columns.some(isTime)) return ofSeries(tile, metric, at);
  const { rows, metrics } = members(tile);
  const row = rows.find((each) => String(each.key) === at);
  const place = metrics.findIndex((column) => column.name === metric);
  if (!row || place < 0) return {};
  return { of: [row.label, ...row.others].join(" · "), text: exact(row.values[place], metrics[place].unit, metrics[place].currency) };
}

export const metricsOf = (tile) => (tile.type === "kpi" ? [tile.metric] : (tile.columns ?? []).filter((column) => column.kind === "metric").map((column) => column.name));
