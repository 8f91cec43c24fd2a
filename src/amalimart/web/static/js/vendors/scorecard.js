// A scorecard: each measure with its band, what it stands on, where it was before, and its course.
import { request, Trouble, UNREACHABLE } from "../api.js";
import { h, label, replaceKeepingFocus, s } from "../dom.js";
import { watchEdges } from "../edges.js";
import { bucket, compact, configureFormat, dayRange, exact, NOTHING } from "../format.js";
import { Live } from "../live.js";
import { Message } from "../message.js";
import { calm, readTable } from "../reading/parts.js";
import { addressWith, connectStateLinks, go, onStateChange, query } from "../state.js";
import { counted, t } from "../text.js";
import { connectThemeButton } from "../theme.js";
import { offerVendors } from "./picking.js";

const page = JSON.parse(document.querySelector("#page").textContent);
const root = document.querySelector("#scorecard");
const form = document.querySelector("#toolbar");
const message = new Message(document.querySelector("#message"), root);
const TONES = { good: "good", warn: "near", limit: "bad", too_few: "" };
const [WIDTH, HEIGHT] = [240, 64];
let tag = null;
let shownFor = null;
let release = null;

configureFormat(page);
connectThemeButton(document.querySelector("#theme"));
connectStateLinks();
watchEdges(document.querySelector("#dashboards"));

const live = new Live({ element: document.querySelector("#live"), text: document.querySelector("#live-text"), seconds: page.poll_seconds, zone: page.zone, ask: () => look() });

