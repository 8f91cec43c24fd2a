// Asks a person for a reason in a dialog, and says in it what came of sending it.
import { Trouble } from "../api.js";
import { h } from "../dom.js";
import { t } from "../text.js";

// `send` gets the reason; the dialog closes when it resolves, and says what is wrong when it rejects.
export function askReason({ title, asked, hint, action, send }) {
  const field = h("textarea", { name: "reason", rows: 3, maxlength: 2000, required: true });
  const said = h("p", { class: "hint", role: "alert" });
  const submit = h("button", { type: "submit", class: "primary" }, action);
  const cancel = h("button", { type: "button", class: "plain" }, t("quality.cancel"));
  const form = h("form", {}, h("h2", { id: "reason-title" }, title), h("label", {}, h("span", {}, asked), field), h("p", { class: "hint" }, hint), said, h("div", { class: "actions" }, submit, cancel));
  const dialog = h("dialog", { class: "ask", "aria-labelledby": "reason-title" }, form);
  cancel.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    try {
      await send(field.value.trim());
      dialog.close();
    } catch (cause) {
      if (!(cause instanceof Trouble)) throw cause;
      said.textContent = [cause.error.what, cause.error.next_step].filter(Boolean).join(" ");
    } finally {
      submit.disabled = false;
    }
  });
  document.body.append(dialog);
  dialog.showModal();
  field.focus();
}
