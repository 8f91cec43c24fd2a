// Puts answered tiles into their places. A tile that has no numbers says so calmly in its own place.
import { h, s } from "./dom.js";
import { renderFunnel } from "./funnel.js";
import { renderHeat } from "./heat.js";
import { renderKpi } from "./kpi.js";
import { renderRanking } from "./ranking.js";
import { french } from "./receipt/language.js";
import { renderTable } from "./table.js";
import { t } from "./text.js";
import { removeTrend, renderTrend } from "./trend.js";
import { renderWaiting } from "./waiting.js";
import { renderWords } from "./words.js";

const renderers = { funnel: renderFunnel, heat: renderHeat, kpi: renderKpi, ranking: renderRanking, table: renderTable, text: renderWords, trend: renderTrend, work: renderWaiting };
const shown = new WeakMap();

const sentence = (text) => (text ? text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".") : "");

const calm = (message, next) => h("div", { class: "calm" }, h("p", {}, sentence(message)), next ? h("p", { class: "next" }, sentence(next)) : null);

// The receipt of a whole tile, for its chart or table; a key figure is its own button.
const opener = (tile) =>
  h(
    "button",
    { type: "button", class: "quiet opener", "data-receipt": "", "aria-label": t("receipt.open", { title: tile.title }), title: t("receipt.title") },
    s("svg", { class: "icon", viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" }, s("path", { d: "M3.5 2v12l1.5-1 1.5 1L8 13l1.5 1 1.5-1 1.5 1V2L11 3 9.5 2 8 3 6.5 2 5 3zM6 6.5h4M6 9.5h4" })),
  );

// What the receipt of a tile says, in the reader's language.
const receiptNotes = (tile) => (french ? tile.receipt_notes_fr : tile.receipt_notes);
const basis = (each) => (french && each.basis_fr) || each.basis;

function setHead(place, tile) {
  place.querySelector(".tile-title").textContent = tile.title;
  const about = [tile.description, ...(tile.definitions ?? []).map(basis), ...receiptNotes(tile)].filter(Boolean).join("\n");
  place.querySelector(".tile-title").title = about;
  const head = place.querySelector(".tile-head");
  if (!head) return;
  head.querySelector(".opener")?.remove();
  if (tile.definitions?.length) head.append(opener(tile));
  head.querySelector(".badge")?.remove();
  if (tile.range_label) head.querySelector(".tile-title").after(h("span", { class: "badge" }, tile.range_label));
}

// A card is small: what always holds for its metric stands in the title of its heading.
function setNote(place, tile) {
  place.querySelector(":scope > .note")?.remove();
  const lacking = (tile.lacking ?? []).map((each) => t("tile.lacking", { column: each.label, why: sentence(each.message) }));
  const notes = [...lacking, ...tile.notes, ...receiptNotes(tile)];
  if (tile.type !== "kpi" && notes.length) place.append(h("p", { class: "note" }, notes.join(" ")));
}

function renderTile(place, tile, context) {
  const text = JSON.stringify(tile);
  const address = location.search;
  const before = shown.get(place);
  if (before && before.text === text && before.address === address && tile.type !== "work") return;
  shown.set(place, { text, address });
  const body = place.querySelector(".tile-body");
  setHead(place, tile);
  setNote(place, tile);
  place.dataset.status = tile.status;
  if (tile.status !== "ok") {
    removeTrend(body);
    body.replaceChildren(calm(tile.message, tile.next_step));
    return;
  }
  if (renderers[tile.type](body, tile, context) === false) {
    place.dataset.status = "empty";
    body.replaceChildren(calm(t("tile.empty"), t("tile.empty_next")));
  }
}

const failed = (body) => {
  removeTrend(body);
  body.replaceChildren(calm(t("tile.broken"), t("tile.broken_next")));
};

export function renderTiles(root, document, context) {
  const report = (body, cause) => {
    console.error(cause);
    failed(body);
  };
  for (const tile of document.tiles) {
    const place = root.querySelector(`[data-tile="${CSS.escape(tile.id)}"]`);
    if (!place) continue;
    try {
      renderTile(place, tile, { ...context, report });
    } catch (cause) {
      report(place.querySelector(".tile-body"), cause);
    }
  }
}
