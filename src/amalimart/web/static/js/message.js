// One message above the tiles: a question that cannot be answered as asked, or the first release still being made.
import { h } from "./dom.js";

const sentence = (text) => (text ? text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".") : "");

export class Message {
  constructor(element, tiles) {
    this.element = element;
    this.tiles = tiles;
  }

  clear() {
    this.element.hidden = true;
    this.tiles.hidden = false;
  }

  show(...parts) {
    this.element.replaceChildren(...parts.filter(Boolean));
    this.element.hidden = false;
  }

  trouble(error) {
    const more = [error.expected && `Expected: ${error.expected}.`, error.nearest && `Nearest: ${error.nearest}.`, sentence(error.next_step)].filter(Boolean).join(" ");
    const isAddress = !error.retryable && error.code !== "internal";
    this.tiles.hidden = isAddress;
    this.show(h("h2", {}, sentence(error.what)), h("p", {}, more), isAddress ? h("a", { class: "primary", href: location.pathname, "data-state-link": true }, "Show the page without filters") : null);
  }

  preparing(status) {
    this.tiles.hidden = false;
    const steps = (status?.steps ?? []).map((step) =>
      h(
        "li",
        {},
        h("span", {}, step.label),
        h("span", {}, step.done === null ? "" : step.done >= 1 ? "done" : `${Math.round(step.done * 100)} %`),
        h("progress", { max: 1, value: step.done, "aria-label": step.label }),
      ),
    );
    this.show(h("h2", {}, "Preparing the first numbers"), h("p", {}, status?.message || "The page fills by itself as soon as the first release is there."), steps.length ? h("ol", { class: "steps" }, steps) : null);
  }
}
