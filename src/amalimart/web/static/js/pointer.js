// What stands under the pointer of a chart: a rule and the numbers of that bucket. Own elements, not the
// chart library's: text stays text, and no style sheet has to be injected.
import { h } from "./dom.js";

const MARGIN = 12;

export class Pointer {
  // `positions` gives the x of every bucket in pixels of the box; `describe` the contents for one of them, `choose` takes the one clicked.
  constructor(box, { positions, describe, choose }) {
    this.box = box;
    this.positions = positions;
    this.describe = describe;
    this.rule = h("div", { class: "pointer", hidden: true });
    this.card = h("div", { class: "pointed", hidden: true });
    box.append(this.rule, this.card);
    box.addEventListener("pointermove", (event) => this.show(event));
    box.addEventListener("pointerdown", (event) => this.show(event));
    // A finger that taps asks for the numbers; a mouse that clicks has them already.
    box.addEventListener("click", (event) => event.pointerType === "mouse" && !this.card.hidden && choose(this.nearest));
    // A finger leaves as soon as it is lifted: what it asked for stays until it touches elsewhere.
    box.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && this.hide());
    document.addEventListener("pointerdown", (event) => box.contains(event.target) || this.hide());
  }

  show(event) {
    const bounds = this.box.getBoundingClientRect();
    const at = event.clientX - bounds.left;
    const positions = this.positions();
    if (!positions.length) return;
    let nearest = 0;
    positions.forEach((x, index) => {
      if (Math.abs(x - at) < Math.abs(positions[nearest] - at)) nearest = index;
    });
    this.nearest = nearest;
    const x = positions[nearest];
    this.card.replaceChildren(...this.describe(nearest));
    this.rule.hidden = this.card.hidden = false;
    this.rule.style.transform = `translateX(${x}px)`;
    this.rule.style.height = `${bounds.height - 26}px`;
    const width = this.card.offsetWidth;
    const left = x + MARGIN + width > bounds.width ? x - MARGIN - width : x + MARGIN;
    this.card.style.transform = `translate(${Math.max(0, left)}px, 8px)`;
  }

  hide() {
    this.rule.hidden = this.card.hidden = true;
  }
}
