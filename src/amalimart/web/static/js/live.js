// Asks for news at an even pace while somebody looks, and says how fresh the page is.
import { ago, instant } from "./format.js";
import { t } from "./text.js";

const LONGEST_WAIT = 30_000;

export class Live {
  // `ask` resolves when the page is up to date and rejects when it could not find out.
  constructor({ element, text, seconds, zone, ask }) {
    this.element = element;
    this.text = text;
    this.pace = seconds * 1000;
    this.zone = zone;
    this.ask = ask;
    this.failures = 0;
    this.skew = 0;
    this.release = null;
    document.addEventListener("visibilitychange", () => this.visibilityChanged());
    setInterval(() => this.show(), 1000);
    this.schedule();
  }

  visibilityChanged() {
    clearTimeout(this.timer);
    if (!document.hidden) this.turn();
  }

  schedule() {
    clearTimeout(this.timer);
    if (document.hidden) return;
    this.timer = setTimeout(() => this.turn(), Math.min(this.pace * 2 ** Math.min(this.failures, 6), Math.max(LONGEST_WAIT, this.pace)));
  }

  async turn() {
    await this.ask();
    this.schedule();
  }

  // The interface answered; `at` is its own time, so that a wrong clock here does no harm.
  reached(at, release) {
    this.failures = 0;
    this.skew = at - Date.now();
    const isNews = this.release !== null && release.release_id !== this.release.release_id;
    this.release = release;
    this.element.dataset.state = "live";
    if (isNews) {
      this.element.dataset.news = "";
      setTimeout(() => delete this.element.dataset.news, 1300);
    }
    this.show();
  }

  lost() {
    this.failures += 1;
    this.element.dataset.state = "away";
    this.show();
  }

  // Reached, but there are no numbers to be fresh: the page says why.
  refused() {
    this.failures = 0;
    this.element.dataset.state = "live";
    if (!this.release) this.text.textContent = t("live.connected");
  }

  waiting() {
    this.element.dataset.state = "waiting";
    this.text.textContent = t("live.preparing");
  }

  show() {
    const { state } = this.element.dataset;
    if (state === "waiting" || !this.release) {
      if (state === "away") this.text.textContent = t("live.away");
      return;
    }
    if (state === "away") {
      this.text.textContent = t("live.away_since", { instant: instant(this.release.published_at, this.zone) });
      return;
    }
    const age = Date.now() + this.skew - Date.parse(this.release.published_at);
    this.text.textContent = t("live.updated", { ago: ago(age) });
    this.element.title = t("live.release", { id: this.release.release_id, instant: instant(this.release.published_at, this.zone) });
  }
}
