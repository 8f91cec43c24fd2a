// Numbers and days as people read them. Money arrives as a decimal string and is never rounded before this.
import { has, t } from "./text.js";

const memo = new Map();
const kept = (key, make) => {
  if (!memo.has(key)) memo.set(key, make());
  return memo.get(key);
};

let locale = "en-GB";
let home = "GHS";

export function configureFormat(settings) {
  locale = settings.locale;
  home = settings.currency;
}

const number = (options) => kept(JSON.stringify(options), () => new Intl.NumberFormat(locale, options));
const moneyOptions = (currency) => ({ style: "currency", currency: currency || home, currencyDisplay: "narrowSymbol" });

const COMPACT = { notation: "compact", maximumFractionDigits: 1 };

const moneyDigits = (size) => {
  if (size < 1000) return { maximumFractionDigits: 2 };
  const digits = size < 1e6 ? 1 : 2;
  return { ...COMPACT, minimumFractionDigits: digits, maximumFractionDigits: digits };
};

const compactOf = {
  money: (value, currency) => number({ ...moneyOptions(currency), ...moneyDigits(Math.abs(value)) }),
  count: (value) => number(Math.abs(value) < 100000 ? { maximumFractionDigits: 0 } : COMPACT),
  percent: () => number({ style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }),
  days: () => number({ minimumFractionDigits: 1, maximumFractionDigits: 1 }),
  rating: () => number({ minimumFractionDigits: 2, maximumFractionDigits: 2 }),
  number: (value) => number(Math.abs(value) < 100000 ? { minimumFractionDigits: 2, maximumFractionDigits: 2 } : COMPACT),
};

const exactOf = {
  money: (currency) => number(moneyOptions(currency)),
  count: () => number({ maximumFractionDigits: 0 }),
  percent: () => number({ style: "percent", maximumFractionDigits: 3 }),
  days: () => number({ maximumFractionDigits: 3 }),
  rating: () => number({ maximumFractionDigits: 3 }),
  number: () => number({ maximumFractionDigits: 6 }),
};

const axisOf = {
  money: (currency) => number({ ...moneyOptions(currency), ...COMPACT, minimumFractionDigits: 0 }),
  percent: () => number({ style: "percent", maximumFractionDigits: 1 }),
};

export const rounded = (value, digits) => number({ minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);

export const NOTHING = "–";

const withUnit = (text, unit) => (unit === "days" ? t("number.days", { n: text }) : text);

// A short form, for cards and rankings.
export function compact(value, unit, currency) {
  if (value === null || value === undefined) return NOTHING;
  return withUnit((compactOf[unit] ?? compactOf.number)(Number(value), currency).format(value), unit);
}

// One form for all numbers of a column, chosen by its largest: a column mixes neither digits nor units.
export function columnFormat(values, unit, currency) {
  const largest = Math.max(0, ...values.filter((value) => value !== null).map((value) => Math.abs(Number(value))));
  if (!(unit === "money" || unit === "count") || largest >= 1e7) return (value) => compact(value, unit, currency);
  const digits = unit === "money" && largest < 1000 ? 2 : 0;
  const form = number({ ...(unit === "money" ? moneyOptions(currency) : {}), minimumFractionDigits: digits, maximumFractionDigits: digits });
  return (value) => (value === null ? NOTHING : form.format(value));
}

// Every digit that means something.
export function exact(value, unit, currency) {
  if (value === null || value === undefined) return t("number.none");
  return withUnit((exactOf[unit] ?? exactOf.number)(currency).format(value), unit);
}

export function axis(value, unit, currency) {
  // Half of something counted is no mark on its axis.
  if (unit === "count" && !Number.isInteger(value)) return "";
  return (axisOf[unit] ?? (() => number(COMPACT)))(currency).format(value);
}

// A change of 0.034 as "3.4%", of points as "1.2 pp"; the sign is shown by the arrow beside it.
export function change({ kind, amount }) {
  const size = Math.abs(Number(amount));
  const digits = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
  if (kind === "points") return t("number.points", { n: number(digits).format(size * 100) });
  if (size >= 10) return `${number(COMPACT).format(size)}×`;
  return number({ style: "percent", ...digits }).format(size);
}

const date = (options) => kept(`d${JSON.stringify(options)}`, () => new Intl.DateTimeFormat(locale, { timeZone: "UTC", ...options }));
const DAY = { day: "numeric", month: "short" };

export const day = (iso) => date({ ...DAY, year: "numeric" }).format(new Date(iso));

export const dayRange = (first, last) => date({ ...DAY, year: "numeric" }).formatRange(new Date(first), new Date(last));

// How long there is left, or has been: in hours, of many of them in days.
export function hoursUntil(milliseconds) {
  const hours = Math.floor(Math.abs(milliseconds) / 3_600_000);
  return hours < 48 ? t("work.hours", { n: hours }) : t("work.days", { n: Math.floor(hours / 24) });
}

// The name of a bucket; with `long`, complete enough to stand alone.
export function bucket(value, grain, long = false) {
  const start = new Date(value);
  if (grain === "year") return date({ year: "numeric" }).format(start);
  if (grain === "quarter") return t("number.quarter", { n: Math.floor(start.getUTCMonth() / 3) + 1, year: start.getUTCFullYear() });
  if (grain === "month") return date({ month: long ? "long" : "short", year: "numeric" }).format(start);
  if (!long) return date(DAY).format(start);
  if (grain === "week") return t("number.week_of", { day: day(start) });
  return date({ weekday: "short", ...DAY, year: "numeric" }).format(start);
}

export const instant = (iso, zone) =>
  kept(`i${zone}`, () => new Intl.DateTimeFormat(locale, { ...DAY, hour: "2-digit", minute: "2-digit", timeZone: zone })).format(new Date(iso));

export function ago(milliseconds, when = "") {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return t(`ago.${when}seconds`, { n: seconds });
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return t(`ago.${when}minutes`, { n: minutes });
  const hours = Math.round(minutes / 60);
  return hours < 48 ? t(`ago.${when}hours`, { n: hours }) : t(`ago.${when}days`, { n: Math.round(hours / 24) });
}

// A distance in time, past or to come.
export const distance = (milliseconds) => (milliseconds >= 0 ? ago(milliseconds) : ago(-milliseconds, "in_"));

// A raw value of a dimension as a label: the tile's own name for it, else that of the catalogue,
// else SOME_CODE becomes "Some code".
export function memberLabel(value, labels = {}) {
  if (value === null || value === undefined || value === "") return t("number.unknown");
  const text = String(value);
  if (Object.hasOwn(labels, text)) return labels[text];
  if (has(`member.${text}`)) return t(`member.${text}`);
  if (!/^[A-Z][A-Z0-9_]+$/.test(text) || text.length <= 3) return text;
  const words = text.replaceAll("_", " ").toLowerCase();
  return words[0].toUpperCase() + words.slice(1);
}
