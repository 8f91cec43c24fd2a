// The usage page: one request fills it; over how many days stands in the address.
import { request, Trouble } from "../api.js";
import { h, label, replaceKeepingFocus } from "../dom.js";
import { watchEdges } from "../edges.js";
import { compact, configureFormat, NOTHING, rounded } from "../format.js";
import { Message } from "../message.js";
import { calm, count, readTable, sentence, state } from "../reading/parts.js";
import { addressWith, connectStateLinks, go, onStateChange } from "../state.js";
import { counted, t, word } from "../text.js";
import { connectThemeButton } from "../theme.js";

const page = JSON.parse(document.querySelector("#page").textContent);
const root = document.querySelector("#usage");
const form = document.querySelector("#days");
const message = new Message(document.querySelector("#message"), root);
const part = (id) => document.querySelector(`#${id}`);
const USUAL = "30";
const TONES = { denied: "bad", failed: "bad" };
const PLANS = new Set(["plan", "values"]);

configureFormat(page);
connectThemeButton(document.querySelector("#theme"));
connectStateLinks();
watchEdges(document.querySelector("#dashboards"));
document.querySelector(".nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

const wanted = () => {
  const days = new URLSearchParams(location.search).get("days") ?? USUAL;
  return [...form.elements.days].some((each) => each.value === days) ? days : USUAL;
};

const total = (numbers) => numbers.reduce((sum, each) => sum + each, 0);
const share = (part, whole) => (whole ? compact(part / whole, "percent") : NOTHING);
const seconds = (value) => (value < 1 ? t("usage.milliseconds", { n: rounded(value * 1000, 0) }) : t("usage.seconds", { n: rounded(value, 1) }));

// Who, in one line: the most frequent first, each with its number.
const split = (counts, section) => h("span", { class: "split" }, Object.entries(counts).map(([name, n]) => h("span", {}, `${word(section, name)} `, h("b", {}, count(n)))));

const bar = (value, most) => h("span", { class: "use" }, h("span", { class: "use-bar", "--share": most ? value / most : 0, "aria-hidden": "true" }), h("span", {}, count(value)));

function figure(name, value, note) {
  return h("div", { class: "tile kpi" }, h("h2", { class: "tile-title" }, name), h("p", { class: "value" }, value), h("p", { class: "note" }, note));
}

function summary(found) {
  const calls = total(found.roles.map((each) => each.answered + each.denied + each.refused + each.failed));
  const answered = total(found.roles.map((each) => each.answered));
  const denied = total(found.roles.map((each) => each.denied));
  const answers = found.kept.filter((each) => !PLANS.has(each.kept));
  const hits = total(answers.map((each) => each.hits));
  const looked = hits + total(answers.map((each) => each.misses));
  const opened = total(found.dashboards.map((each) => each.opened));
  return [
    figure(t("usage.calls"), count(calls), counted("usage.of_metrics", found.metrics.length, count(found.metrics.length))),
    figure(t("usage.opened"), count(opened), counted("usage.unopened", found.unused_dashboards.length, count(found.unused_dashboards.length))),
    figure(t("usage.without"), share(calls - answered, calls), counted("usage.denied", denied, count(denied))),
    figure(t("usage.hits"), share(hits, looked), t("usage.since_start")),
  ];
}

function unused(names, title, nameOf, addressOf) {
  if (!names.length) return [];
  const items = names.map((name) => h("li", {}, addressOf ? h("a", { href: addressOf(name) }, label(nameOf(name))) : label(nameOf(name))));
  return [h("details", { class: "unused" }, h("summary", {}, title), h("ul", { class: "names" }, items))];
}

function metrics(found) {
  const nameOf = (name) => found.labels[name] ?? name;
  const addressOf = (name) => `${page.catalogue}/metrics/${encodeURIComponent(name)}`;
  const most = found.metrics[0]?.asked;
  const rows = found.metrics.map((each) => [h("a", { href: addressOf(each.metric) }, label(nameOf(each.metric))), bar(each.asked, most), split(each.by_role, "role"), split(each.by_door, "door")]);
  return [
    rows.length ? readTable(t("usage.metrics"), [[t("usage.metric")], [t("usage.asked"), "number"], [t("usage.by_role")], [t("usage.by_door")]], rows) : calm(t("usage.no_metrics"), t("usage.no_metrics_next")),
    ...unused(found.unused_metrics, counted("usage.unused_metrics", found.unused_metrics.length, count(found.unused_metrics.length)), nameOf, addressOf),
  ];
}

function boards(found) {
  const nameOf = (name) => found.titles[name] ?? name;
  const link = (name) => (found.may_open.includes(name) ? h("a", { href: `/dashboards/${encodeURIComponent(name)}` }, label(nameOf(name))) : label(nameOf(name)));
  const rows = found.dashboards.map((each) => [[link(each.dashboard), h("span", { class: "more" }, split(each.by_role, "role"))], count(each.opened)]);
  return [
    rows.length ? readTable(t("usage.dashboards"), [[t("usage.dashboard")], [t("usage.times"), "number"]], rows) : calm(t("usage.no_dashboards")),
    ...unused(found.unused_dashboards, counted("usage.unopened", found.unused_dashboards.length, count(found.unused_dashboards.length)), nameOf),
  ];
}

function who(found) {
  const table = (title, section, entries) => readTable(title, [[title], [t("usage.answered"), "number"], [t("usage.ended.denied"), "number"], [t("usage.ended.refused"), "number"], [t("usage.ended.failed"), "number"]], entries.map((each) => [word(section, each.name), count(each.answered), each.denied ? h("span", { class: "off" }, count(each.denied)) : count(0), count(each.refused), each.failed ? h("span", { class: "off" }, count(each.failed)) : count(0)]));
  if (!found.roles.length) return [calm(t("usage.no_metrics"), t("usage.no_metrics_next"))];
  return [table(t("usage.role"), "role", found.roles), table(t("usage.door"), "door", found.doors)];
}

function kept(found) {
  if (!found.kept.length) return [calm(t("usage.no_kept"))];
  const rows = found.kept.map((each) => [t(`usage.kept_${each.kept}`), count(each.hits), count(each.misses), share(each.hits, each.hits + each.misses)]);
  return [readTable(t("usage.kept"), [[t("usage.what")], [t("usage.there"), "number"], [t("usage.not_there"), "number"], [t("usage.ratio"), "number"]], rows), h("p", { class: "note" }, t("usage.kept_note"))];
}

const asked = (found, shape) => [
  shape.metrics.map((name) => found.labels[name] ?? name).join(", ") || t("usage.no_names"),
  h("span", { class: "more" }, [...(shape.by ?? []), shape.grain].filter(Boolean).map((name) => found.labels[name] ?? word("grain", name)).join(", ")),
];

function slow(found) {
  if (!found.slow.length) return [calm(t("usage.no_slow"))];
  const rows = found.slow.slice(0, 10).map((each) => [asked(found, each.shape), count(each.count), seconds(each.seconds), each.shape.rollups.join(", ") || NOTHING]);
  return [readTable(t("usage.slow"), [[t("usage.question")], [t("usage.times"), "number"], [t("usage.mean"), "number"], [t("usage.rollup")]], rows)];
}

function refused(found) {
  if (!found.refused.length) return [calm(t("usage.no_refused"))];
  const rows = found.refused.map((each) => [asked(found, each), state(t(`usage.ended.${each.outcome}`), TONES[each.outcome] ?? ""), h("span", { class: "chips" }, each.errors.map((code) => h("code", {}, code))), word("role", each.role), word("door", each.door), count(each.count)]);
  return [readTable(t("usage.refused"), [[t("usage.question")], [t("usage.ended_as")], [t("usage.error")], [t("usage.role")], [t("usage.door")], [t("usage.times"), "number"]], rows)];
}

async function look() {
  form.elements.days.value = wanted();
  root.setAttribute("aria-busy", "true");
  try {
    const { body } = await request(`${page.data}?days=${wanted()}`);
    message.clear();
    replaceKeepingFocus(part("summary"), ...summary(body));
    for (const [id, draw] of Object.entries({ metrics, boards, who, kept, slow, refused })) replaceKeepingFocus(part(id), ...draw(body));
  } catch (cause) {
    if (!(cause instanceof Trouble)) throw cause;
    if (cause.error.code !== "not_signed_in") message.trouble({ ...cause.error, what: sentence(cause.error.what), retryable: true });
  }
  root.setAttribute("aria-busy", "false");
}

form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("change", () => go(addressWith({ days: form.elements.days.value === USUAL ? null : form.elements.days.value })));
onStateChange(look);
await look();
