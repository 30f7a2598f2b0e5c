/** Fetches what has changed since the last known cursor, and applies it to the records. */

import type { Clock } from '../environment.js';
import type { EventBus } from '../event-bus.js';
import type { LocalDatabase, LocalTransaction } from '../local/database.js';
import { hasEnded, readOwnership, type Ownership } from '../local/ownership.js';
import { listConversations, readState, writeState } from '../local/records.js';
import { keepLosers } from '../local/refused-writes.js';
import type { Api } from '../net/api.js';
import type { StreamedChange, SyncResponse, WriteResponse } from '../net/wire.js';
import {
  applyRemoteAbsence,
  applyRemoteChange,
  applyRemoteDeletion,
  applyRemoteSummary,
  unchanged,
  type RemoteChange,
} from './apply-remote.js';
import { ListProgress } from './list-progress.js';

interface FeedParts {
  database: LocalDatabase;
  api: Api;
  clock: Clock;
  bus: EventBus;
  /** Resolves when no write is on its way. */
  writesSettled: () => Promise<void>;
}

/** Changes by conversation. */
type Changes = [string, RemoteChange][];

/** Follows the user's changes by the server's cursor, step by step, into the records. */
export class ChangeFeed {
  readonly #database: LocalDatabase;
  readonly #api: Api;
  readonly #clock: Clock;
  readonly #bus: EventBus;
  readonly #writesSettled: () => Promise<void>;
  readonly #progress: ListProgress;
  /** While everything is read page by page: the ids of what there is. */
  #enumeration: Set<string> | null = null;
  /** Of each request under way, which writes have been confirmed since: its response may be from before them. */
  readonly #confirmations = new Set<Set<string>>();

  constructor({ database, api, clock, bus, writesSettled }: FeedParts) {
    this.#database = database;
    this.#api = api;
    this.#clock = clock;
    this.#bus = bus;
    this.#writesSettled = writesSettled;
    this.#progress = new ListProgress({ api, bus });
  }

