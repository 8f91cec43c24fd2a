// The explorer: fields put on shelves make a question, which the interface answers. The address holds it.
import { request, Trouble, UNREACHABLE } from "../api.js";
import { h } from "../dom.js";
import { watchEdges } from "../edges.js";
import { configureFormat } from "../format.js";
import { Live } from "../live.js";
import { Message } from "../message.js";
import { connectStateLinks, go, onStateChange } from "../state.js";
import { t } from "../text.js";
import { connectThemeButton } from "../theme.js";
import { loadVega } from "../vega.js";
import { Fields } from "./fields.js";
import { askFilter } from "./filter.js";
import { Held } from "./held.js";
import { Library, LibraryDialog } from "./library.js";
import { Names } from "./names.js";
import { askName } from "./naming.js";
import { fitting, kept, ofKept, read, tidy, written } from "./question.js";
import { AnswerReceipt, connectReceipts, tileOf } from "./receipt.js";
import { Result } from "./result.js";
import { ScheduleDialog } from "./schedule.js";
import { Settings } from "./settings.js";
import { Sheet } from "./sheet.js";
import { Shelves } from "./shelves.js";
import { Values } from "./values.js";

const page = JSON.parse(document.querySelector("#page").textContent);
const root = document.querySelector("#explorer");
const message = new Message(document.querySelector("#message"), root);
const RANGES = Object.keys(page.ranges);
const KINDS = { metrics: "metric", by: "dimension", filters: "dimension" };

configureFormat(page);
connectThemeButton(document.querySelector("#theme"));
connectStateLinks();
watchEdges(document.querySelector("#dashboards"));

class Explorer {
  constructor(names) {
    this.names = names;
    this.values = new Values(page.dimensions);
    this.library = new Library(page);
    this.held = new Held();
    const set = (changes) => this.set(changes);
    this.fields = new Fields(root.querySelector("#fields"), { names, held: this.held, choose: (field) => this.toggle(field), filter: (name) => this.filter(name) });
    this.sheet = new Sheet(root.querySelector("#fields"));
    this.shelves = new Shelves(root.querySelector("#shelves"), {
      names,
      values: this.values,
      held: this.held,
      put: (shelf, field, place) => this.put(shelf, field, place),
      move: (shelf, name, step) => this.move(shelf, name, step),
      take: (shelf, chip, place) => this.take(shelf, chip, place),
      open: (place) => this.filter(this.question.filters[place].dimension, place),
      add: (shelf) => {
        this.fields.turn(KINDS[shelf]);
        this.sheet.open();
      },
    });
    this.settings = new Settings(root.querySelector("#settings"), { page, names, set });
    this.result = new Result(root.querySelector("#result"), { page, names, set, answered: (found) => this.answered(found) });
    this.receipt = new AnswerReceipt({ page, names, values: this.values, shown: () => this.shown });
    connectReceipts(root, this.receipt);
    this.live = new Live({ element: document.querySelector("#live"), text: document.querySelector("#live-text"), seconds: page.poll_seconds, zone: page.zone, ask: () => this.look() });
    document.querySelector("#schedule").addEventListener("click", () => new ScheduleDialog(page, this.saved));
    document.querySelector("#save").addEventListener("click", () => this.save());
    document.querySelector("#open-saved").addEventListener("click", () => this.openLibrary());
    document.querySelector("#share").addEventListener("click", (event) => this.share(event.currentTarget));
  }

  // Every change goes through the address, so that Back undoes it.
  set(changes) {
    const next = tidy({ ...this.question, ...changes });
    const said = written(next, this.savedId);
    go(said ? `${location.pathname}?${said}` : location.pathname);
  }

  own(name) {
    return this.names.byName.get(name)?.entry.name ?? name;
  }

  isOn(list, name) {
    return list.some((each) => this.own(each) === this.own(name));
  }

  toggle({ kind, name }) {
    const { question } = this;
    if (kind === "grain") this.set({ grain: question.grain === name ? null : name });
    else {
      const shelf = kind === "metric" ? "metrics" : "by";
      const list = question[shelf];
      this.set({ [shelf]: this.isOn(list, name) ? list.filter((each) => this.own(each) !== this.own(name)) : [...list, name] });
    }
  }

  put(shelf, field, place) {
    if (shelf === "filters") {
      this.filter(field.name);
      return;
    }
    if (field.kind === "grain") {
      this.set({ grain: field.name });
      return;
    }
    const at = shelf === "by" && this.question.grain ? place - 1 : place;
    const list = this.question[shelf];
    const before = list.slice(0, Math.max(0, at)).filter((each) => each !== field.name);
    const after = list.slice(Math.max(0, at)).filter((each) => each !== field.name);
    this.set({ [shelf]: this.isOn(list, field.name) && field.from !== shelf ? list : [...before, field.name, ...after] });
  }

  move(shelf, name, step) {
    const list = [...this.question[shelf]];
    const at = list.indexOf(name);
    const to = at + step;
    if (to < 0 || to >= list.length) return;
    [list[at], list[to]] = [list[to], list[at]];
    this.set({ [shelf]: list });
  }

  take(shelf, chip, place) {
    if (chip.kind === "grain") this.set({ grain: null });
    else if (shelf === "filters") this.set({ filters: this.question.filters.filter((_, index) => index !== place) });
    else this.set({ [shelf]: this.question[shelf].filter((each) => each !== chip.name) });
  }

  async filter(dimension, place = null) {
    const given = place === null ? null : this.question.filters[place];
    const made = await askFilter(dimension, { names: this.names, values: this.values, given });
    if (made === undefined) return;
    const filters = [...this.question.filters];
    if (place === null) filters.push(made);
    else filters.splice(place, 1, ...(made ? [made] : []));
    this.set({ filters });
  }

