// The dashboard page: one request fills every tile, one conditional request at a time keeps it fresh.
import { request, Trouble, UNREACHABLE } from "./api.js";
import { watchEdges } from "./edges.js";
import { configureFormat } from "./format.js";
import { Live } from "./live.js";
import { Message } from "./message.js";
import { connectStateLinks, onStateChange, query } from "./state.js";
import { openReceipt, followReceipt, watchNumbers } from "./receipts.js";
import { connectThemeButton } from "./theme.js";
import { renderTiles } from "./tiles.js";
import { Toolbar } from "./toolbar.js";
import { loadVega } from "./vega.js";
import { lookAgain } from "./waiting.js";

const page = JSON.parse(document.querySelector("#page").textContent);
const tiles = document.querySelector("#tiles");
const PREPARING = "nothing_published";
const DAY = 86_400_000;
const EDITED = "amalimart-edited";
const SLOW_POLLS = 2; // an answer that takes longer than so many polls is said to be slow

configureFormat(page);
connectThemeButton(document.querySelector("#theme"));
connectStateLinks();
watchEdges(document.querySelector("#dashboards"));

const toolbar = new Toolbar(document.querySelector("#toolbar"), page);
const message = new Message(document.querySelector("#message"), tiles);
const live = new Live({
  element: document.querySelector("#live"),
  text: document.querySelector("#live-text"),
  seconds: page.poll_seconds,
  zone: page.zone,
  // An answer under way is news enough: asking again would throw it away, and for ever where it is slow.
  ask: () => (running ? Promise.resolve() : refresh({ isUpdate: true })),
});

watchNumbers(tiles, { page, shown: () => shown });

let tag = null;
let shownFor = null;
let release = null;
let shown = null;
let running = null;

const daysOf = (state) => Math.round((Date.parse(state.last) - Date.parse(state.first)) / DAY) + 1;

async function refresh({ isUpdate }) {
  running?.abort();
  const current = (running = new AbortController());
  const search = query().toString();
  const isSame = search === shownFor;
  if (!isSame) tiles.dataset.waiting = "";
  const slow = setTimeout(() => message.slow(), page.poll_seconds * SLOW_POLLS * 1000);
  try {
    const address = search ? `${page.data}?${search}` : page.data;
    const answer = await request(address, { tag: isSame ? tag : null, signal: current.signal });
    if (answer.body) show(answer, search, isUpdate && isSame);
    else {
      if (answer.release && answer.release.release_id !== release?.release_id) lookAgain();
      if (answer.release) release = answer.release;
      message.clear();
    }
    live.reached(answer.at, release);
  } catch (cause) {
    if (cause.name === "AbortError") return;
    await trouble(cause, search);
  } finally {
    clearTimeout(slow);
    if (running === current) {
      running = null;
      delete tiles.dataset.waiting;
    }
  }
}

// The file of the dashboard was edited: its tiles may be others, so the frame is fetched anew, once an edit.
function isEdited({ fingerprint }) {
  if (fingerprint === page.fingerprint || sessionStorage.getItem(EDITED) === fingerprint) return false;
  sessionStorage.setItem(EDITED, fingerprint);
  location.reload();
  return true;
}

function show({ body, tag: newTag }, search, isUpdate) {
  if (isEdited(body)) return;
  tag = newTag;
  shownFor = search;
  release = body.release;
  shown = body;
  message.clear();
  toolbar.offer(body.lists);
  toolbar.show(body.state);
  renderTiles(tiles, body, { isUpdate, days: daysOf(body.state), vega: page.vega, work: page.work, openReceipt });
  tiles.setAttribute("aria-busy", "false");
  tiles.dataset.release = release.release_id;
  followReceipt();
}

async function trouble(cause, search) {
  if (!(cause instanceof Trouble)) throw cause;
  const { error } = cause;
  if (error.code === UNREACHABLE) {
    live.lost();
    if (!release) message.trouble(error);
  } else if (error.code === PREPARING) {
    live.waiting();
    const status = await request(page.status).catch(() => null);
    message.preparing(status?.body);
  } else if (error.code !== "not_signed_in") {
    tag = null;
    shownFor = search;
    live.refused();
    message.trouble(error);
  }
}

onStateChange(() => refresh({ isUpdate: false }));
// Fetched beside the numbers, not after them.
loadVega(page.vega).catch(() => undefined);
await refresh({ isUpdate: false });
