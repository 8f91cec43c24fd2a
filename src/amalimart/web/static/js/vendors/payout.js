// One payout: its statement, the way to it from the sales of its period, and its lines.
import { request, Trouble } from "../api.js";
import { h, label } from "../dom.js";
import { watchEdges } from "../edges.js";
import { configureFormat, day, dayRange, memberLabel, NOTHING } from "../format.js";
import { Message } from "../message.js";
import { calm, readTable } from "../reading/parts.js";
import { scrolled } from "../table.js";
import { counted, t } from "../text.js";
import { connectThemeButton } from "../theme.js";
import { money, payoutState } from "./words.js";

const page = JSON.parse(document.querySelector("#page").textContent);
const root = document.querySelector("#payout");
const message = new Message(document.querySelector("#message"), root);
const place = (name) => document.querySelector(`#${name}`);

configureFormat(page);
connectThemeButton(place("theme"));
watchEdges(place("dashboards"));

function statement(payout) {
  const hasPeriod = payout.period_start && payout.period_end && payout.period_start <= payout.period_end;
  const pairs = [
    page.picks ? [t("payouts.vendor"), label(payout.vendor ?? memberLabel(null))] : null,
    [t("payouts.state"), payoutState(payout.status)],
    [t("payouts.paid_on"), payout.payout_date ? day(payout.payout_date) : NOTHING],
    [t("payouts.period"), hasPeriod ? dayRange(payout.period_start, payout.period_end) : t("payouts.no_period")],
    [t("payouts.gross"), money(payout.gross_earnings, payout.currency)],
    [t("payouts.commission"), money(payout.platform_commission, payout.currency)],
    [t("payouts.fees"), money(payout.fees, payout.currency)],
    [t("payouts.net"), h("b", {}, money(payout.net_payout, payout.currency))],
  ].filter(Boolean);
  return h("dl", { class: "facts", "aria-label": t("payouts.statement") }, pairs.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

// A waterfall in words and numbers: each bar starts where the one before it ended.
function waterfall(steps, currency) {
  const shown = steps.filter((step) => step.is_total || step.name === "unexplained" || !step.is_known || Number(step.amount) !== 0);
  let running = 0;
  const bars = shown.map((step) => {
    const amount = Number(step.amount);
    const from = step.is_total ? 0 : running;
    running = step.is_total ? amount : running + amount;
    return { step, low: Math.min(from, running), high: Math.max(from, running) };
  });
  const least = Math.min(0, ...bars.map((each) => each.low));
  const span = Math.max(0, ...bars.map((each) => each.high)) - least || 1;
  const lines = bars.map(({ step, low, high }) => {
    const isOpen = step.name === "unexplained" && Number(step.amount) !== 0;
    const tone = step.is_total ? "total" : isOpen ? "open" : Number(step.amount) < 0 ? "takes" : "adds";
    const amount = step.is_known ? money(step.amount, currency) : t("payouts.not_known");
    return h(
      "tr",
      { class: tone, "data-step": step.name },
      h("th", { scope: "row" }, t(`payouts.step.${step.name}`), h("span", { class: "more" }, t(`payouts.step_why.${step.name}`))),
      h("td", { class: "fall", "aria-hidden": "true" }, h("span", { "--from": ((low - least) / span).toFixed(4), "--share": ((high - low) / span).toFixed(4) })),
      h("td", { class: "number" }, amount),
    );
  });
  const head = h("tr", {}, h("th", { scope: "col" }, t("payouts.step_head")), h("td", { class: "fall", "aria-hidden": "true" }), h("th", { scope: "col", class: "number" }, t("payouts.amount")));
  return scrolled(h("table", { class: "waterfall" }, h("caption", { class: "hidden" }, t("payouts.why")), h("thead", {}, head), h("tbody", {}, lines)), t("payouts.why"));
}

function sentence(steps, payout) {
  const left = steps.find((step) => step.name === "unexplained");
  if (!left) return t("payouts.too_many");
  if (payout.earned_amount === null) return t("payouts.without_lines");
  return Number(left.amount) === 0 ? t("payouts.whole") : t("payouts.open_rest", { amount: money(left.amount, payout.currency) });
}

function lines({ lines: found, payout }) {
  const heads = [[t("payouts.order")], [t("payouts.product"), "text"], [t("payouts.ordered_on")], [t("payouts.item"), "number"], [t("payouts.commission"), "number"], [t("payouts.earned"), "number"]];
  const order = (each) => (each.order_id === null ? NOTHING : page.opens_orders ? h("a", { href: `/orders/${encodeURIComponent(each.order_id)}` }, label(each.order_id)) : label(each.order_id));
  const rows = found.map((each) => [
    order(each),
    label(each.product ?? memberLabel(null)),
    [each.order_date ? day(each.order_date) : NOTHING, each.is_carried ? h("span", { class: "more" }, t("payouts.carried")) : null],
    money(each.line_item_amount, payout.currency),
    money(each.line_commission_amount, payout.currency),
    money(each.amount, each.currency),
  ]);
  return readTable(t("payouts.lines"), heads, rows);
}

try {
  const { body } = await request(page.data);
  place("statement").replaceChildren(statement(body.payout));
  place("why").replaceChildren(h("p", { class: "said" }, sentence(body.steps, body.payout)), ...(body.steps.length ? [waterfall(body.steps, body.payout.currency)] : []));
  place("lines").replaceChildren(body.lines.length ? lines(body) : calm(t("payouts.no_lines_long")));
  place("shown").textContent = [counted("payouts.line_count", body.line_count), body.has_more ? t("payouts.more_lines", { n: body.lines.length }) : ""].filter(Boolean).join(" · ");
} catch (cause) {
  if (!(cause instanceof Trouble)) throw cause;
  if (cause.error.code !== "not_signed_in") {
    message.trouble({ ...cause.error, retryable: true });
    root.hidden = true;
  }
}
root.setAttribute("aria-busy", "false");
