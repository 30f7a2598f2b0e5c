/** The network between a store and the real server. Runs in Node and in a browser. */

import { Invocations } from './invocations.mjs';

/** The address of the server: `cargo test -p integration --test it module` sets it, and starts the server. */
export const API = globalThis.process?.env.API ?? '/api';

/**
 * The network between a browser and the server. `fault(request)` chooses a failure: 'refused' (never gets there),
 * 'lost' (the response is), 'broken' (the response breaks off), a number (this status is returned), `{ status, code, retryAfter }`
 * (refused with this code, for so many seconds), or nothing.
 */
export class Network {
  isOnline = true;
  inFlight = 0;
  /** The requests, with the `status` of the server's own response. */
  requests = [];
  /** The invocations of the functions. */
  invocations;
  /** As between two origins: responses do not tell the server's time. */
  hidesDate = false;
  fault = () => undefined;
  /** Awaited before a request reaches the server, and before its response returns. */
  before = async () => {};
  after = async () => {};
  #streams = new Set();
  #clock;

  constructor(clock) {
    this.#clock = clock;
    this.invocations = new Invocations(clock);
    clock.busy.add(this);
  }

  /** Like the browser's fetch. */
  fetch = async (url, options = {}) => {
    const request = {
      method: options.method ?? 'GET',
      path: url.slice(API.length),
      body: options.body,
      headers: options.headers,
    };
    this.inFlight += 1;
    try {
      const fault = this.isOnline ? this.fault(request) : 'refused';
      if (fault === 'refused') throw new TypeError('fetch failed');
      this.requests.push(request);
      if (typeof fault === 'number') return refusal({ status: fault, code: 'storage_unavailable' });
      if (fault?.code) return refusal(fault);
      await this.before(request);
      this.invocations.requests += 1;
      const received = await fetch(url, options);
      request.status = received.status;
      const response = await this.#deliver(received, fault);
      await this.after(request);
      return response;
    } finally {
      this.inFlight -= 1;
    }
  };

  async #deliver(response, fault) {
    if (response.headers.get('content-type') === 'text/event-stream')
      return this.#stream(response, this.#headersOf(response));
    const body = await response.arrayBuffer();
    if (fault === 'lost') throw new TypeError('network connection was lost');
    const { status } = response;
    const headers = this.#headersOf(response);
    if (fault !== 'broken') return new Response(status === 304 ? null : body, { status, headers });
    const broken = new ReadableStream({ start: (controller) => controller.error(new TypeError('terminated')) });
    return new Response(broken, { status, headers });
  }

  #headersOf(response) {
    const headers = new Headers(response.headers);
    if (this.hidesDate) headers.delete('Date');
    return headers;
  }

  /** A stream that this network can cut, and that ends as the server ends it and with its heartbeat, by the test's clock. */
  async #stream(response, headers) {
    const reader = response.body.getReader();
    // Until it has begun, it is a request on its way.
    const first = await reader.read();
    const closed = this.invocations.streamOpened();
    let controller;
    const end = (how) => {
      this.#streams.delete(end);
      closed();
      this.#clock.clearTimeout(timer);
      this.#clock.clearTimeout(heartbeat);
      reader.cancel().catch(() => {});
      how(controller);
    };
    const timer = this.#clock.setTimeout(
      () =>
        end((to) => {
          to.enqueue(new TextEncoder().encode('event: reconnect\ndata: {}\n\n'));
          to.close();
        }),
      285_000,
    );
    let heartbeat;
    const beat = () => {
      controller.enqueue(new TextEncoder().encode(': heartbeat\n\n'));
      heartbeat = this.#clock.setTimeout(beat, 15_000);
    };
    heartbeat = this.#clock.setTimeout(beat, 15_000);
    this.#streams.add(end);
    const body = new ReadableStream({
      start: (given) => {
        controller = given;
        given.enqueue(first.value);
      },
      pull: async (to) => {
        try {
          const { done, value } = await reader.read();
          if (!this.#streams.has(end)) return;
          if (done) end((ended) => ended.close());
          else to.enqueue(value);
        } catch (error) {
          if (this.#streams.has(end)) end((broken) => broken.error(error));
        }
      },
      cancel: () => end(() => {}),
    });
    return new Response(body, { status: 200, headers });
  }

  get streams() {
    return this.#streams.size;
  }

  goOffline() {
    this.isOnline = false;
    for (const end of [...this.#streams])
      end((controller) => controller.error(new TypeError('network connection was lost')));
  }

  goOnline() {
    this.isOnline = true;
  }

  /** The requests, without the sync's cursors. */
  get log() {
    return this.requests.map(({ method, path }) => `${method} ${path.replace(/\?.*/, '')}`);
  }
}

function refusal({ status, code, retryAfter }) {
  const headers = retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) };
  return new Response(JSON.stringify({ error: { code } }), { status, headers });
}
