// The guided start: the steps as the status service knows them, looked at again and again while one is open.
import { request, Trouble, UNREACHABLE } from "../api.js";
import { h, label, replaceKeepingFocus } from "../dom.js";
import { watchEdges } from "../edges.js";
import { configureFormat, exact } from "../format.js";
import { Message } from "../message.js";
import { count, sentence, state } from "../reading/parts.js";
import { counted, t, word } from "../text.js";
import { connectThemeButton } from "../theme.js";

const page = JSON.parse(document.querySelector("#page").textContent);
const root = document.querySelector("#start");
const message = new Message(document.querySelector("#message"), root);
const TONES = { done: "good", trouble: "bad", now: "near" };
let drawn = "";

configureFormat(page);
connectThemeButton(document.querySelector("#theme"));
watchEdges(document.querySelector("#dashboards"));

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = t("frame.copied");
    setTimeout(() => (button.textContent = t("frame.copy")), 1500);
  } catch {
    // Without the right to the clipboard the command stands selected, to be copied by hand.
    getSelection().selectAllChildren(button.previousElementSibling);
  }
}

const command = (text) => {
  const button = h("button", { type: "button", class: "plain", "data-key": `copy-${text}`, "aria-label": `${t("frame.copy")}: ${text}` }, t("frame.copy"));
  button.addEventListener("click", () => copy(text, button));
  return h("div", { class: "command" }, h("code", { dir: "ltr" }, text), button);
};

const progress = (each) =>
  h(
    "li",
    {},
    h("span", {}, each.label),
    each.done === null || each.done === undefined ? null : h("b", {}, exact(Math.floor(each.done * 100) / 100, "percent")),
    h("progress", { class: "long", max: 1, value: each.done ?? null, "aria-label": each.label }),
    each.rows ? h("span", { class: "hint" }, counted("start.rows", each.rows, count(each.rows))) : null,
  );

const facts = {
  source: (step) => step.sources?.map((each) => h("li", {}, label([each.name, each.kind, word("state", each.state)].join(" · ")))),
  load: (step) => (step.state === "done" ? [h("li", {}, t("start.release", { id: step.release_id })), h("li", {}, counted("start.rows", step.rows, count(step.rows)))] : []),
  people: (step) => [h("li", {}, counted("start.people_n", step.people, count(step.people)))],
  dashboards: (step) => (step.state === "done" ? [h("li", {}, counted("start.dashboards_n", step.declared, count(step.declared)))] : []),
};

function shown(step, number) {
  const items = facts[step.name]?.(step) ?? [];
  const said = step.problem;
  return h(
    "li",
    { class: `tile stage ${step.state}`, "data-step": step.name, "aria-current": step.state === "now" || step.state === "trouble" ? "step" : null },
    h("span", { class: "place", "aria-hidden": "true" }, step.state === "done" ? "✓" : String(number)),
    h(
      "div",
      { class: "stage-body" },
      h("h2", {}, t(`start.${step.name}`), state(t(`start.is_${step.state}`), TONES[step.state] ?? "")),
      h("p", { class: "hint" }, t(`start.${step.name}_about`)),
      items.length ? h("ul", { class: "facts-line" }, items) : null,
      said ? h("div", { class: "warning", role: "alert" }, h("p", { lang: "en" }, h("b", {}, said.where ? `${said.where}: ` : ""), sentence(said.what)), said.next_step ? h("p", { class: "hint", lang: "en" }, sentence(said.next_step)) : null) : null,
      step.progress?.length ? h("ul", { class: "progress-list" }, step.progress.map(progress)) : null,
      step.state === "done" && step.name !== "mapping" ? null : step.commands.map(command),
      step.name === "dashboards" && step.state === "done" ? h("p", {}, h("a", { class: "primary", href: page.home }, t("frame.home"))) : null,
    ),
  );
}

function draw(body) {
  const end = document.querySelector("#end");
  end.hidden = !body.done;
  end.textContent = body.done ? t("start.all_done") : "";
  replaceKeepingFocus(document.querySelector("#steps"), ...body.steps.map((step, index) => shown(step, index + 1)));
}

async function look() {
  let isDone = false;
  try {
    const { body } = await request(page.data);
    isDone = body.done;
    message.clear();
    const text = JSON.stringify(body);
    if (text !== drawn) draw(body);
    drawn = text;
  } catch (cause) {
    if (!(cause instanceof Trouble)) throw cause;
    if (cause.error.code === "not_signed_in") return;
    if (cause.error.code !== UNREACHABLE || !drawn) message.trouble({ ...cause.error, retryable: true });
  }
  root.setAttribute("aria-busy", "false");
  if (!isDone && !document.hidden) setTimeout(look, page.poll_seconds * 1000);
}

document.addEventListener("visibilitychange", () => (document.hidden ? null : look()));
await look();
