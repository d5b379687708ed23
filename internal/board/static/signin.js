// Signs a person in by the authorization code flow with PKCE, renews the token, and signs the person
// out. It uses the address and the storage of the tab, and no element of the page.
//
// Tokens are in memory. Only while the page is being reloaded they are in the tab's sessionStorage,
// so that a duplicated tab has no copy: an identity provider that rotates refresh tokens revokes
// all tokens when two tabs use the same one.

import { keep, take } from "./storage.js";
import * as oauth from "./vendor/oauth4webapi.js";

/** @import { Claims, Settings, Tokens } from "../types" */

const PATIENCE = 10_000; // milliseconds for an answer of the identity provider
const RETRY = 5000; // milliseconds between attempts to renew the token
const LATEST_RENEWAL = 660; // seconds before the expiry; the hub announces the end ten minutes before
const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** An error whose message is shown to the person. */
export class SignInError extends Error {}

export class Session {
  /** @type {(token: string) => void} */
  onToken = () => {}; // called with each renewed token
  /** @type {() => void} */
  onSignedOut = () => {}; // called when another tab has signed out

  #settings;
  #issuer;
  #client;
  /** @type {oauth.AuthorizationServer | null} */
  #server = null;
  /** @type {Tokens | null} */
  #tokens = null;
  #renewing = false;
  #retryAt = 0;
  #tabs = new BroadcastChannel("stowage.session");

