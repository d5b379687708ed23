// The content of the detail panel. Nothing here touches the page: detail is a function of a Client,
// the time and the selected object.

import { attention } from "./attention.js";
import { changes, commits, duration, indexOf, plural } from "./content.js";

/** @import { Bucket, DetailContent, DetailItem, DetailPart, Index } from "../types" */
/** @import { ObjectID, Permission, Stack, User } from "../types" */
/** @import { Client } from "./protocol.js" */
/** @import { View } from "./view.js" */

/** @typedef {{ view: View, index: Index, client: Client, now: number, project: string, name: string }} Scope */

const DAY = 86_400_000;
/** @type {Record<string, string>} */
const accesses = { read: "Read", write: "Write", read_write: "Read and write" };
const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

/**
 * The location fragment of an object, as in #/acme/bucket/inbox.
 *
 * @param {ObjectID} object
 */
export function fragmentOf({ project, kind, name }) {
  const path = kind === "project" ? [project] : [project, kind, ...name.split("/")];
  return `#/${path.map(encodeURIComponent).join("/")}`;
}

/**
 * The object that a location fragment names, or null.
 *
 * @param {string} fragment
 * @returns {ObjectID | null}
 */
export function objectOf(fragment) {
  if (!fragment.startsWith("#/")) return null;
  let path;
  try {
    path = fragment.slice(2).split("/").map(decodeURIComponent);
  } catch {
    return null; // not a valid encoding
  }
  const [project, kind = "project", ...name] = path;
  if (!project || (kind !== "project" && !name.join("/"))) return null;
  return { project, kind, name: kind === "project" ? project : name.join("/") };
}

/** @type {Record<string, (scope: Scope) => DetailContent | null>} */
const details = { project: projectDetail, bucket: bucketDetail, user: userDetail, permission: permissionDetail };

/**
 * What the panel shows of an object, or null while the object is not known. Facts are [term, value]
 * pairs; an item's object is what it links to.
 *
 * @param {Client} client
 * @param {number} now
 * @param {ObjectID} object
 */
export function detail(client, now, object) {
  const view = client.view(object.project);
  if (!view) return null;
  const of = { view, index: indexOf(view), client, now, project: object.project, name: object.name };
  const content = Object.hasOwn(details, object.kind) ? details[object.kind](of) : null;
  if (!content) return null;
  return {
    kind: object.kind,
    project: object.project,
    title: object.name,
    ...content,
    lists: [...attentionOf(of, object), ...content.lists, ...historyOf(of, object)],
  };
}

/** @param {string} text */
const plain = (text) => ({ text });

/** @param {number} n */
const days = (n) => plural(n, "day");

/**
 * @param {{ tags?: Record<string, string> }} entity
 * @returns {DetailContent["facts"]}
 */
function tagsOf(entity) {
  const tags = Object.entries(entity.tags ?? {}).map(([key, value]) => `${key} = ${value}`);
  return tags.length ? [["Tags", tags.sort().join(", ")]] : [];
}

/** @param {Permission} p */
function rights(p) {
  return (accesses[p.access] ?? p.access) + (p.allow_delete ? ", delete" : "");
}

/**
 * @param {Scope} scope
 * @returns {DetailContent | null}
 */
function projectDetail({ view, index, now }) {
  const p = index.project;
  if (!p) return null;
  const stacks = view.ordered();
  /** @type {DetailContent["facts"]} */
  const closing = p.closing ? [["State", "Being deleted"]] : [];
  return {
    facts: [
      ["Account", p.account_id],
      ["Region", p.region],
      ["SFTP", p.sftp ? "Server enabled" : "Off"],
      ["On delete", p.on_delete],
      ...closing,
      ...tagsOf(p),
    ],
    lists: [
      {
        title: "Stacks",
        items: stacks.map((s) => {
          const usage = s.facts ? `, ${s.facts.usage.resources} of ${s.facts.budget.resources} resources` : "";
          const checked = Date.parse(s.facts?.drift_checked ?? "");
          const drift = checked ? `checked for drift ${duration(now - checked)} ago` : "never checked for drift";
          return plain(`${s.stack_name}: ${s.status}, revision ${s.revision}${usage}, ${drift}`);
        }),
      },
    ],
    links: stacks
      .map((s) => ({ text: `Stack ${s.stack_name} in the AWS console`, url: stackURL(s) }))
      .filter((l) => l.url),
  };
}

/**
 * @param {Scope} scope
 * @returns {DetailContent | null}
 */
