// A tree of any size that keeps only the visible rows in the page. It is an ARIA tree whose element
// keeps the focus and names the active row, so that rows can be added and removed.

const OVERSCAN = 6; // rows above and below what is in sight

/** @import { Row } from "../types" */

export class Tree {
  #element;
  #inner;
  #fill;
  #onToggle;
  #onSelect;
  /** @type {Row[]} */
  #rows = [];
  /** @type {Map<string, number>} */
  #byId = new Map();
  /** @type {Map<string, { element: HTMLElement, signature: string }>} */
  #drawn = new Map(); // by id
  /** @type {string | null} */
  #active = null; // id
  #height = 0; // of a row, in pixels
  #scheduled = false;

  /**
   * @param {HTMLElement} element
   * @param {object} options
   * @param {(element: HTMLElement, row: Row) => void} options.fill fills a row's element
   * @param {(row: Row) => void} options.onToggle expands or collapses a row
   * @param {(row: Row) => void} options.onSelect shows a row's details
   */
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
    new ResizeObserver(() => {
      this.#height = 0;
      this.#schedule();
    }).observe(element);
  }

  /** @param {Row[]} rows */
  set rows(rows) {
    this.#rows = rows;
    this.#byId = new Map(rows.map((row, n) => [row.id, n]));
    if (this.#active === null || !this.#byId.has(this.#active)) this.#active = rows[0]?.id ?? null;
    this.#draw();
  }

  /** How many rows are in the page. */
  get drawn() {
    return this.#drawn.size;
  }

  #schedule() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#draw();
    });
  }

  #draw() {
    if (!this.#height)
      this.#height = Number.parseFloat(getComputedStyle(this.#element).getPropertyValue("--row")) || 36;
    const height = this.#height;
    const rows = this.#rows;
    this.#inner.style.height = `${rows.length * height}px`;
    this.#element.style.setProperty("--content", `${rows.length * height + 2}px`); // with the border
    const first = Math.max(0, Math.floor(this.#element.scrollTop / height) - OVERSCAN);
    const last = Math.min(
      rows.length,
      Math.ceil((this.#element.scrollTop + this.#element.clientHeight) / height) + OVERSCAN,
    );
    const wanted = new Set();
    for (let n = first; n < last; n++) wanted.add(rows[n].id);
    if (this.#active && this.#byId.has(this.#active)) wanted.add(this.#active); // what is named must be there
    for (const [id, { element }] of this.#drawn) {
      if (wanted.has(id)) continue;
      element.remove();
      this.#drawn.delete(id);
    }
    for (const id of wanted) this.#put(this.#byId.get(id) ?? 0);
    const active = this.#active && this.#drawn.get(this.#active);
    if (active) this.#element.setAttribute("aria-activedescendant", active.element.id);
    else this.#element.removeAttribute("aria-activedescendant");
  }

  /** @param {number} n */
  #put(n) {
    const row = this.#rows[n];
    const signature = JSON.stringify(row) + (row.id === this.#active);
    let drawn = this.#drawn.get(row.id);
    if (!drawn) {
      const element = document.createElement("div");
      element.id = `row-${Tree.#count++}`;
      element.setAttribute("role", "treeitem");
      this.#inner.append(element);
      drawn = { element, signature: "" };
      this.#drawn.set(row.id, drawn);
    }
    const { element } = drawn;
    element.style.transform = `translateY(${n * this.#height}px)`;
    element.dataset.row = String(n);
    if (drawn.signature === signature) return;
    drawn.signature = signature;
    element.className = `row${row.id === this.#active ? " active" : ""}`;
    element.dataset.kind = row.kind;
    element.dataset.state = row.state;
    element.setAttribute("aria-level", String(row.level));
    element.setAttribute("aria-posinset", String(row.position));
    element.setAttribute("aria-setsize", String(row.count));
    element.setAttribute("aria-selected", String(row.id === this.#active));
    if (row.open === undefined) element.removeAttribute("aria-expanded");
    else element.setAttribute("aria-expanded", String(row.open));
    this.#fill(element, row);
  }

  static #count = 0;

  /** @param {MouseEvent} e */
  #click(e) {
    if (!(e.target instanceof Element)) return;
    /** @type {HTMLElement | null} */
    const element = e.target.closest(".row");
    const row = element && this.#rows[Number(element.dataset.row)];
    if (!row) return;
    this.#active = row.id;
    this.#draw();
    if (row.open !== undefined && e.target.closest(".twist")) return this.#onToggle(row);
    if (row.open === false) this.#onToggle(row);
    this.#onSelect(row);
  }

  /** @param {number} n */
  #activate(n) {
    const row = this.#rows[Math.max(0, Math.min(this.#rows.length - 1, n))];
    if (!row) return;
    this.#active = row.id;
    const at = (this.#byId.get(row.id) ?? 0) * this.#height;
    const view = this.#element;
    if (at < view.scrollTop) view.scrollTop = at;
    else if (at + this.#height > view.scrollTop + view.clientHeight)
      view.scrollTop = at + this.#height - view.clientHeight;
    this.#draw();
  }

  /**
   * The keys of an ARIA tree.
   *
   * @param {KeyboardEvent} e
   */
  #key(e) {
    if (e.altKey || e.ctrlKey || e.metaKey) return;
    const n = this.#byId.get(this.#active ?? "") ?? 0;
    const row = this.#rows[n];
    const page = Math.max(1, Math.floor(this.#element.clientHeight / this.#height) - 1);
    if (!row) return;
    switch (e.key) {
      case "ArrowDown":
        this.#activate(n + 1);
        break;
      case "ArrowUp":
        this.#activate(n - 1);
        break;
      case "PageDown":
        this.#activate(n + page);
        break;
      case "PageUp":
        this.#activate(n - page);
        break;
      case "Home":
        this.#activate(0);
        break;
      case "End":
        this.#activate(this.#rows.length - 1);
        break;
      case "Enter":
        this.#onSelect(row);
        break;
      case " ":
        if (row.open !== undefined) this.#onToggle(row);
        break;
      case "ArrowRight":
        if (row.open === false) this.#onToggle(row);
        else if (row.open) this.#activate(n + 1);
        break;
      case "ArrowLeft":
        if (row.open) this.#onToggle(row);
        else this.#activate(this.#parent(n));
        break;
      default:
        return;
    }
    e.preventDefault();
  }

  /** @param {number} n */
  #parent(n) {
    let at = n;
    while (at > 0 && this.#rows[at].level >= this.#rows[n].level) at--;
    return this.#rows[at].level < this.#rows[n].level ? at : n;
  }
}
