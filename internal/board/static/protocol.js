// The live protocol, as package internal/event of the Go module implements it: Client takes what the
// server sends and returns what is to be sent. It uses no page, connection, clock or timer.

import { VERSION, View } from "./view.js";

/** @import { Message, Position, Request } from "../types" */

export { VERSION };
export const SUBPROTOCOL = "stowage.v1";

const MAX_WAITING = 1000; // events of a project that are kept while something before them is lacking
const MAX_JOINING = 64; // messages that are put together at a time
const MAX_MESSAGE = 32 << 10; // bytes
const WITH_DATA = new Set(["welcome", "heartbeat", "snapshot", "reconnect", "error"]); // types that are invalid without data

/** Puts messages together that came in parts. */
class Joiner {
  /** @type {Map<string, { of: number, parts: Map<number, Message> }>} */
  #joining = new Map();

  /**
   * The whole message, or null while parts are lacking.
   *
   * @param {Message} m
   * @returns {Message | null}
   */
  add(m) {
    const { parts: of = 0, part: number = 0 } = m;
    if (!(of > 1)) return m;
    if (!m.id || !(number >= 1) || number > of) throw new Error("a part has no place in its message");
    let got = this.#joining.get(m.id);
    if (!got) {
      got = { of, parts: new Map() };
      this.#joining.set(m.id, got);
      const [oldest] = this.#joining.keys();
      if (this.#joining.size > MAX_JOINING) this.#joining.delete(oldest);
    }
    if (got.of !== of) throw new Error("a message has two numbers of parts");
    got.parts.set(number, m);
    if (got.parts.size < got.of) return null;
    this.#joining.delete(m.id);
    const inOrder = [...got.parts].sort(([a], [b]) => a - b).map(([, part]) => part);
    let data;
    for (const part of inOrder) data = join(data, part.data);
    const { id, part, parts, ...whole } = inOrder[0];
    return { ...whole, data };
  }
}

/** @param {unknown} v */
const isObject = (v) => typeof v === "object" && v !== null && !Array.isArray(v);

/**
 * Adds a part's share of a message's data to what has come before.
 *
 * @param {any} value
 * @param {any} share
 * @returns {any}
 */
function join(value, share) {
  if (isObject(share) && isObject(value)) {
    for (const [name, member] of Object.entries(share)) {
      value[name] = Object.hasOwn(value, name) ? join(value[name], member) : member;
    }
    return value;
  }
  if (Array.isArray(share) && Array.isArray(value)) {
    if (share.length > 1 && share[0] === null && value.length > 0) {
      value[value.length - 1] = join(value.at(-1), share[1]);
      share = share.slice(2);
    }
    for (const element of share) value.push(element);
    return value;
  }
  return share;
}

/**
 * @param {Position} position
 * @param {string} epoch
 * @param {number} seq
 */
const samePlace = (position, epoch, seq) => position.epoch === epoch && position.seq === seq;
/**
 * @param {string} epoch
 * @param {number} seq
 */
const place = (epoch, seq) => `${epoch}\n${seq}`;

/**
 * @param {[string, unknown]} a
 * @param {[string, unknown]} b
 */
const byKey = ([a], [b]) => (a < b ? -1 : 1);

/** What a client has of a project and what it lacks. */
class Watched {
  /** @type {View | null} */
  view = null;
  since = -Infinity; // when the snapshot was made that began the view's epoch
  /** @type {Map<string, Message>} */
  waiting = new Map(); // events that can't be applied yet, by place
  asked = false; // an answer is due
  /** @type {Position | null} */
  until = null; // where the view is when the answer has come: {epoch, seq}, null while that isn't known
  beaten = false; // a heartbeat has come since
  reload = false; // events won't do: the answer must be a snapshot

  /** @param {Position} position */
  behind(position) {
    const at = this.view?.position;
    return !at || this.reload || at.epoch !== position.epoch || at.seq < position.seq;
  }

  /**
   * The request for what is lacking until a position.
   *
   * @param {string} project
   * @param {Position | null} until
   */
  ask(project, until) {
    this.asked = true;
    this.beaten = false;
    this.until = until;
    /** @type {Request} */
    const m = { v: VERSION, type: "snapshot", project };
    if (this.view && !this.reload) {
      m.type = "resume";
      m.epoch = this.view.position.epoch;
      if (this.view.position.seq) m.seq = this.view.position.seq;
    }
    return m;
  }

