// The dialogs of one person: adding, changing, and what ends their ways in. A password is shown once, here.
import { request, Trouble } from "../api.js";
import { h, label } from "../dom.js";
import { instant } from "../format.js";
import { t, word } from "../text.js";
import { viewer } from "./viewer.js";

const KINDS = { vendor_ids: "vendor", business_ids: "vendor", delivery_partner_ids: "delivery" };

const split = (text) => text.split(/[\s,;]+/).filter(Boolean);

const field = (text, control) => h("label", {}, h("span", {}, text), control);

// A dialog that is gone when it is closed. Returns it with the place where trouble is said.
function opened(title, ...parts) {
  const said = h("p", { class: "hint", role: "alert" });
  const dialog = h("dialog", { class: "ask person", "aria-labelledby": "person-title" }, h("h2", { id: "person-title" }, label(title)), ...parts, said);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return { dialog, said };
}

// Runs what a button does, says what is wrong in the dialog, and lets the page look again.
async function doing(button, said, work) {
  button.disabled = true;
  said.textContent = "";
  try {
    await work();
  } catch (cause) {
    if (!(cause instanceof Trouble)) throw cause;
    said.textContent = [cause.error.what, cause.error.expected, cause.error.next_step].filter(Boolean).join(" · ");
  } finally {
    button.disabled = false;
  }
}

const cancel = (text) => h("button", { type: "button", class: "plain", onclick: (event) => event.target.closest("dialog").close() }, text);

function showPassword(user, password) {
  const copied = h("span", { class: "hint", role: "status" });
  const copy = h("button", { type: "button", class: "plain", onclick: () => navigator.clipboard.writeText(password).then(() => (copied.textContent = t("frame.copied"))) }, t("frame.copy"));
  opened(t("users.password_of", { who: user.name || user.email }), h("p", { class: "hint" }, t("users.shown_once")), h("p", { class: "secret" }, h("code", {}, password), navigator.clipboard ? copy : null, copied), h("div", { class: "actions" }, cancel(t("frame.close"))));
}

// Role and ids: only the ids that go with the role are asked for, all of them for a role of the project's own.
function scopeFields(page, user) {
  const role = h("select", { name: "role" }, page.roles.map((each) => h("option", { value: each, selected: each === (user?.role ?? "analyst") }, word("role", each))));
  const inputs = Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, h("input", { name: kind, value: user?.[kind].join(", ") ?? "", maxlength: 2000, autocomplete: "off" })]));
  const fits = (each) => role.value === each || !page.packaged.includes(role.value);
  const fields = Object.entries(KINDS).map(([kind, each]) => {
    const whole = field(t(`users.${kind}`), inputs[kind]);
    const follow = () => (whole.hidden = !fits(each));
    role.addEventListener("change", follow);
    follow();
    return whole;
  });
  const told = () => ({ role: role.value, ...Object.fromEntries(Object.entries(KINDS).map(([kind, each]) => [kind, fits(each) ? split(inputs[kind].value) : []])) });
  return { parts: [field(t("users.role"), role), ...fields], told };
}

export function addPerson(page, look) {
  const email = h("input", { type: "email", name: "email", required: true, maxlength: 254, autocomplete: "off" });
  const name = h("input", { name: "name", maxlength: 200, autocomplete: "off" });
  const scope = scopeFields(page, null);
  const submit = h("button", { type: "submit", class: "primary" }, t("users.add"));
  const form = h("form", {}, field(t("users.email"), email), field(t("users.name"), name), scope.parts, h("div", { class: "actions" }, submit, cancel(t("quality.cancel"))));
  const { dialog, said } = opened(t("users.add"), form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    doing(submit, said, async () => {
      const { body } = await request(page.data, { body: { email: email.value, name: name.value, ...scope.told() } });
      dialog.close();
      await look();
      showPassword(body.user, body.password);
    });
  });
  email.focus();
}

// What cannot be taken back by the same button asks first: its second press does it.
function twice(text, work) {
  const button = h("button", { type: "button", class: "plain" }, text);
  button.addEventListener("click", () => {
    if (button.dataset.asked) work(button);
    button.dataset.asked = "yes";
    button.textContent = t("users.sure", { what: text });
  });
  button.addEventListener("blur", () => {
    delete button.dataset.asked;
    button.textContent = text;
  });
  return button;
}

function ways(page, user) {
  const sessions = user.sessions.map((each) => t("users.session", { from: instant(each.created_at, page.zone), seen: instant(each.last_seen_at, page.zone) }));
  const keys = user.keys.map((each) => (each.expires_at ? t("users.key_until", { name: each.name, until: instant(each.expires_at, page.zone) }) : t("users.key", { name: each.name })));
  const told = [...(user.issuer ? [t("users.issuer", { issuer: user.issuer })] : []), ...(user.has_password ? [] : [t("users.no_password")]), ...sessions, ...keys];
  return h("ul", { class: "ways" }, (told.length ? told : [t("users.no_ways")]).map((each) => h("li", {}, label(each))));
}

export function managePerson(page, user, look) {
  const address = `${page.data}/${user.user_id}`;
  const name = h("input", { name: "name", value: user.name, maxlength: 200, autocomplete: "off" });
  const scope = scopeFields(page, user);
  const submit = h("button", { type: "submit", class: "primary" }, t("quality.save"));
  const form = h("form", {}, field(t("users.name"), name), scope.parts, h("div", { class: "actions" }, submit, cancel(t("quality.cancel"))));
  const acting = (verb) => (button) =>
    doing(button, view.said, async () => {
      const { body } = await request(`${address}/${verb}`, { body: {} });
      view.dialog.close();
      await look();
      if (body.password) showPassword(body.user, body.password);
    });
  const buttons = [
    user.enabled && user.email !== page.me ? viewer(user) : null,
    user.enabled ? twice(t("users.disable"), acting("disable")) : h("button", { type: "button", class: "plain", onclick: ({ currentTarget }) => acting("enable")(currentTarget) }, t("users.enable")),
    user.sessions.length ? twice(t("users.sign_out"), acting("sign-out")) : null,
    twice(t("users.reset"), acting("password")),
    user.issuer ? twice(t("users.unlink"), acting("unlink")) : null,
  ];
  const view = opened(user.name || user.email, h("p", { class: "hint" }, label(user.email)), form, h("section", { class: "ends", "aria-label": t("users.ways") }, h("h3", {}, t("users.ways")), ways(page, user), h("div", { class: "actions" }, buttons)));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    doing(submit, view.said, async () => {
      const { role, ...given } = scope.told();
      const isSame = role === user.role && Object.keys(KINDS).every((kind) => given[kind].join() === user[kind].join());
      await request(`${address}/edit`, { body: isSame ? { name: name.value } : { name: name.value, role, ...given } });
      view.dialog.close();
      await look();
    });
  });
  name.focus();
}
