// The receipt: a dialog beside the page, or over it on a phone, that says where one number comes from.
// Which number it is stands in the address after #, so that a link opens it and Back closes it.
import { request, Trouble } from "../api.js";
import { chevron, h, label } from "../dom.js";
import { lineageGraph } from "./lineage.js";
import { query } from "../state.js";
import { t } from "../text.js";
import { metricsOf, numberOf } from "./number.js";
import { changeLog, checksLine, definition, nameOf, part, scope, standing, statements } from "./parts.js";

const KEY = "receipt";

const asked = () => {
  const found = new URLSearchParams(location.hash.slice(1));
  return found.has(KEY) ? { tile: found.get(KEY), metric: found.get("metric"), at: found.get("at"), release: found.get("release") } : null;
};

export const hashOf = ({ tile, metric, at, release }) => {
  const said = new URLSearchParams({ [KEY]: tile });
  for (const [name, value] of Object.entries({ metric, at, release })) if (value) said.set(name, value);
  return `#${said}`;
};

const skeleton = () => h("p", { class: "receipt-wait", role: "status" }, h("span", { class: "hidden" }, t("receipt.loading")), h("span", { class: "skeleton skeleton-line" }), h("span", { class: "skeleton skeleton-line" }));

const trouble = (cause) => {
  const error = cause instanceof Trouble ? cause.error : { code: "internal", what: t("message.wrong") };
  return h("div", { class: "calm", role: "alert" }, h("p", {}, t("receipt.failed")), h("p", { class: "next" }, error.what), error.next_step ? h("p", { class: "next" }, error.next_step) : null);
};

export class ReceiptPanel {
  // `shown` gives the page's document, which holds the numbers and the state.
  constructor({ page, shown }) {
    this.page = page;
    this.shown = shown;
    this.title = h("h2", { id: "receipt-title", tabindex: "-1" });
    this.body = h("div", { class: "receipt-body" });
    const close = h("button", { type: "button", class: "quiet", "aria-label": t("frame.close"), title: t("frame.close") }, "×");
    close.addEventListener("click", () => this.dialog.close());
    this.dialog = h("dialog", { class: "receipt", "aria-labelledby": "receipt-title" }, h("header", {}, h("p", { class: "receipt-kind" }, t("receipt.title")), close), this.title, this.body);
    document.body.append(this.dialog);
    this.dialog.addEventListener("close", () => this.closed());
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
  }

  // Opened from a number on the page: the address says so.
  open(number) {
    history.pushState({ receipt: true }, "", location.pathname + location.search + hashOf(number));
    this.follow();
  }

  // Shows what the address asks for, once the page has its numbers.
  follow() {
    const number = asked();
    const document_ = this.shown();
    if (!number) {
      this.isFollowing = true;
      this.dialog.close();
      this.isFollowing = false;
    } else if (document_) {
      this.show(number, document_);
    }
  }

  closed() {
    this.current = null;
    if (this.isFollowing || !asked()) return;
    if (history.state?.receipt) history.back();
    else history.replaceState(null, "", location.pathname + location.search);
  }

  show(number, document_) {
    const tile = document_.tiles.find((each) => each.id === number.tile);
    const text = JSON.stringify(number);
    if (this.dialog.open && this.current === text) return;
    this.current = text;
    this.title.textContent = tile?.title ?? number.tile;
    this.body.replaceChildren(skeleton());
    if (!this.dialog.open) this.dialog.showModal();
    this.title.focus({ preventScroll: true });
    this.body.scrollTop = 0;
    this.fill(number, tile, document_.release, text).catch((cause) => {
      if (this.current === text) this.body.replaceChildren(trouble(cause));
    });
  }

