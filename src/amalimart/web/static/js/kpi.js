// A key figure: the value, its change with the meaning of its direction, and its course.
import { h, replaceKeepingFocus, s } from "./dom.js";
import { change, compact, exact } from "./format.js";
import { t } from "./text.js";

const UP = "M5 1.5 9.5 8.5H.5z";
const DOWN = "M5 8.5.5 1.5h9z";

function direction(tile) {
  const amount = Number(tile.change?.amount ?? 0);
  if (!tile.change || Math.abs(amount) < 0.0005) return { tone: "flat", word: t("kpi.unchanged"), path: null };
  const rose = amount > 0;
  const tone = tile.better === "neither" ? "flat" : rose === (tile.better === "higher") ? "good" : "bad";
  return { tone, word: rose ? t("kpi.up") : t("kpi.down"), path: rose ? UP : DOWN };
}

function changeLine(tile, context) {
  if (tile.span === "now") return h("p", { class: "change flat" }, h("span", { class: "versus" }, t("kpi.now")));
  const { tone, word, path } = direction(tile);
  const against = context.days === 1 ? t("kpi.versus_day") : t("kpi.versus_days", { n: context.days });
  if (!tile.change) return h("p", { class: "change flat" }, h("span", { class: "versus" }, tile.value === null ? t("kpi.nothing") : t("kpi.nothing_before")));
  const previous = t("kpi.previous", { value: exact(tile.previous, tile.unit, tile.currency) });
  return h(
    "p",
    { class: `change ${tone}`, title: previous },
    h("b", {}, path && s("svg", { viewBox: "0 0 10 10", "aria-hidden": "true" }, s("path", { d: path })), h("span", { class: "hidden" }, `${word} `), change(tile.change)),
    h("span", { class: "versus" }, against),
  );
}

const WIDTH = 100;
const HEIGHT = 36;

// The course as a line without axes. Partial buckets at the ends are dotted, not dips.
function spark(course) {
  const points = course.map((point, index) => ({ index, value: point.value === null ? null : Number(point.value), partial: point.partial }));
  const known = points.filter((point) => point.value !== null);
  if (known.length < 2 || known.every((point) => point.value === 0)) return null;
  const values = known.filter((point) => !point.partial).map((point) => point.value);
  const [low, high] = [Math.min(...(values.length ? values : [0])), Math.max(...(values.length ? values : [1]))];
  const x = (index) => (index / (points.length - 1)) * WIDTH;
  const y = (value) => {
    const share = high === low ? 0.5 : (Math.min(Math.max(value, low), high) - low) / (high - low);
    return HEIGHT - 4 - share * (HEIGHT - 10);
  };
  const path = (part) => part.map((point, index) => `${index ? "L" : "M"}${x(point.index).toFixed(2)} ${y(point.value).toFixed(2)}`).join("");
  const first = known.findIndex((point) => !point.partial);
  const last = known.findLastIndex((point) => !point.partial);
  const whole = first < 0 ? [] : known.slice(first, last + 1);
  const head = first > 0 ? known.slice(0, first + 1) : [];
  const tail = last >= 0 && last < known.length - 1 ? known.slice(last) : [];
  const drawn = s("svg", { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  const area = known.length ? `${path(known)}L${x(known.at(-1).index)} ${HEIGHT}L${x(known[0].index)} ${HEIGHT}Z` : "";
  drawn.append(s("path", { class: "area", d: area }));
  if (whole.length > 1) drawn.append(s("path", { class: "line", d: path(whole) }));
  for (const part of [head, tail]) if (part.length > 1) drawn.append(s("path", { class: "line partial", d: path(part) }));
  return drawn;
}

export function renderKpi(body, tile, context) {
  const shown = compact(tile.value, tile.unit, tile.currency);
  const before = body.querySelector(".value")?.textContent;
  const isNews = context.isUpdate && before !== undefined && before !== shown;
  const exactly = exact(tile.value, tile.unit, tile.currency);
  const opens = { type: "button", "data-receipt": tile.metric, "data-key": tile.id, "aria-label": `${exactly}. ${t("receipt.open", { title: tile.title })}` };
  replaceKeepingFocus(
    body,
    h("button", { class: isNews ? "value changed" : "value", title: exactly, "data-value": tile.value, ...opens }, shown),
    changeLine(tile, context),
    ...[tile.notes.length ? h("p", { class: "note" }, tile.notes.join(" ")) : null, spark(tile.course)].filter(Boolean),
  );
}
