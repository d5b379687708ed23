// The live protocol, as package internal/event of the Go module speaks it: Client takes what the server sends, on whatever connection,
// and gives what is to be sent. There is no page, connection, clock or timer in here.

export const VERSION = 1;
export const SUBPROTOCOL = "stowage.v1";

const MAX_WAITING = 1000; // events of a project that are kept while something before them is lacking
const MAX_COMMITS = 50;
const MAX_CHANGED = 20; // ids of each kind of change in a commit
const MAX_JOINING = 64; // messages that are put together at a time
const MAX_MESSAGE = 32 << 10; // bytes
const WITH_DATA = new Set(["welcome", "heartbeat", "snapshot", "reconnect", "error"]); // of which nothing can be taken without
const DELETED = "DELETE_COMPLETE";

const kinds = [["buckets", "bucket"], ["users", "user"], ["permissions", "permission"], ["listings", "listing"]];

/** The name of an entity of a kind, as the model makes it. */
function nameOf(kind, entity) {
  if (kind !== "permission") return entity.name;
  return entity.user + "/" + entity.bucket + (entity.prefix ? "/" + entity.prefix : "");
}

/** All of entities by kind, as [kind, name, entity]. */
function* all(entities) {
  if (entities?.project) yield ["project", entities.project.name, entities.project];
  for (const [member, kind] of kinds) {
    for (const entity of entities?.[member] ?? []) yield [kind, nameOf(kind, entity), entity];
  }
}

const key = (kind, name) => kind + " " + name;

const NEVER = { stack_id: "", last_updated: "0001-01-01T00:00:00Z", phase: 0 }; // the version of what hasn't been told

/** Whether a version of a stack is of an earlier moment than another. */
export function olderThan(version, other) {
  const [a, b] = [Date.parse(version.last_updated), Date.parse(other.last_updated)];
  if (version.stack_id === other.stack_id && a === b) return version.phase < other.phase;
  return a < b;
}

function stateOf(s) {
  const { shard = 0, stack_name = "", version = NEVER, status = "", revision = 0, reason = "", operation = null } = s;
  return { shard, stack_name, version, status, revision, reason, operation };
}

/** An event in short; null for those that don't end anything. */
export function commitOf(event) {
  if (event.type !== "stack") return null;
  const change = { ...event.data, ...stateOf(event.data) }, put = [];
  if (change.status.endsWith("_IN_PROGRESS")) return null;
  let count = 0;
  for (const [kind, name] of all(change.put)) {
    if (++count <= MAX_CHANGED) put.push({ kind, name });
  }
  const removed = change.removed ?? [];
  const commit = {
    seq: event.seq, time: event.time, shard: change.shard, stack_name: change.stack_name, status: change.status,
    revision: event.revision ?? 0, put_count: count, removed_count: removed.length,
  };
  if (event.run) commit.run = event.run;
  if (change.ended?.who) commit.who = change.ended.who;
  if (change.ended) commit.started = change.ended.started;
  if (put.length) commit.put = put;
  if (removed.length) commit.removed = removed.slice(0, MAX_CHANGED);
  return commit;
}

/** What a client knows of a project. */
export class View {
  constructor(message) {
    this.project = message.project;
    this.position = { epoch: message.epoch ?? "", seq: message.seq ?? 0 };
    this.stacks = new Map(); // by shard
    this.commits = [...(message.data.commits ?? [])];
    this.gaps = [];
    this.changes = 0; // grows with everything that is shown
    for (const s of message.data.stacks ?? []) {
      const state = stateOf(s), stack = { ...state, contents: s.contents ?? state.version, facts: s.facts ?? null, entities: new Map() };
      for (const [kind, name, entity] of all(s.entities)) stack.entities.set(key(kind, name), { kind, name, entity });
      this.stacks.set(state.shard, stack);
    }
  }

  /** Takes over from an older view of the same epoch what is newer there: a snapshot can be older than its reading. */
  keepNewer(old) {
    for (const [shard, had] of old.stacks) {
      const stack = this.stacks.get(shard);
      if (!stack) {
        this.stacks.set(shard, had);
        continue;
      }
      if (olderThan(stack.version, had.version)) Object.assign(stack, stateOf(had));
      if (olderThan(stack.contents, had.contents)) {
        stack.contents = had.contents;
        stack.facts = had.facts;
        stack.entities = had.entities;
      }
    }
  }

