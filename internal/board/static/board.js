// The page: removes the token from the address, keeps a connection, and draws the known content whenever it changes.

import { NOT_SIGNED_IN, offerSignIn, readSettings, showPerson, showSignedOut } from "./account.js";
import { attention } from "./attention.js";
import { Connection } from "./connection.js";
import { Marks, changes, commits, duration } from "./content.js";
import { detail, fragmentOf, objectOf } from "./detail.js";
import { $, clock, fillAttention, fillChange, fillCommit, fillDetail, fillRow, kinds, list, make } from "./elements.js";
import { Tree } from "./rows.js";
import { Session } from "./signin.js";
import { keep, recall } from "./storage.js";
import { rows } from "./tree.js";

/** @import { ObjectID } from "../types" */

/** @param {string} selector */
const input = (selector) => /** @type {HTMLInputElement} */ ($(selector));

/** Token and URL from the address, which they are removed from, or from the address before a reload. */
function address() {
  const given = new URLSearchParams(location.hash.slice(1));
  const token = given.get("token");
  if (token !== null) {
    keep("token", token);
    keep("ws", given.get("ws") ?? "");
    history.replaceState(null, "", location.pathname + location.search);
  }
  return { token: token ?? recall("token"), url: (token !== null ? given.get("ws") : recall("ws")) || ownHub() };
}

/** The WebSocket API of a server that does not name one. */
function ownHub() {
  return `${(location.protocol === "https:" ? "wss://" : "ws://") + location.host}/live`;
}

const empty = {
  changes: "No changes in progress.",
  attention: "Nothing needs attention.",
  commits: "No commits in the last 24 hours.",
};

class Board {
  #connection;
  #session;
  #tree;
  #marks = new Marks();
  /** @type {Map<string, boolean>} */
  #open = new Map();
  #scheduled = false;
  /** @type {{ element: Element | null, since: number }[]} */
  #ticking = [];
  #selected = objectOf(location.hash); // the object in the detail panel, or null
  #detail = ""; // what the panel shows, as JSON

