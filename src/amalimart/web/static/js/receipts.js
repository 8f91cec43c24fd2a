// The way from a number to its receipt. What the receipt shows is fetched when the first one is opened.
let source = null;
let panel = null;

const opened = () =>
  (panel ??= import("./receipt/panel.js")
    .then(({ ReceiptPanel }) => new ReceiptPanel(source))
    .catch((cause) => {
      panel = null;
      throw cause;
    }));

export async function openReceipt(tile, { metric, at } = {}) {
  (await opened()).open({ tile, metric, at });
}

// A link that names a receipt opens it as soon as the page has its numbers.
export async function followReceipt() {
  if (location.hash.includes("receipt=") || panel) (await opened()).follow();
}

export function watchNumbers(root, given) {
  source = given;
  addEventListener("popstate", () => followReceipt());
  root.addEventListener("click", (event) => {
    const number = event.target.closest("[data-receipt]");
    const tile = number?.closest("[data-tile]");
    if (!tile || event.target.closest("a")) return;
    openReceipt(tile.dataset.tile, { metric: number.dataset.receipt, at: number.dataset.at });
  });
}