  /** @param {Settings} settings */
  constructor(settings) {
    this.#settings = settings;
    this.#issuer = new URL(settings.issuer);
    this.#client = { client_id: settings.client_id };
    this.#tabs.onmessage = () => {
      this.#tokens = null;
      this.onSignedOut();
    };
    addEventListener("pagehide", () => {
      if (this.#tokens) keep("tokens", JSON.stringify(this.#tokens));
    });
    addEventListener("pageshow", (e) => {
      if (e.persisted) keep("tokens", "");
    });
    setInterval(() => this.#renew(), 1000);
  }

  /** The ID token; "" for none. */
  get token() {
    return this.#tokens?.id_token ?? "";
  }

  /** Whether the token is renewed before it expires. */
  get renewable() {
    return Boolean(this.#tokens?.refresh_token);
  }

  /** The name of the person. */
  get person() {
    const { name, preferred_username: username, email, sub } = this.#claims();
    return String(name || username || email || sub || "");
  }

  /** Whether the token names a project. */
  get hasProjects() {
    const claim = this.#claims()[this.#settings.projects_claim || "stowage_projects"];
    if (Array.isArray(claim)) return claim.some((name) => typeof name === "string" && name.trim() !== "");
    return typeof claim === "string" && claim.trim() !== "";
  }

  /** The claim that names the projects. */
  get projectsClaim() {
    return this.#settings.projects_claim || "stowage_projects";
  }

  /** Goes to the identity provider. */
  async signIn() {
    if (!isSecureContext) throw new SignInError("Signing in requires HTTPS.");
    const server = await this.#discover();
    if (!server.authorization_endpoint) throw new SignInError(`${this.#issuer.host} has no authorization endpoint.`);
    const flow = {
      verifier: oauth.generateRandomCodeVerifier(),
      state: oauth.generateRandomState(),
      nonce: oauth.generateRandomNonce(),
      fragment: location.hash,
    };
    const renewal = server.scopes_supported?.includes("offline_access") ? " offline_access" : "";
    keep("signin", JSON.stringify(flow));
    go(server.authorization_endpoint, {
      response_type: "code",
      client_id: this.#client.client_id,
      redirect_uri: home(),
      scope: (this.#settings.scope || "openid") + renewal,
      state: flow.state,
      nonce: flow.nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(flow.verifier),
      code_challenge_method: "S256",
    });
  }

  /** Finishes a sign-in when the identity provider has sent the person back, or restores the one before a reload. */
  async restore() {
    const answer = new URLSearchParams(location.search);
    const kept = take("tokens");
    if (answer.has("code") || answer.has("error")) return this.#finish(answer);
    if (answer.has("state")) history.replaceState(null, "", location.pathname + location.hash); // has signed out
    if (!kept) return;
    const tokens = JSON.parse(kept);
    if (this.#settings.client_id === tokens.client_id && this.#settings.issuer === tokens.issuer) this.#tokens = tokens;
  }

  /**
   * Exchanges the code of the identity provider's answer for tokens.
   *
   * @param {URLSearchParams} answer
   */
  async #finish(answer) {
    const started = take("signin");
    const { verifier, state, nonce, fragment } = started ? JSON.parse(started) : { fragment: "" };
    history.replaceState(null, "", location.pathname + fragment);
    if (!state) throw new SignInError("This sign-in was not started in this tab, or was used before.");
    const server = await this.#discover();
    try {
      const parameters = oauth.validateAuthResponse(server, this.#client, answer, state);
      const response = await oauth.authorizationCodeGrantRequest(
        server,
        this.#client,
        oauth.None(),
        parameters,
        home(),
        verifier,
        this.#options(),
      );
      const result = await oauth.processAuthorizationCodeResponse(server, this.#client, response, {
        expectedNonce: nonce,
        requireIdToken: true,
      });
      this.#accept(result);
    } catch (e) {
      throw new SignInError(this.#explain(e));
    }
  }

  /** @param {oauth.TokenEndpointResponse} result */
  #accept({ id_token, refresh_token }) {
    const { client_id, issuer } = this.#settings;
    this.#tokens = { client_id, issuer, id_token: id_token ?? "", refresh_token: refresh_token ?? "" };
  }

  /** Renews the token when it is time. Failures other than a refusal are repeated. */
  async #renew() {
    const tokens = this.#tokens;
    if (!tokens?.refresh_token || this.#renewing || Date.now() < Math.max(this.#due(), this.#retryAt)) return;
    this.#renewing = true;
    try {
      const server = await this.#discover();
      const response = await oauth.refreshTokenGrantRequest(
        server,
        this.#client,
        oauth.None(),
        tokens.refresh_token,
        this.#options(),
      );
      const result = await oauth.processRefreshTokenResponse(server, this.#client, response);
      if (this.#tokens !== tokens) return; // signed out meanwhile
      const claims = oauth.getValidatedIdTokenClaims(result);
      if (claims?.sub !== this.#claims().sub) return this.#giveUp(tokens); // without an ID token, too
      this.#accept({ ...result, refresh_token: result.refresh_token ?? tokens.refresh_token });
      this.onToken(this.token);
    } catch (e) {
      if (this.#tokens !== tokens) return;
      if (e instanceof oauth.ResponseBodyError) this.#giveUp(tokens);
      else this.#retryAt = Date.now() + RETRY;
    } finally {
      this.#renewing = false;
    }
  }

  /**
   * The token stays valid until it expires, and is not renewed.
   *
   * @param {Tokens} tokens
   */
  #giveUp(tokens) {
    this.#tokens = { ...tokens, refresh_token: "" };
  }

  /** When to renew the token, in milliseconds. */
  #due() {
    const { iat = 0, exp = 0 } = this.#claims();
    return (exp - Math.min(LATEST_RENEWAL, (exp - iat) / 2)) * 1000;
  }

  /**
   * Forgets the tokens, in all tabs, and ends the session at the identity provider if it offers that. A refresh
   * token may outlive the session there, so it is revoked.
   */
  async signOut() {
    const hint = this.token;
    const refresh = this.#tokens?.refresh_token;
    this.#tokens = null;
    this.#tabs.postMessage("signed out");
    const server = await this.#discover().catch(() => null);
    if (refresh && server?.revocation_endpoint)
      await oauth
        .revocationRequest(server, this.#client, oauth.None(), refresh, this.#options())
        .catch((e) => console.info("the refresh token could not be revoked:", messageOf(e)));
    if (!server?.end_session_endpoint) return location.assign(home());
    go(server.end_session_endpoint, {
      id_token_hint: hint,
      client_id: this.#client.client_id,
      post_logout_redirect_uri: home(),
      state: oauth.generateRandomState(),
    });
  }

  async #discover() {
    if (this.#server) return this.#server;
    const { host } = this.#issuer;
    try {
      const response = await oauth.discoveryRequest(this.#issuer, this.#options());
      this.#server = await oauth.processDiscoveryResponse(this.#issuer, response);
      return this.#server;
    } catch (e) {
      if (unreachable(e)) throw new SignInError(this.#explain(e));
      throw new SignInError(`The identity provider ${host} has no valid discovery document: ${messageOf(e)}`);
    }
  }

  #options() {
    const local = this.#issuer.protocol === "http:" && LOOPBACK.has(this.#issuer.hostname);
    return { signal: AbortSignal.timeout(PATIENCE), [oauth.allowInsecureRequests]: local };
  }

  /** @returns {Claims} */
  #claims() {
    try {
      const bytes = Uint8Array.from(
        atob(this.token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")),
        (c) => c.codePointAt(0) ?? 0,
      );
      return JSON.parse(new TextDecoder().decode(bytes));
    } catch {
      return {};
    }
  }

  /** @param {unknown} e */
  #explain(e) {
    const { host } = this.#issuer;
    if (e instanceof oauth.AuthorizationResponseError || e instanceof oauth.ResponseBodyError)
      return `The identity provider ${host} refused the sign-in: ${e.error_description || e.error}`;
    if (unreachable(e)) return `The identity provider ${host} cannot be reached.`;
    return `The sign-in failed: ${messageOf(e)}`;
  }
}

/** The address to which the identity provider sends people back: that of the page's folder. */
function home() {
  return new URL(".", location.origin + location.pathname).href;
}

/**
 * @param {string} address
 * @param {Record<string, string>} parameters
 */
function go(address, parameters) {
  const url = new URL(address);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  location.assign(url);
}

/**
 * Whether there was no answer, or one of a server that is down.
 *
 * @param {unknown} e
 */
function unreachable(e) {
  if (!(e instanceof Error)) return false;
  if (e.cause instanceof Response && e.cause.status >= 500) return true;
  // The library's own errors of these types have a code.
  return e.name === "TimeoutError" || (e instanceof TypeError && !("code" in e));
}

/** @param {unknown} e */
const messageOf = (e) => (e instanceof Error ? e.message : String(e));
