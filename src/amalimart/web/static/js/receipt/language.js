// Whether the reader reads French: metrics and dimensions bring their names in both languages.
export const french = document.documentElement.lang === "fr";
