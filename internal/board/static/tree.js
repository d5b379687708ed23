// The rows of the tree of projects: a function of a Client, the time and what the person has searched for and opened.

import { attention } from "./attention.js";
import { byName, indexOf, plural, viewsOf } from "./content.js";

/** @import { Bucket, Index, ObjectID, Permission, Row, UnplacedRow, User } from "../types" */
/** @import { Marks } from "./content.js" */
/** @import { Client } from "./protocol.js" */
/** @import { View } from "./view.js" */

/**
 * What the rows of one project are made of.
 *
 * @typedef {object} Scope
 * @property {string} project
 * @property {Index} index
 * @property {ObjectID[]} pending objects that are being created
 * @property {(kind: string, name: string) => string} stateOf
 */

/** @typedef {(...texts: (string | undefined)[]) => boolean} Matches whether a text contains the search text */
/** @typedef {(id: string, byDefault: boolean) => boolean} IsOpen */
/** @typedef {{ row: UnplacedRow, below: UnplacedRow[] }} Branch a row and the rows below it */

// States of rows that the filter keeps.
const notable = new Set(["changing", "creating", "closing", "dangling"]);

/**
 * The rows of the tree. A search leaves only matching rows and their parents, all of them open.
 * filtered leaves only rows that are changing or need attention, and their parents. state is "",
 * "changing", "changed", "creating", "closing" or "dangling"; open is undefined for rows without
 * children.
 *
 * @param {Client} client
 * @param {{ now: number, search?: string, filtered?: boolean, isOpen: IsOpen, marks: Marks }} options
 * @returns {{ rows: Row[], found: number | null }}
 */
export function rows(client, { now, search = "", filtered = false, isOpen, marks }) {
  const content = tree(client, { now, search, isOpen: filtered ? () => true : isOpen, marks });
  if (!filtered) return content;
  const wanting = new Set();
  for (const a of attention(client, now)) for (const target of a.targets) wanting.add(`${a.project} ${target}`);
  /** @type {Set<Row>} */
  const kept = new Set();
  /** @type {Row[]} */
  const parents = []; // by level
  for (const row of content.rows) {
    parents[row.level] = row;
    const { project, kind, name } = row.object;
    if (!notable.has(row.state) && !wanting.has(`${project} ${kind} ${name}`)) continue;
    for (let level = 1; level <= row.level; level++) kept.add(parents[level]);
  }
  return { rows: numbered([...kept]), found: content.found };
}

/**
 * Rows with their positions among the siblings that are left.
 *
 * @param {Row[]} rows
 * @returns {Row[]}
 */
function numbered(rows) {
  /** @type {Map<string, number>} */
  const counts = new Map(); // by the id of the parent
  /** @type {string[]} */
  const parents = []; // by level
  const placed = rows.map((row) => {
    parents[row.level] = row.id;
    const parent = row.level > 1 ? parents[row.level - 1] : "";
    const position = (counts.get(parent) ?? 0) + 1;
    counts.set(parent, position);
    return { row, parent, position };
  });
  return placed.map(({ row, parent, position }) => ({ ...row, position, count: counts.get(parent) ?? 0 }));
}

/**
 * @param {Client} client
 * @param {{ now: number, search: string, isOpen: IsOpen, marks: Marks }} options
 * @returns {{ rows: Row[], found: number | null }}
 */
function tree(client, { now, search, isOpen, marks }) {
  const wanted = search.trim().toLowerCase();
  /** @type {Matches} */
  const matches = (...texts) => !wanted || texts.some((t) => t?.toLowerCase().includes(wanted));
  /** @type {Row[]} */
  const result = [];
  let found = 0;
  const views = viewsOf(client);
  for (const [n, [project, view]] of views.entries()) {
    const scope = scopeOf(project, view, now, marks);
    const { index } = scope;
    const { branches, hits } = branchesOf(scope, matches, wanted !== "");
    found += hits;
    const itself = matches(project, index.project?.account_id);
    if (!itself && !branches.length) continue;
    if (wanted && itself) found++;
    const open = wanted !== "" || isOpen(project, views.length <= 10);
    result.push({
      id: project,
      object: { project, kind: "project", name: project },
      level: 1,
      kind: "project",
      name: project,
      detail: [index.project?.account_id, index.project?.region].filter(Boolean).join(" · "),
      badges: [plural(index.buckets.length, "bucket"), plural(index.users.length, "user")],
      state: index.project?.closing ? "closing" : scope.stateOf("project", project),
      open,
      position: n + 1,
      count: views.length,
    });
    if (open) result.push(...placed(branches, (id, byDefault) => wanted !== "" || isOpen(id, byDefault)));
  }
  return { rows: result, found: wanted ? found : null };
}

/**
 * @param {string} project
 * @param {View} view
 * @param {number} now
 * @param {Marks} marks
 * @returns {Scope}
 */
function scopeOf(project, view, now, marks) {
  const index = indexOf(view);
  const busy = new Set(view.operations(now).flatMap((o) => o.members ?? []));
  const members = [...busy].map((text) => {
    const at = text.indexOf(" ");
    return { project, kind: text.slice(0, at), name: text.slice(at + 1) };
  });
  return {
    project,
    index,
    pending: members.filter(({ kind, name }) => !view.stacks.size || !has(index, kind, name)),
    stateOf: (kind, name) => {
      const id = `${kind} ${name}`;
      if (busy.has(id)) return "changing";
      return marks.has(project, id) ? "changed" : "";
    },
  };
}

/**
 * @param {Index} index
 * @param {string} kind
 * @param {string} name
 */
