// Values that survive a reload of the page, in the tab's sessionStorage. Other tabs cannot read them.

const PREFIX = "stowage.";

/**
 * The value of a name; "" for none, and where the browser keeps nothing.
 *
 * @param {string} name
 */
export function recall(name) {
  try {
    return sessionStorage.getItem(PREFIX + name) ?? "";
  } catch {
    return "";
  }
}

/**
 * Keeps a value. "" removes it.
 *
 * @param {string} name
 * @param {string} value
 */
export function keep(name, value) {
  try {
    if (value) sessionStorage.setItem(PREFIX + name, value);
    else sessionStorage.removeItem(PREFIX + name);
  } catch {
    /* then a reload starts anew */
  }
}

/**
 * Returns a value and removes it.
 *
 * @param {string} name
 */
export function take(name) {
  const value = recall(name);
  keep(name, "");
  return value;
}
