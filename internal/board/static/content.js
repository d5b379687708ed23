// What the page shows of what the protocol knows. Nothing here touches the page: everything is a function of a Client, the time and
// what the person has chosen.

const DAY = 86_400_000, OLD_KEY_DAYS = 90, LATE_ROTATION_DAYS = 7;
const SETTLED_FOR = 60_000; // milliseconds for which a change is marked after it
export const DIRECTORY = "directory"; // the list of all projects, which is mirrored like one

const byName = (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
const plural = (n, one, many = one + "s") => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
const progressing = (status) => status.endsWith("_IN_PROGRESS");

/** The projects that a client sees, without the directory. */
const names = (client) => client.projects().filter((name) => name !== DIRECTORY);

const indexes = new WeakMap(); // by view

/** A project's entities in the order in which they are shown; made once for each state of a view. */
export function indexOf(view) {
  const made = indexes.get(view);
  if (made?.changes === view.changes) return made;
  const index = { changes: view.changes, project: null, buckets: [], users: [], permissions: new Map(), dangling: [] };
  const all = view.entities();
  for (const e of all.values()) {
    if (e.kind === "project") index.project = e.entity;
    else if (e.kind === "bucket") index.buckets.push(e);
    else if (e.kind === "user") index.users.push(e);
    else if (e.kind === "permission") {
      const { user, bucket } = e.entity;
      if (!index.permissions.has(user)) index.permissions.set(user, []);
      index.permissions.get(user).push(e);
      if (!all.has("bucket " + bucket)) index.dangling.push(e);
    }
  }
  index.buckets.sort(byName);
  index.users.sort(byName);
  for (const list of index.permissions.values()) list.sort(byName);
  indexes.set(view, index);
  return index;
}

/** Who, from the ARN of a caller: the session or user, and the role. */
export function whoOf(arn) {
  if (!arn) return "";
  const [kind, ...path] = arn.split(":").slice(5).join(":").split("/");
  if (kind === "assumed-role" && path.length > 1) return `${path.slice(1).join("/")} (${path[0]})`;
  return path.length ? path.at(-1) : arn;
}

/** A duration in short words. */
export function duration(milliseconds) {
  const s = Math.max(0, Math.floor(milliseconds / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return plural(Math.floor(s / 86_400), "day");
}

/** "bucket inbox", "user partner" and the like, as {kind, name}. */
function memberOf(text) {
  const at = text.indexOf(" ");
  return { kind: text.slice(0, at), name: text.slice(at + 1) };
}

/** What is being changed at the server's time now, the longest first. */
export function changes(client, now) {
  const found = [];
  for (const project of client.projects()) {
    const view = client.view(project), announced = view.operations(now);
    for (const o of announced) {
      found.push({
        id: project + " " + o.token, project, who: whoOf(o.who), run: o.run ?? "", members: o.members ?? [], started: Date.parse(o.started),
      });
    }
    // What a person does by hand, or CloudFormation does without anybody's announcement, shows by the status alone.
    for (const s of view.ordered()) {
      if (progressing(s.status) && !announced.includes(s.operation)) {
        found.push({ id: project + " " + s.stack_name, project, who: "", run: "", members: [], stack: s.stack_name, status: s.status, started: Date.parse(s.version.last_updated) });
      }
    }
  }
  return found.sort((a, b) => a.started - b.started);
}

/** What is being changed of a project, as a set of "kind name". */
function changing(view, now) {
  return new Set(view.operations(now).flatMap((o) => o.members ?? []));
}

function troubleOf(stack) {
  const { status, reason } = stack;
  if (status.endsWith("_FAILED")) {
    const rest = status === "UPDATE_ROLLBACK_FAILED" ? "The rollback failed. The stack accepts no changes until it is repaired." : "CloudFormation could not finish.";
    return { severe: true, title: `${stack.stack_name} is in ${status}`, text: reason || rest };
  }
  if (status === "UPDATE_ROLLBACK_COMPLETE") return { severe: false, title: `The last change of ${stack.stack_name} was rolled back`, text: reason || "The stack is unchanged." };
  if (status === "ROLLBACK_COMPLETE") return { severe: true, title: `${stack.stack_name} could not be created`, text: reason || "It was rolled back." };
  return null;
}

function keyTroubles(project, user, now) {
  const key = user.access_key;
  if (!key || key.disabled) return [];
  const found = [];
  for (const slot of Object.keys(key.keys ?? {}).sort()) {
    const { created, inactive } = key.keys[slot], days = Math.floor((now - Date.parse(created)) / DAY);
    if (inactive) continue;
    const id = `key ${project} ${user.name} ${slot}`, title = `Old key of ${user.name}`, targets = ["user " + user.name];
    if (!key.rotation && days > OLD_KEY_DAYS) {
      found.push({ id, project, targets, severe: false, title, text: `Key ${slot} is ${plural(days, "day")} old and is never rotated.` });
    } else if (key.rotation && days > key.rotation.every_days + LATE_ROTATION_DAYS) {
      const other = Object.keys(key.keys).some((s) => s !== slot && Date.parse(key.keys[s].created) > Date.parse(created));
      const text = `Key ${slot} is ${plural(days, "day")} old. Its rotation was due after ${plural(key.rotation.every_days, "day")}; the next apply rotates it.`;
      if (!other) found.push({ id, project, targets, severe: false, title, text });
    }
  }
  return found;
}

/** What needs attention, errors first. targets are the "kind name" of the objects that an item concerns. */
export function attention(client, now) {
  const found = [];
  for (const project of names(client)) {
    const view = client.view(project), index = indexOf(view), policies = new Map();
    let most = 0;
    for (const stack of view.ordered()) {
      const trouble = troubleOf(stack);
      if (trouble) found.push({ id: `stack ${project} ${stack.shard}`, project, targets: ["project " + project], ...trouble });
      for (const [n, d] of (stack.facts?.deviations ?? []).entries()) {
        const targets = (d.of ?? []).map((id) => id.kind + " " + id.name);
        found.push({ id: `deviation ${project} ${stack.shard} ${n}`, project, targets, severe: false, title: "Changed by hand", text: d.text });
      }
      most = Math.max(most, stack.facts?.max_policies ?? 0);
      for (const [user, n] of Object.entries(stack.facts?.policies ?? {})) policies.set(user, (policies.get(user) ?? 0) + n);
    }
    for (const e of index.dangling) {
      const text = `The permission of ${e.entity.user} names ${e.entity.bucket}, which is not in the project.`;
      found.push({ id: `dangling ${project} ${e.name}`, project, targets: ["permission " + e.name], severe: false, title: "Permission without a bucket", text });
    }
    for (const [user, n] of policies) {
      if (!most || n < most - 1) continue;
      const title = `${user} has little room for permissions`, text = `${n} of ${most} policies are in use.`;
      found.push({ id: `headroom ${project} ${user}`, project, targets: ["user " + user], severe: n >= most, title, text });
    }
    for (const e of index.users) found.push(...keyTroubles(project, e.entity, now));
  }
  return found.sort((a, b) => b.severe - a.severe);
}

const outcomes = {
  CREATE_COMPLETE: "done", UPDATE_COMPLETE: "done", IMPORT_COMPLETE: "done", DELETE_COMPLETE: "deleted",
  UPDATE_ROLLBACK_COMPLETE: "rolled back", ROLLBACK_COMPLETE: "rolled back", IMPORT_ROLLBACK_COMPLETE: "rolled back",
};

/** What was committed last, the latest first. */
export function commits(client, most = 30) {
  const found = [];
  for (const project of client.projects()) {
    for (const c of client.view(project).commits.slice(-most)) {
      const put = (c.put ?? []).map((id) => id.kind + " " + id.name), removed = (c.removed ?? []).map((id) => id.kind + " " + id.name);
      found.push({
        id: `${project} ${c.shard} ${c.seq}`, project, time: Date.parse(c.time), outcome: outcomes[c.status] ?? "failed", status: c.status, stack: c.stack_name,
        who: whoOf(c.who), run: c.run ?? "", put, removed, more: c.put_count - put.length + c.removed_count - removed.length,
        count: c.put_count + c.removed_count, took: c.started ? Date.parse(c.time) - Date.parse(c.started) : 0,
      });
    }
  }
  return found.sort((a, b) => b.time - a.time || (a.id < b.id ? -1 : 1)).slice(0, most);
}

/** Notices which entities have changed lately. */
export class Marks {
  #seen = new Map(); // by project: entities by "kind name"
  #changed = new Map(); // by "project kind name": when
  #versions = new Map(); // by project: the view and its changes, as they were looked at last

  /** Looks at everything that may have changed. What a project shows first is no change. */
  update(client, now) {
    const there = new Set(names(client));
    for (const name of [...this.#seen.keys()]) if (!there.has(name)) this.#forget(name);
    for (const name of there) {
      const view = client.view(name), version = this.#versions.get(name);
      if (version?.view === view && version.changes === view.changes) continue;
      this.#versions.set(name, { view, changes: view.changes });
      const before = this.#seen.get(name), seen = view.entities();
      if (before) {
        for (const [id, e] of seen) {
          const had = before.get(id);
          if (had !== e && (!had || JSON.stringify(had.entity) !== JSON.stringify(e.entity))) this.#changed.set(name + " " + id, now);
        }
      }
      this.#seen.set(name, seen);
    }
    for (const [id, at] of this.#changed) if (now - at > SETTLED_FOR) this.#changed.delete(id);
  }

  #forget(name) {
    this.#seen.delete(name);
    this.#versions.delete(name);
  }

  has(project, id) { return this.#changed.has(project + " " + id); }

  /** When the next mark goes, in milliseconds; Infinity when there is none. */
  get next() { return Math.min(Infinity, ...[...this.#changed.values()].map((at) => at + SETTLED_FOR)); }
}

function bucketDetail(b) {
  const badges = [];
  if (b.object_lock) badges.push("locked " + plural(b.object_lock.days, "day"));
  if (b.unversioned) badges.push("unversioned");
  if (b.kms_key_arn) badges.push("own key");
  if (b.lifecycle_rules?.expire_after_days) badges.push("expires after " + plural(b.lifecycle_rules.expire_after_days, "day"));
  return { detail: b.bucket_name, badges };
}

function userDetail(u, permissions) {
  const badges = [];
  if (u.access_key) badges.push(u.access_key.disabled ? "S3 key disabled" : "S3 key");
  if (u.sftp) badges.push("SFTP");
  if (u.source_ips?.length) badges.push(plural(u.source_ips.length, "network"));
  return { detail: plural(permissions, "permission"), badges };
}

const accesses = { read: "reads", write: "writes", read_write: "reads and writes" };

function permissionDetail(p) {
  return { detail: accesses[p.access] ?? String(p.access).replaceAll("_", " "), badges: p.allow_delete ? ["may delete"] : [] };
}

// States of rows that a person who filters wants to see.
const notable = new Set(["changing", "creating", "closing", "dangling"]);

/** The rows of the tree.
 *
 * isOpen(id, byDefault) tells whether a row is open. A search leaves only matching rows and their parents, all of them open. filtered leaves only
 * rows that are changing or need attention, and their parents.
 * A row has: id, object ({project, kind, name}), level from 1, kind, name, detail, badges, state ("", "changing", "changed", "creating",
 * "dangling"), open (undefined for rows without children), position and count among its siblings. */
export function rows(client, { now, search = "", filtered = false, isOpen, marks }) {
  const content = tree(client, { now, search, isOpen: filtered ? () => true : isOpen, marks });
  if (!filtered) return content;
  const wanting = new Set();
  for (const a of attention(client, now)) for (const target of a.targets) wanting.add(a.project + " " + target);
  const kept = new Set(), parents = [];
  for (const row of content.rows) {
    parents[row.level] = row;
    const { project, kind, name } = row.object;
    if (!notable.has(row.state) && !wanting.has(`${project} ${kind} ${name}`)) continue;
    for (let level = 1; level <= row.level; level++) kept.add(parents[level]);
  }
  return { rows: numbered([...kept]), found: content.found };
}

/** Rows with their positions among the siblings that are left. */
function numbered(rows) {
  const groups = new Map(), parents = [];
  const placed = rows.map((row) => {
    parents[row.level] = row.id;
    const of = row.level > 1 ? parents[row.level - 1] : "";
    if (!groups.has(of)) groups.set(of, { count: 0 });
    const group = groups.get(of);
    return { row, group, position: ++group.count };
  });
  return placed.map(({ row, group, position }) => ({ ...row, position, count: group.count }));
}

function tree(client, { now, search, isOpen, marks }) {
  const wanted = search.trim().toLowerCase(), result = [];
  let found = 0;
  const matches = (...texts) => !wanted || texts.some((t) => t && t.toLowerCase().includes(wanted));
  const projects = names(client);
  for (const [n, project] of projects.entries()) {
    const view = client.view(project), index = indexOf(view), busy = changing(view, now);
    const stateOf = (kind, name) => {
      const id = kind + " " + name;
      return busy.has(id) ? "changing" : marks.has(project, id) ? "changed" : "";
    };
    const children = [];
    const pending = [...busy].map(memberOf).filter(({ kind, name }) => !view.stacks.size || !has(index, kind, name));
    for (const kind of ["bucket", "user"]) {
      for (const e of kind === "bucket" ? index.buckets : index.users) {
        const below = kind === "user" ? permissionRows(project, e.name, index, pending, stateOf, matches) : [];
        const hit = matches(e.name, e.entity.bucket_name, project);
        if (!hit && !below.length) continue;
        if (wanted) found += (matches(e.name, e.entity.bucket_name) ? 1 : 0) + below.length;
        const permissions = index.permissions.get(e.name)?.length ?? 0;
        children.push([{
          id: `${project} ${kind} ${e.name}`, object: { project, kind, name: e.name }, level: 2, kind, name: e.name, state: stateOf(kind, e.name),
          ...(kind === "bucket" ? bucketDetail(e.entity) : userDetail(e.entity, permissions)),
        }, hit && wanted ? permissionRows(project, e.name, index, pending, stateOf, () => kind === "user") : below]);
      }
      for (const p of pending.filter((p) => p.kind === kind && matches(p.name, project))) {
        const object = { project, kind, name: p.name };
        children.push([{ id: `${project} ${kind} ${p.name}`, object, level: 2, kind, name: p.name, detail: "", badges: [], state: "creating" }, []]);
      }
    }
    children.sort((a, b) => (a[0].kind === b[0].kind ? byName(a[0], b[0]) : a[0].kind < b[0].kind ? -1 : 1));
    const itself = matches(project, index.project?.account_id);
    if (!itself && !children.length) continue;
    if (wanted && itself) found++;
    const detail = [index.project?.account_id, index.project?.region].filter(Boolean).join(" · ");
    const open = Boolean(wanted) || isOpen(project, projects.length <= 10);
    result.push({
      id: project, object: { project, kind: "project", name: project }, level: 1, kind: "project", name: project, detail, badges: [plural(index.buckets.length, "bucket"), plural(index.users.length, "user")],
      state: index.project?.closing ? "closing" : stateOf("project", project), open, position: n + 1, count: projects.length,
    });
    if (!open) continue;
    for (const [i, [row, below]] of children.entries()) {
      row.position = i + 1;
      row.count = children.length;
      result.push(row);
      if (!below.length) continue;
      row.open = Boolean(wanted) || isOpen(row.id, false) || below.some((b) => b.state === "creating" || b.state === "changing");
      if (!row.open) continue;
      for (const [j, b] of below.entries()) result.push({ ...b, position: j + 1, count: below.length });
    }
  }
  return { rows: result, found: wanted ? found : null };
}

function has(index, kind, name) {
  if (kind === "bucket") return index.buckets.some((e) => e.name === name);
  if (kind === "user") return index.users.some((e) => e.name === name);
  if (kind === "permission") return (index.permissions.get(name.split("/", 1)[0]) ?? []).some((e) => e.name === name);
  return true;
}

function permissionRows(project, user, index, pending, stateOf, matches) {
  const found = [];
  for (const e of index.permissions.get(user) ?? []) {
    const { bucket, prefix } = e.entity, where = bucket + "/" + (prefix ?? "");
    if (!matches(where)) continue;
    found.push({
      id: `${project} permission ${e.name}`, object: { project, kind: "permission", name: e.name }, level: 3, kind: "permission", name: where, state: stateOf("permission", e.name) || (index.dangling.includes(e) ? "dangling" : ""),
      ...permissionDetail(e.entity),
    });
  }
  for (const p of pending) {
    const [of, ...where] = p.name.split("/");
    if (p.kind !== "permission" || of !== user || !matches(where.join("/"))) continue;
    const object = { project, kind: "permission", name: p.name };
    found.push({ id: `${project} permission ${p.name}`, object, level: 3, kind: "permission", name: where.length > 1 ? where.join("/") : where[0] + "/", detail: "", badges: [], state: "creating" });
  }
  return found;
}