  /**
   * Applies the events that are waiting for as long as they follow each other, and asks if some are left.
   *
   * @param {string} project
   */
  advance(project) {
    while (this.view) {
      const { epoch, seq } = this.view.position;
      const at = place(epoch, seq + 1);
      const event = this.waiting.get(at);
      if (!event) break;
      if (!this.view.take(event)) {
        if (this.reload) return [];
        this.reload = true;
        return [this.ask(project, { epoch, seq: seq + 1 })];
      }
      this.view.position = { epoch, seq: seq + 1 };
      this.view.changes++;
      this.waiting.delete(at);
      if (this.until && samePlace(this.until, epoch, seq + 1)) this.asked = false;
    }
    return this.waiting.size === 0 || this.asked ? [] : [this.ask(project, this.last())];
  }

  /** The last event that is waiting in the view's epoch, as a position; null when there is none. */
  last() {
    /** @type {Position | null} */
    let last = null;
    for (const { epoch, seq } of this.waiting.values()) {
      if (epoch === this.view?.position.epoch && seq > (last?.seq ?? 0)) last = { epoch, seq };
    }
    return last;
  }
}

/**
 * The client's side of the protocol. receive takes a text and returns the messages to be sent. It throws
 * on what is no message.
 */
export class Client {
  /** @type {string | null} */
  ends = null; // when the connection ends at the latest, as text
  /** @type {{ ends: string, spread_seconds: number } | null} */
  reconnect = null; // what the server has said about the end of the connection
  heard = -Infinity; // the server's time in the latest message, in milliseconds
  /** @type {{ code: string, message: string, retry_seconds?: number } | null} */
  lastError = null; // what the server has refused last
  welcomed = false; // on this connection
  heartbeatSeconds = 60;

  /** @type {Map<string, Watched>} */
  #projects = new Map();
  #joiner = new Joiner();

  /** @param {string} project */
  view(project) {
    return this.#projects.get(project)?.view ?? null;
  }

