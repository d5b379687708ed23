// The page's content: indexes, changes in progress, commits and marks. Nothing here touches the
// page: everything is a function of a Client and the time.

/** @import { Change, Index, Named, ShownCommit } from "../types" */
/** @import { Client } from "./protocol.js" */
/** @import { View } from "./view.js" */

const SETTLED_FOR = 60_000; // milliseconds for which a change is marked after it
export const DIRECTORY = "directory"; // the list of all projects, which is mirrored like one

/**
 * @param {{ name: string }} a
 * @param {{ name: string }} b
 */
export const byName = (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
/**
 * @param {number} n
 * @param {string} noun
 */
export const plural = (n, noun) => `${n.toLocaleString("en")} ${n === 1 ? noun : `${noun}s`}`;

/**
 * The projects that a client sees, as [name, view], without the directory.
 *
 * @param {Client} client
 */
export const viewsOf = (client) => client.views().filter(([name]) => name !== DIRECTORY);

/** @type {WeakMap<View, Index>} */
const indexes = new WeakMap();

/**
 * A project's entities in the order in which they are shown; made once for each state of a view.
 *
 * @param {View} view
 */
export function indexOf(view) {
  const made = indexes.get(view);
  if (made?.changes === view.changes) return made;
  /** @type {Index} */
  const index = { changes: view.changes, project: null, buckets: [], users: [], permissions: new Map(), dangling: [] };
  const all = view.entities();
  for (const e of all.values()) {
    if (e.kind === "project") index.project = e.entity;
    else if (e.kind === "bucket") index.buckets.push(e);
    else if (e.kind === "user") index.users.push(e);
    else if (e.kind === "permission") {
      const { user, bucket } = e.entity;
      const granted = index.permissions.get(user);
      if (granted) granted.push(e);
      else index.permissions.set(user, [e]);
      if (!all.has(`bucket ${bucket}`)) index.dangling.push(e);
    }
  }
  index.buckets.sort(byName);
  index.users.sort(byName);
  for (const list of index.permissions.values()) list.sort(byName);
  indexes.set(view, index);
  return index;
}

/**
 * Who, from the ARN of a caller: the session or user, and the role.
 *
 * @param {string | undefined} arn
 */
export function whoOf(arn) {
  if (!arn) return "";
  const [kind, ...path] = arn.split(":").slice(5).join(":").split("/");
  if (kind === "assumed-role" && path.length > 1) return `${path.slice(1).join("/")} (${path[0]})`;
  return path.at(-1) ?? arn;
}

/**
 * A duration in short words.
 *
 * @param {number} milliseconds
 */
export function duration(milliseconds) {
  const s = Math.max(0, Math.floor(milliseconds / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return plural(Math.floor(s / 86_400), "day");
}

/**
 * What is being changed at the server's time now, the longest first.
 *
 * @param {Client} client
 * @param {number} now
 */
export function changes(client, now) {
  /** @type {Change[]} */
  const found = [];
  for (const [project, view] of client.views()) {
    const announced = view.operations(now);
    for (const o of announced) {
      found.push({
        id: `${project} ${o.token}`,
        project,
        who: whoOf(o.who),
        run: o.run ?? "",
        members: o.members ?? [],
        started: Date.parse(o.started),
      });
    }
    // What a person does by hand, or CloudFormation does without anybody's announcement, shows by the status alone.
    for (const s of view.ordered()) {
      if (s.status.endsWith("_IN_PROGRESS") && !announced.some((o) => o === s.operation)) {
        found.push({
          id: `${project} ${s.stack_name}`,
          project,
          who: "",
          run: "",
          members: [],
          stack: s.stack_name,
          status: s.status,
          started: Date.parse(s.version.last_updated),
        });
      }
    }
  }
  return found.sort((a, b) => a.started - b.started);
}

/** @type {Record<string, string>} */
const outcomes = {
  CREATE_COMPLETE: "done",
  UPDATE_COMPLETE: "done",
  IMPORT_COMPLETE: "done",
  DELETE_COMPLETE: "deleted",
  UPDATE_ROLLBACK_COMPLETE: "rolled back",
  ROLLBACK_COMPLETE: "rolled back",
  IMPORT_ROLLBACK_COMPLETE: "rolled back",
};

/**
 * What was committed last, the latest first.
 *
 * @param {Client} client
 */
export function commits(client, most = 30) {
  /** @type {ShownCommit[]} */
  const found = [];
  for (const [project, view] of client.views()) {
    for (const c of view.commits.slice(-most)) {
      const put = (c.put ?? []).map((id) => `${id.kind} ${id.name}`);
      const removed = (c.removed ?? []).map((id) => `${id.kind} ${id.name}`);
      found.push({
        id: `${project} ${c.shard} ${c.seq}`,
        project,
        time: Date.parse(c.time),
        outcome: outcomes[c.status] ?? "failed",
        status: c.status,
        stack: c.stack_name,
        who: whoOf(c.who),
        run: c.run ?? "",
        put,
        removed,
        more: c.put_count - put.length + c.removed_count - removed.length,
        count: c.put_count + c.removed_count,
        took: c.started ? Date.parse(c.time) - Date.parse(c.started) : 0,
      });
    }
  }
  return found.sort((a, b) => b.time - a.time || (a.id < b.id ? -1 : 1)).slice(0, most);
}

/** Notices which entities have changed lately. */
export class Marks {
  /** @type {Map<string, Map<string, Named>>} */
  #seen = new Map(); // by project: entities by "kind name"
  /** @type {Map<string, number>} */
  #changed = new Map(); // by "project kind name": when
  /** @type {Map<string, { view: View, changes: number }>} */
  #versions = new Map(); // by project: the view and its changes, as they were looked at last

  /**
   * Looks at everything that may have changed. What a project shows first is no change.
   *
   * @param {Client} client
   * @param {number} now
   */
  update(client, now) {
    const there = new Map(viewsOf(client));
    for (const name of [...this.#seen.keys()]) if (!there.has(name)) this.#forget(name);
    for (const [name, view] of there) {
      const version = this.#versions.get(name);
      if (version?.view === view && version.changes === view.changes) continue;
      this.#versions.set(name, { view, changes: view.changes });
      const before = this.#seen.get(name);
      const seen = view.entities();
      if (before) {
        for (const [id, e] of seen) {
          const had = before.get(id);
          if (had !== e && (!had || JSON.stringify(had.entity) !== JSON.stringify(e.entity)))
            this.#changed.set(`${name} ${id}`, now);
        }
      }
      this.#seen.set(name, seen);
    }
    for (const [id, at] of this.#changed) if (now - at > SETTLED_FOR) this.#changed.delete(id);
  }

  /** @param {string} name */
  #forget(name) {
    this.#seen.delete(name);
    this.#versions.delete(name);
  }

  /**
   * @param {string} project
   * @param {string} id "kind name"
   */
  has(project, id) {
    return this.#changed.has(`${project} ${id}`);
  }

  /** When the next mark goes, in milliseconds; Infinity when there is none. */
  get next() {
    return Math.min(Infinity, ...[...this.#changed.values()].map((at) => at + SETTLED_FOR));
  }
}
