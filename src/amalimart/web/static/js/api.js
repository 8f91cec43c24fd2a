// Talks to the JSON interface. Every failure becomes a Trouble with the error that the interface sent.
export class Trouble extends Error {
  constructor(error) {
    super(error.what);
    this.error = error;
  }
}

export const UNREACHABLE = "unreachable";

const unreachable = () =>
  new Trouble({ code: UNREACHABLE, what: "The engine cannot be reached.", next_step: "the page tries again by itself", retryable: true });

// The release that an answer is of, where its headers tell it: nothing may have changed in a newer one.
const releaseOf = (headers) =>
  headers.has("x-amalimart-release")
    ? {
        release_id: Number(headers.get("x-amalimart-release")),
        published_at: headers.get("x-amalimart-published-at"),
        fresh_as_of: headers.get("x-amalimart-fresh-as-of"),
      }
    : null;

// One request. Resolves to { status, body, tag, at }, with body null where nothing changed (304).
export async function request(address, { tag, signal } = {}) {
  const headers = { Accept: "application/json" };
  if (tag) headers["If-None-Match"] = tag;
  let response;
  try {
    response = await fetch(address, { headers, signal, cache: "no-store", credentials: "same-origin" });
  } catch (cause) {
    if (cause.name === "AbortError") throw cause;
    throw unreachable();
  }
  const sent = Date.parse(response.headers.get("date") ?? "");
  const at = Number.isNaN(sent) ? Date.now() : sent;
  if (response.status === 304) return { status: 304, body: null, tag, at, release: releaseOf(response.headers) };
  if (response.status === 401) {
    location.assign(`/sign-in?${new URLSearchParams({ following: location.pathname + location.search })}`);
    throw new Trouble({ code: "not_signed_in", what: "The session has ended." });
  }
  let body;
  try {
    body = await response.json();
  } catch (cause) {
    if (cause.name === "AbortError") throw cause;
    throw unreachable();
  }
  if (!response.ok) throw new Trouble(body.error ?? { code: "internal", what: "Something went wrong on our side." });
  return { status: response.status, body, tag: response.headers.get("etag"), at };
}
