// The questions that are kept: opened, renamed, shared, put on the board, shown as a tile of a dashboard, deleted.
import { request, Trouble } from "../api.js";
import { h, label } from "../dom.js";
import { t } from "../text.js";
import { askName } from "./naming.js";
import { ofKept, written } from "./question.js";
import { ScheduleDialog } from "./schedule.js";

const one = (address, id) => `${address}/${encodeURIComponent(id)}`;

export class Library {
  constructor(page) {
    this.page = page;
  }

  async all() {
    return (await request(this.page.questions)).body.questions;
  }

  async find(id) {
    return (await request(one(this.page.questions, id))).body;
  }

  async add(draft) {
    return (await request(this.page.questions, { body: draft })).body;
  }

  async change(id, draft) {
    return (await request(one(this.page.questions, id), { body: draft, method: "PUT" })).body;
  }

  remove(id) {
    return request(one(this.page.questions, id), { method: "DELETE" });
  }

  async onBoard() {
    return (await request(this.page.board)).body.tiles.map((each) => each.id);
  }

  putBoard(ids) {
    return request(this.page.board, { body: { questions: ids }, method: "PUT" });
  }
}

export const addressOf = (page, saved) => `${page.explore}?${written(ofKept(saved.question), saved.id)}`;

// The list in a dialog.
export class LibraryDialog {
  constructor(page, library, { changed }) {
    Object.assign(this, { page, library, changed });
    const close = h("button", { type: "button", class: "quiet", "aria-label": t("frame.close"), title: t("frame.close"), onclick: () => this.dialog.close() }, "×");
    this.said = h("p", { class: "hint", role: "status" });
    this.list = h("ul", { class: "library-list" });
    this.dialog = h("dialog", { class: "ask library", "aria-labelledby": "library-title" }, h("header", {}, h("h2", { id: "library-title" }, t("explore.saved_questions")), close), this.said, this.list);
    this.dialog.addEventListener("close", () => this.dialog.remove());
    this.dialog.addEventListener("click", (event) => event.target.closest("a") && this.dialog.close());
    document.body.append(this.dialog);
    this.dialog.showModal();
    this.fill();
  }

  async fill() {
    await this.trying(async () => {
      const found = await this.library.all();
      this.list.replaceChildren(...(found.length ? found.map((each) => this.entry(each)) : [h("li", { class: "calm" }, h("p", {}, t("explore.none_saved")), h("p", { class: "next" }, t("explore.none_saved_next")))]));
    });
  }

  async trying(act) {
    try {
      await act();
    } catch (cause) {
      if (!(cause instanceof Trouble)) throw cause;
      this.said.textContent = [cause.error.what, cause.error.next_step].filter(Boolean).join(" ");
    }
  }

  entry(saved) {
    const name = h("a", { href: addressOf(this.page, saved), "data-state-link": true, class: "library-name" }, label(saved.name));
    const about = saved.is_own ? t(`explore.sharing_${saved.sharing}`) : t("explore.shared_by", { name: saved.owner });
    const button = (text, act) => h("button", { type: "button", class: "plain", onclick: act, "aria-label": `${text}: ${saved.name}` }, text);
    const place = h("div", { class: "library-more" });
    const buttons = [button(t("explore.to_board"), () => this.toBoard(saved))];
    buttons.push(button(t("schedule.title"), () => new ScheduleDialog(this.page, saved)));
    if (this.page.writes_dashboards) buttons.push(button(t("explore.as_tile"), () => this.asTile(saved, place)));
    if (saved.is_own) buttons.push(button(t("explore.rename"), () => this.rename(saved)), button(t("explore.delete"), () => this.confirm(saved, place)));
    return h("li", {}, name, h("span", { class: "hint", dir: "auto" }, about), h("div", { class: "actions" }, buttons), place);
  }

  toBoard(saved) {
    return this.trying(async () => {
      const ids = await this.library.onBoard();
      if (!ids.includes(saved.id)) await this.library.putBoard([...ids, saved.id]);
      this.said.replaceChildren(t("explore.on_board"), " ", h("a", { href: this.page.board_page }, t("place.board")));
    });
  }

  rename(saved) {
    const send = async ({ name, sharing }) => {
      const kept = await this.library.change(saved.id, { name, sharing, question: saved.question });
      this.changed(kept);
      await this.fill();
    };
    askName({ title: t("explore.rename"), name: saved.name, sharing: saved.sharing, send });
  }

  confirm(saved, place) {
    const keep = h("button", { type: "button", class: "plain", onclick: () => place.replaceChildren() }, t("explore.keep"));
    const act = () =>
      this.trying(async () => {
        await this.library.remove(saved.id);
        this.changed({ id: saved.id, is_removed: true });
        await this.fill();
      });
    place.replaceChildren(h("p", { class: "hint" }, t("explore.delete_sure")), h("div", { class: "actions" }, h("button", { type: "button", class: "primary", onclick: act }, t("explore.delete")), keep));
    keep.focus();
  }

  asTile(saved, place) {
    return this.trying(async () => {
      const { tile } = await this.library.find(saved.id);
      const notes = tile.notes.map((name) => h("li", {}, t(`explore.tile_${name}`)));
      const text = tile.yaml ? h("pre", { tabindex: "0", role: "region", "aria-label": t("explore.as_tile") }, h("code", {}, tile.yaml)) : null;
      const copy = h("button", { type: "button", class: "plain" }, t("frame.copy"));
      copy.addEventListener("click", async () => {
        await navigator.clipboard.writeText(tile.yaml).then(
          () => (copy.textContent = t("frame.copied")),
          () => getSelection().selectAllChildren(text),
        );
      });
      place.replaceChildren(...[text && h("p", { class: "hint" }, t("explore.tile_paste")), text, notes.length ? h("ul", { class: "explorer-notes" }, notes) : null, text ? copy : null].filter(Boolean));
    });
  }
}
