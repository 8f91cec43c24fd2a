// What the status page shows of each part of the house. Where something is missing it says so, calmly.
import { h, label, replaceKeepingFocus } from "../dom.js";
import { watchEdges } from "../edges.js";
import { distance, exact, instant, NOTHING, rounded } from "../format.js";
import { counted, t, word } from "../text.js";

const count = (value) => (value === null || value === undefined ? NOTHING : exact(value, "count"));
const UNITS = ["bytes", "kB", "MB", "GB", "TB"];
const STATES = { following: "good", live: "good", succeeded: "good", done: "good", failing: "bad", failed: "bad", abandoned: "bad", held: "bad", stopped: "bad" };

function bytes(value) {
  let unit = 0;
  let size = value;
  while (size >= 1000 && unit < UNITS.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit && size < 100 ? rounded(size, 1) : Math.round(size)} ${UNITS[unit]}`;
}

function lasted(seconds) {
  if (seconds === null || seconds === undefined) return NOTHING;
  if (seconds < 1) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  if (seconds < 90) return `${rounded(seconds, 1)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${rounded(seconds / 3600, 1)} h`;
}

// A moment as the time since or until it, kept right by renderTimes; the exact one is in its title.
const since = (iso, { zone, now }) =>
  iso ? h("time", { datetime: iso, title: instant(iso, zone), "data-since": true }, distance(now - Date.parse(iso))) : h("span", { class: "missing" }, NOTHING);

export function renderTimes(root, now) {
  for (const time of root.querySelectorAll("time[data-since]")) {
    const text = distance(now - Date.parse(time.dateTime));
    if (time.textContent !== text) time.textContent = text;
  }
}

const state = (name) => h("span", { class: `state ${STATES[name] ?? ""}` }, word("state", name));
const said = (...parts) => h("p", { class: "said" }, ...parts);
const calm = (text, next) => h("div", { class: "calm" }, h("p", {}, text), next ? h("p", { class: "next" }, next) : null);
const sentence = (text) => (text ? text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".") : "");
const facts = (...pairs) => h("dl", { class: "facts" }, pairs.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));

function table(title, headings, rows) {
  const head = headings.map(([name, kind]) => h("th", { scope: "col", class: kind === "number" ? "number" : null }, name));
  const lines = rows.map((cells) =>
    h("tr", {}, cells.map((cell, index) => (index === 0 ? h("th", { scope: "row" }, cell) : h("td", { class: headings[index][1] ?? null }, cell ?? NOTHING)))),
  );
  return watchEdges(
    h("div", { class: "scroll", role: "region", "aria-label": title, tabindex: "0" }, h("table", { class: "read" }, h("caption", { class: "hidden" }, title), h("thead", {}, h("tr", {}, head)), h("tbody", {}, lines))),
  );
}

function card(title, value, note, kind) {
  return h("article", { class: "tile kpi" }, h("h2", { class: "tile-title" }, title), h("p", { class: "value" }, kind ? h("span", { class: `state ${kind}` }, value) : value), note ? h("p", { class: "note" }, note) : null);
}

function summary(body, at) {
  const release = body.releases[0];
  const following = body.sources.filter((source) => source.state === "following").length;
  const standing = body.sources.reduce((sum, source) => sum + Object.keys(source.stopped).length, 0);
  const stale = body.sources.map((source) => source.fresh_as_of).filter(Boolean).sort()[0];
  const failed = body.schedules.filter((each) => ["failed", "abandoned"].includes(each.last_run?.state));
  const trouble = standing > 0 || body.sources.some((source) => STATES[source.state] === "bad");
  return [
    card(t("status.release_now"), release ? `#${release.release_id}` : NOTHING, release ? [`${t("status.published")} `, since(release.published_at, at)] : t("status.none_published"), body.blocked ? "bad" : null),
    card(t("status.following"), t("status.of", { n: following, all: body.sources.length }), standing ? counted("status.tables_still", standing) : t("status.no_still"), trouble ? "bad" : following && following === body.sources.length ? "good" : null),
    card(t("status.oldest"), stale ? since(stale, at) : NOTHING, stale ? t("status.oldest_of") : t("status.oldest_none")),
    body.schedules.length
      ? card(t("status.schedules"), failed.length ? t("status.jobs_failed", { n: failed.length }) : t("status.jobs_well"), failed.length ? failed.map((each) => each.schedule.job).join(", ") : t("status.jobs_as_of"), failed.length ? "bad" : "good")
      : card(t("status.schedules"), NOTHING, t("status.jobs_none")),
  ];
}

