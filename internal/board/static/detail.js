// The content of the detail panel. Nothing here touches the page: detail is a function of a Client, the time and the selected object.

import { attention, changes, commits, duration, indexOf } from "./content.js";

const DAY = 86_400_000;
const accesses = { read: "Read", write: "Write", read_write: "Read and write" };
const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

/** The location fragment of an object, as in #/acme/bucket/inbox. */
export function fragmentOf({ project, kind, name }) {
  const path = kind === "project" ? [project] : [project, kind, ...name.split("/")];
  return "#/" + path.map(encodeURIComponent).join("/");
}

/** The object that a location fragment names, or null. */
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

/** What the panel shows of an object: {title, kind, project, facts, lists, links}, or null while the object is not known.
 *
 * Facts are [term, value] pairs. Lists are {title, items, empty}; an item is {text, object}, where object is what it links to. */
export function detail(client, now, object) {
  const view = client.view(object.project);
  if (!view) return null;
  const index = indexOf(view), of = { view, index, client, now, project: object.project, name: object.name };
  const make = { project: projectDetail, bucket: bucketDetail, user: userDetail, permission: permissionDetail }[object.kind];
  const content = make?.(of);
  if (!content) return null;
  return { kind: object.kind, project: object.project, title: object.name, ...content, lists: [...attentionOf(of, object), ...content.lists, ...historyOf(of, object)] };
}

const plain = (text) => ({ text });
const permissionsOf = (index, matches) => [...index.permissions.values()].flat().filter((e) => matches(e.entity));
const days = (n) => `${n} ${n === 1 ? "day" : "days"}`;

function tagsOf(entity) {
  const tags = Object.entries(entity.tags ?? {}).map(([key, value]) => `${key} = ${value}`);
  return tags.length ? [["Tags", tags.sort().join(", ")]] : [];
}

function rights(p) {
  return (accesses[p.access] ?? p.access) + (p.allow_delete ? ", delete" : "");
}

function projectDetail({ view, index, project }) {
  const p = index.project;
  if (!p) return null;
  const stacks = view.ordered();
  return {
    facts: [
      ["Account", p.account_id], ["Region", p.region], ["SFTP", p.sftp ? "Server enabled" : "Off"], ["On delete", p.on_delete],
      ...(p.closing ? [["State", "Being deleted"]] : []), ...tagsOf(p),
    ],
    lists: [{
      title: "Stacks",
      items: stacks.map((s) => plain(`${s.stack_name}: ${s.status}, revision ${s.revision}${s.facts ? `, ${s.facts.usage.resources} of ${s.facts.budget.resources} resources` : ""}`)),
    }],
    links: stacks.map((s) => ({ text: `Stack ${s.stack_name} in the AWS console`, url: stackURL(s) })).filter((l) => l.url),
  };
}

function bucketDetail({ view, index, project, name }) {
  const b = index.buckets.find((e) => e.name === name)?.entity;
  if (!b) return null;
  const rules = b.lifecycle_rules ?? {}, lifecycle = [
    rules.expire_after_days && `objects expire after ${days(rules.expire_after_days)}`,
    rules.expire_noncurrent_after_days && `old versions after ${days(rules.expire_noncurrent_after_days)}`,
    rules.abort_multipart_after_days && `incomplete uploads after ${days(rules.abort_multipart_after_days)}`,
  ].filter(Boolean);
  return {
    facts: [
      ["Bucket name", b.bucket_name], ["Versioning", b.unversioned ? "Off" : "On"], ["Encryption key", b.kms_key_arn || "The project's key"],
      ["Lifecycle", lifecycle.join("; ") || "No rules"],
      ["Object lock", b.object_lock ? `${b.object_lock.mode}, ${days(b.object_lock.days)}` : "Off"],
      ["CORS", b.cors?.length ? b.cors.map((rule) => `${rule.allowed_methods.join(", ")} from ${rule.allowed_origins.join(", ")}`).join("; ") : "Off"],
      ["On delete", b.on_delete], ...tagsOf(b),
    ],
    lists: [{
      title: "Who can reach it",
      empty: "No user has a permission on this bucket.",
      items: permissionsOf(index, (p) => p.bucket === name).map((e) => ({
        text: `${e.entity.user}: ${rights(e.entity)}, ${e.entity.prefix ? "below " + e.entity.prefix : "the whole bucket"}`,
        object: { project, kind: "user", name: e.entity.user },
      })),
    }],
    links: consoleLink(view, index, (host, region) => [`Bucket ${b.bucket_name} in the AWS console`, `https://${host}/s3/buckets/${b.bucket_name}?region=${region}`]),
  };
}

