// Vega-Lite specifications of the drawings. The rows are { x, y, s, v, partial }: place, series and value.
import { colour } from "../theme.js";
import { SERIES, TICKS } from "../vega.js";

const LABEL_WIDTH = 84;
const LONGEST_LABEL = 180;

const base = { width: "container", height: "container", data: { name: "rows" } };

const values = ({ unit, currency }, more = {}) => ({
  field: "v",
  type: "quantitative",
  title: null,
  axis: { formatType: "amalimart", format: `axis:${unit}:${currency ?? ""}`, ...(unit === "count" ? { tickMinStep: 1 } : {}) },
  scale: { zero: true, nice: TICKS },
  ...more,
});

const series = (data) => ({ field: "s", type: "nominal", legend: null, scale: { domain: data.series.map((each) => each.key), range: data.series.map((_, index) => colour(`--series-${Math.min(index + 1, SERIES)}`)) } });

// As many names of buckets as have room, the newest among them.
function courseAxis(data, width) {
  const every = Math.ceil(data.buckets.length / Math.max(2, Math.floor((width - 60) / LABEL_WIDTH)));
  const named = data.buckets.filter((_, index) => (data.buckets.length - 1 - index) % every === 0);
  return { field: "x", type: "ordinal", title: null, scale: { domain: data.buckets }, axis: { formatType: "when", format: "", values: named, labelOverlap: false, grid: false } };
}

const memberAxis = (data, domain, more = {}) => ({ type: "nominal", title: null, scale: { domain }, sort: null, axis: { formatType: "member", format: "", labelLimit: LONGEST_LABEL, grid: false, ...more } });

const opacity = { condition: { test: "datum.partial", value: 0.5 }, value: 1 };

function line(data, width) {
  const x = courseAxis(data, width);
  const drawn = { type: "line", strokeWidth: 2, strokeJoin: "round", strokeCap: "round" };
  const encoding = { x, y: values(data), color: series(data) };
  const layer = [
    { transform: [{ filter: "!datum.partial" }], mark: drawn, encoding },
    { transform: [{ filter: "datum.edge" }], mark: { ...drawn, strokeDash: [1.5, 4] }, encoding: { ...encoding, detail: { field: "end", type: "nominal" } } },
    { mark: { type: "point", filled: true, size: data.buckets.length > 60 ? 8 : 24 }, encoding: { ...encoding, opacity } },
  ];
  if (data.hasPrevious) layer.unshift({ mark: { type: "line", style: "previous" }, encoding: { x, y: values(data, { field: "p" }) } });
  return { ...base, layer };
}

const area = (data, width) => ({ ...base, mark: { type: "area", fillOpacity: 0.75 }, encoding: { x: courseAxis(data, width), y: values(data, { stack: "zero" }), color: series(data) } });

const stackedCourse = (data, width) => ({ ...base, mark: { type: "bar" }, encoding: { x: courseAxis(data, width), y: values(data, { stack: "zero" }), color: series(data), opacity } });

const barCourse = (data, width) => ({ ...base, mark: { type: "bar" }, encoding: { x: courseAxis(data, width), y: values(data), color: series(data), opacity, ...(data.series.length > 1 ? { xOffset: { field: "s", sort: data.series.map((each) => each.key) } } : {}) } });

function bars(data, width) {
  const y = { field: "y", ...memberAxis(data, data.members) };
  const x = values(data, { stack: null });
  x.axis = { ...x.axis, tickCount: Math.max(2, Math.floor((width - 160) / LABEL_WIDTH)) };
  const stacked = data.series.length > 1 && !data.isGrouped;
  if (stacked) return { ...base, mark: { type: "bar" }, encoding: { y, x: { ...x, stack: "zero" }, color: series(data) } };
  const side = data.series.length > 1 ? { yOffset: { field: "s", sort: data.series.map((each) => each.key) } } : {};
  return { ...base, mark: { type: "bar", cornerRadiusEnd: 3 }, encoding: { y, x, color: series(data), ...side } };
}

function heat(data, width) {
  const [low, high] = [Math.min(0, ...data.rows.map((row) => row.v ?? 0)), Math.max(0, ...data.rows.map((row) => row.v ?? 0))];
  const x = data.buckets ? courseAxis(data, width) : { field: "x", ...memberAxis(data, data.across, { labelAngle: -35, labelAlign: "right", labelLimit: 110, orient: "bottom" }) };
  const y = { field: "y", ...memberAxis(data, data.members) };
  for (const side of [x, y]) side.scale = { ...side.scale, paddingInner: 0.06, paddingOuter: 0.03 };
  const columns = (data.buckets ?? data.across).length;
  const scale = { domain: [low, high], range: [colour("--sunken"), colour("--accent")] };
  const cells = { mark: { type: "rect", cornerRadius: 2 }, encoding: { x, y, color: { field: "v", type: "quantitative", legend: null, scale } } };
  if (columns * 62 > width - 120) return { ...base, ...cells };
  const dark = low + (high - low) * 0.5;
  const text = { mark: { type: "text", fontSize: 11 }, encoding: { x, y, text: { field: "v", formatType: "amalimart", format: `axis:${data.unit}:${data.currency ?? ""}` }, color: { condition: { test: `datum.v > ${dark}`, value: colour("--on-accent") }, value: colour("--text") } } };
  return { ...base, layer: [cells, text] };
}

const COURSES = { line, area, stacked: stackedCourse, bar: barCourse, heat };

export const specification = (drawing, data, width) => (data.buckets ? COURSES[drawing](data, width) : drawing === "heat" ? heat(data, width) : bars(data, width));

// How high a drawing must be so that its names have room.
export function heightOf(drawing, data) {
  const rows = drawing === "heat" || !data.buckets ? data.members.length * (data.isGrouped && data.series.length > 1 ? 18 * data.series.length : 28) : 0;
  return rows ? Math.max(88, rows + (drawing === "heat" && !data.buckets ? 96 : 44)) : 340;
}
