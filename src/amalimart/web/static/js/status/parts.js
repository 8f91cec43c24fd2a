// What the status page shows of each part of the house. Where something is missing it says so, calmly.
import { h, label, replaceKeepingFocus } from "../dom.js";
import { watchEdges } from "../edges.js";
import { ago, exact, instant, NOTHING } from "../format.js";

const count = (value) => (value === null || value === undefined ? NOTHING : exact(value, "count"));
const UNITS = ["bytes", "kB", "MB", "GB", "TB"];
const STATES = { following: "good", live: "good", succeeded: "good", done: "good", failing: "bad", failed: "bad", abandoned: "bad", held: "bad", stopped: "bad" };
const KINDS = { snapshot: "snapshot", changes: "changes", seal: "journal sealed", compaction: "files merged" };
const CAPTURES = { stream: "by its change log", poll: "by asking", files: "dropped files" };

function bytes(value) {
  let unit = 0;
  let size = value;
  while (size >= 1000 && unit < UNITS.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit && size < 100 ? size.toFixed(1) : Math.round(size)} ${UNITS[unit]}`;
}

function lasted(seconds) {
  if (seconds === null || seconds === undefined) return NOTHING;
  if (seconds < 1) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  if (seconds < 90) return `${seconds.toFixed(1)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

function distance(milliseconds) {
  return milliseconds >= 0 ? ago(milliseconds) : `in ${ago(-milliseconds).replace(" ago", "")}`;
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

const state = (name) => h("span", { class: `state ${STATES[name] ?? ""}` }, name);
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
    card("Release now", release ? `#${release.release_id}` : NOTHING, release ? ["published ", since(release.published_at, at)] : "None has been published yet", body.blocked ? "bad" : null),
    card("Sources following", `${following} of ${body.sources.length}`, standing ? `${standing} ${standing === 1 ? "table stands" : "tables stand"} still` : "No table stands still", trouble ? "bad" : following && following === body.sources.length ? "good" : null),
    card("Oldest data", stale ? since(stale, at) : NOTHING, stale ? "Of the source that is furthest behind" : "No source has told its time yet"),
    body.schedules.length
      ? card("Schedules", failed.length ? `${failed.length} failed` : "All well", failed.length ? failed.map((each) => each.schedule.job).join(", ") : "As of the last run of each job", failed.length ? "bad" : "good")
      : card("Schedules", NOTHING, "This engine runs none"),
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
        h("p", {}, h("b", {}, `Build ${blocked.number} is held back. `), blocked.checks.length ? "Rows break what has to hold:" : sentence(blocked.what), blocked.where ? ` (${blocked.where})` : ""),
        blocked.checks.length ? h("ul", {}, blocked.checks.map((check) => h("li", {}, label(check.name), `: ${count(check.failing_rows)} rows`))) : null,
        h("p", {}, `Tried ${count(blocked.attempts)} times, last `, since(blocked.last_attempted_at, at), ". See ", h("code", {}, `amalimart release show blocked:${blocked.number}`)),
      ),
    );
  }
  if (operation?.state === "running") {
    parts.push(said(h("b", {}, `A ${operation.kind} of the warehouse is under way: `), operation.what), h("progress", { class: "long", max: 1, value: operation.share, "aria-label": `Progress of the ${operation.kind}` }));
  } else if (operation) {
    parts.push(said(`The last operation, a ${operation.kind}, is `, state(operation.state), " since ", since(operation.ended_at, at), operation.error ? `: ${sentence(operation.error.what)}` : ""));
  } else {
    parts.push(said("No rebuild or compaction has run since the engine started."));
  }
  return parts;
}

