// The chart library: loaded once, when the first chart is near. Its colours come from the theme.
import { axis, bucket } from "./format.js";
import { colour } from "./theme.js";

let loading = null;

export function loadVega(address) {
  loading ??= import(address).catch((cause) => {
    loading = null;
    throw cause;
  });
  return loading;
}

// The custom format type of the specifications: "axis:<unit>:<currency>" or "time:<grain>".
function formatted(value, format) {
  const [what, first, second] = String(format).split(":");
  return what === "time" ? bucket(value, first) : axis(value, first, second);
}

export const expressionFunctions = { amalimart: formatted };

export const SERIES = 8;
export const TICKS = 5;

export function themeConfig() {
  const accent = colour("--accent");
  const font = getComputedStyle(document.body).fontFamily;
  return {
    aria: false,
    background: null,
    customFormatTypes: true,
    padding: { left: 0, right: 4, top: 6, bottom: 0 },
    autosize: { type: "fit", contains: "padding" },
    font,
    view: { stroke: null },
    range: { category: Array.from({ length: 4 * SERIES }, (_, index) => colour(`--series-${Math.min(index + 1, SERIES)}`)) },
    axis: {
      domain: false,
      ticks: false,
      labelColor: colour("--text-faint"),
      labelFont: font,
      labelFontSize: 11.5,
      labelPadding: 8,
      gridColor: colour("--grid"),
    },
    axisY: { tickCount: TICKS, minExtent: 26 },
    axisX: { labelAngle: 0, labelFlush: true, tickCount: 8, labelBound: false },
    scale: { bandPaddingInner: 0.28, bandPaddingOuter: 0.14 },
    style: {
      current: { color: accent, strokeWidth: 2, strokeJoin: "round", strokeCap: "round" },
      current_area: { color: accent, fillOpacity: 0.08, line: false },
      previous: { color: colour("--previous"), strokeWidth: 1.3, strokeDash: [4, 3], strokeJoin: "round" },
      partial: { color: accent, strokeWidth: 1.8, strokeDash: [1.5, 3.5], strokeCap: "round", strokeOpacity: 0.85 },
      partial_point: { filled: false, color: accent, strokeWidth: 1.8, size: 30, opacity: 1 },
      filled_area: { color: accent, fillOpacity: 0.28, line: false },
      current_bar: { color: accent, cornerRadiusEnd: 2 },
      previous_tick: { color: colour("--text-soft"), thickness: 2, opacity: 0.75 },
      stacked: { cornerRadiusEnd: 0 },
      stacked_area: { fillOpacity: 0.82, line: false },
      member_line: { strokeWidth: 2, strokeJoin: "round", strokeCap: "round" },
    },
  };
}
