// What a metric is made of, drawn: a box a table, a line where values flow. The boxes are a list that reads
// the same without the lines.
import { h, label, s } from "../dom.js";
import { t, word } from "../text.js";

const LAYERS = { source: "source", metric: "metric", dimension: "dimension" };

const layerOf = (box) => LAYERS[box.kind] ?? box.name.split(".")[0];

// Columns gathered by their table, and how far each table lies from the metric on the longest way.
function gathered({ nodes, edges }) {
  const boxes = new Map();
  const home = new Map();
  for (const node of nodes) {
    const name = node.table;
    if (!boxes.has(name)) boxes.set(name, { name, kind: node.kind, columns: [], made: new Set(), depth: 0 });
    if (node.column) boxes.get(name).columns.push(node.column);
    home.set(node.id, name);
  }
  for (const [from, to] of edges) if (home.get(from) !== home.get(to)) boxes.get(home.get(to))?.made.add(home.get(from));
  // Tables stand in no circle; the bound only keeps a wrong answer from spinning for ever.
  for (let round = 0; round < boxes.size; round += 1) {
    let isSettled = true;
    for (const box of boxes.values()) {
      for (const part of box.made) {
        const below = boxes.get(part);
        if (below.depth < box.depth + 1) [below.depth, isSettled] = [box.depth + 1, false];
      }
    }
    if (isSettled) break;
  }
  return [...boxes.values()];
}

function box(each) {
  const made = [...each.made];
  return h(
    "li",
    { class: `lineage-box ${layerOf(each)}`, "data-table": each.name },
    h("span", { class: "lineage-name" }, label(each.name)),
    each.columns.length ? h("ul", { class: "lineage-columns" }, each.columns.map((column) => h("li", {}, label(column)))) : null,
    made.length ? h("span", { class: "hidden" }, t("receipt.made_of", { name: each.name, parts: made.join(", ") })) : null,
  );
}

function lines(root, canvas, boxes) {
  const bounds = root.getBoundingClientRect();
  const place = (name) => {
    const found = root.querySelector(`[data-table="${CSS.escape(name)}"]`).getBoundingClientRect();
    return { left: found.left - bounds.left, right: found.right - bounds.left, top: found.top - bounds.top, bottom: found.bottom - bounds.top };
  };
  const isAcross = getComputedStyle(root).flexDirection.startsWith("row");
  const paths = boxes.flatMap((each) =>
    [...each.made].map((part) => {
      const [to, from] = [place(each.name), place(part)];
      if (isAcross) {
        const [x1, y1, x2, y2] = [from.right, (from.top + from.bottom) / 2, to.left, (to.top + to.bottom) / 2];
        const bend = Math.max(18, (x2 - x1) / 2);
        return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
      }
      const [x1, y1, x2, y2] = [(to.left + to.right) / 2, to.bottom, (from.left + from.right) / 2, from.top];
      const bend = Math.max(10, (y2 - y1) / 2);
      return `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2}`;
    }),
  );
  canvas.setAttribute("viewBox", `0 0 ${root.scrollWidth} ${root.scrollHeight}`);
  canvas.setAttribute("width", root.scrollWidth);
  canvas.setAttribute("height", root.scrollHeight);
  canvas.replaceChildren(...paths.map((d) => s("path", { d })));
}

export function lineageGraph(graph) {
  const boxes = gathered(graph);
  const rows = [];
  for (const each of boxes) (rows[each.depth] ??= []).push(each);
  const canvas = s("svg", { class: "lineage-lines", "aria-hidden": "true" });
  const layers = rows.filter(Boolean).map((row) => {
    const name = word("layer", layerOf(row[0]));
    return h("div", { class: "lineage-layer", role: "group", "aria-label": name }, h("span", { class: "lineage-layer-name", "aria-hidden": "true" }, name), h("ul", {}, row.map(box)));
  });
  const root = h("div", { class: "lineage" }, canvas, layers);
  new ResizeObserver(() => root.isConnected && lines(root, canvas, boxes)).observe(root);
  const parts = [root];
  if (graph.untraced.length) parts.push(h("p", { class: "note" }, t("receipt.untraced", { tables: graph.untraced.join(", ") })));
  return h("div", { class: "lineage-scroll", role: "region", "aria-label": t("receipt.lineage"), tabindex: "0" }, parts);
}
