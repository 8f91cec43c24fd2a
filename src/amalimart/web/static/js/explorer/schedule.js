// When a kept question is answered by itself for its reader: set, paused, let go, and the files that came of it.
import { request, Trouble } from "../api.js";
import { h, label, replaceKeepingFocus } from "../dom.js";
import { exact, instant } from "../format.js";
import { headline } from "../message.js";
import { sentence, state } from "../reading/parts.js";
import { counted, t } from "../text.js";
import { downloaded } from "./downloads.js";

const WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const DAYS = [...Array.from({ length: 28 }, (_, place) => String(place + 1)), "last"];
const TONES = { delivered: "good", refused: "near", failed: "bad" };
const LOOK_AGAIN_MS = 1500;
const USUAL = { every: "week", weekdays: ["monday"], day: null, at: "08:00", format: "xlsx", paused: false };

const option = (value, text, chosen) => h("option", { value, selected: value === chosen }, text);
const select = (name, choices, chosen, more = {}) => h("select", { name, ...more }, choices.map(([value, text]) => option(value, text, chosen)));
const field = (text, control, more = {}) => h("label", more, h("span", {}, text), control);
const button = (text, act, more = {}) => h("button", { type: "button", class: "plain", onclick: act, ...more }, text);

// Monday the first of January 2024, and the six days after it, say how the days are called.
const weekdayName = (place, locale) => new Intl.DateTimeFormat(locale, { weekday: "short", timeZone: "UTC" }).format(new Date(Date.UTC(2024, 0, 1 + place)));

