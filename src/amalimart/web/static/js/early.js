// What cannot wait for modules, which come in many pieces over a slow line. A classic script on purpose.

// The remembered theme is set before anything is painted.
(() => {
  try {
    const kept = localStorage.getItem("theme");
    if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
  } catch {
    // Storage is closed to this page: the system's theme it is.
  }
})();

// The numbers of a dashboard are asked for at once; its scripts take the answer over (api.js).
(() => {
  const { asks } = document.currentScript.dataset;
  if (!asks) return;
  const search = new URLSearchParams(location.search).toString();
  const address = search ? `${asks}?${search}` : asks;
  const answer = fetch(address, { headers: { Accept: "application/json" }, cache: "no-store", credentials: "same-origin" });
  answer.catch(() => undefined); // whoever takes it over says what is wrong
  globalThis.askedEarly = { address, answer };
})();
