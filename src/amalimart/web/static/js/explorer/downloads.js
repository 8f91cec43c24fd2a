// Hands files to the browser: an answer by the interface's own export, or a picture made here.
import { Trouble } from "../api.js";
import { showEnded } from "../ended.js";
import { t } from "../text.js";

export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

// A file name of a title: letters and digits of any script.
export const fileName = (title, ending) => `${title.normalize("NFC").replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 80) || "answer"}.${ending}`;

// A file of the interface, to be kept under a title.
export async function downloaded(address, title, ending) {
  save(await fetched(address, {}), fileName(title, ending));
}

export const exported = (address, body, format, signal) =>
  fetched(`${address}?${new URLSearchParams({ format })}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal });

async function fetched(address, asking) {
  let response;
  try {
    response = await fetch(address, { ...asking, credentials: "same-origin" });
  } catch (cause) {
    if (cause.name === "AbortError") throw cause;
    throw new Trouble({ code: "unreachable", what: t("message.unreachable"), next_step: null, retryable: true });
  }
  if (response.status === 401) {
    showEnded();
    throw new Trouble({ code: "not_signed_in", what: t("message.ended"), next_step: t("message.ended_again") });
  }
  if (!response.ok) {
    const told = await response.json().catch(() => ({}));
    throw new Trouble(told.error ?? { code: "internal", what: t("message.wrong") });
  }
  return response.blob();
}
