// The entries of the catalogue as one list, and which of them a word finds.
import { french } from "../receipt/language.js";
import { t } from "../text.js";

const nameOf = (each) => (french && each.label_fr) || each.label || each.name;
const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

export function entriesOf(body) {
  const found = [
    ...body.metrics.map((each) => ({ kind: "metrics", key: each.name, name: nameOf(each), about: (french && each.definition_fr) || each.definition, words: [each.label, each.label_fr, each.definition, each.definition_fr, each.subject_label, each.subject_label_fr, each.owner, ...each.aliases], source: each })),
    ...body.dimensions.map((each) => ({ kind: "dimensions", key: each.name, name: nameOf(each), about: (french && each.description_fr) || each.description, words: [each.label, each.label_fr, each.description, each.description_fr, ...(each.synonyms ?? [])], source: each })),
    ...body.tables.map((each) => ({ kind: "tables", key: each.name, name: each.name, about: each.description, words: [each.description, each.owner], source: each })),
    ...body.tables.flatMap((table) =>
      table.columns.map((each) => ({ kind: "columns", key: table.name, column: each.name, name: each.name, about: `${t("catalogue.of_table", { table: table.name })} · ${each.description}`, words: [each.description, table.name], source: table })),
    ),
  ];
  return found.map((each) => ({ ...each, text: folded([each.key, each.column, each.name, ...each.words].filter(Boolean).join(" ")), title: folded(`${each.name} ${each.column ?? each.key}`) }));
}

// Every word must be found; those that have it in their name come first. Columns are many: without a word or a
// choice they stay out of the way.
export function finding(entries, text, kind) {
  const words = folded(text).split(/[\s_]+/).filter(Boolean);
  const isListed = (each) => (kind === "all" ? each.kind !== "columns" || words.length > 0 : each.kind === kind);
  const hits = entries.filter((each) => isListed(each) && words.every((word) => each.text.includes(word)));
  const rank = (each) => (words.every((word) => each.title.includes(word)) ? 0 : 1);
  return words.length ? hits.map((each) => [rank(each), each]).sort((a, b) => a[0] - b[0]).map(([, each]) => each) : hits;
}
