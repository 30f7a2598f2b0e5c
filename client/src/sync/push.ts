/** Schedules what waits in the outbox: what is sent next, and when. */

import type { Clock } from '../environment.js';
import { codeOf, StoreError } from '../errors.js';
import type { EventBus } from '../event-bus.js';
import { load } from '../load.js';
import type { LocalDatabase } from '../local/database.js';
import { BULK } from '../local/records.js';
import type { OutboxEntry } from '../local/schema.js';
import type { Api } from '../net/api.js';
import { isTransient } from '../net/failures.js';
import type { Locks } from '../tabs/locks.js';
import type { ChangeFeed } from './change-feed.js';
import type { Presence } from './presence.js';
import type { Pull } from './pull.js';
import { ConversationPush } from './push-conversation.js';
import type { ImportPush } from './push-import.js';

/** How long nothing more has to be saved before it is sent, ms: a streaming reply is saved every 300 ms. */
const QUIET = 1_500;
/** The longest that something waits for the rest of its turn, ms: question and reply are one request then. */
const LONGEST = 30_000;
/** The same while another device is active, which should see it soon. */
const LONGEST_IF_SEEN = 15_000;

const FIRST_BACKOFF = 1_000;
const LONGEST_BACKOFF = 60_000;
/** Where storage is switched off, or nobody is signed in, ms. */
const REFUSED_BACKOFF = 600_000;

export interface PushParts {
  database: LocalDatabase;
  api: Api;
  pull: Pull;
  feed: ChangeFeed;
  presence: Presence;
  locks: Locks;
  clock: Clock;
  random: () => number;
  bus: EventBus;
}

/** What is to be sent next. */
interface Due {
  entry: OutboxEntry;
  /** Epoch ms. */
  at: number;
  /** What keeps it until then. */
  error?: unknown;
}

/** What a run has come to; nothing is said where it was stopped. */
interface Run {
  /** Nothing waits. */
  isDone?: boolean;
  /** How long until something is due, ms. */
  wait?: number;
  /** What keeps that until then. */
  error?: unknown;
}

/**
 * Sends what waits in the outbox, one request at a time, each stored before it is sent and repeated as it was until
 * there is a response. Runs in one tab only.
 */
export class Push {
  readonly #parts: PushParts;
  readonly #clock: Clock;
  readonly #conversation: ConversationPush;
  #running: Promise<Run> | null = null;
  #isActive = false;
  #isForced = false;
  #timer: unknown = null;
  /** When the timer goes off, epoch ms. */
  #timerAt = Infinity;
  #failures = 0;
  #retryAt = 0;
  #lastError: unknown;
  #step: Promise<void> | null = null;
  #import: ImportPush | null = null;

  constructor(parts: PushParts) {
    this.#parts = parts;
    this.#clock = parts.clock;
    this.#conversation = new ConversationPush(parts, () => this.#succeed());
  }

  start() {
    this.#isActive = true;
    this.retryNow();
  }

  /** Resolves when the request under way is over. */
  async stop() {
    this.#isActive = false;
    this.#stopTimer();
    await this.#running;
  }

  /** Something may have changed: what is due is sent, and for the rest there is a timer. */
  wake() {
    if (!this.#isActive) return;
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
  }

  /** Something was written, which is not due at once: by then one look at the outbox does for all that was written. */
  wakeLater() {
    if (this.#isForced) this.wake();
    else if (this.#isActive && !this.#running) this.#wakeWithin(QUIET);
  }

  /** Keeps the timer where it goes off before. */
  #wakeWithin(wait: number) {
    const at = this.#clock.now() + wait;
    if (this.#timerAt <= at) return;
    this.#stopTimer();
    this.#timerAt = at;
    this.#timer = this.#clock.setTimeout(() => {
      this.#timerAt = Infinity;
      this.wake();
    }, wait);
  }

  #stopTimer() {
    this.#clock.clearTimeout(this.#timer);
    this.#timerAt = Infinity;
  }

  /** Resolves when no request is on its way. */
  async settled() {
    await this.#step;
  }

