// The answer to the question: asked, waited for, stopped, shown, and handed out as files.
import { request, Trouble } from "../api.js";
import { h } from "../dom.js";
import { dayRange, instant } from "../format.js";
import { t } from "../text.js";
import { exported, fileName, save } from "./downloads.js";
import { picture } from "./picture.js";
import { body, daysOf } from "./question.js";
import { refused } from "./refusal.js";
import { AnswerView } from "./view.js";

const PATIENCE = 250;
const SLOW = 4000;
const PREPARING = "nothing_published";

export class Result {
  constructor(root, { page, names, set, answered }) {
    Object.assign(this, { root, page, names, set, answered });
    this.title = root.querySelector(".tile-title");
    this.drawings = root.querySelector("#drawings");
    this.tools = root.querySelector("#tools");
    this.about = root.querySelector("#about-answer");
    this.waiting = root.querySelector("#waiting");
    this.view = new AnswerView(root.querySelector(".tile-body"), { vega: page.vega, names });
    this.waiting.querySelector("button").addEventListener("click", () => this.stop());
    this.drawings.addEventListener("change", (event) => this.set({ chart: event.target.value }));
    this.tools.addEventListener("click", (event) => event.target.dataset.format && this.export(event.target));
  }

  get options() {
    return { ranges: this.page.ranges, limit: this.page.most_rows };
  }

  invite(children) {
    this.running?.abort();
    this.clearTimers();
    this.answer = null;
    this.title.textContent = t("explore.answer");
    this.about.textContent = "";
    this.tools.hidden = this.drawings.hidden = true;
    this.view.clear(children);
    this.settled();
  }

  settled() {
    this.waiting.hidden = true;
    delete this.root.dataset.waiting;
    this.root.setAttribute("aria-busy", "false");
  }

  clearTimers() {
    for (const timer of this.timers ?? []) clearTimeout(timer);
    this.timers = [];
  }

  stop() {
    this.running?.abort();
    this.running = null;
    this.clearTimers();
    this.nothing(h("div", { class: "calm" }, h("p", {}, t("explore.stopped")), h("div", { class: "actions" }, h("button", { type: "button", class: "plain", onclick: () => this.ask(this.question) }, t("explore.again")))));
    this.view.body.querySelector("button").focus();
  }

  async ask(question) {
    this.running?.abort();
    this.clearTimers();
    const current = (this.running = new AbortController());
    this.question = question;
    this.title.textContent = this.names.title(question);
    this.root.setAttribute("aria-busy", "true");
    this.root.dataset.waiting = "";
    const said = this.waiting.querySelector("span");
    said.textContent = t("explore.asking");
    this.timers = [setTimeout(() => (this.waiting.hidden = false), PATIENCE), setTimeout(() => (said.textContent = t("explore.slow")), SLOW)];
    try {
      const { body: answer, tag } = await request(this.page.query, { body: body(question, this.options), signal: current.signal });
      if (this.running !== current) return;
      this.running = null;
      this.clearTimers();
      this.tag = tag;
      this.show(answer, question);
    } catch (cause) {
      if (cause.name === "AbortError" || this.running !== current) return;
      if (!(cause instanceof Trouble)) throw cause;
      this.clearTimers();
      this.trouble(cause.error, question);
    }
  }

  // The same question of a newer release. What did not change stays as it is drawn, under the newer release.
  async renew() {
    const { question } = this;
    const { body: answer, tag } = await request(this.page.query, { body: body(question, this.options) });
    if (this.running || this.question !== question || !this.answer) return;
    const isSame = tag === this.tag;
    this.tag = tag;
    if (!isSame) this.show(answer, question);
    else {
      this.answer = answer;
      this.tell(answer);
    }
  }

  trouble(error, question) {
    if (error.code === PREPARING) {
      this.nothing(h("div", { class: "calm" }, h("p", {}, t("message.preparing")), h("p", { class: "next" }, t("message.preparing_more"))));
      this.timers = [setTimeout(() => this.ask(question), this.page.poll_seconds * 1000)];
      return;
    }
    this.nothing(refused(error, { question, names: this.names, set: this.set, again: error.retryable || error.code === "unreachable" || error.code === "internal" ? () => this.ask(question) : null }));
  }

  nothing(children) {
    this.answer = null;
    this.tools.hidden = this.drawings.hidden = true;
    this.about.textContent = "";
    this.view.clear(children);
    this.settled();
    this.answered(null);
  }

  show(answer, question) {
    const days = daysOf(question, this.page.ranges);
    const title = this.names.title(question);
    const isShown = this.view.show(answer, { question, title, most: this.page.most_rows, onSort: (sort) => this.set({ sort }) });
    if (!isShown) {
      this.nothing(h("div", { class: "calm" }, h("p", {}, t("tile.empty")), h("p", { class: "next" }, t("tile.empty_next"))));
      return;
    }
    this.answer = answer;
    this.days = days;
    this.offerDrawings();
    this.tools.hidden = false;
    this.tools.querySelector('[data-format="png"]').hidden = !this.view.chart;
    this.tell(answer);
    this.settled();
  }

  // Of which days and which release the answer is.
  tell(answer) {
    const { days, question } = this;
    const { receipt } = answer;
    this.about.textContent = [days ? dayRange(days.first, days.last) : t("explore.all_days"), t("explore.of_release", { id: receipt.release_id, at: instant(receipt.published_at, this.page.zone) })].join(" · ");
    this.root.dataset.release = receipt.release_id;
    this.answered({ answer, question, days, title: this.names.title(question) });
  }

  offerDrawings() {
    const { shape, drawing } = this.view;
    const offered = shape.groups ? [...shape.drawings, "table"] : [];
    this.drawings.hidden = offered.length < 2;
    for (const choice of this.drawings.querySelectorAll("input")) {
      choice.closest("label").hidden = !offered.includes(choice.value);
      choice.checked = choice.value === drawing;
    }
  }

  async export(button) {
    const { format } = button.dataset;
    const title = this.names.title(this.question);
    const note = this.root.querySelector("#export-said");
    note.textContent = t("explore.exporting");
    button.disabled = true;
    try {
      const blob = format === "png" ? await this.picture(title) : await exported(this.page.query, body(this.question, { ranges: this.page.ranges }), format);
      save(blob, fileName(title, format));
      note.textContent = t("explore.exported");
    } catch (cause) {
      if (!(cause instanceof Trouble)) throw cause;
      note.textContent = [cause.error.what, cause.error.next_step].filter(Boolean).join(" ");
    } finally {
      button.disabled = false;
    }
  }

  async picture(title) {
    await this.view.chart.draw();
    const days = this.days ? dayRange(this.days.first, this.days.last) : t("explore.all_days");
    return picture(this.view.chart, { title, days, release: this.answer.receipt, site: this.page.site, zone: this.page.zone });
  }
}
