// Reads the rows of a grouped tile: the leading dimension with its key, further dimensions, the metrics.
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
      label: row[place.get(leading.name)],
      others: others.map((column) => row[place.get(column.name)]),
      values: metrics.map((column) => row[place.get(column.name)]),
    })),
  };
}
