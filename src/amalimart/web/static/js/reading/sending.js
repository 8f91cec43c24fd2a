// A dialog that sends something: it closes when that resolves, and says in it what is wrong when it rejects.
import { Trouble } from "../api.js";
import { h } from "../dom.js";
import { t } from "../text.js";

// `parts` stand between the title and what is said; `send` gets the form.
export function askIn({ name, title, parts, action, focus, send }) {
  const said = h("p", { class: "hint", role: "alert" });
  const submit = h("button", { type: "submit", class: "primary" }, action);
  const cancel = h("button", { type: "button", class: "plain" }, t("quality.cancel"));
  const form = h("form", {}, h("h2", { id: `${name}-title` }, title), ...parts, said, h("div", { class: "actions" }, submit, cancel));
  const dialog = h("dialog", { class: `ask ask-${name}`, "aria-labelledby": `${name}-title` }, form);
  cancel.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    try {
      await send(form);
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
  focus.focus();
}
