/** Browsers, tabs, a clock and a network for the module's tests; the server is a real one. */

import { afterEach } from 'node:test';

import { HybridConversationStore, createMemoryDatabase } from '../../public/conversation-store.js';

/** Where the server is: `cargo test --test module` says so, and starts it. */
export const API = process.env.API ?? 'http://127.0.0.1:3000/api';

const PATIENCE = 20_000;

export const tick = () => new Promise((resolve) => { setImmediate(resolve); });

/** Waits for a condition, as long as real time allows. */
export async function until(condition, what = condition.toString()) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => { setTimeout(resolve, 2); });
  }
}

/** A clock that stands still until it is told to go on. Timers fire when it passes them. */
export class TestClock {
  #now = Date.now();
  #timers = new Map();
  #next = 1;
  networks = new Set();
  /** Called with the ms that are about to pass; for a server whose clock is to go along. */
  onAdvance = async () => {};

  now() {
    return this.#now;
  }

  setTimeout(callback, ms) {
    const id = this.#next;
    this.#next += 1;
    this.#timers.set(id, { at: this.#now + Math.max(0, ms), callback });
    return id;
  }

  clearTimeout(id) {
    this.#timers.delete(id);
  }

  /** Lets time pass, timer by timer, and between them whatever follows from each. */
  async advance(ms) {
    const end = this.#now + ms;
    await this.settle();
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= end).sort((a, b) => a[1].at - b[1].at || a[0] - b[0])[0];
      const at = due ? due[1].at : end;
      if (at > this.#now) await this.onAdvance(at - this.#now);
      this.#now = Math.max(this.#now, at);
      if (!due) break;
      this.#timers.delete(due[0]);
      due[1].callback();
      await this.settle();
    }
  }

  /** Waits until no request is on its way and what follows from the last one is done. */
  async settle() {
    for (let calm = 0; calm < 5;) {
      await tick();
      calm = [...this.networks].every((network) => network.inFlight === 0) ? calm + 1 : 0;
    }
  }
}

/**
 * What is between a browser and the server. `fault(request)` says what is to go wrong: 'refused' (never gets there),
 * 'lost' (the answer is), 'broken' (the answer breaks off), a number (answered with this status), or nothing.
 */
export class Network {
  isOnline = true;
  inFlight = 0;
  requests = [];
  fault = () => undefined;
  /** Awaited before a request gets to the server, and before its answer gets back. */
  before = async () => {};
  after = async () => {};
  #streams = new Set();
  #clock;

  constructor(clock) {
    this.#clock = clock;
    clock.networks.add(this);
  }

  /** As the browser's fetch. */
  fetch = async (url, options = {}) => {
    const request = { method: options.method ?? 'GET', path: url.slice(API.length), body: options.body, headers: options.headers };
    this.inFlight += 1;
    try {
      const fault = this.isOnline ? this.fault(request) : 'refused';
      if (fault === 'refused') throw new TypeError('fetch failed');
      this.requests.push(request);
      if (typeof fault === 'number') return new Response('{"error":{"code":"storage_unavailable"}}', { status: fault });
      await this.before(request);
      const response = await this.#answer(await fetch(url, options), fault);
      await this.after(request);
      return response;
    } finally {
      this.inFlight -= 1;
    }
  };

  async #answer(response, fault) {
    if (response.headers.get('content-type') === 'text/event-stream') return this.#stream(response);
    const body = await response.arrayBuffer();
    if (fault === 'lost') throw new TypeError('network connection was lost');
    const { status, headers } = response;
    if (fault !== 'broken') return new Response(status === 304 ? null : body, { status, headers });
    const broken = new ReadableStream({ start: (controller) => controller.error(new TypeError('terminated')) });
    return new Response(broken, { status, headers });
  }

  /** A stream that this network can cut, and that ends as the server ends it and with its heartbeat, by the test's clock. */
  async #stream(response) {
    const reader = response.body.getReader();
    // Until it has begun, it is a request on its way.
    const first = await reader.read();
    let controller;
    const end = (how) => {
      this.#streams.delete(end);
      this.#clock.clearTimeout(timer);
      this.#clock.clearTimeout(heartbeat);
      reader.cancel().catch(() => {});
      how(controller);
    };
    const timer = this.#clock.setTimeout(() => end((to) => {
      to.enqueue(new TextEncoder().encode('event: reconnect\ndata: {}\n\n'));
      to.close();
    }), 285_000);
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
          if (done) end((closed) => closed.close());
          else to.enqueue(value);
        } catch (error) {
          if (this.#streams.has(end)) end((broken) => broken.error(error));
        }
      },
      cancel: () => end(() => {}),
    });
    return new Response(body, { status: 200, headers: response.headers });
  }

  get streams() {
    return this.#streams.size;
  }

  goOffline() {
    this.isOnline = false;
    for (const end of [...this.#streams]) end((controller) => controller.error(new TypeError('network connection was lost')));
  }

  goOnline() {
    this.isOnline = true;
  }

  /** What was asked, without the sync's cursors. */
  get log() {
    return this.requests.map(({ method, path }) => `${method} ${path.replace(/\?.*/, '')}`);
  }
}

/** The locks of one browser: navigator.locks as far as the module uses it. */
class Locks {
  #queues = new Map();

  request(name, ...rest) {
    const [options, work] = rest.length === 2 ? rest : [{}, rest[0]];
    return new Promise((resolve, reject) => {
      const queue = this.#queues.get(name) ?? [];
      this.#queues.set(name, queue);
      const entry = { work, resolve, reject };
      entry.isShared = options.mode === 'shared';
      queue.push(entry);
      options.signal?.addEventListener('abort', () => {
        if (entry.isHeld) return;
        queue.splice(queue.indexOf(entry), 1);
        reject(options.signal.reason);
        this.#grant(queue);
      });
      this.#grant(queue);
    });
  }

  /** Whoever comes first holds the lock, together with those next to it where all of them share it. */
  #grant(queue) {
    for (const [index, entry] of queue.entries()) {
      if (index > 0 && !(entry.isShared && queue[0].isShared)) return;
      if (!entry.isHeld) this.#hold(queue, entry);
    }
  }

  async #hold(queue, entry) {
    entry.isHeld = true;
    await Promise.resolve().then(entry.work).then(entry.resolve, entry.reject);
    queue.splice(queue.indexOf(entry), 1);
    this.#grant(queue);
  }
}

