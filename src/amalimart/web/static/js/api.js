// Talks to the JSON interface. Every failure becomes a Trouble with the error that the interface sent.
import { showEnded } from "./ended.js";
import { t } from "./text.js";

export class Trouble extends Error {
  constructor(error) {
    super(error.what);
    this.error = error;
  }
}

export const UNREACHABLE = "unreachable";

const unreachable = () =>
  new Trouble({ code: UNREACHABLE, what: t("message.unreachable"), next_step: t("message.unreachable_next"), retryable: true });

// The release that an answer is of, where its headers tell it: nothing may have changed in a newer one.
const releaseOf = (headers) =>
  headers.has("x-amalimart-release")
    ? {
        release_id: Number(headers.get("x-amalimart-release")),
        published_at: headers.get("x-amalimart-published-at"),
        fresh_as_of: headers.get("x-amalimart-fresh-as-of"),
      }
    : null;

// The answer that was asked for before the scripts were there: for its first taker, and only for that question.
function early(address, { tag, given }) {
  const asked = globalThis.askedEarly;
  globalThis.askedEarly = null;
  return asked?.address === address && !tag && given === undefined ? asked.answer : null;
}

// One request; with a body it is sent. Resolves to { status, body, tag, at }, with body null where nothing changed (304).
export async function request(address, { tag, signal, body: given, method } = {}) {
  const headers = { Accept: "application/json" };
  const sending = given === undefined ? { method } : { method: method ?? "POST", body: JSON.stringify(given) };
  if (sending.body) headers["Content-Type"] = "application/json";
  if (tag) headers["If-None-Match"] = tag;
  let response;
  try {
    response = await (early(address, { tag, given }) ?? fetch(address, { ...sending, headers, signal, cache: "no-store", credentials: "same-origin" }));
    signal?.throwIfAborted();
  } catch (cause) {
    if (cause.name === "AbortError") throw cause;
    throw unreachable();
  }
  const sent = Date.parse(response.headers.get("date") ?? "");
  const at = Number.isNaN(sent) ? Date.now() : sent;
  if (response.status === 304) return { status: 304, body: null, tag, at, release: releaseOf(response.headers) };
  if (response.status === 401) {
    showEnded();
    throw new Trouble({ code: "not_signed_in", what: t("message.ended"), next_step: t("message.ended_again") });
  }
  let body;
  try {
    body = await response.json();
  } catch (cause) {
    if (cause.name === "AbortError") throw cause;
    throw unreachable();
  }
  if (!response.ok) throw new Trouble(body.error ?? { code: "internal", what: t("message.wrong") });
  return { status: response.status, body, tag: response.headers.get("etag"), at };
}
