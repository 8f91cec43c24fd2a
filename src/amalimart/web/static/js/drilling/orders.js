// The orders that hold a product, below the dashboard on which it was chosen: its days and filters hold here, too.
import { request, Trouble, UNREACHABLE } from "../api.js";
import { h, label, replaceKeepingFocus } from "../dom.js";
import { watchEdges } from "../edges.js";
import { configureFormat, day, exact, memberLabel, NOTHING } from "../format.js";
import { Live } from "../live.js";
import { Message } from "../message.js";
import { calm, count, readTable } from "../reading/parts.js";
import { connectStateLinks, onStateChange, query } from "../state.js";
import { counted, t } from "../text.js";
import { connectThemeButton } from "../theme.js";
import { Toolbar } from "../toolbar.js";

const page = JSON.parse(document.querySelector("#page").textContent);
const root = document.querySelector("#orders");
const list = document.querySelector("#list");
const message = new Message(document.querySelector("#message"), root);
const PRODUCT = "product";
let tag = null;
let shownFor = null;
let release = null;

configureFormat(page);
connectThemeButton(document.querySelector("#theme"));
connectStateLinks();
watchEdges(document.querySelector("#dashboards"));

// The dashboard with the state of this page, and only the filters that are named.
function above(kept) {
  const state = query();
  for (const name of page.filters) if (!kept.includes(name)) state.delete(name);
  state.delete(PRODUCT);
  const text = state.toString();
  return text ? `${page.dashboard}?${text}` : page.dashboard;
}

// Each step of the way down, back to which its name leads; the last one is this page.
class Trail extends Toolbar {
  showTrail(state) {
    const filters = state.filters.filter((each) => each.dimension !== PRODUCT);
    const between = () => h("span", { class: "between", "aria-hidden": "true" }, "›");
    const steps = filters.flatMap((each, index) => [
      between(),
      h("a", { class: "step", href: above(filters.slice(0, index + 1).map((one) => one.dimension)) }, `${each.label}: `, label(each.value_label)),
    ]);
    this.trail.replaceChildren(h("a", { class: "step", href: above([]) }, page.title), ...steps, between(), h("span", { "aria-current": "page" }, label(this.product)));
  }
}

const toolbar = new Trail(document.querySelector("#toolbar"), page);
const live = new Live({
  element: document.querySelector("#live"),
  text: document.querySelector("#live-text"),
  seconds: page.poll_seconds,
  zone: page.zone,
  ask: () => look(),
});

const opener = (each) => (page.opens_orders ? h("a", { href: `/orders/${encodeURIComponent(each.order_id)}`, "data-key": each.order_id, "aria-label": t("work.open", { id: each.order_id }) }, label(each.order_id)) : label(each.order_id));

function table(lines) {
  const tells = "status" in lines[0];
  const heads = [[t("orders.order")], [t("orders.placed")], [t("orders.units"), "number"], [t("orders.amount"), "number"], ...(tells ? [[t("orders.status")], [t("orders.city")]] : [])];
  const rows = lines.map((each) => [
    opener(each),
    day(each.order_date),
    count(each.quantity),
    each.item_amount === null ? NOTHING : exact(each.item_amount, "money", each.currency),
    ...(tells ? [memberLabel(each.status), each.city === null ? NOTHING : label(memberLabel(each.city))] : []),
  ]);
  return readTable(t("orders.list"), heads, rows);
}

function show(body) {
  message.clear();
  root.hidden = false;
  toolbar.product = body.product.label;
  const title = t("orders.of", { product: body.product.label });
  document.querySelector("h1 bdi").textContent = title;
  document.title = `${title} · ${page.site}`;
  toolbar.show(body.state);
  const { lines, has_more: hasMore } = body;
  document.querySelector("#shown").textContent = hasMore ? t("orders.newest", { n: lines.length }) : counted("orders.shown", lines.length);
  replaceKeepingFocus(list, lines.length ? table(lines) : calm(t("orders.none"), t("orders.none_next")));
}

async function look() {
  const search = query().toString();
  try {
    const answer = await request(`${page.data}?${search}`, { tag: search === shownFor ? tag : null });
    if (answer.body) {
      tag = answer.tag;
      shownFor = search;
      show(answer.body);
    }
    release = answer.body?.release ?? answer.release ?? release;
    live.reached(answer.at, release);
  } catch (cause) {
    if (!(cause instanceof Trouble)) throw cause;
    if (cause.error.code === UNREACHABLE) live.lost();
    else live.refused();
    if (cause.error.code !== "not_signed_in" && (cause.error.code !== UNREACHABLE || !release)) {
      message.trouble(cause.error);
      root.hidden = true;
    }
  }
  root.setAttribute("aria-busy", "false");
}

onStateChange(look);
await look();
