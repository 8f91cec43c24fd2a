// A metric's formula in words, from the parts that the interface sends.
import { t, word } from "../text.js";

const OPERATORS = { "+": "plus", "-": "minus", "*": "times", "/": "divided" };

function measure(part) {
  const what = t(`formula.${part.aggregate}`, { field: part.field });
  const words = [t("formula.of", { what, table: part.table })];
  if (part.per) words.push(t("formula.per", { field: part.per, over: t(`formula.over_${part.over}`) }));
  if (part.kept) words.push(t("formula.kept", { kept: part.kept }));
  if (part.conditions.length) words.push(t("formula.where", { conditions: part.conditions.join(t("formula.and")) }));
  if (part.period) words.push(t(`formula.${part.period}`));
  if (part.is_previous) words.push(t("formula.previous"));
  words.push(part.time ? t("formula.by", { time: part.time }) : t("formula.now"));
  return words.join(" ");
}

export function formulaWords(part, isInner = false) {
  if (part.kind === "measure") return measure(part);
  if (part.kind === "number") return part.value;
  const words = `${formulaWords(part.left, true)} ${word("formula", OPERATORS[part.operator])} ${formulaWords(part.right, true)}`;
  return isInner ? `(${words})` : words;
}
