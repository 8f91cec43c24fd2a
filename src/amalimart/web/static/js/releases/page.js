// The releases page: what is held back and why, every release, and what happened from one to another. Which
// two are compared stands in the address.
import { request, Trouble } from "../api.js";
import { h, label, replaceKeepingFocus } from "../dom.js";
import { watchEdges } from "../edges.js";
import { configureFormat, instant, NOTHING } from "../format.js";
import { Message } from "../message.js";
import { calm, count, readTable, sampleTable, sentence, since, state } from "../reading/parts.js";
import { askReason } from "../reading/reason.js";
import { addressWith, connectStateLinks, go, onStateChange } from "../state.js";
import { counted, t } from "../text.js";
import { connectThemeButton } from "../theme.js";

const page = JSON.parse(document.querySelector("#page").textContent);
const root = document.querySelector("#releases");
const message = new Message(document.querySelector("#message"), root);
const part = (id) => document.querySelector(`#${id}`);
let known = [];

configureFormat(page);
connectThemeButton(document.querySelector("#theme"));
connectStateLinks();
watchEdges(document.querySelector("#dashboards"));

const asked = () => new URLSearchParams(location.search);

// A build that was tried after the newest release still stands in the way; an earlier one was published since.
const isHeld = (build) => !known.length || Date.parse(build.last_attempted_at) > Date.parse(known[0].published_at);

function decide(build, verb, title, action) {
  askReason({
    title,
    asked: verb === "accept" ? t("releases.reason") : t("releases.revoke_reason"),
    hint: verb === "accept" ? t("releases.accept_hint") : t("releases.revoke_hint"),
    action,
    send: async (reason) => {
      await request(`${page.data}/blocked/${build.number}/${verb}`, { body: { reason } });
      await look();
    },
  });
}

function build(each) {
  const buttons = [];
  if (page.may_accept && each.checks.length && isHeld(each) && !each.accepted.length) {
    buttons.push(h("button", { type: "button", class: "primary", "data-key": `accept-${each.number}`, onclick: () => decide(each, "accept", t("releases.accept_what", { n: each.number }), t("releases.accept")) }, t("releases.accept")));
  }
  if (page.may_accept && each.accepted.length) {
    buttons.push(h("button", { type: "button", class: "plain", "data-key": `revoke-${each.number}`, onclick: () => decide(each, "revoke", `${t("releases.revoke")}: ${t("releases.build", { n: each.number })}`, t("releases.revoke")) }, t("releases.revoke")));
  }
  return h(
    "li",
    { class: "build" },
    h("h3", {}, t("releases.build", { n: each.number }), isHeld(each) ? state(t("state.held"), "bad") : state(t("releases.is_over"), "good")),
    h("p", { lang: "en" }, sentence(each.what), each.where ? h("code", {}, ` ${each.where}`) : null),
    h("p", { class: "hint" }, `${counted("releases.tried", each.attempts)}`.replace("{last}", instant(each.last_attempted_at, page.zone)), each.serving ? ` · ${t("releases.serving", { id: each.serving })}` : ""),
    each.checks.length
      ? h(
          "ul",
          { class: "broken", "aria-label": t("releases.breaks") },
          each.checks.map((check) => h("li", {}, h("b", {}, label(check.name)), ` ${counted("releases.fails", check.failing_rows, count(check.failing_rows))}`, check.sample?.rows.length ? h("details", {}, h("summary", {}, t("releases.sample")), sampleTable(`${t("releases.sample")}: ${check.name}`, check.sample)) : null)),
        )
      : null,
    each.accepted.map((word) => h("p", { class: "hint" }, t("releases.accepted_by", { check: word.check, n: count(word.failing_rows), who: word.accepted_by, reason: word.reason }))),
    buttons.length ? h("div", { class: "actions" }, buttons) : null,
  );
}

function blocked(builds) {
  if (!builds.length) return [calm(t("releases.no_blocked"), t("releases.no_blocked_next"))];
  return [h("ul", { class: "builds" }, builds.map(build))];
}

