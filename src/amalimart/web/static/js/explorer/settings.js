// The settings beside the shelves: days, comparison, totals, the best of a dimension, and the date counted by.
import { h } from "../dom.js";
import { t } from "../text.js";
import { ALL_DAYS, daysOf } from "./question.js";

const isDay = (text) => /^\d{4}-\d{2}-\d{2}$/.test(text);
const inOrder = (from, to) => (from <= to ? { from, to } : { from: to, to: from });

// Where other days are to be chosen, those of a year before are a start.
const yearBefore = ({ first, last }) => {
  const [from, to] = [first, last].map((day) => `${Number(day.slice(0, 4)) - 1}${day.slice(4)}`.replace("-02-29", "-02-28"));
  return { from, to };
};

const TOPS = [3, 5, 10, 20, 50];

const option = (value, text) => h("option", { value }, text);

export class Settings {
  constructor(form, { page, names, set }) {
    Object.assign(this, { form, page, names, set });
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", (event) => this.changed(event.target));
  }

  changed({ name, value }) {
    const { question, form } = this;
    if (name === "range") {
      if (value !== "custom") this.set({ range: value, from: null, to: null });
      else {
        const [from, to] = this.page.ranges[question.range] ?? this.page.ranges.last_30_days;
        this.set({ range: "custom", from, to });
      }
    } else if (name === "from" || name === "to") {
      const [from, to] = [form.elements.from.value, form.elements.to.value];
      if (isDay(from) && isDay(to)) this.set({ range: "custom", ...inOrder(from, to) });
    } else if (name === "compare") {
      this.set({ compare: value === "custom" ? yearBefore(daysOf(question, this.page.ranges)) : value || null });
    } else if (name === "compared_from" || name === "compared_to") {
      const [from, to] = [form.elements.compared_from.value, form.elements.compared_to.value];
      if (isDay(from) && isDay(to)) this.set({ compare: inOrder(from, to) });
    } else if (name === "totals") {
      this.set({ totals: value || null });
    } else if (name === "top") {
      this.set({ top: value ? { count: Number(value), dimension: form.elements.top_of.value || question.by[0], metric: question.top?.metric ?? null } : null });
    } else if (name === "top_of") {
      this.set({ top: question.top ? { ...question.top, dimension: value } : null });
    } else if (name === "time") {
      this.set({ time: value || null });
    }
  }

  show(question) {
    this.question = question;
    const { elements } = this.form;
    elements.range.value = question.range;
    this.form.querySelector("#days").hidden = question.range !== "custom";
    if (question.range === "custom") {
      for (const end of ["from", "to"]) if (document.activeElement !== elements[end]) elements[end].value = question[end];
    }
    this.showCompare(question);
    elements.totals.value = question.totals ?? "";
    elements.totals.closest("label").hidden = !question.by.length && !question.grain;
    this.showTop(question);
    this.showTimes(question);
  }

  showCompare(question) {
    const { elements } = this.form;
    const given = question.compare && typeof question.compare === "object" ? question.compare : null;
    elements.compare.value = given ? "custom" : (question.compare ?? "");
    elements.compare.disabled = question.range === ALL_DAYS;
    this.form.querySelector("#compared-days").hidden = !given;
    if (given) for (const end of ["from", "to"]) if (document.activeElement !== elements[`compared_${end}`]) elements[`compared_${end}`].value = given[end];
  }

  showTop(question) {
    const { top, top_of: of } = this.form.elements;
    const counts = [...new Set([...TOPS, ...(question.top ? [question.top.count] : [])])].sort((a, b) => a - b);
    top.replaceChildren(option("", t("explore.top_all")), ...counts.map((n) => option(String(n), t("explore.top_n", { n }))));
    top.value = question.top ? String(question.top.count) : "";
    top.closest("label").hidden = !question.by.length;
    of.replaceChildren(...question.by.map((name) => option(name, t("explore.top_of", { label: this.names.label(name) }))));
    of.value = question.top?.dimension ?? question.by[0] ?? "";
    of.closest("label").hidden = question.by.length < 2 || !question.top;
  }

  // Dates by which every metric of the question can be counted.
  showTimes(question) {
    const { time } = this.form.elements;
    const lists = question.metrics.map((name) => this.names.metric(name)?.times ?? []);
    const shared = lists.length ? lists[0].filter((each) => lists.every((list) => list.includes(each))) : [];
    const offered = [...new Set([...shared, ...(question.time ? [question.time] : [])])];
    time.replaceChildren(option("", t("explore.usual_date")), ...offered.map((name) => option(name, t("explore.by_date", { date: name.replaceAll("_", " ") }))));
    time.value = question.time ?? "";
    time.closest("label").hidden = offered.length < 2 && !question.time;
  }
}
