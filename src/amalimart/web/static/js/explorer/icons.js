// The small pictures of the explorer's buttons.
import { s } from "../dom.js";

const icon = (path) => s("svg", { class: "icon", viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" }, s("path", { d: path }));

export const funnel = () => icon("M2.5 3.5h11L9.3 8.6v4.2l-2.6-1.3V8.6z");
export const slip = () => icon("M3.5 2v12l1.5-1 1.5 1L8 13l1.5 1 1.5-1 1.5 1V2L11 3 9.5 2 8 3 6.5 2 5 3zM6 6.5h4M6 9.5h4");
export const up = () => icon("M8 13V3.5M4 7.2 8 3.2l4 4");
export const down = () => icon("M8 3v9.5M4 8.8l4 4 4-4");
export const cross = () => icon("M4 4l8 8M12 4l-8 8");
