// The session has ended: said in place, with the way back to exactly this page. Nothing that is shown is lost.
import { h } from "./dom.js";
import { t } from "./text.js";

const here = () => `/sign-in?${new URLSearchParams({ following: location.pathname + location.search + location.hash })}`;

export function showEnded() {
  if (document.querySelector("#ended")) return;
  const link = h("a", { class: "primary", href: here() }, t("message.ended_again"));
  const renew = () => link.setAttribute("href", here());
  const box = h("div", { id: "ended", class: "ended", role: "alert" }, h("p", {}, h("b", {}, t("message.ended")), ` ${t("message.ended_more")}`), link);
  // An open dialog makes the rest of the page inert, so it is said in there.
  (document.querySelector("dialog[open]") ?? document.querySelector("main")).prepend(box);
  addEventListener("popstate", renew);
  // What is chosen after it was said changes the address without a word: the way back is to where it is followed from.
  for (const before of ["pointerdown", "focus"]) link.addEventListener(before, renew);
}