  /** The views of the projects of which something is known, as [name, view], sorted. */
  views() {
    /** @type {[string, View][]} */
    const found = [];
    for (const [name, { view }] of this.#projects) if (view) found.push([name, view]);
    return found.sort(byKey);
  }

  /** The projects of which something is known, sorted. */
  projects() {
    return this.#names((w) => w.view !== null);
  }

  /** The projects that are there and not known yet, sorted. */
  awaited() {
    return this.#names((w) => w.view === null);
  }

  /** @param {(w: Watched) => boolean} matches */
  #names(matches) {
    return [...this.#projects]
      .filter(([, w]) => matches(w))
      .map(([name]) => name)
      .sort();
  }

  /**
   * Whether nothing is known to be lacking of a project.
   *
   * @param {string} project
   */
  complete(project) {
    const w = this.#projects.get(project);
    return Boolean(w?.view && !w.asked && w.waiting.size === 0);
  }

  /**
   * The first message on a new connection.
   *
   * @returns {Request}
   */
  hello() {
    this.reconnect = null;
    this.lastError = null;
    this.welcomed = false;
    /** @type {Record<string, Position>} */
    const projects = {};
    let room = MAX_MESSAGE - 200;
    for (const [name, w] of [...this.#projects].sort(byKey)) {
      if (!w.view) continue;
      w.asked = true;
      w.beaten = false;
      w.until = null;
      room -= name.length + w.view.position.epoch.length + 49;
      if (room > 0 && !w.reload) projects[name] = w.view.position;
    }
    /** @type {Request["data"]} */
    const data = { versions: [VERSION] };
    if (Object.keys(projects).length) data.projects = projects;
    return { v: VERSION, type: "hello", data };
  }

  /**
   * @param {string} text
   * @returns {Request[]}
   */
  receive(text) {
    const m = JSON.parse(text);
    if (!isObject(m)) throw new Error("a message is an object");
    const whole = this.#joiner.add(m);
    return whole ? this.apply(whole) : [];
  }

  /**
   * @param {Message} m
   * @returns {Request[]}
   */
  apply(m) {
    const time = m.time ? Date.parse(m.time) : -Infinity;
    if (time > this.heard) this.heard = time;
    if (m.v !== VERSION && !m.seq) return [];
    if (m.v === VERSION && WITH_DATA.has(m.type) && !isObject(m.data))
      throw new Error(`a ${m.type} message has no data`);
    switch (m.type) {
      case "welcome":
        return this.#welcome(m);
      case "heartbeat":
        return this.#heartbeat(m);
      case "snapshot":
        return this.#snapshot(m);
      case "gap": {
        const w = this.#watch(m.project);
        w.asked = true; // the snapshot is under way
        w.beaten = false;
        w.until = null;
        return [];
      }
      case "reconnect":
        if (m.v === VERSION) this.reconnect = m.data;
        return [];
      case "error":
        if (m.v !== VERSION) return [];
        this.lastError = m.data;
        if (m.data.code === "unknown_project") this.#projects.delete(m.project);
        return [];
    }
    return m.project && m.seq ? this.#event(m) : [];
  }

  /** @param {string} project */
  #watch(project) {
    let w = this.#projects.get(project);
    if (!w) {
      w = new Watched();
      this.#projects.set(project, w);
    }
    return w;
  }

  /**
   * @param {Message} m
   * @returns {Request[]}
   */
  #welcome(m) {
    if (m.v !== VERSION) return [];
    const { ends, heartbeat_seconds: seconds } = m.data;
    /** @type {Record<string, Position>} */
    const projects = m.data.projects ?? {};
    this.ends = ends;
    this.welcomed = true;
    this.heartbeatSeconds = seconds || 60;
    for (const name of [...this.#projects.keys()]) if (!Object.hasOwn(projects, name)) this.#projects.delete(name);
    for (const [name, position] of Object.entries(projects)) {
      const w = this.#watch(name);
      w.asked = w.behind(position);
      w.beaten = false;
      w.until = position;
    }
    return [];
  }

  /**
   * @param {Message} m
   * @returns {Request[]}
   */
  #heartbeat(m) {
    /** @type {Record<string, Position> | undefined} */
    const positions = m.data?.projects;
    if (m.v !== VERSION || !positions) return [];
    const send = [];
    for (const name of Object.keys(positions)) this.#watch(name);
    for (const [name, w] of [...this.#projects].sort(byKey)) {
      const position = Object.hasOwn(positions, name) ? positions[name] : null;
      if (position && !w.behind(position)) {
        w.asked = false;
        for (const [at, e] of w.waiting) if (e.epoch !== position.epoch) w.waiting.delete(at);
      } else if (w.asked && !w.beaten) {
        w.beaten = true;
      } else {
        send.push(w.ask(name, position));
      }
    }
    return send;
  }

  /**
   * @param {Message} e
   * @returns {Request[]}
   */
  #event(e) {
    const w = this.#watch(e.project);
    const at = w.view?.position;
    if (at && at.epoch === e.epoch && e.seq <= at.seq) return []; // seen
    if (w.waiting.size < MAX_WAITING) w.waiting.set(place(e.epoch, e.seq), e);
    const last = w.last();
    // The answer covers this event, too.
    if (last && w.until && last.epoch === w.until.epoch && last.seq > w.until.seq) w.until = last;
    return w.advance(e.project);
  }

  /**
   * @param {Message} m
   * @returns {Request[]}
   */
  #snapshot(m) {
    if (m.v !== VERSION) return [];
    const w = this.#watch(m.project);
    const old = w.view;
    const made = m.time ? Date.parse(m.time) : -Infinity;
    const { epoch = "", seq = 0 } = m;
    const began = !old || old.position.epoch !== epoch;
    if (old && (began ? made <= w.since : seq < old.position.seq)) return []; // late
    w.view = new View(m);
    if (began) w.since = made;
    else w.view.keepNewer(old);
    if (old) {
      w.view.changes = old.changes + 1;
      w.view.gaps = old.gaps;
      if (!samePlace(old.position, epoch, seq)) {
        const reason = m.data.gap?.reason ?? (began ? "epoch" : "reload");
        w.view.gaps = [...old.gaps, { from: old.position, to: w.view.position, reason }];
      }
    }
    for (const [at, e] of w.waiting) if (e.epoch !== epoch || e.seq <= seq) w.waiting.delete(at);
    w.asked = false;
    w.reload = false;
    return w.advance(m.project);
  }
}
