// The controls above the tiles. They show the state the interface understood and write new state to the address.
import { h, label } from "./dom.js";
import { dayRange } from "./format.js";
import { addressWith, go } from "./state.js";
import { t } from "./text.js";

const ISO_DAY = /^\d{4}-\d{2}-\d{2}$/;

export class Toolbar {
  constructor(form, page) {
    this.form = form;
    this.page = page;
    this.offered = {};
    this.days = form.querySelector("#days");
    this.period = form.querySelector("#period");
    this.trail = document.querySelector("#trail");
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", (event) => this.changed(event.target));
  }

  changed(control) {
    if (control.name === "range") this.rangeChosen(control.value);
    else if (control.name === "from" || control.name === "to") this.daysChosen();
    else if (control.name === "grain") go(addressWith({ grain: control.value }));
    else if ("filter" in control.dataset) go(addressWith({ [control.name]: control.value }));
  }

  // A range and a grain that no longer fit each other are a poor start: the grain is chosen anew.
  rangeChosen(value) {
    if (value === "custom") {
      this.days.hidden = false;
      this.form.elements.from.value = this.state.first;
      this.form.elements.to.value = this.state.last;
      go(addressWith({ range: "custom", from: this.state.first, to: this.state.last, grain: null }));
    } else {
      go(addressWith({ range: value === this.page.range ? null : value, from: null, to: null, grain: null }));
    }
  }

  daysChosen() {
    const [from, to] = [this.form.elements.from.value, this.form.elements.to.value];
    if (ISO_DAY.test(from) && ISO_DAY.test(to)) {
      const [first, last] = from <= to ? [from, to] : [to, from];
      go(addressWith({ range: "custom", from: first, to: last, grain: null }));
    }
  }

  show(state) {
    this.state = state;
    const { elements } = this.form;
    elements.range.value = state.range;
    if (elements.grain) elements.grain.value = state.grain;
    this.days.hidden = state.range !== "custom";
    if (document.activeElement !== elements.from) elements.from.value = state.first;
    if (document.activeElement !== elements.to) elements.to.value = state.last;
    for (const control of this.form.querySelectorAll("[data-filter]")) {
      const set = state.filters.find((each) => each.dimension === control.name);
      if (set && ![...control.options].some((option) => option.value === set.key)) control.append(h("option", { value: set.key }, set.value_label));
      control.value = set?.key ?? "";
    }
    this.period.textContent = dayRange(state.first, state.last);
    this.period.title = t("dashboard.compared_with", { days: dayRange(state.previous_first, state.previous_last) });
    this.showTrail(state);
  }

  showTrail(state) {
    if (!state.filters.length) {
      this.trail.replaceChildren();
      return;
    }
    const none = Object.fromEntries(state.filters.map((each) => [each.dimension, null]));
    const chips = state.filters.flatMap((each) => [
      h("span", { class: "between", "aria-hidden": "true" }, "›"),
      h(
        "span",
        { class: "chip" },
        h("span", { class: "text" }, `${each.label}: `, label(each.value_label, { class: "strong" })),
        h("a", { href: addressWith({ [each.dimension]: null }), "data-state-link": true, "aria-label": t("dashboard.remove_filter", { label: each.label }) }, "×"),
      ),
    ]);
    this.trail.replaceChildren(h("a", { class: "step", href: addressWith(none), "data-state-link": true }, t("dashboard.whole")), ...chips);
  }

  // A list that could not be told leaves the filter as it is, and so does one that has not changed: it may be open.
  offer(lists) {
    for (const [dimension, values] of Object.entries(lists)) {
      const told = JSON.stringify(values);
      if (!values || told === this.offered[dimension]) continue;
      this.offered[dimension] = told;
      const control = this.form.querySelector(`[data-filter][name="${CSS.escape(dimension)}"]`);
      control?.replaceChildren(control.options[0], ...values.map((each) => h("option", { value: each.key }, each.label)));
    }
  }
}
