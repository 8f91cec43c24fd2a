// One message above the tiles: a question that cannot be answered as asked, or the first release still being made.
import { h } from "./dom.js";
import { t } from "./text.js";

const sentence = (text) => (text ? text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".") : "");

// The interface speaks English. To others its error is said by kind in their language first.
const KINDS = { denied: "denied", masked: "denied", not_found: "not_found", internal: "failed" };
export const headline = (error) => (document.documentElement.lang === "en" || error.code === "unreachable" ? error.what : t(`error.${KINDS[error.code] ?? "bad_request"}`));

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
    const more = [error.expected && t("message.expected", { text: error.expected }), error.nearest && t("message.nearest", { text: error.nearest }), sentence(error.next_step)].filter(Boolean).join(" ");
    const isAddress = !error.retryable && error.code !== "internal";
    this.tiles.hidden = isAddress;
    const said = headline(error);
    const details = said === error.what ? [more] : [h("span", { lang: "en" }, `${sentence(error.what)} ${more}`)];
    this.show(h("h2", {}, sentence(said)), h("p", {}, details), isAddress ? h("a", { class: "primary", href: location.pathname, "data-state-link": true }, t("message.without_filters")) : null);
  }

  slow() {
    if (this.element.hidden) this.show(h("p", {}, t("message.slow")));
  }

  preparing(status) {
    this.tiles.hidden = false;
    const steps = (status?.steps ?? []).map((step) =>
      h(
        "li",
        {},
        h("span", {}, step.label),
        h("span", {}, step.done === null ? "" : step.done >= 1 ? t("message.done") : `${Math.round(step.done * 100)} %`),
        h("progress", { max: 1, value: step.done, "aria-label": step.label }),
      ),
    );
    this.show(h("h2", {}, t("message.preparing")), h("p", {}, status?.message || t("message.preparing_more")), steps.length ? h("ol", { class: "steps" }, steps) : null);
  }
}