function bucketDetail({ view, index, project, name }) {
  const b = index.buckets.find((e) => e.name === name)?.entity;
  if (!b) return null;
  const cors = b.cors?.map((rule) => `${rule.allowed_methods.join(", ")} from ${rule.allowed_origins.join(", ")}`);
  const permissions = [...index.permissions.values()].flat().filter((e) => e.entity.bucket === name);
  return {
    facts: [
      ["Bucket name", b.bucket_name],
      ["Versioning", b.unversioned ? "Off" : "On"],
      ["Encryption key", b.kms_key_arn || "The project's key"],
      ["Lifecycle", lifecycleOf(b) || "No rules"],
      ["Object lock", b.object_lock ? `${b.object_lock.mode}, ${days(b.object_lock.days)}` : "Off"],
      ["CORS", cors?.join("; ") || "Off"],
      ["On delete", b.on_delete],
      ...tagsOf(b),
    ],
    lists: [
      {
        title: "Who can reach it",
        empty: "No user has a permission on this bucket.",
        items: permissions.map(({ entity: p }) => ({
          text: `${p.user}: ${rights(p)}, ${p.prefix ? `below ${p.prefix}` : "the whole bucket"}`,
          object: { project, kind: "user", name: p.user },
        })),
      },
    ],
    links: consoleLink(view, index, (host, region) => [
      `Bucket ${b.bucket_name} in the AWS console`,
      `https://${host}/s3/buckets/${b.bucket_name}?region=${region}`,
    ]),
  };
}

/** @param {Bucket} b */
function lifecycleOf({ lifecycle_rules: rules = {} }) {
  const {
    expire_after_days: expire,
    expire_noncurrent_after_days: noncurrent,
    abort_multipart_after_days: abort,
  } = rules;
  const texts = [];
  if (expire) texts.push(`objects expire after ${days(expire)}`);
  if (noncurrent) texts.push(`old versions after ${days(noncurrent)}`);
  if (abort) texts.push(`incomplete uploads after ${days(abort)}`);
  return texts.join("; ");
}

/**
 * @param {Scope} scope
 * @returns {DetailContent | null}
 */
function userDetail({ view, index, project, name, now }) {
  const u = index.users.find((e) => e.name === name)?.entity;
  if (!u) return null;
  const permissions = index.permissions.get(name) ?? [];
  return {
    facts: [
      ["IAM user", `${project}-${name}`],
      ["Access key", keyState(u.access_key)],
      ["SFTP", u.sftp ? `${u.sftp.ssh_public_keys?.length ?? 0} public keys` : "Off"],
      ["Networks", u.source_ips?.join(", ") || "Any"],
      ["Secret readers", u.secret_readers?.join(", ") || "None"],
      ...tagsOf(u),
    ],
    lists: [
      { title: "Keys", items: keysOf(u, now), empty: "No access keys." },
      {
        title: "Permissions",
        empty: "No permissions.",
        items: permissions.map((e) => ({
          text: `${e.entity.bucket}/${e.entity.prefix ?? ""}: ${rights(e.entity)}`,
          object: { project, kind: "bucket", name: e.entity.bucket },
        })),
      },
      {
        title: "What the partner needs to connect",
        items: connectionOf(u, project, index).map(plain),
        empty: "The user has neither an access key nor SFTP.",
      },
    ],
    links: consoleLink(view, index, (host) => [
      `User ${project}-${name} in the AWS console`,
      `https://${host}/iam/home#/users/details/${project}-${name}`,
    ]),
  };
}

/**
 * What a user needs to connect.
 *
 * @param {User} u
 * @param {string} project
 * @param {Index} index
 */
function connectionOf(u, project, index) {
  const permissions = (index.permissions.get(u.name) ?? []).map((e) => e.entity);
  const texts = [];
  if (u.access_key && !u.access_key.disabled) {
    const region = index.project?.region ?? "of the project";
    texts.push(`S3 API in region ${region}, with the key from the secret stowage/${project}/${u.name}`);
    for (const p of permissions) {
      const bucket = index.buckets.find((e) => e.name === p.bucket)?.entity;
      if (bucket) texts.push(`s3://${bucket.bucket_name}/${p.prefix ?? ""}`);
    }
  }
  if (u.sftp) {
    texts.push(`SFTP as ${u.name}, at the address in the project's attribute sftp_endpoint`);
    for (const p of permissions) texts.push(`directory /${p.bucket}${p.prefix ? `/${p.prefix}` : ""}`);
  }
  return texts;
}

