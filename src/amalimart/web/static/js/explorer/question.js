// A question that is being put together: read from the address, written to it, and as the interface takes it.
const GRAINS = ["day", "week", "month", "quarter", "year", "fiscal_quarter", "fiscal_year"];
const DRAWINGS = ["table", "line", "area", "bar", "stacked", "heat"];
const COMPARED = ["previous_period", "same_period_last_year"];
const TOTALS = ["total", "subtotals"];
const KEYS = new Set(["metrics", "by", "grain", "range", "from", "to", "filter", "compare", "totals", "top", "sort", "time", "chart", "saved"]);
const ISO_DAY = /^\d{4}-\d{2}-\d{2}$/;
const MOST_LONG = 1000;
// Operators by the words they are said in.
export const SAID = { "=": "is", in: "is", "!=": "is_not", "not in": "is_not", "<": "below", "<=": "at_most", ">": "above", ">=": "at_least" };
export const USUAL_RANGE = "last_30_days";
export const ALL_DAYS = "all";

export const empty = () => ({ metrics: [], by: [], grain: null, range: USUAL_RANGE, from: null, to: null, filters: [], compare: null, totals: null, top: null, sort: null, time: null, chart: null });

const names = (text) => [...new Set((text ?? "").split(",").map((name) => name.trim()).filter((name) => name && name.length <= 200))];

// Parts of a filter or a top are separated by a sign that no part holds.
const packed = (parts) => parts.map((part) => encodeURIComponent(part).replaceAll("~", "%7E")).join("~");
const unpacked = (text) => text.split("~").map(decodeURIComponent);

const isDay = (text) => ISO_DAY.test(text ?? "") && !Number.isNaN(Date.parse(text));

function filterOf(text) {
  const [dimension, operator, ...values] = unpacked(text);
  if (!dimension || !Object.hasOwn(SAID, operator) || !values.length || values.some((value) => !value || value.length > MOST_LONG)) throw new RangeError(text);
  return { dimension, operator, values };
}

function topOf(text) {
  const [count, dimension, metric] = unpacked(text);
  if (!/^\d{1,3}$/.test(count) || Number(count) < 1 || !dimension) throw new RangeError(text);
  return { count: Number(count), dimension, metric: metric || null };
}

function comparedOf(text) {
  if (COMPARED.includes(text)) return text;
  const [from, to] = unpacked(text);
  if (!isDay(from) || !isDay(to) || to < from) throw new RangeError(text);
  return { from, to };
}

// What an address asks for, and the parts of it that mean nothing.
export function read(search, ranges) {
  const asked = new URLSearchParams(search);
  const question = empty();
  const odd = [...new Set([...asked.keys()].filter((key) => !KEYS.has(key)))];
  const part = (key, form) => {
    for (const text of asked.getAll(key)) {
      try {
        form(text);
      } catch {
        odd.push(`${key}=${text.slice(0, 80)}`);
      }
    }
  };
  const oneOf = (key, known, keep) =>
    part(key, (text) => {
      if (!known.includes(text)) throw new RangeError(text);
      keep(text);
    });
  question.metrics = names(asked.get("metrics"));
  question.by = names(asked.get("by"));
  oneOf("grain", GRAINS, (text) => (question.grain = text));
  oneOf("range", [...ranges, ALL_DAYS, "custom"], (text) => (question.range = text));
  part("filter", (text) => question.filters.push(filterOf(text)));
  part("compare", (text) => (question.compare = comparedOf(text)));
  oneOf("totals", TOTALS, (text) => (question.totals = text));
  part("top", (text) => (question.top = topOf(text)));
  oneOf("chart", DRAWINGS, (text) => (question.chart = text));
  question.sort = asked.get("sort")?.slice(0, 201) || null;
  question.time = asked.get("time")?.slice(0, 200) || null;
  const [from, to] = [asked.get("from"), asked.get("to")];
  if (question.range === "custom" || from || to) {
    if (isDay(from) && isDay(to) && from <= to) Object.assign(question, { range: "custom", from, to });
    else {
      odd.push(`from=${(from ?? "").slice(0, 20)}&to=${(to ?? "").slice(0, 20)}`);
      question.range = USUAL_RANGE;
    }
  }
  return { question, saved: asked.get("saved")?.slice(0, 32) || null, odd };
}

