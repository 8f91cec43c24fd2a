// The state of the page is its address and nothing else: links, Back and reload all read it here.
const listeners = new Set();

export const query = () => new URLSearchParams(location.search);

// The address with some keys changed; null or "" removes one.
export function addressWith(changes) {
  const next = query();
  for (const [key, value] of Object.entries(changes)) {
    if (value === null || value === "") next.delete(key);
    else next.set(key, value);
  }
  const text = next.toString();
  return text ? `${location.pathname}?${text}` : location.pathname;
}

export function go(address) {
  if (address === location.pathname + location.search) return;
  history.pushState(null, "", address);
  listeners.forEach((listener) => listener());
}

export function onStateChange(listener) {
  listeners.add(listener);
}

// A link that changes the state of this page does so without leaving it; modified clicks stay the browser's.
export function connectStateLinks() {
  addEventListener("popstate", () => listeners.forEach((listener) => listener()));
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-state-link]");
    if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(link.getAttribute("href"));
  });
}