export class ScheduleDialog {
  constructor(page, saved) {
    Object.assign(this, { page, saved });
    this.address = `${page.questions}/${encodeURIComponent(saved.id)}/schedule`;
    const close = h("button", { type: "button", class: "quiet", "aria-label": t("frame.close"), title: t("frame.close"), onclick: () => this.dialog.close() }, "×");
    this.now = h("p", { class: "schedule-now" });
    this.said = h("p", { class: "hint", role: "status" });
    this.form = h("form", { class: "schedule-form" });
    this.form.addEventListener("change", () => this.fit());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.trying(() => this.save(this.wish(), t("schedule.saved")));
    });
    this.runs = h("ul", { class: "schedule-runs", "aria-labelledby": "schedule-runs" });
    const [before, after = ""] = t("schedule.of").split("{name}");
    const title = h("h2", { id: "schedule-title" }, before, label(saved.name), after);
    this.dialog = h("dialog", { class: "ask schedule", "aria-labelledby": "schedule-title" }, h("header", {}, title, close), h("p", { class: "hint" }, t("schedule.lead")), this.now, this.form, this.said, h("h3", { id: "schedule-runs" }, t("schedule.runs")), this.runs);
    this.dialog.addEventListener("close", () => {
      clearTimeout(this.timer);
      this.dialog.remove();
    });
    document.body.append(this.dialog);
    this.dialog.showModal();
    this.trying(async () => this.show((await request(this.address)).body));
  }

  show({ schedule, runs }) {
    this.schedule = schedule;
    this.fill(schedule ?? { ...USUAL, language: document.documentElement.lang });
    const next = schedule && !schedule.paused && schedule.next_at;
    this.now.replaceChildren(!schedule ? state(t("schedule.none")) : schedule.paused ? state(t("schedule.paused")) : state(t("schedule.next", { at: instant(next, this.page.zone) }), "good"));
    this.showRuns(runs);
  }

  // While one waits for its turn the panel looks again, and changes nothing of what is being chosen.
  showRuns(runs) {
    replaceKeepingFocus(this.runs, ...(runs.length ? runs.map((run) => this.run(run)) : [h("li", { class: "hint" }, t("schedule.no_runs"))]));
    clearTimeout(this.timer);
    const waits = runs.some((run) => run.outcome === "open");
    if (!waits && this.said.textContent === t("schedule.run_asked")) this.said.textContent = "";
    if (this.dialog.open && waits) this.timer = setTimeout(() => this.lookAgain(), LOOK_AGAIN_MS);
  }

  async lookAgain() {
    try {
      this.showRuns((await request(this.address)).body.runs);
    } catch (cause) {
      if (!(cause instanceof Trouble)) throw cause;
      this.said.textContent = sentence(headline(cause.error));
    }
  }

  async runNow() {
    this.showRuns((await request(`${this.address}/run`, { body: {}, method: "POST" })).body.runs);
    this.said.textContent = t("schedule.run_asked");
  }

  fill(wish) {
    const days = h(
      "fieldset",
      { "data-of": "week" },
      h("legend", {}, t("schedule.weekdays")),
      h("div", { class: "schedule-days" }, WEEKDAYS.map((day, place) => h("label", {}, h("input", { type: "checkbox", name: "weekdays", value: day, checked: wish.weekdays.includes(day) }), h("span", {}, weekdayName(place, this.page.locale))))),
    );
    const every = select("every", ["day", "week", "month"].map((each) => [each, t(`schedule.every_${each}`)]), wish.every);
    const month = select("day", DAYS.map((each) => [each, each === "last" ? t("schedule.day_last") : each]), wish.day ?? "1");
    const at = h("input", { type: "time", name: "at", required: true, value: wish.at });
    const form = select("format", ["xlsx", "csv"].map((each) => [each, t(`explore.format_${each}`)]), wish.format);
    const language = select("language", Object.entries(this.page.languages), wish.language);
    const act = h("div", { class: "actions" }, h("button", { type: "submit", class: "primary", "data-key": "save" }, t("schedule.save")));
    if (this.schedule) {
      const turn = { ...this.asked(), paused: !this.schedule.paused };
      act.append(button(t(turn.paused ? "schedule.pause" : "schedule.resume"), () => this.trying(() => this.save(turn, t(turn.paused ? "schedule.was_paused" : "schedule.saved"))), { "data-key": "turn" }));
      act.append(button(t("schedule.run_now"), () => this.trying(() => this.runNow()), { "data-key": "run" }));
      act.append(button(t("schedule.remove"), () => this.confirm(act)));
    }
    const zone = h("p", { class: "hint", id: "schedule-zone" }, t("schedule.at_zone", { zone: this.page.zone }));
    at.setAttribute("aria-describedby", "schedule-zone");
    replaceKeepingFocus(this.form, h("div", { class: "schedule-fields" }, field(t("schedule.every"), every), field(t("schedule.day"), month, { "data-of": "month" }), field(t("schedule.at"), at), field(t("schedule.format"), form), field(t("schedule.language"), language)), days, zone, act);
    this.fit();
    if (!this.dialog.contains(document.activeElement)) this.form.querySelector("[type=submit]").focus();
  }

  // Only what belongs to how often it comes is shown, and sent.
  fit() {
    for (const part of this.form.querySelectorAll("[data-of]")) part.hidden = part.dataset.of !== this.form.elements.every.value;
  }

  wish() {
    const { every, at, day, format, language } = this.form.elements;
    const weekdays = [...this.form.querySelectorAll("[name=weekdays]:checked")].map((each) => each.value);
    const parts = { every: every.value, at: at.value, format: format.value, language: language.value, paused: this.schedule?.paused ?? false };
    return { ...parts, ...(every.value === "week" ? { weekdays } : {}), ...(every.value === "month" ? { day: day.value } : {}) };
  }

  asked() {
    const { every, at, weekdays, day, format, language } = this.schedule;
    return { every, at, weekdays, day, format, language };
  }

  async save(wish, words) {
    this.show((await request(this.address, { body: wish, method: "PUT" })).body);
    this.said.textContent = words;
  }

  confirm(place) {
    const keep = button(t("schedule.keep"), () => this.fill(this.schedule));
    const act = () =>
      this.trying(async () => {
        await request(this.address, { method: "DELETE" });
        this.show({ schedule: null, runs: [] });
        this.said.textContent = t("schedule.removed");
      });
    place.replaceChildren(h("p", { class: "hint" }, t("schedule.remove_sure")), h("button", { type: "button", class: "primary", onclick: act }, t("schedule.remove")), keep);
    keep.focus();
  }

  run(run) {
    const { zone } = this.page;
    const due = instant(run.due_at, zone);
    const isLate = run.ended_at && Date.parse(run.ended_at) - Date.parse(run.due_at) > 600_000;
    const when = isLate ? t("schedule.late", { due, at: instant(run.ended_at, zone) }) : due;
    const about = run.outcome === "delivered" ? t("schedule.told", { rows: counted("schedule.rows", run.rows, exact(run.rows, "count")), id: run.release_id }) : null;
    const why = run.error ? h("p", { class: "hint" }, sentence(headline(run.error)), " ", this.words(run.error)) : null;
    const gone = run.file && run.file !== "kept" ? h("p", { class: "hint" }, t(`schedule.file.${run.file}`)) : null;
    const get = run.file === "kept" ? button(t("schedule.download"), () => this.download(run), { "aria-label": t("schedule.download_of", { at: due }), "data-key": `run-${run.id}` }) : null;
    return h("li", {}, h("div", {}, state(t(run.tries ? `schedule.outcome.${run.outcome}` : "schedule.waits"), TONES[run.outcome] ?? ""), h("span", { class: "hint" }, [when, about].filter(Boolean).join(" · ")), why, gone), get);
  }

  // The interface's own words are English; where the headline is not its own, they stand beside it.
  words(error) {
    const more = [headline(error) === error.what ? null : error.what, error.next_step].filter(Boolean).map(sentence).join(" ");
    return h("span", { lang: "en" }, more);
  }

  download(run) {
    return this.trying(async () => {
      this.said.textContent = t("schedule.downloading");
      await downloaded(`${this.address}/runs/${run.id}/file`, this.saved.name, run.format);
      this.said.textContent = t("explore.exported");
    });
  }

  async trying(act) {
    this.said.textContent = "";
    try {
      await act();
    } catch (cause) {
      if (!(cause instanceof Trouble)) throw cause;
      this.said.textContent = [headline(cause.error), cause.error.expected && t("message.expected", { text: cause.error.expected }), cause.error.next_step].filter(Boolean).map(sentence).join(" ");
    }
  }
}
