// Words on a page: paragraphs, and where they lead.
import { h, replaceKeepingFocus } from "./dom.js";

export function renderWords(body, tile) {
  const paragraphs = tile.text.split(/\n\s*\n/).map((text) => h("p", {}, text.trim()));
  const links = tile.links.map((each) => h("li", {}, h("a", { href: each.to, "data-key": each.to }, each.label)));
  replaceKeepingFocus(body, h("div", { class: "words" }, paragraphs, links.length ? h("ul", { class: "leads" }, links) : null));
  return true;
}
