// The dialog of one filter: how it compares, and which values, chosen from those that the reader may see.
import { Trouble } from "../api.js";
import { h, label } from "../dom.js";
import { memberLabel } from "../format.js";
import { t } from "../text.js";
import { SAID } from "./question.js";

const ORDERED = new Set(["integer", "decimal", "money", "date"]);
const PAUSE = 180;

// Resolves to the filter, or to null where it is taken off, or to undefined where nothing changed.
export function askFilter(dimension, { names, values, given = null }) {
  return new Promise((resolve) => new FilterDialog(dimension, { names, values, given, resolve }));
}

class FilterDialog {
  constructor(dimension, { names, values, given, resolve }) {
    Object.assign(this, { dimension, values, given, resolve });
    const entry = names.dimension(dimension);
    this.chosen = new Set(given?.values ?? []);
    this.isOrdered = ORDERED.has(entry?.type);
    const operators = ["in", "not in", ...(this.isOrdered ? [">=", "<="] : [])];
    const now = { "=": "in", "!=": "not in", "<": "<", ">": ">" }[given?.operator] ?? given?.operator ?? "in";
    if (!operators.includes(now)) operators.push(now);
    this.operator = h("select", { name: "operator" }, operators.map((each) => h("option", { value: each, selected: each === now }, t(`explore.operator.${SAID[each]}`))));
    this.search = h("input", { type: "search", autocomplete: "off", maxlength: 200, placeholder: t("explore.find_values"), "aria-label": t("explore.find_values") });
    this.list = h("ul", { class: "value-list" });
    this.said = h("p", { class: "hint", role: "status" });
    this.alert = h("p", { class: "hint explorer-alert", role: "alert" });
    this.typed = h("input", { type: entry?.type === "date" ? "date" : "text", maxlength: 200, "aria-label": t("explore.value"), value: given?.values[0] ?? "" });
    this.picker = h("div", { class: "value-picker" }, h("div", { class: "field" }, this.search), this.list, this.said);
    this.one = h("div", { class: "field" }, this.typed);
    const cancel = h("button", { type: "button", class: "plain", onclick: () => this.dialog.close() }, t("quality.cancel"));
    const off = given ? h("button", { type: "button", class: "plain", onclick: () => this.end(null) }, t("explore.take_off")) : null;
    const form = h("form", {}, h("h2", { id: "filter-title" }, t("explore.filter_by", { label: names.label(dimension) })), h("label", {}, h("span", {}, t("explore.how")), this.operator), this.picker, this.one, this.alert, h("div", { class: "actions" }, h("button", { type: "submit", class: "primary" }, t("explore.apply")), cancel, off));
    this.dialog = h("dialog", { class: "ask explorer-filter", "aria-labelledby": "filter-title" }, form);
    form.addEventListener("submit", (event) => this.submitted(event));
    this.operator.addEventListener("change", () => this.turn());
    this.search.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.look(), PAUSE);
    });
    this.dialog.addEventListener("close", () => {
      this.looking?.abort();
      this.dialog.remove();
      resolve(this.outcome);
    });
    document.body.append(this.dialog);
    this.dialog.showModal();
    this.turn();
    this.look();
  }

  get isList() {
    return this.operator.value === "in" || this.operator.value === "not in";
  }

  turn() {
    this.picker.hidden = !this.isList || this.hasNoList;
    this.one.hidden = this.isList && !this.hasNoList;
    (this.picker.hidden ? this.typed : this.search).focus();
  }

  async look() {
    this.looking?.abort();
    const turn = (this.looking = new AbortController());
    try {
      const found = await this.values.listed(this.dimension, this.search.value.trim(), turn.signal);
      this.offer(found.values, Boolean(found.next));
    } catch (cause) {
      if (cause.name === "AbortError") return;
      if (!(cause instanceof Trouble)) throw cause;
      // Some dimensions are counted and have no list: their value is written.
      if (cause.error.code === "invalid_filter") {
        this.hasNoList = true;
        this.turn();
      } else this.alert.textContent = cause.error.what;
    }
  }

  offer(found, hasMore) {
    const listed = new Set(found.map((each) => each.key));
    const kept = [...this.chosen].filter((key) => !listed.has(key)).map((key) => ({ key, label: this.values.known(this.dimension, key) }));
    const items = [...kept, ...found].map((each) => {
      const box = h("input", { type: "checkbox", value: each.key });
      box.checked = this.chosen.has(each.key);
      box.addEventListener("change", () => (box.checked ? this.chosen.add(each.key) : this.chosen.delete(each.key)));
      return h("li", {}, h("label", {}, box, label(each.label === each.key ? memberLabel(each.key) : each.label)));
    });
    this.list.replaceChildren(...items);
    this.said.textContent = !items.length ? t("explore.no_values") : hasMore ? t("explore.more_values") : "";
  }

  submitted(event) {
    event.preventDefault();
    const isTyped = this.picker.hidden;
    const values = isTyped ? [this.typed.value.trim()].filter(Boolean) : [...this.chosen];
    if (!values.length) {
      this.alert.textContent = t("explore.choose_value");
      return;
    }
    this.end({ dimension: this.dimension, operator: this.operator.value, values });
  }

  end(outcome) {
    this.outcome = outcome;
    this.dialog.close();
  }
}
