// Metrics and dimensions by name, as their reader calls them.
import { t, word } from "../text.js";

const french = document.documentElement.lang === "fr";
const called = (each) => (french && each.label_fr) || each.label || each.name;

export class Names {
  constructor(metrics, dimensions) {
    this.metrics = metrics;
    this.dimensions = dimensions;
    this.byName = new Map();
    for (const each of dimensions) for (const name of [...(each.synonyms ?? []), each.name]) this.byName.set(name, { kind: "dimension", entry: each });
    for (const each of metrics) for (const name of [...(each.aliases ?? []), each.name]) this.byName.set(name, { kind: "metric", entry: each });
  }

  metric(name) {
    const found = this.byName.get(name);
    return found?.kind === "metric" ? found.entry : null;
  }

  dimension(name) {
    const found = this.byName.get(name);
    return found?.kind === "dimension" ? found.entry : null;
  }

  // A name that nobody knows stands for itself.
  label(name) {
    const found = this.byName.get(name);
    return found ? called(found.entry) : String(name);
  }

  // What a metric or dimension is, as far as it is said in their reader's language.
  about(entry) {
    return (french && (entry.definition_fr || entry.description_fr)) || entry.definition || entry.description || "";
  }

  title(question) {
    const metrics = question.metrics.map((name) => this.label(name)).join(", ");
    const groups = question.by.map((name) => this.label(name));
    if (question.grain) groups.unshift(t(`grain.${question.grain}`));
    return groups.length ? t("explore.by_groups", { metrics, groups: groups.join(", ") }) : metrics;
  }

  // The columns of an answer under their reader's names.
  column(column) {
    const [base, side] = column.name.split("__");
    if (column.kind === "time") return t(`grain.${column.name}`);
    const known = this.byName.get(base);
    if (!known) return column.label;
    return side ? t(`explore.side_${side}`, { label: called(known.entry) }) : called(known.entry);
  }
}

export const subject = (name) => word("subject", name);