const opened = new Set();

afterEach(async () => {
  for (const tab of opened) await tab.store.close();
  opened.clear();
});

/** One browser profile: what its tabs share. */
export class Browser {
  clock;
  network;
  locks = new Locks();
  databases = new Map();
  values = new Map();
  #channels = new Map();

  constructor({ clock = new TestClock() } = {}) {
    this.clock = clock;
    this.network = new Network(clock);
  }

  localStorage = {
    getItem: (key) => this.values.get(key) ?? null,
    setItem: (key, value) => this.values.set(key, String(value)),
    removeItem: (key) => this.values.delete(key),
  };

  /** Opens a tab with the store in it. `events` gathers what it tells. */
  async open(options = {}) {
    const tab = new Tab(this, options);
    opened.add(tab);
    await tab.store.ready;
    return tab;
  }

  openDatabase = async (name) => {
    if (!this.databases.has(name)) this.databases.set(name, createMemoryDatabase());
    return this.databases.get(name);
  };

  openChannel = (name) => {
    const members = this.#channels.get(name) ?? new Set();
    this.#channels.set(name, members);
    const member = {
      onmessage: null,
      postMessage: (data) => {
        for (const other of members) {
          if (other !== member) queueMicrotask(() => other.onmessage?.({ data: structuredClone(data) }));
        }
      },
      close: () => members.delete(member),
    };
    members.add(member);
    return member;
  };
}

/** A tab, and what its store has told. */
class Tab {
  store;
  events = [];
  #watchers = new Set();
  #isVisible = true;
  #browser;

  constructor(browser, { environment, ...options }) {
    this.#browser = browser;
    this.store = new HybridConversationStore({
      api: API,
      ...options,
      environment: {
        fetch: browser.network.fetch, openDatabase: browser.openDatabase, localStorage: browser.localStorage,
        locks: browser.locks, openChannel: browser.openChannel, clock: browser.clock, random: () => 0.5,
        page: {
          isVisible: () => this.#isVisible,
          isOnline: () => browser.network.isOnline,
          watch: (callback) => {
            this.#watchers.add(callback);
            return () => this.#watchers.delete(callback);
          },
        },
        ...environment,
      },
    });
    for (const name of ['change', 'status', 'conflict', 'refused', 'progress']) {
      this.store.on(name, (event) => this.events.push({ name, ...event }));
    }
  }

  of(name) {
    return this.events.filter((event) => event.name === name);
  }

  hide() {
    this.#isVisible = false;
    this.#tell('leaving');
  }

  show() {
    this.#isVisible = true;
    this.#tell('visibility');
  }

  networkChanged() {
    this.#tell('online');
  }

  #tell(event) {
    for (const callback of this.#watchers) callback(event);
  }

  /** The tab is gone from one moment to the next, without a word. */
  async crash() {
    this.#watchers.clear();
    await this.store.close();
  }

  async goOffline() {
    this.#browser.network.goOffline();
    this.networkChanged();
  }

  async goOnline() {
    this.#browser.network.goOnline();
    this.networkChanged();
  }
}

/** What the server has, asked past the module. */
export class Server {
  #token;

  constructor(browser) {
    this.#token = JSON.parse(browser.values.get('claude-session')).token;
  }

  async call(method, path, body) {
    const headers = { Authorization: `Bearer ${this.#token}`, 'Content-Type': 'application/json' };
    const response = await fetch(API + path, { method, headers, body: body && JSON.stringify(body) });
    return { status: response.status, body: JSON.parse(await response.text()) };
  }

  /** All messages of a conversation, oldest first; undefined where there is none. */
  async messages(id) {
    const messages = [];
    for (let cursor = ''; ;) {
      const { status, body } = await this.call('GET', `/conversations/${id}/messages?order=asc&limit=100${cursor}`);
      if (status !== 200) return undefined;
      messages.push(...body.data);
      if (!body.nextCursor) return messages;
      cursor = `&cursor=${body.nextCursor}`;
    }
  }

  async summaries() {
    return (await this.call('GET', '/conversations?limit=50')).body.data;
  }
}

let count = 0;

/** A message as a frontend makes one. */
export function message(clock, type, content, more = {}) {
  count += 1;
  return { id: `msg-${count}`, type, content, timestamp: new Date(clock.now() + count).toISOString(), ...more };
}

export function contents(conversation) {
  return (conversation.messages ?? conversation).map(({ content }) => content);
}
