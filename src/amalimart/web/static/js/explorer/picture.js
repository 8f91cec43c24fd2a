// A picture of a drawing, made in the browser: its title, legend, numbers, and the release they are of.
import { instant } from "../format.js";
import { t } from "../text.js";
import { colour } from "../theme.js";
import { SERIES } from "../vega.js";

const SCALE = 2;
const MARGIN = 24;
const LINE = 22;

function cutTo(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  let cut = text;
  while (cut.length > 1 && context.measureText(`${cut}…`).width > width) cut = cut.slice(0, -1);
  return `${cut}…`;
}

// The legend in as many lines as it needs: entries with the place of each.
function laidOut(context, entries, width) {
  const placed = [];
  let [x, y] = [0, 0];
  for (const entry of entries) {
    const name = cutTo(context, entry.name, width - 30);
    const wide = context.measureText(name).width + 34;
    if (x && x + wide > width) [x, y] = [0, y + LINE];
    placed.push({ ...entry, name, x, y });
    x += wide;
  }
  return { placed, height: entries.length ? y + LINE : 0 };
}

export async function picture(chart, { title, days, release, site, zone }) {
  const drawn = await chart.view.toCanvas(SCALE);
  const font = getComputedStyle(document.body).fontFamily;
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  const wide = drawn.width / SCALE;
  context.font = `13px ${font}`;
  const legend = laidOut(context, chart.legendEntries(), wide);
  const top = MARGIN + 2 * LINE + legend.height + 8;
  const high = top + drawn.height / SCALE + LINE + MARGIN;
  canvas.width = (wide + 2 * MARGIN) * SCALE;
  canvas.height = high * SCALE;
  context.scale(SCALE, SCALE);
  context.fillStyle = colour("--surface");
  context.fillRect(0, 0, wide + 2 * MARGIN, high);
  context.textBaseline = "middle";
  context.fillStyle = colour("--text");
  context.font = `600 16px ${font}`;
  context.fillText(cutTo(context, title, wide), MARGIN, MARGIN + 10);
  context.font = `13px ${font}`;
  context.fillStyle = colour("--text-soft");
  context.fillText(days, MARGIN, MARGIN + 10 + LINE);
  for (const { place, isPrevious, name, x, y } of legend.placed) {
    const at = MARGIN + 2 * LINE + 10 + y;
    context.fillStyle = isPrevious ? colour("--previous") : colour(`--series-${Math.min(place + 1, SERIES)}`);
    context.fillRect(MARGIN + x, at - 5, 10, 10);
    context.fillStyle = colour("--text-soft");
    context.fillText(name, MARGIN + x + 16, at);
  }
  context.drawImage(drawn, MARGIN, top, wide, drawn.height / SCALE);
  context.font = `12px ${font}`;
  context.fillStyle = colour("--text-faint");
  context.fillText(cutTo(context, t("explore.picture_foot", { site, id: release.release_id, at: instant(release.published_at, zone) }), wide), MARGIN, high - MARGIN + 2);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}
