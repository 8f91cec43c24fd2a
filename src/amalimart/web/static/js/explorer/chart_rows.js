// The rows of an answer as a drawing takes them. Numbers are taken over as they are; nothing is added up here.
import { between } from "./buckets.js";
import { MOST_BARS } from "./shape.js";

const number = (value) => (value === null || value === undefined ? null : Number(value));
const OTHERS = "\u0000others";

function membersOf(shape, column, rows) {
  const found = new Map();
  for (const row of rows) {
    const key = shape.isOthers(row) && row[column.index] === null ? OTHERS : String(shape.key(row, column) ?? "");
    if (!found.has(key)) found.set(key, shape.member(row, column));
  }
  return found;
}

const keyOf = (shape, row, column) => (shape.isOthers(row) && row[column.index] === null ? OTHERS : String(shape.key(row, column) ?? ""));

// Series by the size of their largest value, so that colours follow what is seen first.
function bySize(rows) {
  const largest = new Map();
  for (const { s, v } of rows) largest.set(s, Math.max(largest.get(s) ?? -Infinity, v ?? -Infinity));
  return [...largest].sort((a, b) => b[1] - a[1]).map(([key]) => key);
}

const byTime = (shape) => (a, b) => (a[shape.time] < b[shape.time] ? -1 : 1);

function course(shape, rows, { isFilled }) {
  const buckets = between(rows.map((row) => row[shape.time]), shape.grain);
  const isPartial = (row) => shape.partial >= 0 && row[shape.partial] === true;
  const [column] = shape.dimensions;
  const named = new Map(rows.map((row) => [row[shape.time], shape.when(row)]));
  if (!column) {
    const { drawn } = shape;
    const [previous] = drawn.length === 1 ? shape.previous.filter((each) => each.name === `${drawn[0].name}__previous`) : [];
    const points = [...rows].sort(byTime(shape)).flatMap((row) => drawn.map((metric) => ({ x: row[shape.time], s: metric.name, v: number(row[metric.index]), partial: isPartial(row), ...(previous ? { p: number(row[previous.index]) } : {}) })));
    return { buckets, named, rows: points, series: drawn.map((metric) => ({ key: metric.name, metric })), hasPrevious: Boolean(previous) };
  }
  const labels = membersOf(shape, column, rows);
  const [metric] = shape.metrics;
  const points = rows.map((row) => ({ x: row[shape.time], y: keyOf(shape, row, column), s: keyOf(shape, row, column), v: number(row[metric.index]), partial: isPartial(row) }));
  const series = bySize(points).map((key) => ({ key, label: labels.get(key) }));
  // A course is broken where a member has no row; only what is stacked stands on nothing there.
  const known = new Set(points.map((each) => `${each.x} ${each.s}`));
  for (const x of buckets) for (const { key } of series) if (!known.has(`${x} ${key}`)) points.push({ x, y: key, s: key, v: isFilled ? 0 : null, partial: false });
  points.sort((a, b) => (a.x < b.x ? -1 : a.x > b.x ? 1 : 0));
  return { buckets, named, rows: points, series, labels, members: [...labels.keys()] };
}

function grouped(shape, rows, drawing) {
  const [first, second] = shape.dimensions;
  const labels = new Map([...membersOf(shape, first, rows), ...(second ? membersOf(shape, second, rows) : [])]);
  const members = [...membersOf(shape, first, rows).keys()];
  const [metric] = shape.metrics;
  if (second) {
    const points = rows.map((row) => ({ x: keyOf(shape, row, second), y: keyOf(shape, row, first), s: keyOf(shape, row, second), v: number(row[metric.index]), partial: false }));
    const series = bySize(points).map((key) => ({ key, label: labels.get(key) }));
    return { members, across: [...membersOf(shape, second, rows).keys()], labels, rows: points, series: drawing === "heat" ? [] : series };
  }
  const shown = members.slice(0, MOST_BARS);
  const [previous] = shape.previous;
  const sides = previous ? [{ key: "now", metric, index: metric.index }, { key: "before", isPrevious: true, index: previous.index }] : [{ key: "now", metric, index: metric.index }];
  const points = rows.filter((row) => shown.includes(keyOf(shape, row, first))).flatMap((row) => sides.map(({ key, index }) => ({ y: keyOf(shape, row, first), s: key, v: number(row[index]), partial: false })));
  return { members: shown, left: members.length - shown.length, labels, rows: points, series: sides, isGrouped: true };
}

// Which points the dotted ends of a line join: the partial ones and their neighbours, each end on its own.
function markEnds(points) {
  const bySeries = new Map();
  for (const point of points) bySeries.set(point.s, [...(bySeries.get(point.s) ?? []), point]);
  for (const line of bySeries.values()) {
    line.forEach((point, index) => {
      point.edge = Boolean(point.partial || line[index - 1]?.partial || line[index + 1]?.partial);
      point.end = index > (line.length - 1) / 2 ? "last" : "first";
    });
  }
}

export function chartRows(shape, drawing) {
  const [metric] = shape.metrics;
  const rows = shape.ordinary;
  const made = shape.time >= 0 ? course(shape, rows, { isFilled: drawing === "area" || drawing === "stacked" }) : grouped(shape, rows, drawing);
  if (drawing === "line") markEnds(made.rows);
  return { unit: metric.unit, currency: metric.currency, labels: new Map(), left: 0, ...made };
}
