// What a receipt says, part by part.
import { h, label } from "../dom.js";
import { ago, day, dayRange, exact, instant } from "../format.js";
import { t } from "../text.js";
import { french } from "./language.js";

const fact = (name, ...value) => h("div", {}, h("dt", {}, name), h("dd", {}, ...value));
const section = (title, ...parts) => h("section", { class: "receipt-part" }, h("h3", {}, title), ...parts);

export const nameOf = (metric) => (french ? metric.label_fr : metric.label);

export const subjectOf = (metric) => (french ? metric.subject_label_fr : metric.subject_label);
export const formulaOf = (metric) => (french ? metric.formula_fr : metric.formula);

// What a metric means, in French as far as somebody has written it so.
export function meaning(metric, kind) {
  const said = french ? metric.definition_fr : null;
  return h("p", { class: kind, lang: said ? "fr" : "en" }, said ?? metric.definition);
}

const TONES = { passing: "good", warning: "", failing: "bad", unknown: "" };

export function checksLine(checks) {
  const words = checks.state === "passing" && checks.total !== null ? t("receipt.passing_of", { n: checks.total }) : t(`receipt.${checks.state}`);
  const failing = checks.failing.map((each) =>
    h("li", {}, label(each.name), each.failing_rows === null ? null : h("span", { class: "more" }, ` ${t("receipt.rows", { n: exact(each.failing_rows, "count") })}`)),
  );
  return [h("span", { class: `state ${TONES[checks.state]}` }, words), failing.length ? h("ul", { class: "receipt-failing" }, failing) : null];
}

export function standing(receipt, zone, checks) {
  const { release } = receipt;
  return h(
    "dl",
    { class: "facts receipt-standing" },
    fact(t("receipt.release"), h("b", {}, `#${release.release_id}`), h("span", { class: "more" }, `${t("receipt.published")} ${instant(release.published_at, zone)}`)),
    fact(t("receipt.freshness"), release.fresh_as_of ? [instant(release.fresh_as_of, zone), h("span", { class: "more" }, ago(Date.now() - Date.parse(release.fresh_as_of)))] : t("receipt.not_told")),
    h("div", {}, h("dt", {}, t("receipt.checks")), checks),
  );
}

export function definition(metric) {
  return section(
    t("receipt.definition"),
    meaning(metric, null),
    h("p", { class: "formula" }, h("span", { class: "hidden" }, `${t("receipt.formula")}: `), formulaOf(metric)),
    h(
      "dl",
      { class: "facts" },
      fact(t("receipt.owner"), label(metric.owner)),
      fact(t("receipt.version"), h("code", { title: t("receipt.version_hint") }, [metric.version, metric.hash].filter(Boolean).join(" · "))),
      metric.aliases.length ? fact(t("receipt.also_called"), metric.aliases.join(", ")) : null,
    ),
  );
}

// What each version has meant, the newest first.
export function changeLog(changes) {
  const rows = [...changes].reverse().map((each) => h("li", {}, h("span", { class: "more" }, t("receipt.version_of", { version: each.version, day: day(each.date) })), h("span", { lang: "en" }, each.what)));
  return rows.length ? section(t("receipt.changes"), h("ol", { class: "receipt-changes", reversed: true }, rows)) : null;
}

export function scope(receipt) {
  const { state, days } = receipt;
  const filters = state.filters.map((each) => h("li", {}, `${each.label}: `, label(each.value_label)));
  return section(
    t("receipt.asked"),
    h(
      "dl",
      { class: "facts" },
      fact(t("receipt.days"), receipt.all_days ? t("explore.all_days") : days ? dayRange(days.first, days.last) : t("receipt.now")),
      fact(t("receipt.filters"), filters.length ? h("ul", {}, filters) : t("receipt.no_filters")),
    ),
    receipt.notes.length ? h("ul", { class: "receipt-notes", "aria-label": t("receipt.notes") }, receipt.notes.map((note) => h("li", {}, note))) : null,
  );
}

export function statements(sql, copy) {
  const shown = sql.map((text, index) => {
    const title = sql.length > 1 ? t("receipt.sql_n", { n: index + 1, all: sql.length }) : t("receipt.sql");
    const button = h("button", { type: "button", class: "plain" }, t("frame.copy"));
    button.addEventListener("click", () => copy(text, button));
    return h("details", { class: "receipt-sql" }, h("summary", {}, title), h("div", { class: "receipt-sql-body" }, button, h("pre", { tabindex: "0", role: "region", "aria-label": title }, h("code", {}, text))));
  });
  return section(t("receipt.sql"), h("p", { class: "hint" }, t("receipt.sql_hint")), shown);
}

export const part = section;
