// The values of a dimension that the reader may see: to choose from, and as labels of those that were chosen.
import { request } from "../api.js";
import { memberLabel } from "../format.js";

const LISTED = 60;

export class Values {
  constructor(address) {
    this.address = address;
    this.labels = new Map();
  }

  async listed(dimension, search, signal) {
    const { body } = await request(`${this.address}/${encodeURIComponent(dimension)}/values?${new URLSearchParams({ search, limit: LISTED })}`, { signal });
    for (const each of body.values) this.labels.set(`${dimension} ${each.key}`, each.label);
    return body;
  }

  known(dimension, key) {
    const label = this.labels.get(`${dimension} ${key}`);
    return label === undefined || label === key ? memberLabel(key) : label;
  }

  // A key that finds no label stands for itself; the number beside it says the rest.
  async label(dimension, key) {
    if (!this.labels.has(`${dimension} ${key}`)) {
      this.labels.set(`${dimension} ${key}`, key);
      await this.listed(dimension, key).catch(() => undefined);
    }
    return this.known(dimension, key);
  }
}
