/** Starts and stops what the leading tab does for all tabs of the browser: sending and listening. */

import type { Channel, Environment, PageEvent } from '../environment.js';
import type { EngineLoader } from '../engine-loader.js';
import { codeOf, StoreError } from '../errors.js';
import type { StatusTracker } from '../status.js';
import type { SyncEngine } from '../sync/engine.js';
import { FlushRequests } from './flush.js';
import { GRACE } from './grace.js';
import type { Locks } from './locks.js';
import type { TabMessage } from './messages.js';
import { Tabs } from './tabs.js';

interface LeadershipParts {
  name: string;
  isEnabled: boolean;
  environment: Environment;
  channel: Channel;
  locks: Locks;
  status: StatusTracker;
  engine: EngineLoader;
  /** Counts what waits, for the status. */
  count: () => Promise<void>;
}

/** Whether this tab sends and listens, for all tabs of the browser. */
export class Leadership {
  readonly #parts: LeadershipParts;
  readonly #tabs: Tabs;
  readonly #flushRequests: FlushRequests;
  readonly #stopWatching: () => void;
  /** Resolves when this tab, where it leads, has begun to send, or has begun again after the user was changed. */
  #sending: Promise<unknown> = Promise.resolve();
  #hiddenAt: number | null = null;
  #isClosed = false;

  constructor(parts: LeadershipParts) {
    this.#parts = parts;
    const { channel, environment, name } = parts;
    const { clock, locks, page, random } = environment;
    const onLead = () => {
      this.#sending = this.#lead();
    };
    const onLeave = () => this.#leave();
    const flush = () => this.#flush();
    this.#tabs = new Tabs({ locks, channel, name, onLead, onLeave });
    this.#flushRequests = new FlushRequests({ tabs: this.#tabs, clock, random, flush });
    this.#stopWatching = page.watch((event) => this.#pageChanged(event));
  }

  get isLeading(): boolean {
    return this.#tabs.isLeading;
  }

  /** A tab that is seen leads, and one with something to send; others leave it to those. */
  decide() {
    const isSeen = this.#hiddenAt === null || this.#clock.now() - this.#hiddenAt < GRACE;
    const { isEnabled, status } = this.#parts;
    this.#tabs.want(!this.#isClosed && isEnabled && (isSeen || status.state.pending > 0));
  }

  /** Something waits to be sent. */
  async wake() {
    await this.#parts.count();
    this.#tell((push) => push.wake());
  }

  /** A change waits, and has been counted: it is not sent before more of the same could have followed. */
  written() {
    this.#tell((push) => push.wakeLater());
  }

  #tell(wake: (push: SyncEngine['push']) => void) {
    this.decide();
    if (this.isLeading) this.#wakePush(wake);
    else this.post({ type: 'outbox' });
  }

  /** Sends all that waits, now. Rejects with what keeps it from being sent. */
  async flush() {
    const { count, isEnabled, status } = this.#parts;
    if (!isEnabled) throw new StoreError('disabled', 'The server is switched off.');
    if (!this.isLeading && status.state.pending === 0) await count();
    // It may have begun to lead meanwhile.
    if (this.isLeading) await this.#flush();
    else if (status.state.pending > 0) await this.#flushRequests.ask();
  }

  /** Goes on where a change of the user stops it, not where another tab is to lead. */
  async #flush() {
    const { push } = await this.#parts.engine.get();
    for (let sending: unknown; this.isLeading && sending !== this.#sending; ) {
      sending = this.#sending;
      await sending;
      if (await push.flush()) return;
    }
    throw new StoreError('offline', 'This tab does not send any more.');
  }

  /**
   * Stops what goes on while `work` changes the user or all data, and begins anew with what there is then. No tab has a
   * write on its way meanwhile: after an erasure it would bring back what was erased.
   */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#exclusively(work);
    this.#sending = done.catch(() => {});
    return done;
  }

  async #exclusively<T>(work: () => Promise<T>): Promise<T> {
    await this.#leave();
    try {
      return await this.#parts.locks.turn('exclusive', work);
    } finally {
      if (this.isLeading) await this.#lead();
      await this.#parts.count();
    }
  }

  post(message: TabMessage) {
    this.#tabs.post(message);
  }

  hear(message: TabMessage) {
    if (this.#isClosed) return;
    this.#flushRequests.hear(message);
    if (message.type === 'user' || message.type === 'owner') this.#parts.engine.loaded?.users.check().catch(() => {});
    if (message.type === 'status' && !this.isLeading) {
      this.#parts.status.dispatch({ type: 'heard', state: message.state });
    }
    if (this.isLeading) this.#hearAsLeader(message);
  }

  #hearAsLeader({ type }: TabMessage) {
    const { count, status } = this.#parts;
    if (type === 'outbox') count().then(() => this.#wakePush((push) => push.wake()));
    if (type === 'hello') this.post({ type: 'status', state: status.state });
    if (type === 'user') this.exclusively(async () => {});
  }

  async close() {
    this.#isClosed = true;
    this.#stopWatching();
    await this.#tabs.close();
  }

  async #lead() {
    const { engine, status } = this.#parts;
    status.setTab({ leader: true });
    const { push, live } = engine.loaded ?? (await this.#load()) ?? {};
    // It may have been given up meanwhile.
    if (!this.isLeading) return;
    push?.start();
    live?.start();
    this.#flushRequests.lead();
  }

  /** Null where what synchronises cannot be loaded: it is tried again when the page changes, or something is written. */
  #load() {
    return this.#parts.engine.get().catch((error) => {
      this.#parts.status.dispatch({ type: 'failed', code: codeOf(error) });
      return null;
    });
  }

  async #wakePush(wake: (push: SyncEngine['push']) => void) {
    if (this.#parts.engine.loaded) wake(this.#parts.engine.loaded.push);
    else await this.#lead();
  }

  async #leave() {
    const { engine, status } = this.#parts;
    await Promise.all([engine.loaded?.push.stop(), engine.loaded?.live.stop()]);
    status.setTab({ leader: this.isLeading });
  }

  #pageChanged(event: PageEvent) {
    const { engine, environment, status } = this.#parts;
    this.#noteVisibility();
    this.decide();
    if (engine.loaded) this.#tellEngine(engine.loaded, event, environment.page.isOnline());
    else if (this.isLeading) this.#lead();
    status.refresh();
  }

  #tellEngine({ breaker, live, push, reports }: SyncEngine, event: PageEvent, isOnline: boolean) {
    if (event === 'online' && isOnline) breaker.reset();
    if (this.isLeading) {
      if (event === 'leaving') push.flush().catch(() => {});
      else push.retryNow();
    }
    live.pageChanged(event);
    if (event === 'leaving') reports.send();
  }

  #noteVisibility() {
    if (this.#parts.environment.page.isVisible()) {
      this.#hiddenAt = null;
    } else if (this.#hiddenAt === null) {
      this.#hiddenAt = this.#clock.now();
      this.#clock.setTimeout(() => this.decide(), GRACE);
    }
  }

  get #clock() {
    return this.#parts.environment.clock;
  }
}