// The query string of a question: short, and the same for the same question.
export function written(question, saved = null) {
  const said = new URLSearchParams();
  if (question.metrics.length) said.set("metrics", question.metrics.join(","));
  if (question.by.length) said.set("by", question.by.join(","));
  if (question.grain) said.set("grain", question.grain);
  if (question.range === "custom") {
    said.set("from", question.from);
    said.set("to", question.to);
  } else if (question.range !== USUAL_RANGE) said.set("range", question.range);
  for (const each of question.filters) said.append("filter", packed([each.dimension, each.operator, ...each.values]));
  if (question.compare) said.set("compare", typeof question.compare === "string" ? question.compare : packed([question.compare.from, question.compare.to]));
  if (question.totals) said.set("totals", question.totals);
  if (question.top) said.set("top", packed([String(question.top.count), question.top.dimension, ...(question.top.metric ? [question.top.metric] : [])]));
  if (question.sort) said.set("sort", question.sort);
  if (question.time) said.set("time", question.time);
  if (question.chart) said.set("chart", question.chart);
  if (saved) said.set("saved", saved);
  return said.toString();
}

// The same without what no longer has its part: a top of a dimension that is gone, an order by a column that is gone.
export function tidy(question) {
  const next = { ...question };
  const known = new Set([...next.metrics, ...next.by, ...next.by.map((name) => `${name}_id`), next.grain]);
  const sorted = next.sort?.replace(/^-/, "").replace(/__(previous|change|change_rate)$/, "");
  const isSide = next.sort?.includes("__");
  if (next.sort && (!known.has(sorted) || (isSide && !next.compare))) next.sort = null;
  if (next.top && (!next.by.includes(next.top.dimension) || (next.top.metric && !next.metrics.includes(next.top.metric)))) next.top = null;
  if (next.totals && !next.by.length && !next.grain) next.totals = null;
  if (next.compare && next.range === ALL_DAYS) next.compare = null;
  return next;
}

// The days that are asked for; null for all of them.
export function daysOf(question, ranges) {
  if (question.range === ALL_DAYS) return null;
  if (question.range === "custom") return { first: question.from, last: question.to };
  const [first, last] = ranges[question.range];
  return { first, last };
}

const compared = (question) => (question.compare && typeof question.compare === "object" ? { from: question.compare.from, to: question.compare.to } : question.compare);

// What a question says, however its days are given.
function parts(question) {
  const body = { metrics: question.metrics, by: question.by };
  if (question.grain) body.grain = question.grain;
  if (question.filters.length) body.filters = question.filters;
  if (question.compare) body.compare_with = compared(question);
  if (question.totals) body.totals = question.totals;
  if (question.top) body.top = { count: question.top.count, dimension: question.top.dimension, ...(question.top.metric ? { metric: question.top.metric } : {}) };
  if (question.sort) body.order_by = question.sort;
  if (question.time) body.time = question.time;
  return body;
}

// The body of /query. A page shows so many rows; a file, without a limit, has all of them.
export function body(question, { ranges, limit = null }) {
  const asked = parts(question);
  const days = daysOf(question, ranges);
  if (days) Object.assign(asked, { from: days.first, to: days.last });
  if (question.compare) asked.changes = true;
  if (question.grain && !question.by.length && days) asked.fill = true;
  if (limit && !question.top) asked.limit = limit;
  return asked;
}

// The same as it is kept: days that move on stay names.
export function kept(question) {
  const asked = parts(question);
  if (question.range === "custom") Object.assign(asked, { from: question.from, to: question.to });
  else if (question.range !== ALL_DAYS) asked.range = question.range;
  if (question.chart) asked.chart = question.chart;
  return asked;
}

// A kept question as it is put together here.
export function ofKept(document) {
  const question = empty();
  const { compare_with: against } = document;
  return {
    ...question,
    metrics: document.metrics ?? [],
    by: document.by ?? [],
    grain: document.grain ?? null,
    range: document.from ? "custom" : (document.range ?? ALL_DAYS),
    from: document.from ?? null,
    to: document.to ?? null,
    filters: (document.filters ?? []).map((each) => ({ dimension: each.dimension, operator: each.operator ?? "=", values: each.values })),
    compare: against ? (typeof against === "string" ? against : { from: against.from, to: against.to }) : null,
    totals: document.totals && document.totals !== "none" ? document.totals : null,
    top: document.top ? { count: document.top.count, dimension: document.top.dimension, metric: document.top.metric ?? null } : null,
    sort: document.order_by ?? null,
    time: document.time ?? null,
    chart: document.chart ?? null,
  };
}

// As much of it as decides what fits it.
export const fitting = (question) => ({ metrics: question.metrics, by: question.by, ...(question.grain ? { grain: question.grain } : {}), filtered: [...new Set(question.filters.map((each) => each.dimension))], days: question.range !== ALL_DAYS, ...(question.time ? { time: question.time } : {}) });
