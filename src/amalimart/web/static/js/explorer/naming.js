// The dialog that names a question and says who else may find it.
import { h } from "../dom.js";
import { askIn } from "../reading/sending.js";
import { t } from "../text.js";

const SHARINGS = ["private", "role", "wider"];

// `send` gets { name, sharing }.
export function askName({ title, name = "", sharing = "private", send }) {
  const field = h("input", { type: "text", name: "name", maxlength: 200, required: true, dir: "auto", autocomplete: "off", value: name });
  const choices = SHARINGS.map((each) => h("label", { class: "explorer-radio" }, h("input", { type: "radio", name: "sharing", value: each, checked: each === sharing }), h("span", {}, h("b", {}, t(`explore.sharing_${each}`)), h("span", { class: "hint" }, t(`explore.sharing_${each}_why`)))));
  const parts = [h("label", {}, h("span", {}, t("explore.name")), field), h("fieldset", {}, h("legend", {}, t("explore.sharing")), choices), h("p", { class: "hint" }, t("explore.sharing_rule"))];
  askIn({ name: "name", title, parts, action: t("explore.save"), focus: field, send: (form) => send({ name: field.value.trim(), sharing: form.elements.sharing.value }) });
  field.select();
}
