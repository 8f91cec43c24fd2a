// What is being dragged: one thing of this page at a time, so that shelves know it before it is dropped.
export class Held {
  take(field) {
    this.field = field;
    document.documentElement.dataset.dragging = field.kind;
  }

  drop() {
    this.field = null;
    delete document.documentElement.dataset.dragging;
  }
}
