// The shelves: what the question holds. Chips are put there by dragging, pressed, moved by arrow keys and taken off.
import { h, label, replaceKeepingFocus } from "../dom.js";
import { t } from "../text.js";
import { SAID } from "./question.js";

const TAKES = { metrics: ["metric"], by: ["dimension", "grain"], filters: ["dimension"] };

export class Shelves {
  // `put` puts a field on a shelf, `move` moves one within it, `take` takes one off, `open` opens a filter.
  constructor(root, { names, values, held, put, move, take, open, add }) {
    Object.assign(this, { root, names, values, held, put, move, take, open });
    for (const shelf of root.querySelectorAll("[data-shelf]")) {
      shelf.addEventListener("dragover", (event) => this.over(event, shelf));
      shelf.addEventListener("dragleave", () => delete shelf.dataset.over);
      shelf.addEventListener("drop", (event) => this.dropped(event, shelf));
      shelf.querySelector(".shelf-add").addEventListener("click", () => add(shelf.dataset.shelf));
    }
  }

  accepts(shelf) {
    const { field } = this.held;
    return field && TAKES[shelf.dataset.shelf].includes(field.kind);
  }

  over(event, shelf) {
    if (!this.accepts(shelf)) return;
    event.preventDefault();
    shelf.dataset.over = "";
  }

  dropped(event, shelf) {
    delete shelf.dataset.over;
    if (!this.accepts(shelf)) return;
    event.preventDefault();
    const chips = [...shelf.querySelectorAll("[data-chip]")];
    const before = chips.findIndex((chip) => {
      const bounds = chip.getBoundingClientRect();
      return event.clientY < bounds.bottom && event.clientX < bounds.left + bounds.width / 2;
    });
    const { field } = this.held;
    this.held.drop();
    this.put(shelf.dataset.shelf, field, before < 0 ? chips.length : before);
  }

  show(question) {
    const time = question.grain ? [{ kind: "grain", name: question.grain, text: t(`grain.${question.grain}`) }] : [];
    this.fill("metrics", question.metrics.map((name) => ({ kind: "metric", name, text: this.names.label(name), isKnown: Boolean(this.names.metric(name)) })));
    this.fill("by", [...time, ...question.by.map((name) => ({ kind: "dimension", name, text: this.names.label(name), isKnown: Boolean(this.names.dimension(name)) }))]);
    this.fill("filters", question.filters.map((each, index) => ({ kind: "filter", name: String(index), filter: each, text: this.filterText(each), isKnown: Boolean(this.names.dimension(each.dimension)) })));
    for (const each of question.filters) this.labelled(each);
  }

  fill(name, chips) {
    const shelf = this.root.querySelector(`[data-shelf="${name}"]`);
    const list = shelf.querySelector("ul");
    shelf.dataset.empty = String(!chips.length);
    replaceKeepingFocus(list, ...chips.map((chip, place) => this.chip(name, chip, place, chips.length)));
  }

  chip(shelf, chip, place, count) {
    const key = chip.kind === "filter" ? `chip:filter:${chip.filter.dimension}:${place}` : `chip:${chip.kind}:${chip.name}`;
    const hint = chip.kind === "filter" ? t("explore.chip_filter") : count > 1 && chip.kind !== "grain" ? t("explore.chip_move") : t("explore.chip_remove");
    const main = h("button", { type: "button", class: "chip-name", "data-key": key, title: chip.text, "aria-description": hint }, label(chip.text));
    if (chip.kind === "filter") main.addEventListener("click", () => this.open(place));
    main.addEventListener("keydown", (event) => this.pressed(event, shelf, chip, place));
    const off = h("button", { type: "button", class: "chip-off", "aria-label": t("explore.remove", { label: chip.text }) }, "×");
    off.addEventListener("click", () => this.take(shelf, chip, place));
    const item = h("li", { class: `explorer-chip of-${chip.kind}`, "data-chip": chip.name, "data-unknown": chip.isKnown === false, draggable: chip.kind === "filter" ? null : "true" }, main, off);
    item.addEventListener("dragstart", (event) => {
      event.dataTransfer.setData("text/plain", chip.name);
      this.held.take({ kind: chip.kind, name: chip.name, from: shelf });
    });
    item.addEventListener("dragend", () => this.held.drop());
    return item;
  }

  pressed(event, shelf, chip, place) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step && chip.kind !== "filter" && chip.kind !== "grain") {
      event.preventDefault();
      this.move(shelf, chip.name, document.dir === "rtl" ? -step : step);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      const chips = [...event.target.closest("ul").querySelectorAll(".chip-name")];
      this.take(shelf, chip, place);
      const next = chips[place + 1] ?? chips[place - 1];
      (this.root.querySelector(`[data-key="${CSS.escape(next?.dataset.key ?? "")}"]`) ?? this.root.querySelector(`[data-shelf="${shelf}"] .shelf-add`)).focus();
    }
  }

  filterText({ dimension, operator, values }) {
    const shown = values.slice(0, 3).map((value) => this.values.known(dimension, value)).join(", ");
    const more = values.length > 3 ? ` +${values.length - 3}` : "";
    return t(`explore.says.${SAID[operator]}`, { label: this.names.label(dimension), values: shown + more });
  }

  async labelled(each) {
    if (!this.names.dimension(each.dimension)) return;
    const before = this.filterText(each);
    await Promise.all(each.values.slice(0, 3).map((value) => this.values.label(each.dimension, value)));
    const after = this.filterText(each);
    if (after === before) return;
    for (const main of this.root.querySelectorAll('[data-shelf="filters"] .chip-name')) if (main.title === before) {
      main.title = after;
      main.replaceChildren(label(after));
      main.nextElementSibling.setAttribute("aria-label", t("explore.remove", { label: after }));
    }
  }
}
