// Reads the rows of a grouped tile: the leading dimension with its key, further dimensions, the metrics.
// Names of entities (those with a key) are shown as they are; only raw values are made readable.
import { bucket, memberLabel } from "./format.js";
import { addressWith, query } from "./state.js";
import { t } from "./text.js";

export const hasKey = (tile, column) => tile.columns.some((each) => each.kind === "key" && each.name === `${column.name}_id`);

const UNKNOWN = "unknown"; // who or what was never told: there is no page of it
const DAY = /^\d{4}-\d{2}-\d{2}$/;

export function shownMember(tile, column, value) {
  if (hasKey(tile, column)) return String(value ?? t("number.unknown"));
  if (typeof value === "number") return String(value);
  if (DAY.test(value)) return bucket(value, column.name.endsWith("quarter") ? "quarter" : "month");
  return memberLabel(value, tile.labels);
}

export function members(tile) {
  const place = new Map(tile.columns.map((column, index) => [column.name, index]));
  const dimensions = tile.columns.filter((column) => column.kind === "dimension");
  const metrics = tile.columns.filter((column) => column.kind === "metric");
  const [leading, ...others] = dimensions;
  const keyPlace = place.get(`${leading.name}_id`) ?? place.get(leading.name);
  return {
    leading,
    others,
    metrics,
    metric: metrics[0],
    rows: tile.rows.map((row) => ({
      key: row[keyPlace],
      label: shownMember(tile, leading, row[place.get(leading.name)]),
      others: others.map((column) => shownMember(tile, column, row[place.get(column.name)])),
      values: metrics.map((column) => row[place.get(column.name)]),
    })),
  };
}

// Where a click on a member leads: one level down on this page, or to the page below it; null leads nowhere.
export function leads(tile, key) {
  if (key === null) return null;
  if (tile.drill) return { href: addressWith({ [tile.drill]: key }), "data-state-link": true, "data-key": key };
  if (!tile.opens || key === UNKNOWN) return null;
  const state = query();
  if (tile.opens.range) {
    for (const name of ["from", "to", "grain"]) state.delete(name);
    state.set("range", tile.opens.range);
  }
  state.set(tile.opens.by, key);
  return { href: `${location.pathname}/${tile.opens.page}?${state}`, "data-key": key };
}
