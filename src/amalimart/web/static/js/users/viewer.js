// The button that begins to look at pages as somebody. A form and not a script: whom one looks as is kept in the
// session, and the page that follows is theirs.
import { h } from "../dom.js";
import { t } from "../text.js";

export const viewer = (user) =>
  h("form", { method: "post", action: "/view-as" }, h("input", { type: "hidden", name: "email", value: user.email }), h("button", { type: "submit", class: "plain", "aria-label": t("users.view_as_who", { who: user.name || user.email }) }, t("users.view_as")));
