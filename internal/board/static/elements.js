// The elements of the page's content. All received content is put into them as text.

import { duration } from "./content.js";
import { fragmentOf } from "./detail.js";

/** @import { Attention, Change, DetailContent, DetailPart, Row, ShownCommit } from "../types" */

/**
 * The element that a selector matches. It must exist.
 *
 * @param {string} selector
 * @param {ParentNode} inside
 * @returns {HTMLElement}
 */
export const $ = (selector, inside = document) => {
  const element = find(selector, inside);
  if (!element) throw new Error(`no element matches ${selector}`);
  return element;
};

/**
 * @param {string} selector
 * @param {ParentNode} inside
 * @returns {HTMLElement | null}
 */
const find = (selector, inside) => inside.querySelector(selector);

export const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/**
 * An element with a class and text or elements in it.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {string} className
 * @param {(string | Node)[]} content
 */
export function make(name, className, ...content) {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.append(...content.filter((c) => c !== ""));
  return element;
}

/** @type {Record<string, string>} */
export const kinds = { project: "Project", bucket: "Bucket", user: "User", permission: "Permission" };
/** @type {Record<string, string>} */
const states = {
  changing: "being changed",
  creating: "being created",
  changed: "just changed",
  dangling: "bucket is missing",
  closing: "being deleted",
};

// The text of a commit that changed no object.
/** @type {Record<string, string>} */
const wordless = {
  CREATE_COMPLETE: "stack created",
  UPDATE_COMPLETE: "no object changed",
  DELETE_COMPLETE: "stack deleted",
};
/**
 * Updates a list's elements to items. Items that stay keep their element, so that focus and open details stay.
 *
 * @template {{ id: string }} T
 * @param {HTMLElement} section
 * @param {T[]} items
 * @param {(element: HTMLElement, item: T) => void} fill
 */
export function list(section, items, fill) {
  const element = $(".cards", section);
  /** @type {NodeListOf<HTMLElement>} */
  const cards = element.querySelectorAll(":scope > li");
  const had = new Map([...cards].map((child) => [child.dataset.id, child]));
  const { activeElement } = document;
  let focus = activeElement instanceof HTMLElement && element.contains(activeElement) ? activeElement : null;
  const children = items.map((item) => {
    const signature = JSON.stringify(item);
    const child = had.get(item.id) ?? make("li", "");
    if (child.dataset.signature !== signature) {
      const open = child.querySelector("details")?.open;
      const focused = find("summary", child)?.matches(":focus");
      child.dataset.id = item.id;
      child.dataset.signature = signature;
      child.replaceChildren();
      fill(child, item);
      const details = child.querySelector("details");
      if (open && details) details.open = true;
      if (focused) focus = find("summary", child);
    }
    return child;
  });
  if (children.length !== element.children.length || children.some((c, n) => c !== element.children[n]))
    element.replaceChildren(...children);
  if (focus && focus !== document.activeElement) focus.focus({ preventScroll: true });
  $(".empty", section).hidden = items.length > 0;
  element.hidden = items.length === 0;
}

/**
 * @param {HTMLElement} li
 * @param {Change} c
 */
export function fillChange(li, c) {
  const names = c.members.slice(0, 4).join(", ") + (c.members.length > 4 ? ` and ${c.members.length - 4} more` : "");
  const author = [c.who || c.status || "unknown author", c.run].filter(Boolean).join(" · ");
  li.append(
    make("p", "what", make("strong", "", c.project), " ", names || c.stack || ""),
    make("p", "who", author, " · for ", make("time", "")),
  );
  if (c.members.length > 4) li.append(details(`All ${c.members.length}`, c.members.join(", ")));
}

/**
 * Text that is shown on demand.
 *
 * @param {string} summary
 * @param {string} text
 */
const details = (summary, text) => make("details", "", make("summary", "", summary), make("p", "", text));

/**
 * @param {HTMLElement} li
 * @param {Attention} a
 */
export function fillAttention(li, a) {
  li.dataset.severe = String(a.severe);
  li.append(
    make("p", "what", make("span", "severity", a.severe ? "Error" : "Warning"), " ", make("strong", "", a.title)),
    make("p", "who", a.project, ": ", a.text),
  );
}

/**
 * @param {HTMLElement} li
 * @param {ShownCommit} c
 */
export function fillCommit(li, c) {
  const time = make("time", "", clock.format(c.time));
  time.dateTime = new Date(c.time).toISOString();
  time.title = exact.format(c.time);
  const shown = [...c.put, ...c.removed.map((name) => `${name} removed`)];
  const more = Math.max(0, shown.length - 3) + Math.max(0, c.more);
  const text = shown.slice(0, 3).join(", ") + (more ? ` and ${more} more` : "");
  li.dataset.outcome = c.outcome;
  const outcome = c.outcome === "done" ? [] : [make("span", "outcome", c.outcome), " "];
  const project = make("strong", "", c.project);
  li.append(make("p", "what", time, " ", project, " ", ...outcome, text || wordless[c.status] || c.status));
  const author = c.who || (c.run ? "" : "by hand, or unannounced");
  const took = c.took > 0 ? `took ${duration(c.took)}` : "";
  li.append(make("p", "who", [author, c.run, took].filter(Boolean).join(" · ")));
  if (shown.length > 3) {
    li.append(details("What changed", shown.join(", ") + (c.more > 0 ? ` and ${c.more} more` : "")));
  }
}

/**
 * @param {HTMLElement} element
 * @param {DetailContent} content
 */
export function fillDetail(element, content) {
  const facts = make("dl", "facts");
  for (const [term, value] of content.facts) facts.append(make("dt", "", term), make("dd", "", value));
  const lists = content.lists
    .filter((l) => l.items.length || l.empty)
    .map((l) => make("div", "part", make("h3", "", l.title), itemsOf(l)));
  const links = make(
    "ul",
    "links",
    ...content.links.map(({ text, url }) => {
      const link = make("a", "", text);
      Object.assign(link, { href: url, target: "_blank", rel: "noopener noreferrer" });
      return make("li", "", link);
    }),
  );
  element.replaceChildren(facts, ...lists, ...(content.links.length ? [links] : []));
}

/** @param {DetailPart} part */
function itemsOf(part) {
  if (!part.items.length) return make("p", "note", part.empty ?? "");
  return make(
    "ul",
    "",
    ...part.items.map(({ text, object }) => {
      if (!object) return make("li", "", text);
      const link = make("a", "", text);
      link.href = fragmentOf(object);
      return make("li", "", link);
    }),
  );
}

/**
 * @param {HTMLElement} element
 * @param {Row} row
 */
export function fillRow(element, row) {
  const state = states[row.state];
  const name = make("span", "name", row.name);
  name.title = row.name;
  const detail = make("span", "detail", row.detail);
  detail.title = row.detail;
  const spoken = make("span", "spoken", `${kinds[row.kind]} `);
  element.replaceChildren(
    make("span", "twist"),
    make("span", "kind"),
    spoken,
    name,
    detail,
    ...row.badges.map((b) => make("span", "badge", b)),
    ...(state ? [make("span", "state", state)] : []),
  );
  $(".twist", element).setAttribute("aria-hidden", "true");
  $(".kind", element).setAttribute("aria-hidden", "true");
}
