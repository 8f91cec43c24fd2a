// The fields to choose from: metrics, dimensions and grains of time. What does not fit says why.
import { h, label } from "../dom.js";
import { counted, t } from "../text.js";
import { funnel } from "./icons.js";
import { reason } from "./refusal.js";
import { subject } from "./names.js";

const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const GRAINS = ["day", "week", "month", "quarter", "year", "fiscal_quarter", "fiscal_year"];
const SHOWN = { metric: ["metric"], dimension: ["dimension", "grain"] };
const LISTS = { metric: "metrics", dimension: "dimensions", grain: "grains" };

export class Fields {
  // `choose` takes a field, `filter` a dimension to filter by, `held` says what is being dragged.
  constructor(root, { names, choose, filter, held }) {
    Object.assign(this, { root, names, choose, filter, held });
    this.search = root.querySelector("input[type=search]");
    this.list = root.querySelector("#field-list");
    this.why = root.querySelector("#why");
    this.found = root.querySelector("#fields-found");
    this.refusals = new Map();
    this.used = new Set();
    this.buttons = [];
    this.kinds = root.querySelector("#field-kinds");
    this.kinds.addEventListener("change", () => this.find());
    this.fill();
    this.find();
    this.search.addEventListener("input", () => this.find());
    this.list.addEventListener("pointerover", (event) => this.explain(event.target));
    this.list.addEventListener("focusin", (event) => this.explain(event.target));
    this.list.addEventListener("keydown", (event) => this.moved(event));
  }

  fill() {
    const bySubject = new Map();
    for (const each of this.names.metrics) bySubject.set(each.subject ?? "", [...(bySubject.get(each.subject ?? "") ?? []), each]);
    const groups = [...bySubject].map(([name, entries]) => this.group(name ? subject(name) : t("catalogue.metrics"), entries.map((each) => this.field("metric", each))));
    groups.push(this.group(t("explore.grains"), GRAINS.map((name) => this.field("grain", { name }))));
    groups.push(this.group(t("catalogue.dimensions"), this.names.dimensions.map((each) => this.field("dimension", each))));
    this.list.replaceChildren(...groups);
  }

  group(title, items) {
    return h("section", { class: "field-group" }, h("h3", {}, title), h("ul", {}, items));
  }

  field(kind, entry) {
    const name = kind === "grain" ? t(`grain.${entry.name}`) : this.names.label(entry.name);
    const field = { kind, name: entry.name };
    const button = h("button", { type: "button", class: `field-name of-${kind}`, draggable: "true", "data-kind": kind, "data-name": entry.name, "data-key": `field:${kind}:${entry.name}` }, label(name));
    button.addEventListener("click", () => this.pressed(field));
    button.addEventListener("dragstart", (event) => this.dragged(event, field));
    button.addEventListener("dragend", () => this.held.drop());
    const words = [name, entry.name, entry.definition, entry.definition_fr, entry.description, entry.description_fr, ...(entry.aliases ?? []), ...(entry.synonyms ?? []), entry.label, entry.label_fr].filter(Boolean).join(" ");
    const item = h("li", {}, button);
    if (kind === "dimension") {
      const filter = h("button", { type: "button", class: "quiet field-filter", "aria-label": t("explore.filter_by", { label: name }), title: t("explore.filter_by", { label: name }), "data-kind": kind, "data-name": entry.name }, funnel());
      filter.addEventListener("click", () => (this.refusal(field) ? this.say(field) : this.filter(entry.name)));
      item.append(filter);
    }
    this.buttons.push({ field, button, item, words: folded(words), title: this.names.about(entry) });
    return item;
  }

  refusal({ kind, name }) {
    return this.refusals.get(`${kind} ${name}`) ?? null;
  }

  pressed(field) {
    if (this.refusal(field)) this.say(field);
    else this.choose(field);
  }

  dragged(event, field) {
    if (this.refusal(field)) {
      event.preventDefault();
      this.say(field);
      return;
    }
    event.dataTransfer.setData("text/plain", field.name);
    event.dataTransfer.effectAllowed = "copy";
    this.held.take({ ...field, from: null });
  }

  // Up and down go through the list; Tab leaves it.
  moved(event) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const shown = this.buttons.filter((each) => !each.item.hidden).map((each) => each.button);
    const at = shown.indexOf(document.activeElement);
    const next = shown[at + (event.key === "ArrowDown" ? 1 : -1)];
    if (at < 0 || !next) return;
    event.preventDefault();
    next.focus();
  }

  explain(target) {
    const { kind, name } = target.closest("[data-kind]")?.dataset ?? {};
    if (kind && this.refusal({ kind, name })) this.say({ kind, name });
    else this.why.replaceChildren();
  }

  say(field) {
    this.why.replaceChildren(...reason(this.refusal(field)));
  }

  // What fits the question now.
  fit(found) {
    this.refusals.clear();
    for (const [kind, list] of Object.entries(LISTS)) for (const each of found[list]) if (each.refusal) this.refusals.set(`${kind} ${each.name}`, each.refusal);
    this.mark();
  }

  use(question) {
    const own = (name) => this.names.byName.get(name)?.entry.name ?? name;
    this.used = new Set([...question.metrics.map((name) => `metric ${own(name)}`), ...question.by.map((name) => `dimension ${own(name)}`), `grain ${question.grain}`]);
    this.mark();
  }

  mark() {
    for (const { field, button, title } of this.buttons) {
      const refusal = this.refusal(field);
      const isUsed = this.used.has(`${field.kind} ${field.name}`);
      button.setAttribute("aria-pressed", String(isUsed));
      button.setAttribute("aria-disabled", String(Boolean(refusal)));
      if (refusal) button.setAttribute("aria-describedby", "why");
      else button.removeAttribute("aria-describedby");
      button.draggable = !refusal;
      button.title = refusal ? refusal.what : title;
    }
  }

  // Shows the fields of one kind.
  turn(kind) {
    this.kinds.querySelector(`[value="${kind}"]`).checked = true;
    this.search.value = "";
    this.find();
    this.list.scrollTop = 0;
  }

  find() {
    const sought = folded(this.search.value.trim()).split(/\s+/).filter(Boolean);
    const kind = this.kinds.querySelector(":checked").value;
    let count = 0;
    for (const { field, item, words } of this.buttons) {
      item.hidden = !(SHOWN[kind].includes(field.kind) && sought.every((word) => words.includes(word)));
      if (!item.hidden) count += 1;
    }
    for (const group of this.list.children) group.hidden = ![...group.querySelectorAll("li")].some((item) => !item.hidden);
    this.found.textContent = sought.length ? (count ? counted("catalogue.found", count) : t("catalogue.nothing")) : "";
  }
}
