// The status page: one request fills it, one conditional request every few seconds keeps it so.
import { request, Trouble, UNREACHABLE } from "../api.js";
import { watchEdges } from "../edges.js";
import { configureFormat } from "../format.js";
import { Message } from "../message.js";
import { t } from "../text.js";
import { renderStatus, renderTimes } from "./parts.js";
import { connectThemeButton } from "../theme.js";

const page = JSON.parse(document.querySelector("#page").textContent);
const root = document.querySelector("#status");
const live = document.querySelector("#live");
const liveText = document.querySelector("#live-text");
const message = new Message(document.querySelector("#message"), root);
const LONGEST_WAIT = 30_000;

configureFormat(page);
connectThemeButton(document.querySelector("#theme"));
watchEdges(document.querySelector("#dashboards"));

document.querySelector(".nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

let tag = null;
let failures = 0;
let skew = 0;
let timer = null;

function say(state, text) {
  live.dataset.state = state;
  if (liveText.textContent !== text) liveText.textContent = text;
}

async function look() {
  clearTimeout(timer);
  try {
    const answer = await request(page.data, { tag });
    failures = 0;
    skew = answer.at - Date.now();
    tag = answer.tag;
    if (answer.body) {
      message.clear();
      renderStatus(root, answer.body, { zone: page.zone, now: Date.now() + skew });
      root.setAttribute("aria-busy", "false");
    }
    say("live", t("live.live"));
  } catch (cause) {
    if (!(cause instanceof Trouble)) throw cause;
    failures += 1;
    if (cause.error.code === UNREACHABLE) say("away", t("live.away"));
    else say("away", t("live.stale"));
    if (cause.error.code !== UNREACHABLE || tag === null) {
      tag = null;
      message.trouble({ ...cause.error, retryable: true });
    }
  }
  schedule();
}

function schedule() {
  clearTimeout(timer);
  if (document.hidden) return;
  timer = setTimeout(look, Math.min(page.poll_seconds * 1000 * 2 ** Math.min(failures, 6), LONGEST_WAIT));
}

document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : look()));
setInterval(() => renderTimes(root, Date.now() + skew), 1000);
await look();
