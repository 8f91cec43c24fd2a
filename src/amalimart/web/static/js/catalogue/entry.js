// One entry of the catalogue: what it means, who answers for it, what it is made of and where it is used.
import { request, Trouble } from "../api.js";
import { h, label } from "../dom.js";
import { watchEdges } from "../edges.js";
import { exact, NOTHING } from "../format.js";
import { lineageGraph } from "../receipt/lineage.js";
import { changeLog, checksLine, formulaOf, meaning, subjectOf } from "../receipt/parts.js";
import { counted, t, word } from "../text.js";

const fact = (name, value, isWide = false) => h("div", { class: isWide ? "wide" : null }, h("dt", {}, name), h("dd", {}, value));
const section = (title, ...parts) => h("section", { class: "receipt-part" }, h("h3", {}, title), ...parts);
const chips = (items) => h("span", { class: "chips" }, items);
const trouble = (cause) => h("p", { class: "hint", role: "alert" }, cause instanceof Trouble ? cause.error.what : t("message.wrong"));
const waiting = () => h("p", { role: "status" }, h("span", { class: "hidden" }, t("receipt.lineage_loading")), h("span", { class: "skeleton skeleton-line" }));

export class EntryView {
  constructor({ page, body, root }) {
    Object.assign(this, { page, body, root });
  }

  link(kind, name, text) {
    return h("a", { href: `${this.page.here}/${kind}/${encodeURIComponent(name)}`, "data-state-link": true }, label(text));
  }

  show(entry) {
    this.entry = entry;
    if (!entry) {
      delete this.root.dataset.open;
      this.root.replaceChildren(h("div", { class: "calm" }, h("p", {}, t("catalogue.choose"))));
      return;
    }
    this.root.dataset.open = "";
    const parts = { metrics: () => this.metric(entry.source), dimensions: () => this.dimension(entry.source), tables: () => this.table(entry) }[entry.kind]();
    const kind = { metrics: "metric", dimensions: "dimension", tables: "table" }[entry.kind];
    const back = h("a", { class: "back", href: this.page.here + location.search, "data-state-link": true }, `‹ ${t("catalogue.back")}`);
    this.root.replaceChildren(h("p", { class: "entry-kind" }, back, t(`catalogue.${kind}`), h("code", {}, entry.key)), h("h2", { tabindex: "-1" }, label(entry.name)), ...parts.filter(Boolean));
  }

  // What a page is called; undefined for one that the reader may not open.
  titleOf({ kind, name }) {
    return this.body[`${kind}s`]?.[name];
  }

  pageLink(each) {
    return h("a", { href: `/${each.kind}s/${encodeURIComponent(each.name)}` }, this.titleOf(each));
  }

  usedBy(each) {
    const used = each.used_by.map((page) => this.pageLink(page));
    return fact(t("catalogue.used_by"), used.length ? chips(used) : t("catalogue.not_used"), true);
  }

  dimensionChips(names) {
    const known = new Map(this.body.dimensions.map((each) => [each.name, each]));
    const items = names.filter((name) => known.has(name)).map((name) => this.link("dimensions", name, (document.documentElement.lang === "fr" && known.get(name).label_fr) || known.get(name).label));
    return items.length ? chips(items) : t("catalogue.no_groups");
  }

  metric(each) {
    const checks = h("dd", {}, t("receipt.lineage_loading"));
    const lineage = h("div", {}, waiting());
    const changes = h("div");
    this.fillMetric(each, { checks, lineage, changes });
    return [
      each.missing ? h("p", { class: "page-warning warning" }, `${t("catalogue.missing")}: ${each.missing}`) : null,
      meaning(each, "lead"),
      h("p", { class: "formula" }, formulaOf(each)),
      h(
        "dl",
        { class: "facts" },
        fact(t("catalogue.owner"), label(each.owner ?? t("catalogue.no_owner"))),
        fact(t("catalogue.unit"), word("unit", each.unit)),
        each.subject_label ? fact(t("catalogue.subject"), subjectOf(each)) : null,
        each.version ? fact(t("receipt.version"), h("code", { title: t("receipt.version_hint") }, each.version)) : null,
        h("div", {}, h("dt", {}, t("receipt.checks")), checks),
        each.aliases.length ? fact(t("catalogue.synonyms"), chips(each.aliases.map((name) => h("span", {}, name))), true) : null,
        fact(t("catalogue.groups"), this.dimensionChips(each.dimensions ?? []), true),
        this.usedBy(each),
        each.asked === null || each.asked === undefined ? null : fact(t("catalogue.asked"), counted("catalogue.asked_n", each.asked, exact(each.asked, "count"))),
      ),
      section(t("receipt.lineage"), lineage),
      changes,
    ];
  }

