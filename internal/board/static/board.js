// The page: removes the token from the address, keeps a connection, and draws the known content whenever it changes. All received content
// is put into the page as text.

import { Connection } from "./connection.js";
import { Marks, attention, changes, commits, duration, rows } from "./content.js";
import { detail, fragmentOf, objectOf } from "./detail.js";
import { Tree } from "./rows.js";

const $ = (selector, inside = document) => inside.querySelector(selector);
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** An element with a class and text or elements in it. */
function make(name, className, ...content) {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.append(...content.filter((c) => c !== null && c !== ""));
  return element;
}

/** What the address says, which is taken out of it, or what it said before the page was loaded anew. */
function address() {
  const given = new URLSearchParams(location.hash.slice(1));
  const recall = (name) => { try { return sessionStorage.getItem("stowage." + name) ?? ""; } catch { return ""; } };
  const keep = (name, value) => { try { sessionStorage.setItem("stowage." + name, value); } catch { /* then a reload needs the address again */ } };
  if (given.has("token")) {
    keep("token", given.get("token"));
    keep("ws", given.get("ws") ?? "");
    history.replaceState(null, "", location.pathname + location.search);
  }
  const own = (location.protocol === "https:" ? "wss://" : "ws://") + location.host + "/live";
  return { token: given.get("token") ?? recall("token"), url: (given.has("token") ? given.get("ws") : recall("ws")) || own };
}

/** Brings a list's elements in line with items: those that stay keep their element, so that focus and open details stay. */
function list(section, items, fill) {
  const element = $(".cards", section), had = new Map([...element.children].map((child) => [child.dataset.id, child]));
  let focus = element.contains(document.activeElement) ? document.activeElement : null;
  const children = items.map((item) => {
    const signature = JSON.stringify(item), child = had.get(item.id) ?? make("li");
    if (child.dataset.signature !== signature) {
      const open = $("details", child)?.open, focused = $("summary", child)?.matches(":focus");
      child.dataset.id = item.id;
      child.dataset.signature = signature;
      child.replaceChildren();
      fill(child, item);
      if (open && $("details", child)) $("details", child).open = true;
      if (focused) focus = $("summary", child);
    }
    return child;
  });
  if (children.length !== element.children.length || children.some((c, n) => c !== element.children[n])) element.replaceChildren(...children);
  if (focus && focus !== document.activeElement) focus.focus({ preventScroll: true });
  $(".empty", section).hidden = items.length > 0;
  element.hidden = items.length === 0;
}

// The text of a commit that changed no object.
const wordless = { CREATE_COMPLETE: "stack created", UPDATE_COMPLETE: "no object changed", DELETE_COMPLETE: "stack deleted" };
const empty = {
  changes: "No changes in progress.", attention: "Nothing needs attention.", commits: "No commits in the last 24 hours.",
};
const kinds = { project: "Project", bucket: "Bucket", user: "User", permission: "Permission" };
const states = {
  changing: "being changed", creating: "being created", changed: "just changed", dangling: "bucket is missing", closing: "being deleted",
};

class Board {
  #connection; #tree; #marks = new Marks(); #open = new Map(); #scheduled = false; #ticking = [];
  #selected = objectOf(location.hash); // the object in the detail panel, or null
  #detail = ""; // what the panel shows, as JSON

