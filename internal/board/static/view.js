// What a client knows of a project: View, as package internal/event of the Go module implements it.
// It consists of stacks and their entities, and applies events.

/** @import { Commit, Entities, Gap, ID, Message, Named, Permission, Position } from "../types" */
/** @import { Stack, StackChange, StackSnapshot, StackState, Version } from "../types" */

export const VERSION = 1; // of the protocol

const MAX_COMMITS = 50;
const MAX_CHANGED = 20; // ids of each kind of change in a commit
const DELETED = "DELETE_COMPLETE";

/**
 * The name of a permission in the model.
 *
 * @param {Permission} p
 */
function permissionName(p) {
  return `${p.user}/${p.bucket}${p.prefix ? `/${p.prefix}` : ""}`;
}

/**
 * Yields all entities by kind.
 *
 * @param {Entities | undefined} entities
 * @returns {Generator<Named>}
 */
function* all(entities) {
  const { project, buckets = [], users = [], permissions = [], listings = [] } = entities ?? {};
  if (project) yield { kind: "project", name: project.name, entity: project };
  for (const entity of buckets) yield { kind: "bucket", name: entity.name, entity };
  for (const entity of users) yield { kind: "user", name: entity.name, entity };
  for (const entity of permissions) yield { kind: "permission", name: permissionName(entity), entity };
  for (const entity of listings) yield { kind: "listing", name: entity.name, entity };
}

/**
 * @param {string} kind
 * @param {string} name
 */
const key = (kind, name) => `${kind} ${name}`;

const NEVER = { stack_id: "", last_updated: "0001-01-01T00:00:00Z", phase: 0 }; // the version of what hasn't been told

/**
 * Whether a version of a stack is of an earlier moment than another.
 *
 * @param {Version} version
 * @param {Version} other
 */
export function olderThan(version, other) {
  const [a, b] = [Date.parse(version.last_updated), Date.parse(other.last_updated)];
  if (version.stack_id === other.stack_id && a === b) return version.phase < other.phase;
  return a < b;
}

/**
 * @param {Partial<StackState>} s
 * @returns {StackState}
 */
function stateOf(s) {
  const { shard = 0, stack_name = "", version = NEVER, status = "", revision = 0, reason = "", operation = null } = s;
  return { shard, stack_name, version, status, revision, reason, operation };
}

/**
 * An event in short; null for those that don't end anything.
 *
 * @param {Message} event
 * @returns {Commit | null}
 */
export function commitOf(event) {
  if (event.type !== "stack" || event.data.drift_only) return null;
  /** @type {StackChange} */
  const change = { ...event.data, ...stateOf(event.data) };
  /** @type {ID[]} */
  const put = [];
  if (change.status.endsWith("_IN_PROGRESS")) return null;
  let count = 0;
  for (const { kind, name } of all(change.put)) {
    if (++count <= MAX_CHANGED) put.push({ kind, name });
  }
  const removed = change.removed ?? [];
  /** @type {Commit} */
  const commit = {
    seq: event.seq,
    time: event.time,
    shard: change.shard,
    stack_name: change.stack_name,
    status: change.status,
    revision: event.revision ?? 0,
    put_count: count,
    removed_count: removed.length,
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
  /** @param {Message} message a snapshot */
  constructor(message) {
    this.project = message.project;
    /** @type {Position} */
    this.position = { epoch: message.epoch ?? "", seq: message.seq ?? 0 };
    /** @type {Map<number, Stack>} */
    this.stacks = new Map(); // by shard
    /** @type {Commit[]} */
    this.commits = [...(message.data.commits ?? [])];
    /** @type {Gap[]} */
    this.gaps = [];
    this.changes = 0; // grows with everything that is shown
    /** @type {StackSnapshot[]} */
    const stacks = message.data.stacks ?? [];
    for (const s of stacks) {
      const state = stateOf(s);
      const stack = { ...state, contents: s.contents ?? state.version, facts: s.facts ?? null, entities: new Map() };
      for (const e of all(s.entities)) stack.entities.set(key(e.kind, e.name), e);
      this.stacks.set(state.shard, stack);
    }
  }

  /**
   * Takes over from an older view of the same epoch what is newer there: a snapshot can be older than its reading.
   *
   * @param {View} old
   */
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

  /**
   * Applies an event; false when that takes a snapshot.
   *
   * @param {Message} event
   */
  take(event) {
    if (event.v !== VERSION) return false;
    if (event.type === "stack") {
      if (!event.data || event.data.reload) return false;
      this.#change(event);
    } else if (event.type === "operation") {
      if (!event.data) return false;
      const { shard, version, operation } = stateOf(event.data);
      const stack = this.stacks.get(shard);
      if (stack && !olderThan(version, stack.version)) stack.operation = operation;
    }
    return true;
  }

  /** @param {Message} event */
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

  /**
   * @param {Stack} stack
   * @param {StackChange} change
   */
  #contents(stack, change) {
    if (olderThan(change.version, stack.contents)) return;
    if (change.facts) {
      stack.contents = change.version;
      stack.facts = change.facts;
      for (const e of all(change.put)) stack.entities.set(key(e.kind, e.name), e);
      for (const id of change.removed ?? []) stack.entities.delete(key(id.kind, id.name));
    } else if (change.status === DELETED || change.version.stack_id !== stack.contents.stack_id) {
      stack.contents = change.version;
      stack.facts = null;
      stack.entities.clear();
    }
  }

  /** The stacks by number. */
  ordered() {
    return [...this.stacks.values()].sort((a, b) => a.shard - b.shard);
  }

  /** The entities of all stacks, as {kind, name, entity} by "kind name"; the first stack's word goes. */
  entities() {
    /** @type {Map<string, Named>} */
    const found = new Map();
    for (const stack of this.ordered()) {
      for (const [id, e] of stack.entities) if (!found.has(id)) found.set(id, e);
    }
    return found;
  }

  /**
   * What is being changed at a moment of the server's time (in milliseconds), by who began first.
   *
   * @param {number} now
   */
  operations(now) {
    return this.ordered()
      .map((s) => s.operation)
      .filter((o) => o !== null)
      .filter((o) => Date.parse(o.expires) > now)
      .sort((a, b) => Date.parse(a.started) - Date.parse(b.started) || (a.token < b.token ? -1 : 1));
  }
}
