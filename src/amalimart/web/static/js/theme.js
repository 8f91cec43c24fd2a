// The theme: the system's, or the one chosen here and remembered. Tells the charts when it changes.
const system = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set();

export const currentTheme = () => document.documentElement.dataset.theme ?? (system.matches ? "dark" : "light");

export const onThemeChange = (listener) => listeners.add(listener);

const tell = () => listeners.forEach((listener) => listener());

const remember = (theme) => {
  try {
    if (theme) localStorage.setItem("theme", theme);
    else localStorage.removeItem("theme");
  } catch {
    // The choice then holds for this page only.
  }
};

export function connectThemeButton(button) {
  button.addEventListener("click", () => {
    const chosen = currentTheme() === "dark" ? "light" : "dark";
    const isSystem = chosen === (system.matches ? "dark" : "light");
    if (isSystem) delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = chosen;
    remember(isSystem ? null : chosen);
    tell();
  });
  system.addEventListener("change", tell);
}

// The colour a CSS variable has now, as a browser writes it; light-dark() is resolved.
export function colour(variable) {
  const probe = document.createElement("i");
  probe.hidden = true;
  probe.style.color = `var(${variable})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