function source(each, at) {
  const stopped = Object.entries(each.stopped);
  const rows = each.batches.map((batch) => [`#${batch.version}`, KINDS[batch.kind] ?? batch.kind, count(batch.rows), count(batch.tables), since(batch.committed_at, at)]);
  return h(
    "section",
    { class: "source", "aria-label": `Source ${each.name}` },
    h("h3", {}, label(each.name), state(each.state)),
    each.error ? h("div", { class: "warning" }, h("p", {}, h("b", {}, sentence(each.error))), each.next_step ? h("p", {}, sentence(each.next_step)) : null) : null,
    stopped.length ? h("div", { class: "warning" }, h("p", {}, h("b", {}, `${stopped.length} ${stopped.length === 1 ? "table stands" : "tables stand"} still.`)), h("ul", {}, stopped.map(([table_, why]) => h("li", {}, label(table_), `: ${why}`)))) : null,
    facts(["Read", each.kind === "files" ? CAPTURES.files : `${each.kind}, ${CAPTURES[each.capture] ?? each.capture}`], ["Newest data", since(each.fresh_as_of, at)], ["Commits", count(each.version)], ["Rows in the lake", count(each.rows)], ["Size in the lake", bytes(each.bytes)]),
    rows.length ? table(`Last commits of ${each.name}`, [["commit"], ["kind"], ["rows", "number"], ["tables", "number"], ["committed"]], rows) : said("This source has committed nothing yet."),
  );
}

function releases(body, at) {
  if (!body.releases.length) return [calm("No release has been published yet.", "The first one follows the first commit of a source.")];
  const rows = body.releases.map((each) => [`#${each.release_id}`, since(each.published_at, at), lasted(each.seconds), count(each.models), count(each.rows), since(each.fresh_as_of, at)]);
  return [table("The last releases", [["release"], ["published"], ["built in", "number"], ["models", "number"], ["rows written", "number"], ["data of"]], rows)];
}

function outcome(run) {
  if (!run) return "It has not run yet.";
  if (run.error) return sentence(run.error.what);
  return Object.entries(run.outcome ?? {})
    .map(([name, value]) => {
      const text = value !== null && typeof value === "object" ? count(Object.keys(value).length) : typeof value === "number" ? (name.endsWith("bytes") ? bytes(value) : count(value)) : String(value);
      return `${name.replaceAll("_", " ")} ${text}`;
    })
    .join(", ");
}

function schedules(body, at) {
  if (!body.schedules.length) return [calm("This engine runs no schedules.", "Start it with amalimart up.")];
  const rows = body.schedules.map((each) => {
    const run = each.last_run;
    const next = each.off ? h("span", { class: "missing" }, `off: ${each.off}`) : since(each.next_run, at);
    return [[each.schedule.job, h("span", { class: "more" }, each.does)], next, run ? state(run.state) : NOTHING, run ? since(run.started_at, at) : NOTHING, outcome(run)];
  });
  return [table("Jobs", [["job"], ["next run"], ["last run"], ["begun"], ["what came of it", "long"]], rows)];
}

function space({ space: used }) {
  const all = used.lake + used.hot_file + used.free;
  const bar = (name, value, of, why) =>
    h("li", {}, h("span", {}, name), h("b", {}, bytes(value)), h("span", { class: "track" }, h("span", { class: "used", "--share": (of ? Math.min(1, value / of) : 0).toFixed(4) })), why ? h("span", { class: "why" }, why) : null);
  return [
    h(
      "ul",
      { class: "bars" },
      bar("Lake", used.lake, all, "everything the sources said"),
      bar("Warehouse", used.hot_file, all, `${bytes(used.hot_file_used)} of it in use`),
      bar("Free on the disk", used.free, all),
    ),
  ];
}

export function renderStatus(root, body, at) {
  const fill = (id, parts) => replaceKeepingFocus(root.querySelector(`#${id}`), ...parts);
  fill("summary", summary(body, at));
  fill("engine", engine(body, at));
  fill("sources", body.sources.length ? body.sources.map((each) => source(each, at)) : [calm("This project has no source yet.", "amalimart source add NAME URL")]);
  fill("releases", releases(body, at));
  fill("space", space(body));
  fill("schedules", schedules(body, at));
}