  /**
   * @param {{ url: string, token: string }} address
   * @param {Session | null} session of the person who has signed in; null when the address had a token
   */
  constructor({ url, token }, session) {
    this.#session = session;
    this.#tree = new Tree($("#tree"), {
      fill: fillRow,
      onToggle: (row) => {
        this.#open.set(row.id, !row.open);
        this.#drawTree();
      },
      onSelect: (row) => this.#select(row.object),
    });
    $("#search").addEventListener("input", () => this.#schedule());
    $("#filter").addEventListener("change", () => this.#schedule());
    $("#detail-close").addEventListener("click", () => this.#close());
    $("#detail").addEventListener("keydown", (e) => {
      if (e.key === "Escape") this.#close();
    });
    window.addEventListener("hashchange", () => this.#show(objectOf(location.hash)));
    $("#search").addEventListener("keydown", (e) => {
      if (e.key === "Escape") {
        input("#search").value = "";
        this.#schedule();
      }
      if (e.key === "ArrowDown" || e.key === "Enter") {
        $("#tree").focus();
        e.preventDefault();
      }
    });
    document.addEventListener("keydown", (e) => {
      if (e.key !== "/" || e.ctrlKey || e.metaKey || e.altKey) return;
      if (e.target instanceof Element && e.target.matches("input")) return;
      $("#search").focus();
      e.preventDefault();
    });
    this.#connection = new Connection(url, token, {
      onState: () => this.#schedule(),
      onChange: () => this.#schedule(),
    });
    if (session) session.onToken = (renewed) => this.#connection.renew(renewed);
    this.#connection.open();
    setInterval(() => this.#tick(), 1000);
    this.#schedule();
  }

  /** How many rows are in the page, for those who measure. */
  get drawn() {
    return this.#tree.drawn;
  }

  /** @param {ObjectID} object */
  #select(object) {
    history.pushState(null, "", fragmentOf(object));
    this.#show(object);
  }

  #close() {
    history.pushState(null, "", location.pathname + location.search);
    this.#show(null);
  }

  /**
   * Shows an object in the detail panel, or closes the panel, and moves the focus there or back.
   *
   * @param {ObjectID | null} object
   */
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
    const draw = () => {
      this.#scheduled = false;
      this.#draw();
    };
    if (document.hidden) setTimeout(draw, 1000);
    else requestAnimationFrame(draw);
  }

  #draw() {
    const { client } = this.#connection;
    const now = this.#connection.now();
    this.#marks.update(client, now);
    this.#drawFreshness();
    this.#ticking = [];
    const changed = changes(client, now);
    list($("#changes"), changed, fillChange);
    this.#ticking = changed.map((c, n) => ({
      element: $("#changes .cards").children[n].querySelector("time"),
      since: c.started,
    }));
    const wanting = attention(client, now);
    list($("#attention"), wanting, fillAttention);
    $("#attention").dataset.severe = String(wanting.some((a) => a.severe));
    list($("#commits"), commits(client), fillCommit);
    for (const [id, text] of Object.entries(empty)) $(`#${id} .empty`).textContent = this.#loading() || text;
    this.#drawTree();
    this.#drawDetail();
    document.title = changed.length ? `(${changed.length}) Stowage` : "Stowage";
    this.#tick();
  }

  /** The text of an empty section while its content is not known; "" once it is. */
  #loading() {
    const { client, state } = this.#connection;
    const known = client.projects().length > 0;
    if (client.awaited().length || (!client.welcomed && !known && state === "connecting")) return "Loading";
    return client.welcomed || known ? "" : "Not connected.";
  }

  #drawDetail() {
    const { client } = this.#connection;
    const object = this.#selected;
    $("#detail").hidden = !object;
    document.body.dataset.detail = String(Boolean(object));
    if (!object) {
      this.#detail = "";
      return;
    }
    const content = detail(client, this.#connection.now(), object);
    const loading = this.#loading();
    const drawn = JSON.stringify([object, content, loading]);
    if (drawn === this.#detail) return;
    this.#detail = drawn;
    $("#detail-title").textContent = `${kinds[object.kind] ?? object.kind} ${object.name}`;
    if (content) {
      fillDetail($("#detail-content"), content);
      return;
    }
    const note = loading || `The ${object.kind} does not exist in the project ${object.project}.`;
    $("#detail-content").replaceChildren(make("p", "note", note));
  }

  #drawTree() {
    const { client } = this.#connection;
    const search = input("#search").value;
    const filtered = input("#filter").checked;
    const content = rows(client, {
      now: this.#connection.now(),
      search,
      filtered,
      marks: this.#marks,
      isOpen: (id, byDefault) => this.#open.get(id) ?? byDefault,
    });
    this.#tree.rows = content.rows;
    $("#tree").hidden = content.rows.length === 0;
    $("#found").textContent = content.found === null ? "" : `${content.found.toLocaleString("en")} found`;
    const empty = $("#projects .empty");
    empty.hidden = content.rows.length > 0;
    if (search) empty.textContent = "No matches.";
    else if (filtered && client.projects().length) empty.textContent = "Nothing is changing or needs attention.";
    else empty.textContent = this.#loading() || "No projects that you can see.";
  }

  #drawFreshness() {
    const { state, since } = this.#connection;
    const chip = $("#freshness");
    const known = this.#connection.client.projects().length > 0;
    const old = known ? `, out of date since ${clock.format(since)}` : "";
    const texts = {
      connecting: "Connecting",
      live: "Live",
      reconnecting: `Reconnecting${old}`,
      expired: this.#expired(old),
      refused: "The hub cannot be reached or rejects the token",
      outdated: "The hub uses another protocol version: reload the page",
    };
    const text = texts[state];
    if (chip.textContent !== text) chip.textContent = text;
    chip.dataset.state = state === "expired" && this.#session?.renewable ? "reconnecting" : state;
    if (this.#session && state === "expired" && !this.#session.renewable) offerSignIn(this.#session);
    document.body.dataset.fresh = String(state === "live" || !known);
  }

  /**
   * The text of a page whose token has expired.
   *
   * @param {string} old since when the content is out of date
   */
  #expired(old) {
    if (!this.#session) return `Signed out: the token has expired${old}. Open the board with a new address.`;
    if (this.#session.renewable) return `Reconnecting${old}`;
    return `Signed out: the session has expired${old}.`;
  }

  /** Updates running times without drawing anything else. */
  #tick() {
    const now = this.#connection.now();
    for (const { element, since } of this.#ticking) if (element) element.textContent = duration(now - since);
    if (now >= this.#marks.next) this.#schedule();
  }
}

/** @returns {Promise<Board | null>} null without a signed-in person, or for one without access to a project */
async function start() {
  const given = address();
  if (given.token) return new Board(given, null);
  /** @type {Session | null} */
  let session = null;
  let problem = "Not signed in: open the board with its complete address, which ends in #token=…";
  try {
    const settings = await readSettings();
    if (settings.issuer && settings.client_id) {
      session = new Session(settings);
      problem = NOT_SIGNED_IN;
      await session.restore();
      if (session.token) {
        showPerson(session);
        if (session.hasProjects)
          return new Board({ url: settings.websocket || ownHub(), token: session.token }, session);
        problem = `You have access to no project: the claim ${session.projectsClaim} of your token names none. Ask the administrator of your identity provider for access, then sign in again.`;
      }
    }
  } catch (e) {
    problem = e instanceof Error ? e.message : String(e);
  }
  showSignedOut(problem, session);
  return null;
}

Object.assign(window, { board: await start() }); // for tests and measurements
