import type { Channel, Environment, PageEvent } from '../environment.js';
import { StoreError } from '../errors.js';
import type { CircuitBreaker } from '../net/breaker.js';
import type { UsageReports } from '../net/usage-reports.js';
import type { StatusTracker } from '../status.js';
import { GRACE, type LiveUpdates } from '../sync/live-updates.js';
import type { Push } from '../sync/push.js';
import { FlushRequests } from './flush.js';
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
  breaker: CircuitBreaker;
  reports: UsageReports;
  push: Push;
  live: LiveUpdates;
  /** Counts what waits, for the status. */
  count: () => Promise<void>;
}

/** Whether this tab sends and listens, for all tabs of the browser. */
export class Leadership {
  readonly #parts: LeadershipParts;
  readonly #tabs: Tabs;
  readonly #flushRequests: FlushRequests;
  readonly #stopWatching: () => void;
  #hiddenAt: number | null = null;
  #isClosed = false;

  constructor(parts: LeadershipParts) {
    this.#parts = parts;
    const { channel, environment, name, push } = parts;
    const { clock, locks, page, random } = environment;
    const onLead = () => this.#lead();
    const onLeave = () => this.#leave();
    this.#tabs = new Tabs({ locks, channel, name, onLead, onLeave });
    this.#flushRequests = new FlushRequests({ tabs: this.#tabs, push, clock, random });
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
    this.decide();
    if (this.isLeading) this.#parts.push.wake();
    else this.post({ type: 'outbox' });
  }

  /** Sends all that waits, now. Rejects with what keeps it from being sent. */
  async flush() {
    const { count, isEnabled, push, status } = this.#parts;
    if (!isEnabled) throw new StoreError('disabled', 'The server is switched off.');
    if (this.isLeading) return push.flush();
    if (status.state.pending === 0) await count();
    if (status.state.pending > 0) await this.#flushRequests.ask();
  }

  /**
   * Stops what goes on while `work` changes the user or all data, and begins anew with what there is then. No tab has a
   * write on its way meanwhile: after an erasure it would bring back what was erased.
   */
  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    await this.#leave();
    try {
      return await this.#parts.locks.turn('exclusive', work);
    } finally {
      if (this.isLeading) this.#lead();
      await this.#parts.count();
    }
  }

  /** The user, or all data, has changed: other tabs begin anew too. */
  announceUser() {
    this.post({ type: 'user' });
    this.#parts.live.pageChanged();
  }

  post(message: TabMessage) {
    this.#tabs.post(message);
  }

  hear(message: TabMessage) {
    if (this.#isClosed) return;
    this.#flushRequests.hear(message);
    if (message.type === 'status' && !this.isLeading) {
      this.#parts.status.dispatch({ type: 'heard', state: message.state });
    }
    if (this.isLeading) this.#hearAsLeader(message);
  }

  #hearAsLeader({ type }: TabMessage) {
    const { count, push, status } = this.#parts;
    if (type === 'outbox') count().then(() => push.wake());
    if (type === 'hello') this.post({ type: 'status', state: status.state });
    if (type === 'user') this.exclusively(async () => {});
  }

  async close() {
    this.#isClosed = true;
    this.#stopWatching();
    await this.#tabs.close();
  }

  #lead() {
    const { live, push, status } = this.#parts;
    push.start();
    this.#flushRequests.lead();
    live.start();
    status.setTab({ leader: true });
  }

  async #leave() {
    const { live, push, status } = this.#parts;
    await Promise.all([push.stop(), live.stop()]);
    status.setTab({ leader: this.isLeading });
  }

  #pageChanged(event: PageEvent) {
    const { breaker, environment, live, push, reports, status } = this.#parts;
    this.#noteVisibility();
    this.decide();
    if (event === 'online' && environment.page.isOnline()) breaker.reset();
    if (this.isLeading) {
      if (event === 'leaving') push.flush().catch(() => {});
      else push.retryNow();
    }
    live.pageChanged();
    if (event === 'leaving') reports.send();
    status.refresh();
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
