// How payouts are said: money with its sign, and what became of them.
import { h } from "../dom.js";
import { exact, memberLabel, NOTHING } from "../format.js";

const TONES = { PAID: "good", FAILED: "bad", CANCELLED: "bad" };

export const money = (value, currency) => (value === null ? NOTHING : exact(value, "money", currency));

export const payoutState = (status) => h("span", { class: `state ${TONES[status] ?? ""}` }, memberLabel(status));