function userDetail({ view, index, project, name, now }) {
  const u = index.users.find((e) => e.name === name)?.entity;
  if (!u) return null;
  const permissions = index.permissions.get(name) ?? [], bucketOf = (p) => index.buckets.find((e) => e.name === p.bucket)?.entity;
  const connect = [];
  if (u.access_key && !u.access_key.disabled) {
    connect.push(plain(`S3 API in region ${index.project?.region ?? "of the project"}, with the key from the secret stowage/${project}/${name}`));
    for (const { entity: p } of permissions) if (bucketOf(p)) connect.push(plain(`s3://${bucketOf(p).bucket_name}/${p.prefix ?? ""}`));
  }
  if (u.sftp) {
    connect.push(plain(`SFTP as ${name}, at the address in the project's attribute sftp_endpoint`));
    for (const { entity: p } of permissions) connect.push(plain(`directory /${p.bucket}${p.prefix ? "/" + p.prefix : ""}`));
  }
  return {
    facts: [
      ["IAM user", `${project}-${name}`], ["Access key", keyState(u.access_key)],
      ["SFTP", u.sftp ? `${u.sftp.ssh_public_keys?.length ?? 0} public keys` : "Off"],
      ["Networks", u.source_ips?.join(", ") || "Any"], ["Secret readers", u.secret_readers?.join(", ") || "None"], ...tagsOf(u),
    ],
    lists: [
      { title: "Keys", items: keysOf(u, now), empty: "No access keys." },
      {
        title: "Permissions",
        empty: "No permissions.",
        items: permissions.map((e) => ({
          text: `${e.entity.bucket}/${e.entity.prefix ?? ""}: ${rights(e.entity)}`, object: { project, kind: "bucket", name: e.entity.bucket },
        })),
      },
      { title: "What the partner needs to connect", items: connect, empty: "The user has neither an access key nor SFTP." },
    ],
    links: consoleLink(view, index, (host) => [`User ${project}-${name} in the AWS console`, `https://${host}/iam/home#/users/details/${project}-${name}`]),
  };
}

function keyState(key) {
  if (!key) return "None";
  if (key.disabled) return "Disabled";
  return key.rotation ? `Rotated every ${days(key.rotation.every_days)}` : "Not rotated";
}

function keysOf(user, now) {
  return Object.entries(user.access_key?.keys ?? {}).sort().map(([slot, key]) => {
    const age = days(Math.max(0, Math.floor((now - Date.parse(key.created)) / DAY)));
    return plain(`Key ${slot}: ${age} old, created ${date.format(Date.parse(key.created))}${key.inactive ? ", inactive" : ""}`);
  });
}

function permissionDetail({ index, project, name }) {
  const p = (index.permissions.get(name.split("/", 1)[0]) ?? []).find((e) => e.name === name)?.entity;
  if (!p) return null;
  return {
    facts: [["Access", rights(p)], ["Prefix", p.prefix || "The whole bucket"]],
    lists: [{
      title: "Between",
      items: [
        { text: "User " + p.user, object: { project, kind: "user", name: p.user } }, { text: "Bucket " + p.bucket, object: { project, kind: "bucket", name: p.bucket } },
      ],
    }],
    links: [],
  };
}

/** Whether an attention item or change concerns an object: a project's concerns are those of its stacks and all its objects. */
const concerns = (object, id) => object.kind === "project" || id === object.kind + " " + object.name;

function attentionOf({ client, now, project }, object) {
  const items = attention(client, now).filter((a) => a.project === project && (a.targets ?? []).some((id) => concerns(object, id)));
  return items.length ? [{ title: "Needs attention", items: items.map((a) => plain(`${a.title}: ${a.text}`)) }] : [];
}

function historyOf({ client, now, project }, object) {
  const items = [];
  for (const c of changes(client, now)) {
    if (c.project === project && (object.kind === "project" || c.members.some((id) => concerns(object, id)))) {
      items.push(plain(`Changing now, for ${duration(now - c.started)}: ${[c.who, c.run].filter(Boolean).join(" · ") || c.status || "unknown author"}`));
    }
  }
  const time = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
  for (const c of commits(client, 200)) {
    const touched = [...c.put, ...c.removed].some((id) => concerns(object, id));
    if (c.project !== project || !touched) continue;
    const what = c.outcome === "done" ? (c.removed.some((id) => concerns(object, id)) && object.kind !== "project" ? "removed" : "changed") : c.outcome;
    items.push(plain(`${time.format(c.time)}: ${what} by ${[c.who || (c.run ? "" : "hand, or unannounced"), c.run].filter(Boolean).join(" · ")}`));
  }
  return [{ title: "Last changes", items: items.slice(0, 10), empty: "No changes in the last 24 hours." }];
}

const hosts = { aws: "console.aws.amazon.com", "aws-us-gov": "console.amazonaws-us-gov.com", "aws-cn": "console.amazonaws.cn" };

function stackURL(stack) {
  const [, partition, , region] = (stack.version.stack_id ?? "").split(":"), host = hosts[partition];
  if (!host || !region) return "";
  return `https://${region}.${host}/cloudformation/home?region=${region}#/stacks/stackinfo?stackId=${encodeURIComponent(stack.version.stack_id)}`;
}

/** A link into the console of the project's account; none where the account's partition is not known. */
function consoleLink(view, index, make) {
  const [, partition] = (view.ordered()[0]?.version.stack_id ?? "").split(":"), host = hosts[partition], region = index.project?.region;
  if (!host || !region) return [];
  const [text, url] = make(`${region}.${host}`, region);
  return [{ text: `${text} (account ${index.project.account_id})`, url }];
}