  async follow() {
    const { question, saved, odd } = read(location.search, RANGES);
    this.savedId = saved;
    if (saved && !question.metrics.length && (await this.opened(saved))) return;
    const before = this.question && written(this.question);
    this.question = question;
    message.clear();
    if (odd.length) message.show(h("p", {}, t("explore.odd")), h("ul", { class: "explorer-notes" }, odd.map((each) => h("li", {}, h("code", { dir: "auto" }, each.slice(0, 120))))));
    this.shelves.show(question);
    this.settings.show(question);
    this.fields.use(question);
    this.nameSaved();
    if (before === written(question) && this.shown) return;
    this.fit(question);
    if (question.metrics.length) await this.result.ask(question);
    else this.result.invite(h("div", { class: "calm explorer-invite" }, h("p", {}, t("explore.invite")), h("p", { class: "next" }, t("explore.invite_next"))));
  }

  // A link to a kept question is a link to what it asks.
  async opened(id) {
    try {
      const found = await this.library.find(id);
      history.replaceState(history.state, "", `${location.pathname}?${written(ofKept(found.question), id)}${location.hash}`);
      await this.follow();
    } catch (cause) {
      if (!(cause instanceof Trouble)) throw cause;
      this.savedId = null;
      this.question = read("", RANGES).question;
      this.shelves.show(this.question);
      this.settings.show(this.question);
      this.fit(this.question);
      this.result.nothing(h("div", { class: "calm" }, h("p", {}, t("explore.no_such")), h("p", { class: "next" }, t("explore.no_such_next"))));
    }
    return true;
  }

  // Whether there is a newer release, and then what it answers. An answer under way is news enough.
  async look() {
    if (this.result.running) return;
    try {
      const { body: newest, at } = await request(page.latest);
      const { answer } = this.result;
      if (answer && newest.release_id > answer.receipt.release_id) await this.result.renew();
      this.live.reached(at, newest);
    } catch (cause) {
      if (!(cause instanceof Trouble)) throw cause;
      if (cause.error.code === UNREACHABLE) this.live.lost();
      else this.live.refused();
    }
  }

  async fit(question) {
    this.fitting?.abort();
    const current = (this.fitting = new AbortController());
    try {
      const { body } = await request(page.compatible, { body: fitting(question), signal: current.signal });
      this.fields.fit(body);
      root.dataset.fitted = written(question);
    } catch (cause) {
      // Without verdicts every field may be tried; the answer then says what does not fit.
      if (cause.name !== "AbortError" && !(cause instanceof Trouble)) throw cause;
    }
  }

  answered(found) {
    this.shown = found ? { tiles: [tileOf({ id: "result", ...found })], release: found.answer.receipt } : null;
    if (found) this.receipt.follow();
  }

  async nameSaved({ isAnew = false } = {}) {
    const place = document.querySelector("#saved-name");
    const id = this.savedId;
    const schedule = document.querySelector("#schedule");
    if (this.saved?.id !== id) this.saved = null;
    if (!this.saved) place.textContent = "";
    schedule.hidden = !this.saved;
    if (!id || (this.saved && !isAnew)) return;
    try {
      const found = await this.library.find(id);
      if (this.savedId !== id) return;
      this.saved = found;
      schedule.hidden = false;
      place.replaceChildren(h("bdi", {}, found.name), found.is_own ? "" : ` · ${t("explore.shared_by", { name: found.owner })}`);
    } catch (cause) {
      if (!(cause instanceof Trouble)) throw cause;
    }
  }

  save() {
    if (!this.question.metrics.length) {
      message.show(h("p", {}, t("explore.nothing_to_save")));
      return;
    }
    const { saved } = this;
    const isOwn = Boolean(saved?.is_own);
    const send = async (draft) => {
      const body = { ...draft, question: kept(this.question) };
      const made = isOwn ? await this.library.change(saved.id, body) : await this.library.add(body);
      this.savedId = made.id;
      history.replaceState(history.state, "", `${location.pathname}?${written(this.question, made.id)}`);
      message.show(h("p", {}, t("explore.was_saved"), " ", h("bdi", {}, made.name)));
      await this.nameSaved({ isAnew: true });
    };
    askName({ title: isOwn ? t("explore.save_changes") : t("explore.save_question"), name: isOwn ? saved.name : this.names.title(this.question).slice(0, 200), sharing: isOwn ? saved.sharing : "private", send });
  }

  openLibrary() {
    const changed = (each) => {
      if (each.id !== this.savedId) return;
      if (each.is_removed) this.savedId = null;
      this.nameSaved({ isAnew: true });
    };
    new LibraryDialog(page, this.library, { changed });
  }

  async share(button) {
    try {
      await navigator.clipboard.writeText(location.href);
      button.textContent = t("frame.copied");
      setTimeout(() => (button.textContent = t("explore.share")), 1500);
    } catch {
      const field = h("input", { type: "text", readonly: true, value: location.href, "aria-label": t("receipt.link_manual"), class: "explorer-link" });
      message.show(h("p", {}, t("receipt.link_manual")), field);
      field.select();
    }
  }
}

try {
  const [metrics, dimensions] = await Promise.all([request(page.metrics), request(page.dimensions)]);
  const explorer = new Explorer(new Names(metrics.body.metrics, dimensions.body.dimensions));
  loadVega(page.vega).catch(() => undefined);
  onStateChange(() => explorer.follow());
  root.setAttribute("aria-busy", "false");
  await explorer.follow();
  await explorer.look();
} catch (cause) {
  if (!(cause instanceof Trouble)) throw cause;
  root.setAttribute("aria-busy", "false");
  message.trouble({ ...cause.error, retryable: true });
}