  // The number is of the release that the page shows; what is said of it holds for that one too.
  async fill(number, tile, release, text) {
    const told = await this.receiptOf(number);
    if (this.current !== text) return;
    const receipt = { ...told, release };
    const known = receipt.metrics.map((each) => each.name);
    const names = tile ? metricsOf(tile).filter((each) => known.includes(each)) : known;
    const metric = receipt.metrics.find((each) => each.name === number.metric) ?? receipt.metrics.find((each) => each.name === names[0]) ?? receipt.metrics[0];
    const checks = h("dd", {}, t("receipt.lineage_loading"));
    const lineage = h("div", {}, skeleton());
    this.body.replaceChildren(
      ...[
        this.head(number, tile, receipt, metric),
        standing(receipt, this.page.zone, checks),
        definition(metric),
        changeLog(metric.changes),
        scope(receipt),
        receipt.is_scoped ? h("p", { class: "hint" }, t("receipt.scoped")) : part(t("receipt.lineage"), h("p", { class: "hint" }, t("receipt.lineage_hint")), lineage),
        receipt.sql.length ? statements(receipt.sql, (sql, button) => this.copy(sql, button)) : null,
        this.foot(number, receipt, metric),
      ].filter(Boolean),
    );
    await this.trace(metric, checks, lineage, text);
  }

  async receiptOf(number) {
    const search = query().toString();
    return (await request(`${this.page.data}/tiles/${encodeURIComponent(number.tile)}/receipt${search ? `?${search}` : ""}`)).body;
  }

  head(number, tile, receipt, metric) {
    const shown = tile ? numberOf(tile, metric.name, number.at) : {};
    const parts = [];
    if (shown.text || shown.of) parts.push(h("p", { class: "receipt-number" }, shown.text ? h("b", {}, shown.text) : null, shown.of ? h("span", {}, label(shown.of)) : null));
    if (receipt.metrics.length > 1) {
      const options = receipt.metrics.map((each) => h("option", { value: each.name, selected: each === metric }, nameOf(each)));
      const choice = h("select", { name: "metric", onchange: (event) => this.choose(number, event.target.value) }, options);
      parts.push(h("label", { class: "field receipt-choice" }, h("span", { class: "hidden" }, t("receipt.choose")), choice, chevron()));
    } else {
      parts.push(h("p", { class: "receipt-metric" }, nameOf(metric), h("code", {}, metric.name)));
    }
    if (number.release) {
      const now = receipt.release.release_id;
      const isSame = Number(number.release) === now;
      parts.push(h("p", { class: isSame ? "hint" : "warning" }, isSame ? t("receipt.same_release", { now }) : t("receipt.moved_on", { then: number.release, now })));
    }
    return h("div", { class: "receipt-head" }, parts);
  }

  choose(number, metric) {
    history.replaceState(history.state, "", location.pathname + location.search + hashOf({ ...number, metric }));
    this.follow();
  }

  async trace(metric, checks, lineage, text) {
    try {
      const { body } = await request(`${this.page.metrics}/${encodeURIComponent(metric.name)}/lineage`);
      if (this.current !== text) return;
      checks.replaceChildren(...checksLine(body.checks).filter(Boolean));
      if (body.graph) lineage.replaceChildren(lineageGraph(body.graph));
    } catch (cause) {
      if (this.current !== text) return;
      checks.replaceChildren(t("receipt.unknown"));
      lineage.replaceChildren(trouble(cause));
    }
  }

  foot(number, receipt, metric) {
    const said = h("p", { class: "hint", role: "status" });
    const button = h("button", { type: "button", class: "primary" }, t("receipt.link"));
    button.addEventListener("click", () => this.copyLink(this.link(number, receipt, metric), said));
    return h("footer", {}, button, h("a", { class: "plain", href: `/catalogue/metrics/${encodeURIComponent(metric.name)}` }, t("receipt.more")), said);
  }

  // The days as they are now and not as they are called, the filters, the number, and the release it is of.
  link(number, receipt, metric) {
    const { state, release } = receipt;
    const said = new URLSearchParams({ range: "custom", from: state.first, to: state.last, grain: state.grain, today: state.today });
    for (const each of state.filters) said.set(each.dimension, each.key);
    return `${location.origin}${location.pathname}?${said}${hashOf({ ...number, metric: metric.name, release: release.release_id })}`;
  }

  async copyLink(link, said) {
    try {
      await navigator.clipboard.writeText(link);
      said.replaceChildren(t("receipt.link_copied"));
    } catch {
      const field = h("input", { type: "text", readonly: true, value: link, "aria-label": t("receipt.link_manual") });
      said.replaceChildren(field);
      field.select();
    }
  }

  async copy(text, button) {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = t("frame.copied");
      setTimeout(() => (button.textContent = t("frame.copy")), 1500);
    } catch {
      const { nextElementSibling: shown } = button;
      getSelection().selectAllChildren(shown);
    }
  }
}

