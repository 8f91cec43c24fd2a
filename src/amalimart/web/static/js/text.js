// The words of the page, in its reader's language, from one catalogue that loads with the page.
const settings = JSON.parse(document.querySelector("#page").textContent);
const { default: texts } = await import(settings.texts);
const plural = new Intl.PluralRules(settings.locale);

// A text with its {places} filled. A key that is missing shows itself, which a test finds, and no page breaks.
export function t(key, values = {}) {
  const text = texts[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

export const has = (key) => Object.hasOwn(texts, key);

// The form of a text that goes with a number; `shown` is how the number is written.
export const counted = (key, n, shown = n) => t(`${key}.${plural.select(n) === "one" ? "one" : "other"}`, { n: shown });

// A word of a raw name, such as a role or a state; the name itself where nobody gave it a word.
export const word = (section, name) => texts[`${section}.${name}`] ?? String(name ?? "").replaceAll("_", " ");
