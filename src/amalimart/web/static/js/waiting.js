// The most urgent of a work list on a dashboard: fetched beside the numbers, and then only when it changed.
import { request, Trouble } from "./api.js";
import { h, label, replaceKeepingFocus } from "./dom.js";
import { day, hoursUntil, memberLabel, NOTHING } from "./format.js";
import { scrolled } from "./table.js";
import { t } from "./text.js";

const HOUR = 3_600_000;
const shown = new Map();
let kept = { lists: [], tag: null };
let running = null;

// All lists of a page come in one answer, however many tiles show one.
const fetched = (address) =>
  (running ??= request(address, { tag: kept.tag })
    .then((answer) => {
      if (answer.body) kept = { lists: answer.body.lists, tag: answer.tag };
      return kept.lists;
    })
    .finally(() => {
      running = null;
    }));

function urgency(row) {
  if (!row.due_at) return day(row.order_date);
  const left = Date.parse(row.due_at) - Date.now();
  return h("span", { class: left < 0 ? "state bad" : left < 8 * HOUR ? "state near" : "state" }, t(left < 0 ? "work.late_by" : "work.left", { time: hoursUntil(left) }));
}

function line(row) {
  const id = row.order_id ?? row.shipment_id;
  const name = row.order_id ? h("a", { href: `/orders/${encodeURIComponent(row.order_id)}`, "data-key": row.shipment_id ?? row.order_id }, label(id)) : label(id);
  return h("tr", {}, h("th", { scope: "row" }, name, h("span", { class: "more" }, memberLabel(row.status))), h("td", {}, urgency(row)), h("td", { class: "text" }, row.city ? label(memberLabel(row.city)) : NOTHING));
}

function fill(body, tile, list) {
  const all = h("p", { class: "all" }, h("a", { href: `/work?list=${tile.list}`, "data-key": "all" }, t("work.all")));
  if (!list || list.error) {
    const said = list?.error ?? { what: t("work.not_for_you") };
    replaceKeepingFocus(body, h("div", { class: "calm" }, h("p", {}, said.what), said.next_step ? h("p", { class: "next" }, said.next_step) : null));
    return;
  }
  if (!list.rows.length) {
    replaceKeepingFocus(body, h("div", { class: "calm" }, h("p", {}, t("work.empty"))), all);
    return;
  }
  const dated = list.rows[0].due_at ? t("work.urgency") : t("work.placed");
  const head = h("tr", {}, [t("work.order"), dated, t("work.place")].map((name) => h("th", { scope: "col" }, name)));
  const table = h("table", { class: "waiting" }, h("caption", { class: "hidden" }, tile.title), h("thead", {}, head), h("tbody", {}, list.rows.slice(0, tile.limit).map(line)));
  replaceKeepingFocus(body, scrolled(table, tile.title), all);
}

// What waits may have changed while the numbers of the page have not.
export function lookAgain() {
  for (const [body, { tile, context }] of shown) look(body, tile, context);
}

export function renderWaiting(body, tile, context) {
  shown.set(body, { tile, context });
  look(body, tile, context);
  return true;
}

function look(body, tile, context) {
  fetched(context.work)
    .then((lists) => fill(body, tile, lists.find((each) => each.name === tile.list)))
    .catch((cause) => {
      if (!(cause instanceof Trouble)) context.report(body, cause);
      else fill(body, tile, { error: cause.error });
    });
}
