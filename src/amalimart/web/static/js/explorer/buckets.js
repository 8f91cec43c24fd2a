// Buckets of time: what they are called, and which lie between two of them.
import { bucket } from "../format.js";
import { t } from "../text.js";

const MONTHS = { month: 1, quarter: 3, year: 12, fiscal_quarter: 3, fiscal_year: 12 };
const DAYS = { day: 1, week: 7 };
const MOST = 4000;

export function when(iso, grain, isLong = false) {
  if (iso === null || iso === undefined) return t("number.unknown");
  const [year, month] = String(iso).split("-").map(Number);
  if (grain === "year") return String(year);
  if (grain === "quarter") return t("explore.quarter", { n: Math.ceil(month / 3), year });
  return bucket(iso, grain, isLong);
}

function following(iso, grain) {
  const [year, month, day] = iso.split("-").map(Number);
  const next = DAYS[grain] ? new Date(Date.UTC(year, month - 1, day + DAYS[grain])) : new Date(Date.UTC(year, month - 1 + MONTHS[grain], day));
  return next.toISOString().slice(0, 10);
}

// Every bucket from the first to the last, also those of which an answer has no row.
export function between(found, grain) {
  const sorted = [...new Set(found.filter(Boolean))].sort();
  const all = [];
  for (let at = sorted[0]; at && at <= sorted.at(-1) && all.length < MOST; at = following(at, grain)) all.push(at);
  return all;
}
