// What needs attention: failed stacks, changes by hand, dangling permissions, full policies and old
// keys. Nothing here touches the page.

import { indexOf, plural, viewsOf } from "./content.js";

/** @import { Attention, Stack, User } from "../types" */
/** @import { Client } from "./protocol.js" */

const DAY = 86_400_000;
const OLD_KEY_DAYS = 90;
const LATE_ROTATION_DAYS = 7;

/**
 * Whole hours since a time.
 *
 * @param {string | undefined} time
 * @param {number} now
 */
const hoursSince = (time, now) => Math.max(0, Math.floor((now - Date.parse(time ?? "")) / 3_600_000)) || 0;

/** @param {Stack} stack */
function troubleOf(stack) {
  const { status, reason } = stack;
  if (status.endsWith("_FAILED")) {
    const rest =
      status === "UPDATE_ROLLBACK_FAILED"
        ? "The rollback failed. The stack accepts no changes until it is repaired."
        : "CloudFormation could not finish.";
    return { severe: true, title: `${stack.stack_name} is in ${status}`, text: reason || rest };
  }
  if (status === "UPDATE_ROLLBACK_COMPLETE")
    return {
      severe: false,
      title: `The last change of ${stack.stack_name} was rolled back`,
      text: reason || "The stack is unchanged.",
    };
  if (status === "ROLLBACK_COMPLETE")
    return { severe: true, title: `${stack.stack_name} could not be created`, text: reason || "It was rolled back." };
  return null;
}

/**
 * @param {string} project
 * @param {User} user
 * @param {number} now
 */
function keyTroubles(project, user, now) {
  const key = user.access_key;
  if (!key || key.disabled) return [];
  /** @type {Attention[]} */
  const found = [];
  const keys = Object.entries(key.keys ?? {}).sort();
  for (const [slot, { created, inactive }] of keys) {
    const days = Math.floor((now - Date.parse(created)) / DAY);
    if (inactive) continue;
    let text = "";
    if (!key.rotation && days > OLD_KEY_DAYS) {
      text = `Key ${slot} is ${plural(days, "day")} old and is never rotated.`;
    } else if (key.rotation && days > key.rotation.every_days + LATE_ROTATION_DAYS) {
      if (keys.some(([s, k]) => s !== slot && Date.parse(k.created) > Date.parse(created))) continue;
      const due = plural(key.rotation.every_days, "day");
      text = `Key ${slot} is ${plural(days, "day")} old. Its rotation was due after ${due}; the next apply rotates it.`;
    }
    if (!text) continue;
    const id = `key ${project} ${user.name} ${slot}`;
    found.push({ id, project, targets: [`user ${user.name}`], severe: false, title: `Old key of ${user.name}`, text });
  }
  return found;
}

/**
 * What needs attention, errors first. targets are the "kind name" of the objects that an item concerns.
 *
 * @param {Client} client
 * @param {number} now
 */
export function attention(client, now) {
  /** @type {Attention[]} */
  const found = [];
  for (const [project, view] of viewsOf(client)) {
    const index = indexOf(view);
    /** @type {Map<string, number>} */
    const policies = new Map(); // by user
    let most = 0;
    for (const stack of view.ordered()) {
      const trouble = troubleOf(stack);
      if (trouble)
        found.push({ id: `stack ${project} ${stack.shard}`, project, targets: [`project ${project}`], ...trouble });
      for (const [n, d] of (stack.facts?.deviations ?? []).entries()) {
        const targets = (d.of ?? []).map((id) => `${id.kind} ${id.name}`);
        found.push({
          id: `deviation ${project} ${stack.shard} ${n}`,
          project,
          targets,
          severe: false,
          title: "Changed by hand",
          text: d.live
            ? `${d.text}, as of ${plural(hoursSince(stack.facts?.drift_checked, now), "hour")} ago.`
            : d.text,
        });
      }
      most = Math.max(most, stack.facts?.max_policies ?? 0);
      for (const [user, n] of Object.entries(stack.facts?.policies ?? {}))
        policies.set(user, (policies.get(user) ?? 0) + n);
    }
    for (const e of index.dangling) {
      const text = `The permission of ${e.entity.user} names ${e.entity.bucket}, which is not in the project.`;
      found.push({
        id: `dangling ${project} ${e.name}`,
        project,
        targets: [`permission ${e.name}`],
        severe: false,
        title: "Permission without a bucket",
        text,
      });
    }
    for (const [user, n] of policies) {
      if (!most || n < most - 1) continue;
      const title = `${user} has little room for permissions`;
      const text = `${n} of ${most} policies are in use.`;
      found.push({
        id: `headroom ${project} ${user}`,
        project,
        targets: [`user ${user}`],
        severe: n >= most,
        title,
        text,
      });
    }
    for (const e of index.users) found.push(...keyTroubles(project, e.entity, now));
  }
  return found.sort((a, b) => Number(b.severe) - Number(a.severe));
}