// The course between its bands: the warning is a dashed line, the limit a solid one.
function course(measure) {
  const points = measure.course.map((each, index) => ({ index, value: each.value === null ? null : Number(each.value), partial: each.partial }));
  const known = points.filter((each) => each.value !== null);
  if (known.length < 2) return null;
  const [warn, limit] = [Number(measure.warn), Number(measure.limit)];
  const all = [...known.map((each) => each.value), warn, limit];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const x = (index) => (index / (points.length - 1)) * WIDTH;
  const y = (value) => HEIGHT - 5 - (high === low ? 0.5 : (value - low) / (high - low)) * (HEIGHT - 10);
  const across = (value, kind) => s("line", { class: kind, x1: 0, x2: WIDTH, y1: y(value), y2: y(value) });
  const path = (part) => part.map((each, index) => `${index ? "L" : "M"}${x(each.index).toFixed(1)} ${y(each.value).toFixed(1)}`).join("");
  const whole = known.filter((each) => !each.partial);
  const drawn = s("svg", { class: "banded", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  drawn.append(across(warn, "warn"), across(limit, "limit"), s("path", { class: "line partial", d: path(known) }), s("path", { class: "line", d: path(whole) }));
  return drawn;
}

const valueOf = (measure, value) => compact(value, measure.unit, measure.currency);

// Where it stands among all who sell the same, by department, in the last month that is over.
function peersTable(measure) {
  const title = t("scorecard.peers", { month: bucket(`${measure.peers[0].month}-01`, "month", true) });
  const rows = measure.peers.map((each) => [each.within, t("scorecard.quarter_of", { n: each.quarter })]);
  return h("details", { class: "course" }, h("summary", { "data-key": `peers-${measure.metric}` }, title), readTable(title, [[t("scorecard.department")], [t("scorecard.quarter"), "number"]], rows));
}

function courseTable(measure) {
  const rows = [...measure.course].reverse().map((each) => [[bucket(each.time, "day", true), each.partial ? h("span", { class: "missing" }, ` (${t("trend.is_partial")})`) : null], each.value === null ? NOTHING : exact(each.value, measure.unit, measure.currency)]);
  const title = t("scorecard.course_of", { label: measure.label });
  return h("details", { class: "course" }, h("summary", { "data-key": `course-${measure.metric}` }, t("scorecard.as_table")), readTable(title, [[t("scorecard.since")], [measure.label, "number"]], rows));
}

function told(measure) {
  if (measure.status !== "ok") return h("li", { class: "tile measure" }, h("h3", {}, label(measure.label)), calm(measure.message, measure.next_step));
  const isFew = measure.verdict === "too_few";
  const sample = t("scorecard.sample", { n: exact(measure.sample.value, "count"), of: measure.sample.label.toLowerCase() });
  const bands = t(measure.better === "lower" ? "scorecard.bands_lower" : "scorecard.bands_higher", { warn: valueOf(measure, measure.warn), limit: valueOf(measure, measure.limit) });
  const before = measure.previous === null ? t("kpi.nothing_before") : t("scorecard.before", { value: valueOf(measure, measure.previous), verdict: t(`scorecard.${measure.previous_verdict}`).toLowerCase() });
  return h(
    "li",
    { class: `tile measure ${measure.verdict}`, "data-measure": measure.metric },
    h("div", { class: "measure-head" }, h("h3", { title: measure.basis ?? "" }, label(measure.label)), h("span", { class: `state ${TONES[measure.verdict]}` }, t(`scorecard.${measure.verdict}`))),
    h("p", { class: "measured" }, h("b", { title: exact(measure.value, measure.unit, measure.currency) }, valueOf(measure, measure.value)), h("span", {}, isFew ? t("scorecard.few", { n: measure.at_least, of: measure.sample.label.toLowerCase() }) : before)),
    course(measure),
    h("p", { class: "hint" }, bands),
    h("p", { class: "hint" }, sample),
    h("p", { class: "why" }, measure.why),
    measure.peers.length ? peersTable(measure) : null,
    measure.course.length ? courseTable(measure) : null,
  );
}

function show(body) {
  document.querySelector("#period").textContent = dayRange(body.state.first, body.state.last);
  form.elements.range.value = body.state.range;
  const place = document.querySelector("#measures");
  const name = document.querySelector("#vendor");
  name.replaceChildren(body.vendor ? label(body.vendor.label) : "");
  name.hidden = !body.vendor;
  const counts = ["limit", "warn", "good", "too_few"].map((verdict) => [verdict, body.measures.filter((each) => each.verdict === verdict).length]).filter(([, n]) => n);
  document.querySelector("#verdicts").replaceChildren(...counts.map(([verdict, n]) => h("span", { class: `state ${TONES[verdict]}` }, counted(`scorecard.count_${verdict}`, n))));
  const open = new Set([...place.querySelectorAll("details[open] summary")].map((each) => each.dataset.key));
  if (!body.vendor) replaceKeepingFocus(place, calm(t("scorecard.none"), page.picks ? t("scorecard.none_next") : null));
  else replaceKeepingFocus(place, h("ul", { class: "cards" }, body.measures.map(told)));
  for (const each of place.querySelectorAll("details")) each.open = open.has(each.firstElementChild.dataset.key);
}

async function look() {
  const search = query().toString();
  try {
    const answer = await request(search ? `${page.data}?${search}` : page.data, { tag: search === shownFor ? tag : null });
    if (answer.body) {
      tag = answer.tag;
      shownFor = search;
      release = answer.body.release.release_id ? answer.body.release : release;
      message.clear();
      root.hidden = false;
      show(answer.body);
    }
    if (release) live.reached(answer.at, release);
    else live.refused();
  } catch (cause) {
    if (!(cause instanceof Trouble)) throw cause;
    if (cause.error.code === UNREACHABLE) live.lost();
    else if (cause.error.code !== "not_signed_in") {
      live.refused();
      shownFor = null;
      message.trouble(cause.error);
    }
  }
  root.setAttribute("aria-busy", "false");
}

form.addEventListener("submit", (event) => event.preventDefault());
form.elements.range.addEventListener("change", () => go(addressWith({ range: form.elements.range.value === page.range ? null : form.elements.range.value, from: null, to: null })));
onStateChange(look);
await look();
await offerVendors(page, form.elements.vendor).catch(() => undefined);
