// The catalogue: fetched once, searched here. What is sought and what is open stands in the address.
import { request, Trouble } from "../api.js";
import { h, label } from "../dom.js";
import { watchEdges } from "../edges.js";
import { configureFormat } from "../format.js";
import { Message } from "../message.js";
import { connectStateLinks, onStateChange } from "../state.js";
import { counted, t } from "../text.js";
import { connectThemeButton } from "../theme.js";
import { entriesOf, finding } from "./entries.js";
import { EntryView } from "./entry.js";

const page = JSON.parse(document.querySelector("#page").textContent);
const root = document.querySelector("#catalogue");
const form = document.querySelector("#find");
const list = document.querySelector("#entries");
const message = new Message(document.querySelector("#message"), root);
const SINGULAR = { metrics: "metric", dimensions: "dimension", tables: "table", columns: "column" };
const MOST = 200;

configureFormat(page);
connectThemeButton(document.querySelector("#theme"));
connectStateLinks();
watchEdges(document.querySelector("#dashboards"));

const wanted = () => {
  const asked = new URLSearchParams(location.search);
  return { text: asked.get("find") ?? "", kind: asked.get("kind") ?? "all", column: asked.get("column") };
};

function opened(entries) {
  const [kind, name] = location.pathname.slice(page.here.length + 1).split("/").map(decodeURIComponent);
  if (!name) return null;
  const found = entries.find((each) => each.kind === kind && each.key === name) ?? entries.find((each) => each.kind === kind && each.source.aliases?.includes(name));
  return found ? { ...found, column: wanted().column } : undefined;
}

const addressOf = (entry) => {
  const asked = new URLSearchParams(location.search);
  asked.delete("column");
  if (entry.column) asked.set("column", entry.column);
  const text = asked.toString();
  return `${page.here}/${entry.kind === "columns" ? "tables" : entry.kind}/${encodeURIComponent(entry.key)}${text ? `?${text}` : ""}`;
};

function showList(entries, current) {
  const { text, kind } = wanted();
  const hits = finding(entries, text, kind);
  document.querySelector("#found").textContent = hits.length ? counted("catalogue.found", hits.length) : "";
  const items = hits.slice(0, MOST).map((each) => {
    const isCurrent = current && each.source === current.source && (each.column ?? null) === (current.column ?? null);
    return h(
      "li",
      {},
      h("a", { href: addressOf(each), "data-state-link": true, "aria-current": isCurrent ? "true" : null }, label(each.name, { class: "name" }), h("span", { class: "kind" }, t(`catalogue.${SINGULAR[each.kind]}`)), h("span", { class: "about" }, each.about)),
    );
  });
  list.replaceChildren(...(items.length ? items : [h("li", { class: "calm" }, h("p", {}, t("catalogue.nothing")), h("p", { class: "next" }, t("catalogue.nothing_next")))]));
}

function follow(entries, view) {
  const { text, kind } = wanted();
  if (document.activeElement !== form.elements.find) form.elements.find.value = text;
  form.elements.kind.value = kind;
  const entry = opened(entries);
  message.clear();
  if (entry === undefined) message.show(h("h2", {}, t("catalogue.nothing")), h("p", {}, t("catalogue.nothing_next")));
  showList(entries, entry);
  if (entry?.source !== view.entry?.source || entry?.column !== view.entry?.column || !view.isDrawn) {
    const isMoved = view.isDrawn;
    view.isDrawn = true;
    view.show(entry ?? null);
    list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
    if (isMoved && entry) view.root.querySelector("h2").focus({ preventScroll: innerWidth > 900 });
  }
}

try {
  const { body } = await request(page.data);
  const entries = entriesOf(body);
  const view = new EntryView({ page, body, root: document.querySelector("#entry") });
  if (!body.tables.length) for (const kind of ["tables", "columns"]) form.querySelector(`[value=${kind}]`).closest("label").remove();
  const search = () => {
    const asked = new URLSearchParams(location.search);
    for (const [name, value] of [["find", form.elements.find.value.trim()], ["kind", form.elements.kind.value]]) {
      if (value && value !== "all") asked.set(name, value);
      else asked.delete(name);
    }
    const said = asked.toString();
    history.replaceState(history.state, "", said ? `${location.pathname}?${said}` : location.pathname);
    follow(entries, view);
  };
  form.addEventListener("input", search);
  form.addEventListener("submit", (event) => event.preventDefault());
  onStateChange(() => follow(entries, view));
  follow(entries, view);
  root.setAttribute("aria-busy", "false");
} catch (cause) {
  if (!(cause instanceof Trouble)) throw cause;
  root.setAttribute("aria-busy", "false");
  message.trouble({ ...cause.error, retryable: true });
}
