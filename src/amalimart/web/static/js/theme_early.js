// Sets the remembered theme before anything is painted. A classic script on purpose: modules run too late.
(() => {
  try {
    const kept = localStorage.getItem("theme");
    if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
  } catch {
    // Storage is closed to this page: the system's theme it is.
  }
})();
