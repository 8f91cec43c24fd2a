// What each role may see, in words: one section a role, opened by its name.
import { h, label } from "../dom.js";
import { readTable } from "../reading/parts.js";
import { counted, t, word } from "../text.js";

function rows({ kind, column, of }) {
  if (kind === "own") return t("users.rows_own", { column, ids: t(`users.${of}`) });
  return kind === "through" ? t("users.rows_through", { column, dataset: of }) : t("users.rows_all");
}

// Names as they are called, the raw name in the title; null stands for all of them.
function chips(names, labels) {
  if (names === null) return h("p", {}, t("users.all"));
  if (!names.length) return h("p", {}, t("users.none"));
  return h("ul", { class: "chips" }, names.map((name) => h("li", {}, label(labels[name] ?? name, { title: name }))));
}

function role(policy, labels) {
  const classes = policy.classes.map((each) => word("users.class", each)).join(", ");
  const told = policy.has_policy
    ? [
        h("h3", {}, t("users.metrics"), policy.metrics ? h("span", { class: "more" }, counted("users.of_them", policy.metrics.length)) : null),
        chips(policy.metrics, labels),
        h("h3", {}, t("users.dimensions"), policy.dimensions ? h("span", { class: "more" }, counted("users.of_them", policy.dimensions.length)) : null),
        chips(policy.dimensions, labels),
        h("h3", {}, t("users.datasets")),
        policy.datasets.length
          ? readTable(
              t("users.datasets_of", { role: word("role", policy.role) }),
              [[t("users.dataset")], [t("users.rows"), "long"], [t("users.withheld"), "long"]],
              policy.datasets.map((each) => [each.name, rows(each.rows), each.withheld.length ? each.withheld.join(", ") : t("users.nothing_withheld")]),
            )
          : h("p", {}, t("users.none")),
        h("p", { class: "hint" }, t("users.classes", { classes })),
      ]
    : [h("p", {}, t("users.no_policy"))];
  return h("details", { class: "policy", name: "policy" }, h("summary", {}, h("span", { class: "name" }, word("role", policy.role)), h("span", { class: "about", lang: "en" }, policy.description), h("span", { class: "scope" }, policy.has_policy ? t(policy.is_scoped ? "users.scoped" : "users.unscoped") : t("users.none"))), h("div", { class: "policy-body" }, told));
}

export const policies = ({ policies: found, labels }) => found.map((each) => role(each, labels));
