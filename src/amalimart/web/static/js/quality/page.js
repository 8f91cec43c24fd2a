// The quality page: what fails, what went wrong, and each monitored check over time. What is open stands in
// the address.
import { request, Trouble } from "../api.js";
import { chevron, h, label, replaceKeepingFocus } from "../dom.js";
import { watchEdges } from "../edges.js";
import { configureFormat, instant, NOTHING } from "../format.js";
import { Message } from "../message.js";
import { calm, count, readTable, said, sampleTable, since, state } from "../reading/parts.js";
import { askReason } from "../reading/reason.js";
import { addressWith, connectStateLinks, onStateChange } from "../state.js";
import { counted, t, word } from "../text.js";
import { connectThemeButton } from "../theme.js";
import { bandChart, isOutside } from "./band.js";

const page = JSON.parse(document.querySelector("#page").textContent);
const root = document.querySelector("#quality");
const message = new Message(document.querySelector("#message"), root);
const part = (id) => document.querySelector(`#${id}`);
const TONES = { passed: "good", failed: "bad", cannot_tell: "" };
let checks = [];

configureFormat(page);
connectThemeButton(document.querySelector("#theme"));
connectStateLinks();
watchEdges(document.querySelector("#dashboards"));

const named = (result) => result.period ?? instant(result.checked_at, page.zone);

const verdict = (result) => (result.acknowledgement ? state(t("quality.acknowledged")) : state(word("quality", result.verdict), TONES[result.verdict]));

function acknowledge(result) {
  askReason({
    title: t("quality.acknowledge_what", { what: `${result.check} · ${result.subject}${result.period ? ` · ${result.period}` : ""}` }),
    asked: t("quality.reason"),
    hint: t("quality.reason_hint"),
    action: t("quality.save"),
    send: async (reason) => {
      await request(`${page.data}/${encodeURIComponent(result.check)}/acknowledge`, { body: { subject: result.subject, period: result.period, reason } });
      await look();
    },
  });
}

const acknowledger = (result) => h("button", { type: "button", class: "plain", "data-key": `ack-${result.number}`, onclick: () => acknowledge(result) }, t("quality.acknowledge"));

function failing(results) {
  if (!results.length) return [calm(t("quality.all_well"))];
  return [
    h(
      "ul",
      { class: "failing" },
      results.map((each) =>
        h(
          "li",
          {},
          h("div", { class: "failing-head" }, h("a", { href: addressWith({ check: each.check, subject: each.subject }), "data-state-link": true }, label(each.check)), state(word("quality", each.severity), each.severity === "error" ? "bad" : ""), h("span", { class: "more" }, label(each.subject), each.period ? ` · ${each.period}` : null)),
          h("p", { lang: "en" }, said(each.message)),
          h("p", { class: "hint" }, `${t("quality.expected")}: `, h("bdi", {}, each.expected), ` · ${t("quality.found")}: `, h("bdi", {}, each.actual)),
          acknowledger(each),
        ),
      ),
    ),
  ];
}

function incidents(found) {
  if (!found.length) return [calm(t("quality.no_incidents"))];
  const taker = (each) =>
    h("button", { type: "button", class: "plain", "data-key": `take-${each.number}`, onclick: () => take(each) }, t("quality.take"));
  const stands = (each) => {
    if (each.resolved_at) return state(t("quality.over"), "good");
    return each.acknowledged_by ? h("span", {}, t("quality.taken_by", { who: each.acknowledged_by })) : taker(each);
  };
  const rows = found.map((each) => [[label(each.title), h("span", { class: "more" }, said(each.details))], word("quality", each.severity), since(each.opened_at, page.zone), t("quality.seen", { n: count(each.times) }), stands(each)]);
  return [readTable(t("quality.incidents"), [[t("quality.what")], [t("quality.severity")], [t("quality.opened")], [t("quality.checked")], [t("quality.state")]], rows)];
}

function take(each) {
  askReason({
    title: `${t("quality.take")}: ${each.title}`,
    asked: t("quality.reason"),
    hint: t("quality.reason_hint"),
    action: t("quality.save"),
    send: async (reason) => {
      await request(`${page.incidents}/${each.number}/acknowledge`, { body: { reason } });
      await look();
    },
  });
}

function worst(each) {
  if (each.problem) return state(t("quality.broken", { problem: "" }).replace(/[\s:]+$/, ""), "bad");
  if (!each.newest.length) return h("span", { class: "missing" }, t("quality.not_run"));
  const order = [each.newest.find((result) => result.is_failing), each.newest.find((result) => result.verdict === "cannot_tell"), each.newest.find((result) => result.acknowledgement)];
  return verdict(order.find(Boolean) ?? each.newest[0]);
}

