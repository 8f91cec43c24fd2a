// The fields beside the answer, or on a narrow window in a sheet that opens over it.
import { t } from "../text.js";
import { h } from "../dom.js";

const NARROW = matchMedia("(max-width: 1100px)");

export class Sheet {
  constructor(panel) {
    this.panel = panel;
    this.home = panel.parentElement;
    this.close = h("button", { type: "button", class: "plain sheet-done", onclick: () => this.dialog.close() }, t("explore.done"));
    this.dialog = h("dialog", { class: "field-sheet", "aria-label": t("explore.fields") });
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
    this.dialog.addEventListener("close", () => this.opener?.focus());
    document.body.append(this.dialog);
    NARROW.addEventListener("change", () => this.settle());
    this.settle();
  }

  settle() {
    if (NARROW.matches) {
      this.dialog.append(this.panel);
      this.panel.prepend(this.close);
    } else {
      if (this.dialog.open) this.dialog.close();
      this.close.remove();
      this.home.prepend(this.panel);
    }
  }

  // Shows the fields, and puts the keyboard there.
  open() {
    this.opener = document.activeElement;
    if (NARROW.matches && !this.dialog.open) this.dialog.showModal();
    this.panel.querySelector("input[type=search]").focus({ preventScroll: true });
  }
}
