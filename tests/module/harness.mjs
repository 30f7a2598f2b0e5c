/** Browsers, tabs, a clock and a network for the module's tests in Node; the server is a real one. */

import { readdir } from 'node:fs/promises';
import { afterEach } from 'node:test';

import { createMemoryDatabase } from '../../public/conversation-store.js';
import { TestClock, until } from './basics.mjs';
import { API, Network } from './network.mjs';
import { Tab } from './tab.mjs';

export { contents, message, tick, until } from './basics.mjs';
export { API } from './network.mjs';

/** The locks of one browser: the part of navigator.locks that the module uses. */
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

  /** The first request holds the lock, together with those next to it where all of them share it. */
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

// The parts that are loaded when they are used: the tests' clock does not wait for the disk.
const PARTS = new URL('../../public/conversation-store/', import.meta.url);
for (const name of await readdir(PARTS)) if (name.endsWith('.js')) await import(new URL(name, PARTS));

const opened = new Set();

afterEach(async () => {
  for (const tab of opened) await tab.store.close();
  opened.clear();
});

/** One browser profile, shared by its tabs. */
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

  /** Replacements of the browser's own APIs. */
  get environment() {
    const { network, openDatabase, localStorage, locks, openChannel, clock } = this;
    return { fetch: network.fetch, openDatabase, localStorage, locks, openChannel, clock, random: () => 0.5 };
  }

  /** Opens a tab with the store in it. `events` collects its events. */
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

  /** The local database, past the module. */
  get database() {
    return this.databases.get('conversation-store-anonymous');
  }

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

/** The data of the server, read without the module. */
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

  /** All messages of a conversation, oldest first; undefined if there is none. */
  async messages(id) {
    const messages = [];
    for (let cursor = ''; ; ) {
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

/** Lets the tab hear of another device that is at work, so that it listens by a stream. `id`: of a conversation that it has. */
export async function hearOfAnotherDevice(browser, tab, id) {
  await tab.store.sync();
  await new Server(browser).call('PATCH', `/conversations/${id}`, {
    tags: [`by another of ${tab.store.status.userId}`],
  });
  await tab.store.sync();
  await until(() => tab.store.status.live === 'stream', 'a stream');
}