  /** Applies an event; false when that takes a snapshot. */
  take(event) {
    if (event.v !== VERSION) return false;
    if (event.type === "stack") {
      if (!event.data || event.data.reload) return false;
      this.#change(event);
    } else if (event.type === "operation") {
      if (!event.data) return false;
      const { shard, version, operation } = stateOf(event.data), stack = this.stacks.get(shard);
      if (stack && !olderThan(version, stack.version)) stack.operation = operation;
    }
    return true;
  }

  #change(event) {
    const state = stateOf(event.data);
    let stack = this.stacks.get(state.shard);
    if (!stack) {
      stack = { ...state, contents: NEVER, facts: null, entities: new Map() };
      this.stacks.set(state.shard, stack);
    }
    if (!olderThan(state.version, stack.version)) Object.assign(stack, state);
    this.#contents(stack, { ...event.data, ...state });
    const commit = commitOf(event);
    if (commit) this.commits = [...this.commits, commit].slice(-MAX_COMMITS);
  }

  #contents(stack, change) {
    if (olderThan(change.version, stack.contents)) return;
    if (change.facts) {
      stack.contents = change.version;
      stack.facts = change.facts;
      for (const [kind, name, entity] of all(change.put)) stack.entities.set(key(kind, name), { kind, name, entity });
      for (const id of change.removed ?? []) stack.entities.delete(key(id.kind, id.name));
    } else if (change.status === DELETED || change.version.stack_id !== stack.contents.stack_id) {
      stack.contents = change.version;
      stack.facts = null;
      stack.entities.clear();
    }
  }

  /** The stacks by number. */
  ordered() {
    return [...this.stacks.keys()].sort((a, b) => a - b).map((shard) => this.stacks.get(shard));
  }

  /** The entities of all stacks, as {kind, name, entity} by "kind name"; the first stack's word goes. */
  entities() {
    const found = new Map();
    for (const stack of this.ordered()) {
      for (const [id, e] of stack.entities) if (!found.has(id)) found.set(id, e);
    }
    return found;
  }

  /** What is being changed at a moment of the server's time (in milliseconds), by who began first. */
  operations(now) {
    return this.ordered().map((s) => s.operation).filter((o) => o && Date.parse(o.expires) > now)
      .sort((a, b) => Date.parse(a.started) - Date.parse(b.started) || (a.token < b.token ? -1 : 1));
  }
}

/** Puts messages together that came in parts. */
class Joiner {
  #joining = new Map();

  /** The whole message, or null while parts are lacking. */
  add(m) {
    if (!(m.parts > 1)) return m;
    if (!m.id || !(m.part >= 1) || m.part > m.parts) throw new Error("a part has no place in its message");
    let got = this.#joining.get(m.id);
    if (!got) {
      got = { of: m.parts, parts: new Map() };
      this.#joining.set(m.id, got);
      if (this.#joining.size > MAX_JOINING) this.#joining.delete(this.#joining.keys().next().value);
    }
    if (got.of !== m.parts) throw new Error("a message has two numbers of parts");
    got.parts.set(m.part, m);
    if (got.parts.size < got.of) return null;
    this.#joining.delete(m.id);
    let data;
    for (let n = 1; n <= got.of; n++) data = join(data, got.parts.get(n).data);
    const { id, part, parts, ...whole } = got.parts.get(1);
    return { ...whole, data };
  }
}

const isObject = (v) => typeof v === "object" && v !== null && !Array.isArray(v);

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

const samePlace = (position, epoch, seq) => position.epoch === epoch && position.seq === seq;
const place = (epoch, seq) => epoch + "\n" + seq;

/** What a client has of a project and what it lacks. */
class Watched {
  view = null;
  since = -Infinity; // when the snapshot was made that began the view's epoch
  waiting = new Map(); // events that can't be applied yet, by place
  asked = false; // an answer is due
  until = null; // where the view is when the answer has come: {epoch, seq}, null while that isn't known
  beaten = false; // a heartbeat has come since
  reload = false; // events won't do: the answer must be a snapshot

  behind(position) {
    const at = this.view?.position;
    return !at || this.reload || at.epoch !== position.epoch || at.seq < position.seq;
  }

  /** The request for what is lacking until a position. */
  ask(project, until) {
    this.asked = true;
    this.beaten = false;
    this.until = until;
    const m = { v: VERSION, type: "snapshot", project };
    if (this.view && !this.reload) {
      m.type = "resume";
      m.epoch = this.view.position.epoch;
      if (this.view.position.seq) m.seq = this.view.position.seq;
    }
    return m;
  }