function releases() {
  if (!known.length) return [calm(t("releases.none"), t("releases.none_next"))];
  const rows = known.map((each, index) => [
    [h("a", { href: addressWith({ from: known[index + 1]?.release_id ?? each.release_id, to: each.release_id }), "data-state-link": true, "data-key": `r${each.release_id}` }, `#${each.release_id}`), index === 0 ? h("span", { class: "more" }, t("releases.now")) : null],
    instant(each.published_at, page.zone),
    since(each.fresh_as_of, page.zone),
    count(each.models_built),
    count(each.rows_built),
    h("code", { title: each.project_hash }, each.project_hash.slice(0, 8)),
  ]);
  return [readTable(t("releases.history"), [[t("releases.release")], [t("releases.published")], [t("releases.data_of")], [t("releases.models"), "number"], [t("releases.rows"), "number"], [t("releases.project")]], rows)];
}

function chooser() {
  const form = part("compare");
  for (const name of ["from", "to"]) {
    const control = form.elements[name];
    const chosen = asked().get(name) ?? String((name === "to" ? known[0] : known[1] ?? known[0])?.release_id ?? "");
    const ids = [...new Set([...known.map((each) => String(each.release_id)), chosen])].filter(Boolean);
    control.replaceChildren(...ids.map((id) => h("option", { value: id }, `#${id}`)));
    control.value = chosen;
  }
  form.hidden = known.length < 2;
}

const verdict = (check) => (check === null ? t("releases.not_known") : check.failing_rows + check.failing_changes === 0 ? state(t("releases.passes"), "good") : state(counted("releases.fails", check.failing_rows + check.failing_changes, count(check.failing_rows + check.failing_changes)), "bad"));

function difference(found) {
  const parts = [h("h3", {}, t("releases.difference", { before: found.before.release_id, after: found.after.release_id }))];
  if (found.project_changed) parts.push(h("p", { class: "hint" }, t("releases.project_changed")));
  if (found.unrecorded) parts.push(h("p", { class: "hint" }, counted("releases.not_recorded", found.unrecorded)));
  parts.push(
    found.models.length
      ? readTable(
          t("releases.changed"),
          [[t("releases.model")], [t("releases.came"), "number"], [t("releases.went"), "number"], [t("releases.before"), "number"], [t("releases.after"), "number"]],
          found.models.map((each) => [label(each.model), each.came === null ? t("releases.rebuilt") : h("span", { class: each.came ? "came" : null }, count(each.came)), each.went === null ? NOTHING : h("span", { class: each.went ? "went" : null }, count(each.went)), count(each.before), count(each.after)]),
        )
      : calm(t("releases.no_difference")),
  );
  if (found.checks.length) parts.push(h("h3", {}, t("releases.checks")), readTable(t("releases.checks"), [[t("releases.check")], [t("releases.was")], [t("releases.is")]], found.checks.map((each) => [label(each.name), verdict(each.before), verdict(each.after)])));
  parts.push(h("h3", {}, t("releases.sources")), readTable(t("releases.sources"), [[t("releases.source")], [t("releases.commit_before"), "number"], [t("releases.commit_after"), "number"]], found.sources.map((each) => [label(each.source), count(each.before), count(each.after)])));
  return parts;
}

async function compare() {
  chooser();
  const form = part("compare");
  const [one, other] = [form.elements.from.value, form.elements.to.value];
  if (!one || !other || one === other) {
    part("difference").replaceChildren(calm(known.length < 2 ? t("releases.none") : t("releases.no_difference")));
    return;
  }
  const { body } = await request(`${page.data}/difference?${new URLSearchParams({ one, other })}`);
  replaceKeepingFocus(part("difference"), ...difference(body));
}

const inPlace = (place) => (cause) => {
  if (!(cause instanceof Trouble)) throw cause;
  if (cause.error.code !== "not_signed_in") part(place).replaceChildren(calm(sentence(cause.error.what), cause.error.next_step));
};

async function look() {
  const [listed, held] = await Promise.all([request(`${page.data}?limit=60`), request(`${page.data}/blocked?limit=20`)]);
  message.clear();
  known = listed.body.releases;
  replaceKeepingFocus(part("blocked"), ...blocked(held.body.blocked));
  replaceKeepingFocus(part("history"), ...releases());
  root.setAttribute("aria-busy", "false");
  await compare().catch(inPlace("difference"));
}

part("compare").addEventListener("submit", (event) => event.preventDefault());
part("compare").addEventListener("change", () => go(addressWith({ from: part("compare").elements.from.value, to: part("compare").elements.to.value })));
onStateChange(() => compare().catch(inPlace("difference")));
await look().catch((cause) => {
  if (!(cause instanceof Trouble)) throw cause;
  root.setAttribute("aria-busy", "false");
  if (cause.error.code !== "not_signed_in") message.trouble({ ...cause.error, retryable: true });
});
