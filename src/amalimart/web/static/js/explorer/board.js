// The reader's own board: kept questions, answered together from one release, in the order that the reader gives.
import { request, Trouble, UNREACHABLE } from "../api.js";
import { h, label } from "../dom.js";
import { watchEdges } from "../edges.js";
import { configureFormat, dayRange, instant } from "../format.js";
import { Live } from "../live.js";
import { Message } from "../message.js";
import { connectStateLinks } from "../state.js";
import { t } from "../text.js";
import { connectThemeButton } from "../theme.js";
import { cross, down, slip, up } from "./icons.js";
import { addressOf, Library } from "./library.js";
import { Names } from "./names.js";
import { ofKept } from "./question.js";
import { AnswerReceipt, connectReceipts, tileOf } from "./receipt.js";
import { refused } from "./refusal.js";
import { Values } from "./values.js";
import { AnswerView } from "./view.js";

const page = JSON.parse(document.querySelector("#page").textContent);
const root = document.querySelector("#board");
const place = document.querySelector("#board-tiles");
const said = document.querySelector("#board-said");
const message = new Message(document.querySelector("#message"), root);

configureFormat(page);
connectThemeButton(document.querySelector("#theme"));
connectStateLinks();
watchEdges(document.querySelector("#dashboards"));

const ICONS = { up, down, off: cross };
const [FULL, HALF] = ["full", "half"];

class Board {
  constructor(names) {
    this.names = names;
    this.library = new Library(page);
    this.values = new Values(page.dimensions);
    this.receipt = new AnswerReceipt({ page, names, values: this.values, shown: () => this.shown });
    connectReceipts(root, this.receipt);
    this.views = new Map();
    this.tag = null;
    this.live = new Live({ element: document.querySelector("#live"), text: document.querySelector("#live-text"), seconds: page.poll_seconds, zone: page.zone, ask: () => this.look() });
  }

  // One conditional request for all questions: what did not change stays as it is drawn.
  async load() {
    const { body, tag, release, at } = await request(page.board, { tag: this.tag });
    if (body && !this.keeping) {
      this.tag = tag;
      this.tiles = body.tiles;
      this.show();
    }
    const newest = body?.release ?? release;
    if (newest) {
      said.textContent = this.tiles.some((each) => each.answer) ? t("explore.of_release", { id: newest.release_id, at: instant(newest.published_at, page.zone) }) : "";
      this.live.reached(at, newest);
    }
  }

  async look() {
    try {
      await this.load();
    } catch (cause) {
      if (!(cause instanceof Trouble)) throw cause;
      if (cause.error.code === UNREACHABLE) this.live.lost();
      else this.live.refused();
    }
  }

  show() {
    for (const view of this.views.values()) view.clear();
    this.views.clear();
    const answered = this.tiles.filter((each) => each.answer);
    this.shown = { tiles: answered.map((each) => tileOf({ id: each.id, title: each.saved.name, answer: each.answer, question: ofKept(each.saved.question), days: each.days })), release: answered[0]?.answer.receipt };
    const held = document.activeElement?.closest?.("#board-tiles [data-key]")?.dataset.key;
    place.replaceChildren(...(this.tiles.length ? this.tiles.map((each, index) => this.tile(each, index)) : [h("article", { class: `tile panel ${FULL}` }, h("div", { class: "calm" }, h("p", {}, t("board.empty")), h("p", { class: "next" }, t("board.empty_next")), h("p", {}, h("a", { class: "primary", href: page.explore }, t("place.explore")))))]));
    if (held) place.querySelector(`[data-key="${CSS.escape(held)}"]`)?.focus();
    root.setAttribute("aria-busy", "false");
    if (answered.length) this.receipt.follow();
  }

  tile(each, index) {
    const name = each.saved?.name ?? t("board.gone");
    const title = h("h2", { class: "tile-title", id: `title-${each.id}` }, each.saved ? h("a", { href: addressOf(page, each.saved) }, label(name)) : name);
    const press = (text, key, act, isOff = false) => h("button", { type: "button", class: "quiet", "aria-label": `${text}: ${name}`, title: text, disabled: isOff, "data-key": `${key}:${each.id}`, onclick: act }, ICONS[key]());
    const tools = h("div", { class: "board-tools" }, press(t("board.earlier"), "up", () => this.move(index, -1), index === 0), press(t("board.later"), "down", () => this.move(index, 1), index === this.tiles.length - 1), press(t("board.take_off"), "off", () => this.takeOff(index)), each.answer ? h("button", { type: "button", class: "quiet", "data-receipt": "", "aria-label": t("receipt.open", { title: name }), title: t("receipt.title") }, slip()) : null);
    const body = h("div", { class: "tile-body" });
    const days = each.days ? h("p", { class: "hint board-days" }, dayRange(each.days.first, each.days.last)) : null;
    const article = h("article", { class: `tile panel ${HALF}`, "data-tile": each.id, "aria-labelledby": `title-${each.id}` }, h("header", { class: "tile-head" }, title, tools), days, body);
    const view = new AnswerView(body, { vega: page.vega, names: this.names });
    this.views.set(each.id, view);
    if (each.error) view.clear(refused(each.error, { question: each.saved ? ofKept(each.saved.question) : { metrics: [], by: [], filters: [] }, names: this.names }));
    else if (!view.show(each.answer, { question: ofKept(each.saved.question), title: name, onSort: null, most: page.most_rows })) view.clear(h("div", { class: "calm" }, h("p", {}, t("tile.empty")), h("p", { class: "next" }, t("tile.empty_next"))));
    return article;
  }

  async keep(tiles, focus) {
    this.keeping = true;
    try {
      await this.library.putBoard(tiles.map((each) => each.id));
      this.tiles = tiles;
      this.show();
      message.clear();
      const button = focus && place.querySelector(`[data-key="${CSS.escape(focus)}"]`);
      (button && !button.disabled ? button : (button?.parentElement.querySelector("button:not([disabled])") ?? place.querySelector("a"))).focus();
    } catch (cause) {
      if (!(cause instanceof Trouble)) throw cause;
      message.show(h("p", {}, [cause.error.what, cause.error.next_step].filter(Boolean).join(" ")));
    } finally {
      this.keeping = false;
    }
  }

  move(index, step) {
    const tiles = [...this.tiles];
    [tiles[index], tiles[index + step]] = [tiles[index + step], tiles[index]];
    return this.keep(tiles, `${step < 0 ? "up" : "down"}:${tiles[index + step].id}`);
  }

  takeOff(index) {
    const tiles = this.tiles.filter((_, place_) => place_ !== index);
    const near = tiles[Math.min(index, tiles.length - 1)];
    return this.keep(tiles, near ? `off:${near.id}` : null);
  }
}

try {
  const [metrics, dimensions] = await Promise.all([request(page.metrics), request(page.dimensions)]);
  await new Board(new Names(metrics.body.metrics, dimensions.body.dimensions)).load();
} catch (cause) {
  if (!(cause instanceof Trouble)) throw cause;
  root.setAttribute("aria-busy", "false");
  message.trouble({ ...cause.error, retryable: true });
}
