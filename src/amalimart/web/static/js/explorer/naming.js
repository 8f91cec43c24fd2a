// The dialog that names a question and says who else may find it.
import { Trouble } from "../api.js";
import { h } from "../dom.js";
import { t } from "../text.js";

const SHARINGS = ["private", "role", "wider"];

// `send` gets { name, sharing }; the dialog closes when it resolves, and says what is wrong when it rejects.
export function askName({ title, name = "", sharing = "private", send }) {
  const field = h("input", { type: "text", name: "name", maxlength: 200, required: true, dir: "auto", autocomplete: "off", value: name });
  const choices = SHARINGS.map((each) => h("label", { class: "explorer-radio" }, h("input", { type: "radio", name: "sharing", value: each, checked: each === sharing }), h("span", {}, h("b", {}, t(`explore.sharing_${each}`)), h("span", { class: "hint" }, t(`explore.sharing_${each}_why`)))));
  const said = h("p", { class: "hint explorer-alert", role: "alert" });
  const submit = h("button", { type: "submit", class: "primary" }, t("explore.save"));
  const cancel = h("button", { type: "button", class: "plain" }, t("quality.cancel"));
  const form = h("form", {}, h("h2", { id: "name-title" }, title), h("label", {}, h("span", {}, t("explore.name")), field), h("fieldset", {}, h("legend", {}, t("explore.sharing")), choices), h("p", { class: "hint" }, t("explore.sharing_rule")), said, h("div", { class: "actions" }, submit, cancel));
  const dialog = h("dialog", { class: "ask explorer-name", "aria-labelledby": "name-title" }, form);
  cancel.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    try {
      await send({ name: field.value.trim(), sharing: form.elements.sharing.value });
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
  field.select();
}