  async fillMetric(each, { checks, lineage, changes }) {
    const address = `${this.page.metrics}/${encodeURIComponent(each.name)}`;
    try {
      const { body } = await request(address);
      changes.replaceChildren(...[changeLog(body.changes)].filter(Boolean));
      const traced = await request(`${address}/lineage`);
      checks.replaceChildren(...checksLine(traced.body.checks).filter(Boolean));
      lineage.replaceChildren(traced.body.graph ? lineageGraph(traced.body.graph) : h("p", { class: "hint" }, t("receipt.scoped")));
    } catch (cause) {
      checks.replaceChildren(t("receipt.unknown"));
      lineage.replaceChildren(trouble(cause));
    }
  }

  dimension(each) {
    const lineage = h("div", {}, waiting());
    this.trace(each.name, lineage);
    const splits = this.body.metrics.filter((metric) => metric.dimensions?.includes(each.name));
    const isFrench = document.documentElement.lang === "fr";
    return [
      h("p", { class: "lead", lang: isFrench && each.description_fr ? "fr" : "en" }, (isFrench && each.description_fr) || each.description || ""),
      h(
        "dl",
        { class: "facts" },
        each.type ? fact(t("catalogue.type"), word("unit", each.type)) : null,
        each.synonyms?.length ? fact(t("catalogue.synonyms"), chips(each.synonyms.map((name) => h("span", {}, name)))) : null,
        each.drill?.length ? fact(t("catalogue.drill"), this.dimensionChips(each.drill)) : null,
        splits.length ? fact(t("catalogue.metrics"), chips(splits.map((metric) => this.link("metrics", metric.name, (isFrench && metric.label_fr) || metric.label))), true) : null,
        this.usedBy(each),
      ),
      section(t("receipt.lineage"), lineage),
    ];
  }

  async trace(name, place) {
    try {
      const { body } = await request(`${this.page.lineage}/${encodeURIComponent(name)}/graph`);
      const isPage = (each) => each.kind === "dashboard" || each.kind === "scorecard";
      const used = body.used_by.filter((each) => !isPage(each) || this.titleOf(each) !== undefined);
      const links = used.map((each) => (isPage(each) ? this.pageLink(each) : this.link(`${each.kind}s`, each.name, each.name)));
      place.replaceChildren(lineageGraph(body.graph), ...(links.length ? [h("dl", { class: "facts" }, fact(t("catalogue.used_by"), chips(links), true))] : []));
    } catch (cause) {
      place.replaceChildren(trouble(cause));
    }
  }

  table(entry) {
    const { source: table, column: chosen } = entry;
    const rows = table.columns.map((each) => this.columnRow(table, each, chosen));
    const heads = [t("catalogue.column"), t("catalogue.type"), t("catalogue.class"), t("receipt.definition")].map((name) => h("th", { scope: "col" }, name));
    const list = h("table", { class: "read" }, h("caption", { class: "hidden" }, t("catalogue.columns_of")), h("thead", {}, h("tr", {}, heads)), h("tbody", {}, rows));
    return [
      h("p", { class: "lead", lang: "en" }, table.description || t("catalogue.no_description")),
      h(
        "dl",
        { class: "facts" },
        fact(t("catalogue.owner"), table.owner ?? t("catalogue.no_owner")),
        fact(t("catalogue.rows"), table.rows === null ? NOTHING : exact(table.rows, "count")),
        table.grain ? fact(t("catalogue.grain"), h("span", { lang: "en" }, table.grain), true) : null,
      ),
      section(t("catalogue.columns_of"), watchEdges(h("div", { class: "scroll", role: "region", "aria-label": t("catalogue.columns_of"), tabindex: "0" }, list))),
    ];
  }

  // A column opens what it is made of in a row of its own.
  columnRow(table, each, chosen) {
    const row = h("tr", { "data-chosen": each.name === chosen });
    const button = h("button", { type: "button", "aria-expanded": "false" }, label(each.name));
    button.addEventListener("click", () => {
      const isOpen = button.getAttribute("aria-expanded") === "true";
      button.setAttribute("aria-expanded", String(!isOpen));
      if (isOpen) {
        row.nextElementSibling.remove();
        return;
      }
      const place = h("div", {}, waiting());
      row.after(h("tr", { class: "traced" }, h("td", { colspan: 4 }, place)));
      this.trace(`${table.name}.${each.name}`, place);
    });
    row.append(h("th", { scope: "row" }, button), h("td", {}, each.type.toLowerCase()), h("td", {}, each.data_class ?? NOTHING), h("td", { class: "words", lang: "en" }, each.description || NOTHING));
    return row;
  }
}
