// The users page: who may sign in and by what, what is done about it, and what each role may see.
import { request, Trouble } from "../api.js";
import { h, label, replaceKeepingFocus } from "../dom.js";
import { watchEdges } from "../edges.js";
import { configureFormat } from "../format.js";
import { Message } from "../message.js";
import { calm, count, readTable, since, state } from "../reading/parts.js";
import { t, word } from "../text.js";
import { connectThemeButton } from "../theme.js";
import { addPerson, managePerson } from "./person.js";
import { policies } from "./policies.js";
import { viewer } from "./viewer.js";

const page = JSON.parse(document.querySelector("#page").textContent);
const root = document.querySelector("#users");
const message = new Message(document.querySelector("#message"), root);
const part = (id) => document.querySelector(`#${id}`);
let users = [];

configureFormat(page);
connectThemeButton(document.querySelector("#theme"));
watchEdges(document.querySelector("#dashboards"));

function trouble(cause) {
  if (!(cause instanceof Trouble)) throw cause;
  if (cause.error.code !== "not_signed_in") message.trouble({ ...cause.error, retryable: true });
}

const name = (user) => user.name || user.email;

const mayView = (user) => page.may_change && user.enabled && user.email !== page.me;

const person = (user) =>
  page.may_change ? h("button", { type: "button", class: "opens", "data-key": `person-${user.user_id}`, "aria-haspopup": "dialog", onclick: () => managePerson(page, user, look) }, label(name(user))) : label(name(user));

const ids = (user) => [...user.vendor_ids, ...user.business_ids, ...user.delivery_partner_ids].join(", ");

const matches = (user, sought) => [user.email, user.name, user.role, word("role", user.role), ids(user)].some((text) => text.toLowerCase().includes(sought));

function people() {
  const sought = part("find").value.trim().toLowerCase();
  const found = users.filter((user) => matches(user, sought));
  part("count").textContent = count(users.length);
  part("count").hidden = false;
  if (!found.length) return [calm(t("users.nobody"))];
  const headings = [[t("users.person")], [t("users.role")], [t("users.ids")], [t("users.state")], [t("users.last")], [t("users.sessions"), "number"], [t("users.keys")], [h("span", { class: "hidden" }, t("users.view_as"))]];
  const rows = found.map((user) => [
    [person(user), h("span", { class: "more" }, label(user.email))],
    word("role", user.role),
    ids(user) ? label(ids(user), { class: "short" }) : null,
    user.enabled ? state(t("users.active"), "good") : state(t("users.disabled")),
    since(user.last_signed_in_at, page.zone),
    count(user.sessions.length),
    user.keys.length ? label(user.keys.map((key) => key.name).join(", "), { class: "short" }) : null,
    mayView(user) ? viewer(user) : "",
  ]);
  return [readTable(t("users.people"), headings, rows)];
}

async function everybody() {
  const found = [];
  let after = null;
  do {
    const { body } = await request(after ? `${page.data}?after=${encodeURIComponent(after)}` : page.data);
    found.push(...body.users);
    after = body.next;
  } while (after);
  return found;
}

async function look() {
  users = await everybody();
  message.clear();
  replaceKeepingFocus(part("people"), ...people());
  root.setAttribute("aria-busy", "false");
}

async function offerVendors() {
  const { body } = await request(`${page.values}/vendor/values?limit=500`);
  part("vendors").replaceChildren(...body.values.map((each) => h("option", { value: each.key }, each.label)));
}

part("find").addEventListener("input", () => replaceKeepingFocus(part("people"), ...people()));
part("add")?.addEventListener("click", () => addPerson(page, look));
await look().catch(trouble);
await request(page.policies)
  .then(({ body }) => part("policies").replaceChildren(...policies(body)))
  .catch((cause) => part("policies").replaceChildren(calm(cause.error?.what ?? t("message.wrong"))));
if (page.may_change) await offerVendors().catch(() => part("vendors").replaceChildren());
