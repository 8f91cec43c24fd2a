// The list of payouts: what was earned, kept and paid, and what of it lines do not explain.
import { request, Trouble } from "../api.js";
import { h, label, replaceKeepingFocus } from "../dom.js";
import { watchEdges } from "../edges.js";
import { configureFormat, day, dayRange, exact, memberLabel, NOTHING } from "../format.js";
import { Message } from "../message.js";
import { calm, readTable } from "../reading/parts.js";
import { connectStateLinks, onStateChange, query } from "../state.js";
import { counted, t } from "../text.js";
import { connectThemeButton } from "../theme.js";
import { offerVendors } from "./picking.js";
import { money, payoutState } from "./words.js";

const page = JSON.parse(document.querySelector("#page").textContent);
const root = document.querySelector("#payouts");
const list = document.querySelector("#list");
const message = new Message(document.querySelector("#message"), root);

configureFormat(page);
connectThemeButton(document.querySelector("#theme"));
connectStateLinks();
watchEdges(document.querySelector("#dashboards"));

const open = (each) => h("a", { href: `/payouts/${encodeURIComponent(each.payout_id)}`, "data-key": each.payout_id, "aria-label": t("payouts.open", { id: each.payout_id }) }, label(each.payout_id));
const period = (each) => (each.period_start && each.period_end && each.period_start <= each.period_end ? dayRange(each.period_start, each.period_end) : NOTHING);
const left = (each) => (each.unexplained === null ? h("span", { class: "state near" }, t("payouts.no_lines")) : Number(each.unexplained) === 0 ? h("span", { class: "state good" }, t("payouts.explained")) : h("span", { class: "off" }, money(each.unexplained, each.currency)));

function table(payouts) {
  const heads = [[t("payouts.payout")], ...(page.picks ? [[t("payouts.vendor"), "text"]] : []), [t("payouts.paid_on")], [t("payouts.net"), "number"], [t("payouts.state")], [t("payouts.left"), "number"], [t("payouts.period")], [t("payouts.gross"), "number"], [t("payouts.commission"), "number"]];
  const rows = payouts.map((each) => [
    open(each),
    ...(page.picks ? [label(each.vendor ?? memberLabel(null))] : []),
    each.payout_date ? day(each.payout_date) : NOTHING,
    h("b", {}, exact(each.net_payout, "money", each.currency)),
    payoutState(each.status),
    left(each),
    period(each),
    money(each.gross_earnings, each.currency),
    money(each.platform_commission, each.currency),
  ]);
  return readTable(t("payouts.list"), heads, rows);
}

async function look() {
  const vendor = query().get("vendor");
  try {
    const { body } = await request(vendor ? `${page.data}?vendor=${encodeURIComponent(vendor)}` : page.data);
    message.clear();
    root.hidden = false;
    document.querySelector("#shown").textContent = counted("payouts.shown", body.payouts.length, body.has_more ? `${body.payouts.length}+` : body.payouts.length);
    replaceKeepingFocus(list, body.payouts.length ? table(body.payouts) : calm(t("payouts.none"), t("payouts.none_next")));
  } catch (cause) {
    if (!(cause instanceof Trouble)) throw cause;
    if (cause.error.code !== "not_signed_in") {
      message.trouble(cause.error);
      root.hidden = true;
    }
  }
  root.setAttribute("aria-busy", "false");
}

onStateChange(look);
await look();
await offerVendors(page, document.querySelector("#toolbar")?.elements.vendor).catch(() => undefined);