/** @param {User["access_key"]} key */
function keyState(key) {
  if (!key) return "None";
  if (key.disabled) return "Disabled";
  return key.rotation ? `Rotated every ${days(key.rotation.every_days)}` : "Not rotated";
}

/**
 * @param {User} user
 * @param {number} now
 */
function keysOf(user, now) {
  return Object.entries(user.access_key?.keys ?? {})
    .sort()
    .map(([slot, key]) => {
      const created = Date.parse(key.created);
      const age = days(Math.max(0, Math.floor((now - created) / DAY)));
      return plain(`Key ${slot}: ${age} old, created ${date.format(created)}${key.inactive ? ", inactive" : ""}`);
    });
}

/**
 * @param {Scope} scope
 * @returns {DetailContent | null}
 */
function permissionDetail({ index, project, name }) {
  const p = (index.permissions.get(name.split("/", 1)[0]) ?? []).find((e) => e.name === name)?.entity;
  if (!p) return null;
  return {
    facts: [
      ["Access", rights(p)],
      ["Prefix", p.prefix || "The whole bucket"],
    ],
    lists: [
      {
        title: "Between",
        items: [
          { text: `User ${p.user}`, object: { project, kind: "user", name: p.user } },
          { text: `Bucket ${p.bucket}`, object: { project, kind: "bucket", name: p.bucket } },
        ],
      },
    ],
    links: [],
  };
}

/**
 * Whether what concerns the object "kind name" concerns an object. All that concerns its objects
 * concerns a project.
 *
 * @param {ObjectID} object
 * @param {string} id
 */
const concerns = (object, id) => object.kind === "project" || id === `${object.kind} ${object.name}`;

/**
 * @param {Scope} scope
 * @param {ObjectID} object
 * @returns {DetailPart[]}
 */
function attentionOf({ client, now, project }, object) {
  const items = attention(client, now).filter(
    (a) => a.project === project && a.targets.some((id) => concerns(object, id)),
  );
  return items.length ? [{ title: "Needs attention", items: items.map((a) => plain(`${a.title}: ${a.text}`)) }] : [];
}

/**
 * @param {Scope} scope
 * @param {ObjectID} object
 * @returns {DetailPart[]}
 */
function historyOf({ client, now, project }, object) {
  /** @type {DetailItem[]} */
  const items = [];
  for (const c of changes(client, now)) {
    if (c.project === project && (object.kind === "project" || c.members.some((id) => concerns(object, id)))) {
      const author = [c.who, c.run].filter(Boolean).join(" · ") || c.status || "unknown author";
      items.push(plain(`Changing now, for ${duration(now - c.started)}: ${author}`));
    }
  }
  const time = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
  for (const c of commits(client, 200)) {
    const touched = [...c.put, ...c.removed].some((id) => concerns(object, id));
    if (c.project !== project || !touched) continue;
    const removed = object.kind !== "project" && c.removed.some((id) => concerns(object, id));
    const done = removed ? "removed" : "changed";
    const author = [c.who || (c.run ? "" : "hand, or unannounced"), c.run].filter(Boolean).join(" · ");
    items.push(plain(`${time.format(c.time)}: ${c.outcome === "done" ? done : c.outcome} by ${author}`));
  }
  return [{ title: "Last changes", items: items.slice(0, 10), empty: "No changes in the last 24 hours." }];
}

/** @type {Record<string, string>} */
const hosts = {
  aws: "console.aws.amazon.com",
  "aws-us-gov": "console.amazonaws-us-gov.com",
  "aws-cn": "console.amazonaws.cn",
};

/** @param {Stack} stack */
function stackURL(stack) {
  const id = stack.version.stack_id ?? "";
  const [, partition, , region] = id.split(":");
  const host = hosts[partition];
  if (!host || !region) return "";
  const page = `https://${region}.${host}/cloudformation/home?region=${region}#/stacks/stackinfo`;
  return `${page}?stackId=${encodeURIComponent(id)}`;
}

/**
 * A link into the console of the project's account; none where the account's partition is not known.
 *
 * @param {View} view
 * @param {Index} index
 * @param {(host: string, region: string) => [string, string]} make returns text and URL
 */
function consoleLink(view, index, make) {
  const [, partition] = (view.ordered()[0]?.version.stack_id ?? "").split(":");
  const host = hosts[partition];
  const region = index.project?.region;
  if (!host || !index.project || !region) return [];
  const [text, url] = make(`${region}.${host}`, region);
  return [{ text: `${text} (account ${index.project.account_id})`, url }];
}
