// Asks a person for a reason in a dialog.
import { h } from "../dom.js";
import { askIn } from "./sending.js";

// `send` gets the reason.
export function askReason({ title, asked, hint, action, send }) {
  const field = h("textarea", { name: "reason", rows: 3, maxlength: 2000, required: true });
  const parts = [h("label", {}, h("span", {}, asked), field), h("p", { class: "hint" }, hint)];
  askIn({ name: "reason", title, parts, action, focus: field, send: () => send(field.value.trim()) });
}
