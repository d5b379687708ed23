// Keeps a connection to the hub up. States, as onState is told of them:
//
//   connecting    for the first time
//   live          what is shown is what is there
//   reconnecting  the connection has ended, and another one is being opened
//   expired       the token has expired: no attempt is made any more
//   refused       no connection came up at all: the hub doesn't take the token, or can't be reached; attempts go on
//   outdated      the hub speaks another version of the protocol: the page must be loaded anew

import { Client, SUBPROTOCOL } from "./protocol.js";

/** @import { ConnectionState } from "../types" */

const FIRST_WAIT = 500; // milliseconds
const LONGEST_WAIT = 30_000; // milliseconds
const REFUSED_AFTER = 3; // attempts without any connection
const NEXT_SUCCESSOR = 10_000; // milliseconds between attempts to open a connection with a renewed token
const LONGEST_ATTEMPT = 20_000; // milliseconds; browsers wait minutes for an answer

/**
 * When a token (a JWT) expires, in milliseconds; Infinity when it doesn't say.
 *
 * @param {string} token
 */
export function expiry(token) {
  try {
    const claims = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    return JSON.parse(atob(claims)).exp * 1000 || Infinity;
  } catch {
    return Infinity;
  }
}

export class Connection {
  client = new Client();
  /** @type {ConnectionState} */
  state = "connecting";
  since = Date.now(); // the begin of the state; of one that isn't live, when the page was last live

  #url;
  #token;
  #onState;
  #onChange;
  /** @type {WebSocket | null} */
  #socket = null;
  #attempts = 0;
  #everOpen = false;
  #lastHeard = 0;
  /** @type {Set<number>} */
  #timers = new Set();
  #clock = 0; // how far the server's clock is ahead of ours
  #current = ""; // the token with which the socket was opened
  #tried = -Infinity; // when a successor with a renewed token was tried last

  /**
   * @param {string} url of the WebSocket API
   * @param {string} token
   * @param {{ onState: (state: ConnectionState) => void, onChange: () => void }} listeners
   */
  constructor(url, token, { onState, onChange }) {
    this.#url = url;
    this.#token = token;
    this.#onState = onState;
    this.#onChange = onChange;
    setInterval(() => this.#watch(), 1000);
    addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.#hurry());
  }

  /**
   * Continues with another token. The connection with the old one ends when that with the new one is open.
   *
   * @param {string} token
   */
  renew(token) {
    this.#token = token;
    if (this.state === "expired" && !this.#socket) {
      this.#become(this.#everOpen ? "reconnecting" : "connecting");
      this.#connect();
    } else this.#watch();
  }

  open() {
    if (expiry(this.#token) <= Date.now()) return this.#become("expired");
    this.#connect();
  }

  /** The server's time now, in milliseconds. */
  now() {
    return Date.now() + this.#clock;
  }

  /** @param {ConnectionState} state */
  #become(state) {
    if (state === this.state) return;
    if (this.state === "live" || state === "live") this.since = Date.now();
    this.state = state;
    this.#onState(state);
  }

  /**
   * @param {number} milliseconds
   * @param {() => void} f
   */
  #later(milliseconds, f) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      f();
    }, milliseconds);
    this.#timers.add(timer);
  }

  #connect(successor = false) {
    /** @type {WebSocket} */
    let socket;
    const token = this.#token;
    try {
      socket = new WebSocket(this.#url, [SUBPROTOCOL, `stowage.token.${token}`]);
    } catch {
      return this.#become("refused");
    }
    const before = this.#socket;
    if (!successor) {
      this.#socket = socket;
      this.#lastHeard = Date.now();
    }
    socket.onopen = () => {
      this.#socket = socket;
      this.#current = token;
      this.#everOpen = true;
      this.#lastHeard = Date.now();
      socket.send(JSON.stringify(this.client.hello()));
      if (before && before !== socket) before.close(1000);
    };
    socket.onmessage = (m) => this.#receive(socket, m.data);
    socket.onclose = () => this.#closed(socket);
  }

  /**
   * @param {WebSocket} socket
   * @param {string} text
   */
  #receive(socket, text) {
    this.#lastHeard = Date.now();
    const { client } = this;
    const { reconnect: announced, heard, lastError: error } = client;
    try {
      const send = client.receive(text);
      if (this.#socket?.readyState === WebSocket.OPEN) for (const m of send) this.#socket.send(JSON.stringify(m));
    } catch (e) {
      console.warn("a message could not be read:", e instanceof Error ? e.message : e);
    }
    if (client.heard > heard) this.#clock = client.heard - Date.now();
    if (client.welcomed && socket === this.#socket) {
      this.#attempts = 0;
      this.#become("live");
    }
    if (client.reconnect && !announced && socket === this.#socket) {
      this.#later(Math.random() * client.reconnect.spread_seconds * 1000, () => {
        if (socket === this.#socket) this.#renew();
      });
    }
    if (client.lastError && client.lastError !== error) this.#refused(socket, client.lastError);
    this.#onChange();
  }

  #renew() {
    if (expiry(this.#token) <= Date.now() + 1000) return; // it ends with its token: there is nothing to connect with
    this.#connect(true);
  }

  /**
   * @param {WebSocket} socket
   * @param {{ code: string, retry_seconds?: number }} error
   */
  #refused(socket, error) {
    if (error.code === "version") {
      this.#become("outdated");
      socket.close(1000);
    } else if (error.retry_seconds) {
      this.#later(error.retry_seconds * 1000, () => {
        if (socket === this.#socket && socket.readyState === WebSocket.OPEN)
          socket.send(JSON.stringify(this.client.hello()));
      });
    }
  }

  /** @param {WebSocket} socket */
  #closed(socket) {
    if (socket !== this.#socket) return; // another one has taken its place, or never came up
    this.#socket = null;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    if (this.state === "outdated") return;
    if (expiry(this.#token) <= Date.now()) return this.#become("expired");
    this.#attempts++;
    if (this.#everOpen) this.#become("reconnecting");
    else if (this.#attempts >= REFUSED_AFTER) this.#become("refused");
    const most = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(this.#attempts, 10));
    this.#later(most / 2 + (Math.random() * most) / 2, () => {
      if (!this.#socket) this.#connect(); // a successor may have connected
    });
  }

  /**
   * Gives up a connection that has been silent for two heartbeats or does not open, and notices when the token expires.
   */
  #watch() {
    const socket = this.#socket;
    if (socket?.readyState === WebSocket.CONNECTING && Date.now() - this.#lastHeard > LONGEST_ATTEMPT)
      this.#drop(socket);
    else if (socket?.readyState === WebSocket.OPEN) {
      if (expiry(this.#current) <= Date.now()) socket.close(1000);
      else if (this.#current !== this.#token && Date.now() - this.#tried > NEXT_SUCCESSOR) {
        this.#tried = Date.now();
        this.#connect(true);
      } else if (Date.now() - this.#lastHeard > 2000 * this.client.heartbeatSeconds) this.#drop(socket);
    }
  }

  /**
   * Gives up a connection without waiting until it is closed: a dead one may take minutes to close.
   *
   * @param {WebSocket} socket
   */
  #drop(socket) {
    socket.onmessage = socket.onclose = null;
    socket.close(4000);
    this.#closed(socket);
  }

  /** Doesn't wait any longer: the network is there again, or somebody looks at the page. */
  #hurry() {
    if (this.#socket || this.state === "outdated" || this.state === "expired" || this.state === "connecting") return;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#connect();
  }
}