function listed() {
  const open = new URLSearchParams(location.search).get("check");
  const rows = checks.map((each) => [
    [h("a", { href: addressWith({ check: each.name, subject: null }), "data-state-link": true, "data-key": each.name, "aria-current": each.name === open ? "true" : null }, label(each.name)), h("span", { class: "more", lang: "en" }, each.problem ?? each.description)],
    worst(each),
    each.kind ? word("quality", each.kind) : NOTHING,
    each.severity ? word("quality", each.severity) : NOTHING,
    each.every ?? NOTHING,
    each.owner ?? NOTHING,
    each.newest.length ? since(each.newest[0].checked_at, page.zone) : NOTHING,
  ]);
  return [readTable(t("quality.checks"), [[t("quality.check")], [t("quality.state")], [t("quality.kind")], [t("quality.severity")], [t("quality.every")], [t("quality.owner")], [t("quality.last")]], rows)];
}

// One result a period, the newest said; without periods every run is one.
function course(results) {
  const kept = new Map();
  for (const each of results) {
    const key = each.period ?? each.checked_at;
    if (!kept.has(key)) kept.set(key, each);
  }
  return [...kept.values()].sort((a, b) => named(a).localeCompare(named(b), "en") || a.checked_at.localeCompare(b.checked_at));
}

async function history() {
  const asked = new URLSearchParams(location.search);
  const name = asked.get("check");
  const tile = part("history-tile");
  tile.hidden = !name;
  if (!name) return;
  part("title-history").textContent = t("quality.history_of", { name });
  const { body } = await request(`${page.data}/${encodeURIComponent(name)}/history?limit=400`);
  const subjects = [...new Set(body.results.map((each) => each.subject))].sort();
  const subject = subjects.includes(asked.get("subject")) ? asked.get("subject") : body.results.find((each) => each.is_failing)?.subject ?? subjects[0];
  const results = course(body.results.filter((each) => each.subject === subject));
  if (!results.length) {
    part("history").replaceChildren(calm(t("quality.no_history")));
    return;
  }
  const choice = h("select", { "data-key": "subject", onchange: (event) => openSubject(event.target.value) }, subjects.map((each) => h("option", { value: each, selected: each === subject }, each)));
  const legend = h("ul", { class: "legend" }, [["band-key", t("quality.band")], ["within-key", t("quality.within")], ["outside-key", t("quality.outside")]].map(([key, text]) => h("li", {}, h("span", { class: `key ${key}`, "aria-hidden": "true" }), text)));
  const chart = bandChart(results, subject, named);
  const rows = [...results].reverse().map((each) => [
    named(each),
    [verdict(each), each.acknowledgement ? h("span", { class: "more" }, t("quality.acknowledged_by", { who: each.acknowledgement.acknowledged_by, reason: each.acknowledgement.reason })) : null],
    each.expected,
    h("span", { class: isOutside(each) ? "off" : null }, each.actual),
    [said(each.message), sampleTable(t("releases.sample"), each.samples)],
    each.is_failing ? acknowledger(each) : null,
  ]);
  const table = readTable(t("quality.history_of", { name }), [[t("quality.period")], [t("quality.state")], [t("quality.expected")], [t("quality.found")], [t("quality.message"), "long"], [t("quality.acknowledge")]], rows);
  replaceKeepingFocus(part("history"), h("label", { class: "field" }, h("span", { class: "hidden" }, t("quality.choose_subject")), choice, chevron()), chart ? legend : null, chart, table);
}

function openSubject(subject) {
  window.history.pushState(null, "", addressWith({ subject }));
  history().catch(trouble);
}

function trouble(cause) {
  if (!(cause instanceof Trouble)) throw cause;
  if (cause.error.code !== "not_signed_in") message.trouble({ ...cause.error, retryable: true });
}

async function look() {
  const includeOver = part("over").checked;
  const [quality, troubles] = await Promise.all([request(page.data), request(`${page.incidents}?include_over=${includeOver}`).catch((cause) => ({ trouble: cause }))]);
  message.clear();
  checks = quality.body.checks;
  replaceKeepingFocus(part("failing"), ...failing(quality.body.failing));
  replaceKeepingFocus(part("incidents"), ...(troubles.trouble ? [calm(troubles.trouble.error?.what ?? t("message.wrong"))] : incidents(troubles.body.incidents)));
  replaceKeepingFocus(part("checks"), ...listed());
  root.setAttribute("aria-busy", "false");
  await history();
}

part("over").addEventListener("change", () => look().catch(trouble));
part("run").addEventListener("click", async ({ currentTarget: button }) => {
  button.disabled = true;
  part("ran").textContent = t("quality.running");
  try {
    const { body } = await request(`${page.data}/run`, { body: {} });
    part("ran").textContent = counted("quality.ran", body.results.length);
    await look();
  } catch (cause) {
    part("ran").textContent = "";
    trouble(cause);
  } finally {
    button.disabled = false;
  }
});
onStateChange(() => {
  replaceKeepingFocus(part("checks"), ...listed());
  history()
    .then(() => part("history-tile").scrollIntoView({ block: "nearest" }))
    .catch(trouble);
});
await look().catch(trouble);
