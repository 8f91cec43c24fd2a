// Why something cannot be asked, in the reader's language where it is known, and what can be done about it.
import { h } from "../dom.js";
import { headline } from "../message.js";
import { t } from "../text.js";

const sentence = (text) => (text ? text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".") : "");

// The parts of a short reason; the interface's own words are English.
export function reason(error) {
  if (!error) return [];
  const said = headline(error);
  const more = said === error.what ? null : h("span", { lang: "en" }, ` ${sentence(error.what)}`);
  return [h("span", {}, sentence(said)), more, error.next_step ? h("span", { lang: "en", class: "next" }, ` ${sentence(error.next_step)}`) : null].filter(Boolean);
}

const action = (text, act) => h("button", { type: "button", class: "plain", onclick: act }, text);

// What could be done about a refused question: another metric, or leaving out the name that means nothing.
function ways(error, question, names, set) {
  const swapped = (list, from, to) => [...new Set(list.map((name) => (name === from ? to : name)))];
  const failing = question.metrics.find((name) => error.what.startsWith(`${name} `));
  const found = [];
  if (error.code === "not_groupable" && failing && names.metric(error.nearest)) {
    found.push(action(t("explore.use_instead", { label: names.label(error.nearest), instead: names.label(failing) }), () => set({ metrics: swapped(question.metrics, failing, error.nearest) })));
  }
  for (const [part, known] of [["metrics", (name) => names.metric(name)], ["by", (name) => names.dimension(name)]]) {
    for (const name of question[part].filter((each) => !known(each))) {
      if (error.nearest && known(error.nearest)) found.push(action(t("explore.use_instead", { label: names.label(error.nearest), instead: name }), () => set({ [part]: swapped(question[part], name, error.nearest) })));
      found.push(action(t("explore.remove", { label: name }), () => set({ [part]: question[part].filter((each) => each !== name) })));
    }
  }
  const odd = question.filters.filter((each) => !names.dimension(each.dimension));
  for (const each of odd) found.push(action(t("explore.remove", { label: each.dimension }), () => set({ filters: question.filters.filter((other) => other !== each) })));
  return found;
}

export function refused(error, { question, names, set, again }) {
  const said = headline(error);
  const more = [error.expected && t("message.expected", { text: error.expected }), error.nearest && t("message.nearest", { text: error.nearest }), sentence(error.next_step)].filter(Boolean).join(" ");
  const lines = said === error.what ? [h("p", { class: "next" }, more)] : [h("p", { class: "next", lang: "en" }, `${sentence(error.what)} ${more}`)];
  const buttons = set ? ways(error, question, names, set) : [];
  if (again && error.code !== "not_signed_in") buttons.push(action(t("explore.again"), again));
  return h("div", { class: "calm explorer-refused", role: "alert" }, h("p", {}, sentence(said)), lines, buttons.length ? h("div", { class: "actions" }, buttons) : null);
}