  constructor({ url, token }) {
    this.#tree = new Tree($("#tree"), { 
      fill: fillRow, onToggle: (row) => { this.#open.set(row.id, !row.open); this.#drawTree(); }, onSelect: (row) => this.#select(row.object),
    });
    $("#search").addEventListener("input", () => this.#schedule());
    $("#filter").addEventListener("change", () => this.#schedule());
    $("#detail-close").addEventListener("click", () => this.#close());
    $("#detail").addEventListener("keydown", (e) => { if (e.key === "Escape") this.#close(); });
    window.addEventListener("hashchange", () => this.#show(objectOf(location.hash)));
    $("#search").addEventListener("keydown", (e) => {
      if (e.key === "Escape") { e.target.value = ""; this.#schedule(); }
      if (e.key === "ArrowDown" || e.key === "Enter") { $("#tree").focus(); e.preventDefault(); }
    });
    document.addEventListener("keydown", (e) => {
      if (e.key !== "/" || e.ctrlKey || e.metaKey || e.altKey || e.target.matches("input")) return;
      $("#search").focus();
      e.preventDefault();
    });
    this.#connection = new Connection(url, token, { onState: () => this.#schedule(), onChange: () => this.#schedule() });
    this.#connection.open();
    setInterval(() => this.#tick(), 1000);
    this.#schedule();
  }

  /** How many rows are in the page, for those who measure. */
  get drawn() { return this.#tree.drawn; }

  #select(object) {
    history.pushState(null, "", fragmentOf(object));
    this.#show(object);
  }

  #close() {
    history.pushState(null, "", location.pathname + location.search);
    this.#show(null);
  }

  /** Shows an object in the detail panel, or closes the panel, and moves the focus there or back. */
  #show(object) {
    this.#selected = object;
    this.#drawDetail();
    if (object) $("#detail-title").focus();
    else $("#tree").focus({ preventScroll: true });
  }

  /** Draws once for any number of messages that arrive until then. A hidden page draws once a second. */
  #schedule() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const draw = () => { this.#scheduled = false; this.#draw(); };
    if (document.hidden) setTimeout(draw, 1000);
    else requestAnimationFrame(draw);
  }

  #draw() {
    const { client } = this.#connection, now = this.#connection.now();
    this.#marks.update(client, now);
    this.#drawFreshness();
    this.#ticking = [];
    const changed = changes(client, now);
    list($("#changes"), changed, (li, c) => this.#fillChange(li, c));
    this.#ticking = changed.map((c, n) => ({ element: $("#changes .cards").children[n].querySelector("time"), since: c.started }));
    const wanting = attention(client, now);
    list($("#attention"), wanting, fillAttention);
    $("#attention").dataset.severe = wanting.some((a) => a.severe);
    list($("#commits"), commits(client), fillCommit);
    for (const [id, text] of Object.entries(empty)) $(`#${id} .empty`).textContent = this.#loading() || text;
    this.#drawTree();
    this.#drawDetail();
    document.title = changed.length ? `(${changed.length}) Stowage` : "Stowage";
    this.#tick();
  }

  /** The text of an empty section while its content is not known; "" once it is. */
  #loading() {
    const { client, state } = this.#connection, known = client.projects().length > 0;
    if (client.awaited().length || (!client.welcomed && !known && state === "connecting")) return "Loading";
    return client.welcomed || known ? "" : "Not connected.";
  }

  #drawDetail() {
    const panel = $("#detail"), { client } = this.#connection, object = this.#selected;
    panel.hidden = !object;
    document.body.dataset.detail = Boolean(object);
    if (!object) {
      this.#detail = "";
      return;
    }
    const content = detail(client, this.#connection.now(), object), loading = this.#loading();
    const drawn = JSON.stringify([object, content, loading]);
    if (drawn === this.#detail) return;
    this.#detail = drawn;
    $("#detail-title").textContent = `${kinds[object.kind] ?? object.kind} ${object.name}`;
    if (content) fillDetail($("#detail-content"), content);
    else $("#detail-content").replaceChildren(make("p", "note", loading || `The ${object.kind} does not exist in the project ${object.project}.`));
  }

  #drawTree() {
    const { client } = this.#connection, search = $("#search").value, filtered = $("#filter").checked;
    const content = rows(client, {
      now: this.#connection.now(), search, filtered, marks: this.#marks, isOpen: (id, byDefault) => this.#open.get(id) ?? byDefault,
    });
    this.#tree.rows = content.rows;
    $("#tree").hidden = content.rows.length === 0;
    $("#found").textContent = content.found === null ? "" : content.found === 1 ? "1 found" : `${content.found.toLocaleString("en")} found`;
    const empty = $("#projects .empty");
    empty.hidden = content.rows.length > 0;
    if (search) empty.textContent = "No matches.";
    else if (filtered && client.projects().length) empty.textContent = "Nothing is changing or needs attention.";
    else empty.textContent = this.#loading() || "No projects that you can see.";
  }

  #drawFreshness() {
    const { state, since } = this.#connection, chip = $("#freshness"), at = clock.format(since);
    const known = this.#connection.client.projects().length > 0;
    const old = known ? `, out of date since ${at}` : "";
    const texts = {
      connecting: "Connecting", live: "Live", reconnecting: "Reconnecting" + old,
      expired: `Signed out: the token has expired${old}. Open the board with a new address.`,
      refused: "The hub cannot be reached or rejects the token",
      outdated: "The hub uses another protocol version: reload the page",
    };
    const text = texts[state] ?? state;
    if (chip.textContent !== text) chip.textContent = text;
    chip.dataset.state = state;
    document.body.dataset.fresh = state === "live" || !known;
  }

  #fillChange(li, c) {
    const names = c.members.slice(0, 4).join(", ") + (c.members.length > 4 ? ` and ${c.members.length - 4} more` : "");
    li.append(
      make("p", "what", make("strong", "", c.project), " ", names || c.stack || ""),
      make("p", "who", [c.who || c.status || "unknown author", c.run].filter(Boolean).join(" · "), " · for ", make("time", "")),
    );
    if (c.members.length > 4) li.append(make("details", "", make("summary", "", `All ${c.members.length}`), make("p", "", c.members.join(", "))));
  }

  /** Updates running times without drawing anything else. */
  #tick() {
    const now = this.#connection.now();
    for (const { element, since } of this.#ticking) if (element) element.textContent = duration(now - since);
    if (now >= this.#marks.next) this.#schedule();
  }
}

function fillAttention(li, a) {
  li.dataset.severe = a.severe;
  li.append(make("p", "what", make("span", "severity", a.severe ? "Error" : "Warning"), " ", make("strong", "", a.title)), make("p", "who", a.project, ": ", a.text));
}

function fillCommit(li, c) {
  const time = make("time", "", clock.format(c.time));
  time.dateTime = new Date(c.time).toISOString();
  time.title = exact.format(c.time);
  const shown = [...c.put, ...c.removed.map((name) => name + " removed")];
  const text = shown.slice(0, 3).join(", ") + (shown.length > 3 || c.more > 0 ? ` and ${shown.length - Math.min(3, shown.length) + c.more} more` : "");
  li.dataset.outcome = c.outcome;
  const outcome = c.outcome === "done" ? "" : make("span", "outcome", c.outcome);
  li.append(make("p", "what", time, " ", make("strong", "", c.project), " ", outcome, outcome ? " " : "", text || wordless[c.status] || c.status));
  const about = [c.who || (c.run ? "" : "by hand, or unannounced"), c.run, c.took > 0 ? "took " + duration(c.took) : ""].filter(Boolean).join(" · ");
  li.append(make("p", "who", about));
  if (shown.length > 3) li.append(make("details", "", make("summary", "", "What changed"), make("p", "", shown.join(", ") + (c.more > 0 ? ` and ${c.more} more` : ""))));
}

function fillDetail(element, content) {
  const facts = make("dl", "facts");
  for (const [term, value] of content.facts) facts.append(make("dt", "", term), make("dd", "", value));
  const lists = content.lists.filter((l) => l.items.length || l.empty).map((l) => make("div", "part", make("h3", "", l.title), itemsOf(l)));
  const links = make("ul", "links", ...content.links.map(({ text, url }) => {
    const link = make("a", "", text);
    Object.assign(link, { href: url, target: "_blank", rel: "noopener noreferrer" });
    return make("li", "", link);
  }));
  element.replaceChildren(facts, ...lists, ...(content.links.length ? [links] : []));
}

function itemsOf(part) {
  if (!part.items.length) return make("p", "note", part.empty);
  return make("ul", "", ...part.items.map(({ text, object }) => {
    if (!object) return make("li", "", text);
    const link = make("a", "", text);
    link.href = fragmentOf(object);
    return make("li", "", link);
  }));
}

function fillRow(element, row) {
  const state = states[row.state];
  const name = make("span", "name", row.name);
  name.title = row.name;
  const detail = make("span", "detail", row.detail);
  detail.title = row.detail;
  const spoken = make("span", "spoken", kinds[row.kind] + " ");
  element.replaceChildren(
    make("span", "twist"), make("span", "kind"), spoken, name, detail,
    ...row.badges.map((b) => make("span", "badge", b)),
    ...(state ? [make("span", "state", state)] : []),
  );
  $(".twist", element).setAttribute("aria-hidden", "true");
  $(".kind", element).setAttribute("aria-hidden", "true");
}

const from = address();
if (from.token) {
  window.board = new Board(from);
} else {
  $("#freshness").textContent = "Not signed in: open the board with its complete address, which ends in #token=…";
  $("#freshness").dataset.state = "expired";
}