  /** The server can be reached again, as far as is known. */
  retryNow() {
    this.#retryAt = 0;
    this.#failures = 0;
    this.wake();
  }

  /** Sends all that waits, now; false where it was stopped before. Rejects with what keeps it from being sent. */
  async flush(): Promise<boolean> {
    this.#retryAt = 0;
    this.#isForced = true;
    try {
      // A run that is about to end may not have seen this yet.
      await this.#running;
      while (this.#isActive) {
        this.wake();
        const { error, isDone, wait } = (await this.#running) ?? {};
        if (error) throw error;
        if (isDone) return true;
        if (wait === undefined) continue;
        await new Promise<void>((resolve) => {
          this.#clock.setTimeout(resolve, wait);
        });
      }
      return !(await this.#next());
    } finally {
      this.#isForced = false;
      this.wake();
    }
  }

  /** Sends until nothing is due, or it is stopped. */
  async #run(): Promise<Run> {
    while (this.#isActive) {
      const next = await this.#next();
      if (!next) return { isDone: true };
      const wait = next.at - this.#clock.now();
      if (wait > 0) {
        this.#stopTimer();
        this.#wakeWithin(wait);
        return { wait, error: next.error };
      }
      this.#step = this.#parts.locks
        .turn('shared', () => this.#takeStep(next.entry))
        .catch((error) => this.#fail(error));
      await this.#step;
      await this.#parts.bus.emit('outbox-changed', undefined);
    }
    return {};
  }

  /** What is to be sent next, and when; what began first goes first. */
  async #next(): Promise<Due | undefined> {
    const entries = await this.#parts.database.run('readonly', (tx) => tx.list('outbox', null, null));
    const due = entries.map((entry) => ({ entry, ...this.#due(entry) }));
    due.sort((a, b) => a.at - b.at || a.entry.created - b.entry.created);
    return due[0];
  }

  #due(entry: OutboxEntry): Omit<Due, 'entry'> {
    const now = this.#clock.now();
    if (this.#retryAt > now) return { at: this.#retryAt, error: this.#lastError };
    if (entry.holdUntil > now) return { at: entry.holdUntil, error: entry.holdError && errorOf(entry.holdError) };
    if (this.#isForced || entry.request || entry.isBulk || entry.more) return { at: 0 };
    const latest = entry.since + (this.#parts.presence.isActive ? LONGEST_IF_SEEN : LONGEST);
    if (entry.open) return { at: latest };
    return { at: Math.min(entry.touched + QUIET, latest) };
  }

  async #takeStep(entry: OutboxEntry) {
    await this.#parts.api.authenticate();
    const isImport = entry.conversation === BULK || (entry.isBulk && !entry.request);
    if (isImport) await (await this.#importPush()).step();
    else await this.#conversation.step(entry.conversation);
  }

  /** Loaded when there is something to import. */
  async #importPush() {
    const { ImportPush } = await load(() => import('./push-import.js'));
    this.#import ??= new ImportPush(this.#parts, () => this.#succeed());
    return this.#import;
  }

  #succeed() {
    this.#failures = 0;
    this.#lastError = undefined;
    this.#parts.bus.emit('server-reached', undefined);
  }

  /** Waits longer each time, at random within half of it, so that many clients do not come back at once. */
  #fail(error: unknown) {
    this.#failures += 1;
    const known = error instanceof StoreError ? error : null;
    // That has been put right: what is sent next is the right user's.
    if (known?.code === 'user_changed' && this.#failures === 1) return;
    this.#lastError = error;
    const backoff = Math.min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** (this.#failures - 1));
    const wait = known && isTransient(known) ? backoff * (0.5 + this.#parts.random() / 2) : REFUSED_BACKOFF;
    this.#retryAt = this.#clock.now() + Math.max(wait, known?.retryAfter ?? 0);
    this.#parts.bus.emit('server-failed', codeOf(error));
  }
}

function errorOf({ code, message, status }: NonNullable<OutboxEntry['holdError']>) {
  return new StoreError(code, message, { status });
}
