// A tree of any size, of which only the rows in sight are in the page. It is an ARIA tree whose element keeps the focus and names the
// active row, so that rows may come and go.

const OVERSCAN = 6; // rows above and below what is in sight

export class Tree {
  #element; #inner; #fill; #onToggle; #onSelect;
  #rows = []; #byId = new Map(); #drawn = new Map(); // by id: {element, signature}
  #active = null; // id
  #height = 0; // of a row, in pixels
  #scheduled = false;

  /** fill(element, row) fills a row's element. onToggle(row) is called for a row to expand or collapse, onSelect(row) for a row whose
   * details are wanted. */
  constructor(element, { fill, onToggle, onSelect }) {
    this.#element = element;
    this.#fill = fill;
    this.#onToggle = onToggle;
    this.#onSelect = onSelect;
    this.#inner = document.createElement("div");
    this.#inner.setAttribute("role", "presentation");
    this.#inner.className = "rows";
    element.replaceChildren(this.#inner);
    element.addEventListener("scroll", () => this.#schedule(), { passive: true });
    element.addEventListener("keydown", (e) => this.#key(e));
    element.addEventListener("click", (e) => this.#click(e));
    new ResizeObserver(() => { this.#height = 0; this.#schedule(); }).observe(element);
  }

  set rows(rows) {
    this.#rows = rows;
    this.#byId = new Map(rows.map((row, n) => [row.id, n]));
    if (!this.#byId.has(this.#active)) this.#active = rows[0]?.id ?? null;
    this.#draw();
  }

  /** How many rows are in the page. */
  get drawn() { return this.#drawn.size; }

  #schedule() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => { this.#scheduled = false; this.#draw(); });
  }

  #draw() {
    if (!this.#height) this.#height = Number.parseFloat(getComputedStyle(this.#element).getPropertyValue("--row")) || 36;
    const height = this.#height, rows = this.#rows;
    this.#inner.style.height = rows.length * height + "px";
    this.#element.style.setProperty("--content", rows.length * height + 2 + "px"); // with the border
    const first = Math.max(0, Math.floor(this.#element.scrollTop / height) - OVERSCAN);
    const last = Math.min(rows.length, Math.ceil((this.#element.scrollTop + this.#element.clientHeight) / height) + OVERSCAN);
    const wanted = new Set();
    for (let n = first; n < last; n++) wanted.add(rows[n].id);
    if (this.#active && this.#byId.has(this.#active)) wanted.add(this.#active); // what is named must be there
    for (const [id, { element }] of this.#drawn) {
      if (wanted.has(id)) continue;
      element.remove();
      this.#drawn.delete(id);
    }
    for (const id of wanted) this.#put(this.#byId.get(id));
    if (this.#active && this.#drawn.has(this.#active)) this.#element.setAttribute("aria-activedescendant", this.#drawn.get(this.#active).element.id);
    else this.#element.removeAttribute("aria-activedescendant");
  }

  #put(n) {
    const row = this.#rows[n], signature = JSON.stringify(row) + (row.id === this.#active);
    let drawn = this.#drawn.get(row.id);
    if (!drawn) {
      const element = document.createElement("div");
      element.id = "row-" + Tree.#count++;
      element.setAttribute("role", "treeitem");
      this.#inner.append(element);
      this.#drawn.set(row.id, drawn = { element, signature: "" });
    }
    const { element } = drawn;
    element.style.transform = `translateY(${n * this.#height}px)`;
    element.dataset.row = n;
    if (drawn.signature === signature) return;
    drawn.signature = signature;
    element.className = "row" + (row.id === this.#active ? " active" : "");
    element.dataset.kind = row.kind;
    element.dataset.state = row.state;
    element.setAttribute("aria-level", row.level);
    element.setAttribute("aria-posinset", row.position);
    element.setAttribute("aria-setsize", row.count);
    element.setAttribute("aria-selected", row.id === this.#active);
    if (row.open === undefined) element.removeAttribute("aria-expanded");
    else element.setAttribute("aria-expanded", row.open);
    this.#fill(element, row);
  }

  static #count = 0;

  #click(e) {
    const element = e.target.closest(".row"), row = element && this.#rows[element.dataset.row];
    if (!row) return;
    this.#active = row.id;
    this.#draw();
    if (row.open !== undefined && e.target.closest(".twist")) return this.#onToggle(row);
    if (row.open === false) this.#onToggle(row);
    this.#onSelect(row);
  }

  #activate(n) {
    const row = this.#rows[Math.max(0, Math.min(this.#rows.length - 1, n))];
    if (!row) return;
    this.#active = row.id;
    const at = this.#byId.get(row.id) * this.#height, view = this.#element;
    if (at < view.scrollTop) view.scrollTop = at;
    else if (at + this.#height > view.scrollTop + view.clientHeight) view.scrollTop = at + this.#height - view.clientHeight;
    this.#draw();
  }

  /** The keys of an ARIA tree. */
  #key(e) {
    if (e.altKey || e.ctrlKey || e.metaKey) return;
    const n = this.#byId.get(this.#active) ?? 0, row = this.#rows[n], page = Math.max(1, Math.floor(this.#element.clientHeight / this.#height) - 1);
    if (!row) return;
    switch (e.key) {
      case "ArrowDown": this.#activate(n + 1); break;
      case "ArrowUp": this.#activate(n - 1); break;
      case "PageDown": this.#activate(n + page); break;
      case "PageUp": this.#activate(n - page); break;
      case "Home": this.#activate(0); break;
      case "End": this.#activate(this.#rows.length - 1); break;
      case "Enter": this.#onSelect(row); break;
      case " ": if (row.open !== undefined) this.#onToggle(row); break;
      case "ArrowRight":
        if (row.open === false) this.#onToggle(row);
        else if (row.open) this.#activate(n + 1);
        break;
      case "ArrowLeft":
        if (row.open) this.#onToggle(row);
        else this.#activate(this.#parent(n));
        break;
      default: return;
    }
    e.preventDefault();
  }

  #parent(n) {
    let at = n;
    while (at > 0 && this.#rows[at].level >= this.#rows[n].level) at--;
    return this.#rows[at].level < this.#rows[n].level ? at : n;
  }
}
