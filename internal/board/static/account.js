// The person: who is signed in, the buttons that sign in and out, and the reason for not being signed in.

import { $ } from "./elements.js";
import { SignInError } from "./signin.js";

/** @import { Session } from "./signin.js" */
/** @import { Settings } from "../types" */

/**
 * The settings that the page's server has for it; without an issuer where it has none.
 *
 * @returns {Promise<Settings>}
 */
export async function readSettings() {
  const none = { issuer: "", client_id: "" };
  let response;
  try {
    response = await fetch("config.json", { cache: "no-store" });
  } catch {
    throw new SignInError("The board's server cannot be reached. Reload the page.");
  }
  return response.ok ? { ...none, ...(await response.json()) } : none;
}

/**
 * Shows who is signed in, with a button that signs the person out.
 *
 * @param {Session} session
 */
export function showPerson(session) {
  $("#person").textContent = session.person;
  $("#account").hidden = false;
  $("#sign-out").addEventListener("click", () => session.signOut());
  session.onSignedOut = () => location.reload(); // nothing stays in the page
}

/**
 * Says why the page shows nothing, and offers to sign in where that is possible.
 *
 * @param {string} text
 * @param {Session | null} session
 */
export function showSignedOut(text, session) {
  say(text);
  $("main").hidden = true;
  $(".search").hidden = true;
  if (session) offerSignIn(session);
}

/**
 * Shows the button that signs the person in.
 *
 * @param {Session} session
 */
export function offerSignIn(session) {
  const button = /** @type {HTMLButtonElement} */ ($("#sign-in"));
  button.hidden = false;
  button.onclick = async () => {
    button.disabled = true;
    try {
      await session.signIn();
    } catch (e) {
      say(e instanceof Error ? e.message : String(e));
    }
    button.disabled = false;
  };
}

export const NOT_SIGNED_IN = "Not signed in";

/** @param {string} text */
function say(text) {
  $("#freshness").textContent = text;
  $("#freshness").dataset.state = text === NOT_SIGNED_IN ? "signed-out" : "refused";
}
