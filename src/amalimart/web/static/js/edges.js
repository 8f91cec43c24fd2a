// Tells the style sheet at which sides of a scrolling box something is hidden, so that it can hint at it.
function mark(box) {
  const hidden = box.scrollWidth - box.clientWidth;
  const at = Math.abs(box.scrollLeft);
  const sides = [at > 1 && "start", at < hidden - 1 && "end"].filter(Boolean);
  box.dataset.more = sides.join(" ");
}

const sizes = new ResizeObserver((entries) => entries.forEach((entry) => mark(entry.target)));

export function watchEdges(box) {
  box.addEventListener("scroll", () => mark(box), { passive: true });
  sizes.observe(box);
  return box;
}
