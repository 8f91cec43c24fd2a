// The work list: fetched once and then only when something changed; how urgent each row is counts on by itself.
import { request, Trouble, UNREACHABLE } from "../api.js";
import { h, label, replaceKeepingFocus } from "../dom.js";
import { watchEdges } from "../edges.js";
import { configureFormat, day, hoursUntil, memberLabel, NOTHING } from "../format.js";
import { Live } from "../live.js";
import { Message } from "../message.js";
import { calm, readTable } from "../reading/parts.js";
import { addressWith, connectStateLinks, onStateChange } from "../state.js";
import { counted, t } from "../text.js";
import { connectThemeButton } from "../theme.js";

const page = JSON.parse(document.querySelector("#page").textContent);
const root = document.querySelector("#work");
const choice = document.querySelector("#lists");
const form = document.querySelector("#find");
const message = new Message(document.querySelector("#message"), root);
const HOUR = 3_600_000;
let lists = [];
let tag = null;

configureFormat(page);
connectThemeButton(document.querySelector("#theme"));
connectStateLinks();
watchEdges(document.querySelector("#dashboards"));

const live = new Live({
  element: document.querySelector("#live"),
  text: document.querySelector("#live-text"),
  seconds: page.poll_seconds,
  zone: page.zone,
  ask: () => look(),
});

const wanted = () => new URLSearchParams(location.search);
const current = () => lists.find((each) => each.name === wanted().get("list")) ?? lists.find((each) => each.rows.length) ?? lists[0];

// How late it is, or how long there is left, by the clock of the engine.
function urgency(row) {
  if (!row.due_at) return NOTHING;
  const left = Date.parse(row.due_at) - (Date.now() + live.skew);
  if (left < 0) return h("span", { class: "state bad" }, t("work.late_by", { time: hoursUntil(left) }));
  return h("span", { class: left < 8 * HOUR ? "state near" : "state" }, t("work.left", { time: hoursUntil(left) }));
}

const matches = (row, text) => [row.order_id, row.shipment_id, row.city, row.region, row.partner, row.status].some((value) => value && String(value).toLowerCase().includes(text));
const placeOf = (row) => (row.region && row.region !== row.city ? [label(memberLabel(row.city)), h("span", { class: "more" }, label(memberLabel(row.region)))] : label(memberLabel(row.city)));
const opener = (row) => (row.order_id ? h("a", { href: `/orders/${encodeURIComponent(row.order_id)}`, "data-key": row.shipment_id ?? row.order_id, "aria-label": t("work.open", { id: row.order_id }) }, label(row.order_id)) : NOTHING);

function tableOf({ name, rows }) {
  if (name === "failed_orders") {
    const heads = [[t("work.order")], [t("work.status")], [t("work.placed")], [t("work.place")], [t("work.payment")]];
    return readTable(t(`work.${name}`), heads, rows.map((row) => [opener(row), memberLabel(row.status), day(row.order_date), placeOf(row), row.payment_method ? memberLabel(row.payment_method) : NOTHING]));
  }
  const isFailed = name === "failed";
  const heads = [[t("work.order")], [isFailed ? t("work.placed") : t("work.urgency")], [t("work.promised")], [t("work.place")], [t("work.status")], [t("work.partner")], [t("work.parcel")]];
  return readTable(
    t(`work.${name}`),
    heads,
    rows.map((row) => [
      opener(row),
      isFailed ? day(row.order_date) : urgency(row),
      row.promised_date ? day(row.promised_date) : NOTHING,
      placeOf(row),
      [memberLabel(row.status), row.is_express ? h("span", { class: "more" }, t("work.express")) : null],
      row.partner ? label(row.partner) : NOTHING,
      label(row.shipment_id),
    ]),
  );
}

function draw() {
  const shown = current();
  const text = form.elements.find.value.trim().toLowerCase();
  const links = lists.map((each) =>
    h("a", { href: addressWith({ list: each.name }), "data-state-link": true, "data-key": each.name, "aria-current": each === shown ? "true" : null }, t(`work.${each.name}`), h("b", {}, each.has_more ? `${each.rows.length}+` : String(each.rows.length))),
  );
  replaceKeepingFocus(choice, ...links);
  if (!shown) return;
  const rows = text ? shown.rows.filter((row) => matches(row, text)) : shown.rows;
  document.querySelector("#title-list").textContent = t(`work.${shown.name}`);
  document.querySelector("#shown").textContent = shown.error ? "" : [counted("work.shown", rows.length), shown.has_more ? t("work.more", { n: shown.rows.length }) : ""].filter(Boolean).join(" · ");
  const body = document.querySelector("#list");
  if (shown.error) replaceKeepingFocus(body, calm(shown.error.what, shown.error.next_step));
  else if (!rows.length) replaceKeepingFocus(body, text ? calm(t("work.not_found")) : calm(t("work.empty"), t("work.empty_next")));
  else replaceKeepingFocus(body, tableOf({ ...shown, rows }));
}

async function look() {
  try {
    const answer = await request(page.data, { tag });
    if (answer.body) {
      tag = answer.tag;
      lists = answer.body.lists;
      live.last = answer.body;
      message.clear();
      root.hidden = false;
    }
    live.reached(answer.at, live.last);
    draw();
    root.setAttribute("aria-busy", "false");
  } catch (cause) {
    if (!(cause instanceof Trouble)) throw cause;
    if (cause.error.code === UNREACHABLE) live.lost();
    if (cause.error.code !== "not_signed_in" && (cause.error.code !== UNREACHABLE || !lists.length)) message.trouble({ ...cause.error, retryable: true });
    root.hidden = !lists.length;
    root.setAttribute("aria-busy", "false");
  }
}

form.addEventListener("input", draw);
form.addEventListener("submit", (event) => event.preventDefault());
onStateChange(draw);
await look();