function engine(body, at) {
  const { blocked, operation } = body;
  const isPlain = body.message.toLowerCase().startsWith(body.phase);
  const parts = [said(state(body.phase), isPlain ? "" : ` ${sentence(body.message)}`)];
  if (body.steps.length) parts.push(h("ol", { class: "steps" }, body.steps.map((step) => h("li", {}, h("span", {}, step.label), h("span", {}, step.done === null ? "" : `${Math.round(step.done * 100)} %`), h("progress", { max: 1, value: step.done, "aria-label": step.label })))));
  if (blocked) {
    parts.push(
      h(
        "div",
        { class: "warning" },
        h("p", {}, h("b", {}, `${t("status.held_back", { n: blocked.number })} `), blocked.checks.length ? t("status.rows_break") : sentence(blocked.what), blocked.where ? ` (${blocked.where})` : ""),
        blocked.checks.length ? h("ul", {}, blocked.checks.map((check) => h("li", {}, label(check.name), `: ${t("status.check_rows", { n: count(check.failing_rows) })}`))) : null,
        h("p", {}, `${t("status.tried", { n: count(blocked.attempts) })} `, since(blocked.last_attempted_at, at), `. ${t("status.see")} `, h("code", {}, `amalimart release show blocked:${blocked.number}`)),
      ),
    );
  }
  if (operation?.state === "running") {
    parts.push(said(h("b", {}, `${t("status.operation", { kind: operation.kind })} `), operation.what), h("progress", { class: "long", max: 1, value: operation.share, "aria-label": t("status.operation_progress", { kind: operation.kind }) }));
  } else if (operation) {
    parts.push(said(`${t("status.operation_last", { kind: operation.kind })} `, state(operation.state), ` ${t("status.since")} `, since(operation.ended_at, at), operation.error ? `: ${sentence(operation.error.what)}` : ""));
  } else {
    parts.push(said(t("status.no_operation")));
  }
  return parts;
}

function source(each, at) {
  const stopped = Object.entries(each.stopped);
  const rows = each.batches.map((batch) => [`#${batch.version}`, word("status", batch.kind), count(batch.rows), count(batch.tables), since(batch.committed_at, at)]);
  return h(
    "section",
    { class: "source", "aria-label": t("status.source", { name: each.name }) },
    h("h3", {}, label(each.name), state(each.state)),
    each.error ? h("div", { class: "warning" }, h("p", {}, h("b", {}, sentence(each.error))), each.next_step ? h("p", {}, sentence(each.next_step)) : null) : null,
    stopped.length ? h("div", { class: "warning" }, h("p", {}, h("b", {}, `${counted("status.tables_still", stopped.length)}.`)), h("ul", {}, stopped.map(([table_, why]) => h("li", {}, label(table_), `: ${why}`)))) : null,
    facts([t("status.read"), t(`status.by_${each.kind === "files" ? "files" : each.capture}`, { kind: each.kind })], [t("status.newest"), since(each.fresh_as_of, at)], [t("status.commits"), count(each.version)], [t("status.rows_lake"), count(each.rows)], [t("status.size_lake"), bytes(each.bytes)]),
    rows.length ? table(t("status.last_commits", { name: each.name }), [[t("status.commit")], [t("status.kind")], [t("status.rows"), "number"], [t("status.tables"), "number"], [t("status.committed")]], rows) : said(t("status.no_commits")),
  );
}

function releases(body, at) {
  if (!body.releases.length) return [calm(t("status.no_releases"), t("status.no_releases_next"))];
  const rows = body.releases.map((each) => [`#${each.release_id}`, since(each.published_at, at), lasted(each.seconds), count(each.models), count(each.rows), since(each.fresh_as_of, at)]);
  return [table(t("status.last_releases"), [[t("status.release")], [t("status.published")], [t("status.built_in"), "number"], [t("status.models"), "number"], [t("status.rows_written"), "number"], [t("status.data_of")]], rows)];
}

function outcome(run) {
  if (!run) return t("status.not_run");
  if (run.error) return sentence(run.error.what);
  return Object.entries(run.outcome ?? {})
    .map(([name, value]) => {
      const text = value !== null && typeof value === "object" ? count(Object.keys(value).length) : typeof value === "number" ? (name.endsWith("bytes") ? bytes(value) : count(value)) : String(value);
      return `${name.replaceAll("_", " ")} ${text}`;
    })
    .join(", ");
}

function schedules(body, at) {
  if (!body.schedules.length) return [calm(t("status.no_schedules"), t("status.no_schedules_next"))];
  const rows = body.schedules.map((each) => {
    const run = each.last_run;
    const next = each.off ? h("span", { class: "missing" }, t("status.off", { why: each.off })) : since(each.next_run, at);
    return [[each.schedule.job, h("span", { class: "more" }, each.does)], next, run ? state(run.state) : NOTHING, run ? since(run.started_at, at) : NOTHING, outcome(run)];
  });
  return [table(t("status.jobs"), [[t("status.job")], [t("status.next_run")], [t("status.last_run")], [t("status.begun")], [t("status.outcome"), "long"]], rows)];
}

function space({ space: used }) {
  const all = used.lake + used.hot_file + used.free;
  const bar = (name, value, of, why) =>
    h("li", {}, h("span", {}, name), h("b", {}, bytes(value)), h("span", { class: "track" }, h("span", { class: "used", "--share": (of ? Math.min(1, value / of) : 0).toFixed(4) })), why ? h("span", { class: "why" }, why) : null);
  return [
    h(
      "ul",
      { class: "bars" },
      bar(t("status.lake"), used.lake, all, t("status.lake_why")),
      bar(t("status.warehouse"), used.hot_file, all, t("status.warehouse_why", { size: bytes(used.hot_file_used) })),
      bar(t("status.free"), used.free, all),
    ),
  ];
}

export function renderStatus(root, body, at) {
  const fill = (id, parts) => replaceKeepingFocus(root.querySelector(`#${id}`), ...parts);
  fill("summary", summary(body, at));
  fill("engine", engine(body, at));
  fill("sources", body.sources.length ? body.sources.map((each) => source(each, at)) : [calm(t("status.no_source"), "amalimart source add NAME URL")]);
  fill("releases", releases(body, at));
  fill("space", space(body));
  fill("schedules", schedules(body, at));
}
