// The timeline of one order: what happened to it, day by day.
import { request, Trouble } from "../api.js";
import { h, label } from "../dom.js";
import { watchEdges } from "../edges.js";
import { configureFormat, day, exact, memberLabel, rounded } from "../format.js";
import { Message } from "../message.js";
import { calm } from "../reading/parts.js";
import { t } from "../text.js";
import { connectThemeButton } from "../theme.js";

const page = JSON.parse(document.querySelector("#page").textContent);
const root = document.querySelector("#order");
const message = new Message(document.querySelector("#message"), root);

configureFormat(page);
connectThemeButton(document.querySelector("#theme"));
watchEdges(document.querySelector("#dashboards"));

const money = (each) => (each.amount === null || each.amount === undefined ? null : exact(each.amount, "money", each.currency));
const low = (value) => memberLabel(value).toLowerCase();

const TELL = {
  ordered: (each) => ["", t("work.ordered"), money(each)],
  payment: (each) => [each.status === "FAILED" ? "bad" : each.status === "SUCCESS" ? "good" : "", t("work.payment_event", { status: low(each.status) }), [memberLabel(each.method), money(each)].filter(Boolean).join(" · ")],
  status: (each) => [
    ["CANCELLED", "REJECTED"].includes(each.status) ? "bad" : each.status === "COMPLETED" ? "good" : "",
    t("work.status_event", { status: low(each.status) }),
    [each.previous_status && each.previous_status !== "UNKNOWN" ? t("work.from_status", { status: low(each.previous_status) }) : null, each.changed_by && each.changed_by !== "UNKNOWN" ? t("work.by_whom", { who: low(each.changed_by) }) : null, each.hours_in_status === null ? null : t("work.after_hours", { n: rounded(each.hours_in_status, Number(each.hours_in_status) < 10 ? 1 : 0) })].filter(Boolean).join(" · "),
  ],
  promised: (each) => [each.is_failed ? "bad" : "", t("work.promised_event"), [`${t("work.parcel")} ${each.shipment_id}`, memberLabel(each.city), each.is_failed ? t("work.failed_event") : memberLabel(each.status)].join(" · ")],
  delivered: (each) => [each.is_on_time ? "good" : "bad", t("work.delivered_event"), [`${t("work.parcel")} ${each.shipment_id}`, each.is_on_time ? t("work.on_time") : t("work.late_delivery")].join(" · ")],
  return: (each) => ["", t("work.return_event", { status: low(each.status) }), [each.reason ? memberLabel(each.reason) : null, money(each)].filter(Boolean).join(" · ")],
};

function happened(each) {
  const [tone, what, more] = TELL[each.kind](each);
  return h("li", { class: tone || null }, h("time", { datetime: each.day }, day(each.day)), h("p", { class: "what" }, what), more ? h("p", { class: "hint" }, label(more)) : null);
}

function facts(order) {
  const pairs = [
    [t("work.status"), memberLabel(order.status)],
    [t("work.total"), exact(order.total_amount, "money", order.currency)],
    [t("work.payment"), memberLabel(order.payment_kind)],
    [t("work.place"), [order.shipping_city, order.shipping_region].filter(Boolean).map((each) => memberLabel(each)).join(", ")],
  ];
  return h("dl", { class: "facts", "aria-label": t("work.facts") }, pairs.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, label(value)))));
}

try {
  const { body } = await request(page.data);
  const parts = [body.order ? facts(body.order) : null, body.events.length ? h("ol", { class: "timeline" }, body.events.map(happened)) : calm(t("work.nothing_yet"))];
  root.querySelector("#events").replaceChildren(...parts.filter(Boolean));
} catch (cause) {
  if (!(cause instanceof Trouble)) throw cause;
  root.querySelector("#events").replaceChildren();
  if (cause.error.code !== "not_signed_in") {
    message.trouble({ ...cause.error, retryable: true });
    root.hidden = true;
  }
}
root.setAttribute("aria-busy", "false");