function has(index, kind, name) {
  if (kind === "bucket") return index.buckets.some((e) => e.name === name);
  if (kind === "user") return index.users.some((e) => e.name === name);
  if (kind === "permission") return (index.permissions.get(name.split("/", 1)[0]) ?? []).some((e) => e.name === name);
  return true;
}

/**
 * The buckets and users of a project that match, with the permissions below the users, and the number of matches.
 *
 * @param {Scope} scope
 * @param {Matches} matches
 * @param {boolean} searching
 */
function branchesOf(scope, matches, searching) {
  const { project, index } = scope;
  /** @type {Branch[]} */
  const branches = [];
  let hits = 0;
  for (const { name, entity } of index.buckets) {
    if (!matches(name, entity.bucket_name, project)) continue;
    if (searching && matches(name, entity.bucket_name)) hits++;
    branches.push({ row: rowOf(scope, "bucket", name, bucketDetail(entity)), below: [] });
  }
  for (const { name, entity } of index.users) {
    const below = permissionRows(scope, name, matches);
    const hit = matches(name, project);
    if (!hit && !below.length) continue;
    if (searching) hits += (matches(name) ? 1 : 0) + below.length;
    const row = rowOf(scope, "user", name, userDetail(entity, index.permissions.get(name)?.length ?? 0));
    branches.push({ row, below: hit && searching ? permissionRows(scope, name, () => true) : below });
  }
  for (const { kind, name } of scope.pending) {
    if ((kind === "bucket" || kind === "user") && matches(name, project)) {
      branches.push({ row: pendingRow(scope, kind, name), below: [] });
    }
  }
  branches.sort(({ row: a }, { row: b }) => {
    if (a.kind === b.kind) return byName(a, b);
    return a.kind < b.kind ? -1 : 1;
  });
  return { branches, hits };
}

/**
 * The rows of branches that are in sight, with their positions.
 *
 * @param {Branch[]} branches
 * @param {IsOpen} isOpen
 * @returns {Row[]}
 */
function placed(branches, isOpen) {
  /** @type {Row[]} */
  const result = [];
  for (const [n, { row, below }] of branches.entries()) {
    const place = { position: n + 1, count: branches.length };
    if (!below.length) {
      result.push({ ...row, ...place });
      continue;
    }
    const open = isOpen(row.id, false) || below.some((b) => b.state === "creating" || b.state === "changing");
    result.push({ ...row, ...place, open });
    if (!open) continue;
    for (const [m, b] of below.entries()) result.push({ ...b, position: m + 1, count: below.length });
  }
  return result;
}

/**
 * @param {Scope} scope
 * @param {string} user
 * @param {Matches} matches
 * @returns {UnplacedRow[]}
 */
function permissionRows(scope, user, matches) {
  const { index } = scope;
  const found = [];
  for (const e of index.permissions.get(user) ?? []) {
    const { bucket, prefix } = e.entity;
    const where = `${bucket}/${prefix ?? ""}`;
    if (!matches(where)) continue;
    const row = rowOf(scope, "permission", e.name, permissionDetail(e.entity));
    found.push({ ...row, name: where, state: row.state || (index.dangling.includes(e) ? "dangling" : "") });
  }
  for (const { kind, name } of scope.pending) {
    const [of, ...where] = name.split("/");
    if (kind !== "permission" || of !== user || !matches(where.join("/"))) continue;
    found.push({ ...pendingRow(scope, kind, name), name: where.length > 1 ? where.join("/") : `${where[0]}/` });
  }
  return found;
}

/**
 * @param {Scope} scope
 * @param {string} kind
 * @param {string} name
 * @param {{ detail: string, badges: string[] }} shown
 * @returns {UnplacedRow}
 */
function rowOf({ project, stateOf }, kind, name, shown) {
  const level = kind === "permission" ? 3 : 2;
  const state = stateOf(kind, name);
  return { id: `${project} ${kind} ${name}`, object: { project, kind, name }, level, kind, name, state, ...shown };
}

/**
 * The row of an object that is being created.
 *
 * @param {Scope} scope
 * @param {string} kind
 * @param {string} name
 * @returns {UnplacedRow}
 */
function pendingRow(scope, kind, name) {
  return { ...rowOf(scope, kind, name, { detail: "", badges: [] }), state: "creating" };
}

/** @param {Bucket} b */
function bucketDetail(b) {
  const badges = [];
  const days = b.lifecycle_rules?.expire_after_days;
  if (b.object_lock) badges.push(`locked ${plural(b.object_lock.days, "day")}`);
  if (b.unversioned) badges.push("unversioned");
  if (b.kms_key_arn) badges.push("own key");
  if (days) badges.push(`expires after ${plural(days, "day")}`);
  return { detail: b.bucket_name, badges };
}

/**
 * @param {User} u
 * @param {number} permissions
 */
function userDetail(u, permissions) {
  const badges = [];
  if (u.access_key) badges.push(u.access_key.disabled ? "S3 key disabled" : "S3 key");
  if (u.sftp) badges.push("SFTP");
  if (u.source_ips?.length) badges.push(plural(u.source_ips.length, "network"));
  return { detail: plural(permissions, "permission"), badges };
}

/** @type {Record<string, string>} */
const accesses = { read: "reads", write: "writes", read_write: "reads and writes" };

/** @param {Permission} p */
function permissionDetail(p) {
  return {
    detail: accesses[p.access] ?? String(p.access).replaceAll("_", " "),
    badges: p.allow_delete ? ["may delete"] : [],
  };
}
