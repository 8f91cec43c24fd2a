// Results of a check over time against the band that was expected of them. A mark outside it has another
// colour and another shape; the table beside the drawing holds the numbers.
import { h, s } from "../dom.js";
import { compact } from "../format.js";
import { t } from "../text.js";

const HEIGHT = 190;
const EDGE = { top: 12, right: 14, bottom: 24, left: 56 };
const known = (value) => value !== null && value !== undefined;

export const isOutside = (each) => known(each.value) && ((known(each.low) && each.value < each.low) || (known(each.high) && each.value > each.high));

export function bandChart(results, subject, named) {
  const points = results.filter((each) => known(each.value));
  if (points.length < 2) return null;
  const box = h("figure", { class: "band", role: "img", "aria-label": t("quality.chart", { n: points.length, subject, first: named(points[0]), last: named(points.at(-1)), bad: points.filter(isOutside).length }) });
  new ResizeObserver(() => box.clientWidth && box.replaceChildren(drawn(points, named, box.clientWidth))).observe(box);
  return box;
}

function drawn(points, named, width) {
  const all = points.flatMap((each) => [each.value, each.low, each.high]).filter(known);
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const margin = (most - least || Math.abs(most) || 1) * 0.08;
  const [low, high] = [least >= 0 ? Math.max(0, least - margin) : least - margin, most + margin];
  const x = (index) => EDGE.left + (index / (points.length - 1)) * (width - EDGE.left - EDGE.right);
  const y = (value) => EDGE.top + (1 - (value - low) / (high - low)) * (HEIGHT - EDGE.top - EDGE.bottom);
  const svg = s("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, "aria-hidden": "true" });
  for (const value of [low, (low + high) / 2, high]) {
    svg.append(s("line", { class: "grid", x1: EDGE.left, x2: width - EDGE.right, y1: y(value), y2: y(value) }), s("text", { class: "axis", x: EDGE.left - 8, y: y(value) + 4, "text-anchor": "end" }, compact(value, "number")));
  }
  // An open side of the band reaches to the edge of the drawing.
  const banded = points.map((each, index) => ({ index, low: each.low ?? low, high: each.high ?? high, is: known(each.low) || known(each.high) })).filter((each) => each.is);
  if (banded.length > 1) {
    const top = banded.map((each) => `${x(each.index)} ${y(each.high)}`);
    const bottom = banded.map((each) => `${x(each.index)} ${y(each.low)}`).reverse();
    svg.append(s("path", { class: "expected", d: `M${top.join("L")}L${bottom.join("L")}Z` }));
  }
  svg.append(s("path", { class: "course", d: `M${points.map((each, index) => `${x(index)} ${y(each.value)}`).join("L")}` }));
  points.forEach((each, index) => svg.append(isOutside(each) ? s("rect", { class: "outside", x: x(index) - 4.5, y: y(each.value) - 4.5, width: 9, height: 9, transform: `rotate(45 ${x(index)} ${y(each.value)})` }) : s("circle", { class: "within", cx: x(index), cy: y(each.value), r: 3 })));
  const label = (index, anchor) => s("text", { class: "axis", x: x(index), y: HEIGHT - 6, "text-anchor": anchor }, named(points[index]));
  svg.append(label(0, "start"), label(points.length - 1, "end"));
  return svg;
}