  /** Applies the events that are waiting for as long as they follow each other, and asks if some are left. */
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
    let last = null;
    for (const { epoch, seq } of this.waiting.values()) {
      if (epoch === this.view?.position.epoch && seq > (last?.seq ?? 0)) last = { epoch, seq };
    }
    return last;
  }
}

/** The client's side of the protocol. receive takes a text and gives the messages to be sent; it throws on what is no message. */
export class Client {
  ends = null; // when the connection ends at the latest, as text
  reconnect = null; // what the server has said about the end of the connection
  heard = -Infinity; // the server's time in the latest message, in milliseconds
  lastError = null; // what the server has refused last
  welcomed = false; // on this connection
  heartbeatSeconds = 60;

  #projects = new Map();
  #joiner = new Joiner();

  view(project) { return this.#projects.get(project)?.view ?? null; }

  /** The projects of which something is known, sorted. */
  projects() { return [...this.#projects.keys()].filter((name) => this.#projects.get(name).view).sort(); }

  /** The projects that are there and not known yet, sorted. */
  awaited() { return [...this.#projects.keys()].filter((name) => !this.#projects.get(name).view).sort(); }

  /** Whether nothing is known to be lacking of a project. */
  complete(project) {
    const w = this.#projects.get(project);
    return Boolean(w?.view) && !w.asked && w.waiting.size === 0;
  }

  /** The first message on a new connection. */
  hello() {
    this.reconnect = null;
    this.lastError = null;
    this.welcomed = false;
    const projects = {};
    let room = MAX_MESSAGE - 200;
    for (const name of this.projects()) {
      const w = this.#projects.get(name);
      w.asked = true;
      w.beaten = false;
      w.until = null;
      room -= name.length + w.view.position.epoch.length + 49;
      if (room > 0 && !w.reload) projects[name] = w.view.position;
    }
    const data = { versions: [VERSION] };
    if (Object.keys(projects).length) data.projects = projects;
    return { v: VERSION, type: "hello", data };
  }

  receive(text) {
    const m = JSON.parse(text);
    if (!isObject(m)) throw new Error("a message is an object");
    const whole = this.#joiner.add(m);
    return whole ? this.apply(whole) : [];
  }

  apply(m) {
    const time = m.time ? Date.parse(m.time) : -Infinity;
    if (time > this.heard) this.heard = time;
    if (m.v !== VERSION && !m.seq) return [];
    if (m.v === VERSION && WITH_DATA.has(m.type) && !isObject(m.data)) throw new Error(`a ${m.type} message has no data`);
    switch (m.type) {
      case "welcome": return this.#welcome(m);
      case "heartbeat": return this.#heartbeat(m);
      case "snapshot": return this.#snapshot(m);
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

  #watch(project) {
    let w = this.#projects.get(project);
    if (!w) this.#projects.set(project, w = new Watched());
    return w;
  }

  #welcome(m) {
    if (m.v !== VERSION) return [];
    const { ends, projects, heartbeat_seconds: seconds } = m.data;
    this.ends = ends;
    this.welcomed = true;
    this.heartbeatSeconds = seconds || 60;
    for (const name of [...this.#projects.keys()]) if (!Object.hasOwn(projects ?? {}, name)) this.#projects.delete(name);
    for (const [name, position] of Object.entries(projects ?? {})) {
      const w = this.#watch(name);
      w.asked = w.behind(position);
      w.beaten = false;
      w.until = position;
    }
    return [];
  }

  #heartbeat(m) {
    const positions = m.v === VERSION && m.data?.projects;
    if (!positions) return [];
    const send = [];
    for (const name of Object.keys(positions)) this.#watch(name);
    for (const name of [...this.#projects.keys()].sort()) {
      const w = this.#projects.get(name), position = Object.hasOwn(positions, name) ? positions[name] : null;
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

  #event(e) {
    const w = this.#watch(e.project), at = w.view?.position;
    if (at && at.epoch === e.epoch && e.seq <= at.seq) return []; // seen
    if (w.waiting.size < MAX_WAITING) w.waiting.set(place(e.epoch, e.seq), e);
    const last = w.last();
    if (last && w.until && last.epoch === w.until.epoch && last.seq > w.until.seq) w.until = last; // the answer tells of that, too
    return w.advance(e.project);
  }

  #snapshot(m) {
    if (m.v !== VERSION) return [];
    const w = this.#watch(m.project), old = w.view, made = m.time ? Date.parse(m.time) : -Infinity;
    const epoch = m.epoch ?? "", seq = m.seq ?? 0;
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