  /** From where to ask, and whose changes. */
  async place(): Promise<{ cursor: string | undefined; ownership: Ownership }> {
    const { isNew, ...place } = await this.#database.run('readonly', async (tx) => {
      const cursor = await readState(tx, 'cursor');
      const isNew = !cursor && (await listConversations(tx)).length === 0;
      return { cursor, ownership: await readOwnership(tx), isNew };
    });
    if (isNew) this.#progress.begin(place.ownership);
    return place;
  }

  /** Asks what has changed, until nothing more is there. Returns whether another device changed anything. */
  async ask(): Promise<boolean> {
    let isForeign = false;
    // Before a session begins, the data have no owner to ask for.
    await this.#api.authenticate();
    for (;;) {
      const confirmed = this.noteConfirmations();
      try {
        const { cursor, ownership } = await this.place();
        const query = new URLSearchParams({ limit: '50', ...(cursor && { cursor }) });
        const { body } = await this.#api.call<SyncResponse>('GET', `/sync?${query}`, { ownership });
        // What it tells may be of a write whose response is still on its way, and would be taken for another device's.
        await this.#writesSettled();
        isForeign = (await this.apply(body, ownership, confirmed)) || isForeign;
        if (!body.hasMore) return isForeign;
      } catch (error) {
        this.#progress.pause();
        throw error;
      } finally {
        this.forgetConfirmations(confirmed);
      }
    }
  }

  /** Before a request: the set is given every conversation that a write is confirmed of from now on. */
  noteConfirmations(): Set<string> {
    const confirmed = new Set<string>();
    this.#confirmations.add(confirmed);
    return confirmed;
  }

  forgetConfirmations(confirmed: Set<string>) {
    this.#confirmations.delete(confirmed);
  }

  /**
   * Applies a response of the sync. `confirmed`: what the server may have only since it answered. Returns whether it told
   * anything new.
   */
  async apply(response: SyncResponse, ownership: Ownership, confirmed: Set<string>): Promise<boolean> {
    const { changed, hasMore, reset = false } = response;
    const applied = await this.#database.run('readwrite', async (tx) => {
      if (await hasEnded(tx, ownership)) return null;
      return { isFirst: !(await readState(tx, 'cursor')), changes: await this.#applyIn(tx, response) };
    });
    if (!applied) {
      this.#enumeration = null;
      this.#progress.end();
      return false;
    }
    const { isFirst, changes } = applied;
    this.#tell(changes);
    await this.#enumerate(isFirst || reset, [...changed.map(({ id }) => id), ...confirmed], hasMore, ownership);
    confirmed.clear();
    // What a first look finds is no sign of another device being active just now.
    return !this.#enumeration && !isFirst && !reset && changes.some(([, change]) => change.changed);
  }

  async #applyIn(tx: LocalTransaction, { changed, deleted, nextCursor, hasMore, clock }: SyncResponse) {
    const now = this.#clock.now();
    // Not one after the other: the database takes them in one go.
    const changes: Changes = await Promise.all(
      changed.map(
        async (summary): Promise<Changes[number]> => [summary.id, await applyRemoteSummary(tx, summary, now)],
      ),
    );
    for (const id of deleted) {
      const record = await tx.get('conversations', id);
      if (record) changes.push([id, await applyRemoteDeletion(tx, record, now)]);
    }
    for (const [, { conflicts }] of changes) await keepLosers(tx, conflicts, now);
    await moveCursor(tx, nextCursor, hasMore ? undefined : clock);
    return changes;
  }

  /** The server has this conversation: it has just confirmed a write to it. */
  noteOnServer(id: string) {
    this.#enumeration?.add(id);
    for (const confirmed of this.#confirmations) confirmed.add(id);
  }

  /** When all has been read, what was there before and is no more is on this device only. */
  async #enumerate(isFirst: boolean, ids: string[], hasMore: boolean, ownership: Ownership) {
    if (isFirst) this.#enumeration = new Set();
    if (!this.#enumeration) return;
    for (const id of ids) this.#enumeration.add(id);
    if (hasMore) return this.#progress.advance(ownership, this.#enumeration.size);
    this.#progress.end();
    const present = this.#enumeration;
    this.#enumeration = null;
    const changes = await this.#database.run('readwrite', async (tx) => {
      const absent: Changes = [];
      if (await hasEnded(tx, ownership)) return absent;
      for (const record of await tx.list('conversations', null, null)) {
        const isMissing = record.onServer && !record.deleted && !present.has(record.id);
        if (!isMissing || (await tx.get('outbox', record.id))) continue;
        absent.push([record.id, await applyRemoteAbsence(tx, record)]);
      }
      return absent;
    });
    this.#tell(changes);
  }

  /**
   * Applies one change as the stream tells it. Returns whether the records hold all of it (else the server has to be
   * asked), and whether it was news. `keepCursor`: an earlier change is still to be asked for.
   */
  async applyOne(event: StreamedChange, cursor: string | undefined, keepCursor: boolean, ownership: Ownership) {
    const change = await this.#database.run('readwrite', async (tx) => {
      if (await hasEnded(tx, ownership)) return { isEnough: true, ...unchanged() };
      const applied = await applyRemoteChange(tx, event, this.#clock.now());
      await keepLosers(tx, applied.conflicts, this.#clock.now());
      if (applied.isEnough && !keepCursor) await moveCursor(tx, cursor, event.clock);
      return applied;
    });
    if (event.conversationId) this.#tell([[event.conversationId, change]]);
    return { isEnough: change.isEnough, isForeign: change.changed || !change.isEnough };
  }

  /** Another device has erased everything: to this one it is as if each conversation had been deleted. */
  async erase(ownership: Ownership) {
    const changes = await this.#database.run('readwrite', async (tx) => {
      const now = this.#clock.now();
      const gone: Changes = [];
      if (await hasEnded(tx, ownership)) return gone;
      for (const record of await tx.list('conversations', null, null)) {
        if (record.onServer) gone.push([record.id, await applyRemoteDeletion(tx, record, now)]);
      }
      return gone;
    });
    this.#tell(changes);
  }

  /**
   * The response to a write. True where it follows the last known change, and so moves the cursor; false where another
   * device has changed something in between; undefined where this cannot be told.
   */
  applyOwn({ clock, previousClock }: WriteResponse, ownership: Ownership): Promise<boolean | undefined> {
    return this.#database.run('readwrite', async (tx) => {
      const known = await readState(tx, 'clock');
      if (await hasEnded(tx, ownership)) return undefined;
      if (clock === undefined || previousClock === undefined || known === undefined || known >= clock) return undefined;
      if (known !== previousClock) return false;
      await moveCursor(tx, String(clock), clock);
      return true;
    });
  }

  #tell(changes: Changes) {
    for (const [id, change] of changes) this.#bus.emit('records-changed', { id, change, source: 'server' });
  }
}

async function moveCursor(tx: LocalTransaction, cursor: string | undefined, clock: number | undefined) {
  await writeState(tx, 'cursor', cursor);
  await writeState(tx, 'clock', clock);
}
