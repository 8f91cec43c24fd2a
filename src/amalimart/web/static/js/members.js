// Reads the rows of a grouped tile: the leading dimension with its key, further dimensions, the metrics.
// Names of entities (those with a key) are shown as they are; only raw values are made readable.
import { bucket, memberLabel } from "./format.js";
import { t } from "./text.js";

export const hasKey = (tile, column) => tile.columns.some((each) => each.kind === "key" && each.name === `${column.name}_id`);

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
