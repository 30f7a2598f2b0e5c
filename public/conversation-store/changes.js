import { keepLosers } from './keeping.js';
import { readState, writeState } from './records.js';
import { receiveAbsence, receiveChange, receiveDeletion, receiveSummary } from './receiving.js';
import { isOver, readTenure } from './tenure.js';

/** How far this browser knows the user's changes: the server's cursor, and the clock of the last change where it is
 * known to be the last. */
const CURSOR = 'cursor';
const CLOCK = 'clock';

async function move(tx, cursor, clock) {
  await writeState(tx, CURSOR, cursor);
  await writeState(tx, CLOCK, clock);
}

/** Follows the user's changes by the server's cursor, step by step, into the records. */
export class Changes {
  #database;
  #api;
  #clock;
  #tell;
  /** While everything is read page by page: the ids of what there is. */
  /** @type {Set<string> | null} */
  #enumeration = null;

  constructor({ database, api, clock, tell }) {
    this.#database = database;
    this.#api = api;
    this.#clock = clock;
    this.#tell = tell;
  }

  /** `{ cursor, tenure }`: from where to ask, and whose changes. */
  place() {
    return this.#database.run('readonly', async (tx) => ({
      cursor: await readState(tx, CURSOR),
      tenure: await readTenure(tx),
    }));
  }

  /** Asks what has changed, until nothing more is there. Returns whether another device changed anything. */
  async ask() {
    let isForeign = false;
    // Before a session begins, the data have no owner to ask for.
    await this.#api.authenticate();
    for (;;) {
      const { cursor, tenure } = await this.place();
      const query = new URLSearchParams({ limit: '50', ...(cursor && { cursor }) });
      const { body } = await this.#api.call('GET', `/sync?${query}`, { tenure });
      isForeign = (await this.apply(body, tenure)) || isForeign;
      if (!body.hasMore) return isForeign;
    }
  }

  /** Applies an answer of the sync. Returns whether it told anything new. */
  async apply({ changed, deleted, nextCursor, hasMore, reset, clock }, tenure) {
    const results = [];
    const wasBeginning = await this.#database.run('readwrite', async (tx) => {
      if (await isOver(tx, tenure)) return null;
      const now = this.#clock.now();
      for (const summary of changed) results.push([summary.id, await receiveSummary(tx, summary, now)]);
      for (const id of deleted) {
        const record = await tx.get('conversations', id);
        if (record) results.push([id, await receiveDeletion(tx, record, now)]);
      }
      for (const [, { conflicts }] of results) await keepLosers(tx, conflicts, now);
      const isBeginning = !(await readState(tx, CURSOR));
      await move(tx, nextCursor, hasMore ? undefined : clock);
      return isBeginning;
    });
    if (wasBeginning === null) {
      this.#enumeration = null;
      return false;
    }
    for (const [id, result] of results) this.#tell(id, result, 'server');
    await this.#enumerate(wasBeginning || reset, changed, hasMore, tenure);
    // What a first look finds is no sign of anybody else at work just now.
    return !this.#enumeration && !wasBeginning && !reset && results.some(([, { changed: isNew }]) => isNew);
  }

  /** The server has this conversation: it has just confirmed a write to it. */
  noteThere(id) {
    this.#enumeration?.add(id);
  }

  /** When all has been read, what was there before and is no more is on this device only. */
  async #enumerate(begins, changed, hasMore, tenure) {
    if (begins) this.#enumeration = new Set();
    if (!this.#enumeration) return;
    for (const { id } of changed) this.noteThere(id);
    if (hasMore) return;
    const ids = this.#enumeration;
    this.#enumeration = null;
    const results = await this.#database.run('readwrite', async (tx) => {
      const found = [];
      if (await isOver(tx, tenure)) return found;
      for (const record of await tx.list('conversations', null, null)) {
        const isMissing = record.onServer && !record.deleted && !ids.has(record.id);
        if (isMissing && !(await tx.get('outbox', record.id)))
          found.push([record.id, await receiveAbsence(tx, record)]);
      }
      return found;
    });
    for (const [id, result] of results) this.#tell(id, result, 'server');
  }

  /**
   * Applies one change as the stream tells it. Returns whether the records hold all of it (else the server has to be
   * asked), and whether it was news. `keepCursor`: an earlier change is still to be asked for.
   */
  async applyOne(event, cursor, keepCursor, tenure) {
    const result = await this.#database.run('readwrite', async (tx) => {
      if (await isOver(tx, tenure)) return { isEnough: true, changed: false, conflicts: [] };
      const received = await receiveChange(tx, event, this.#clock.now());
      await keepLosers(tx, received.conflicts, this.#clock.now());
      if (received.isEnough && !keepCursor) await move(tx, cursor, event.clock);
      return received;
    });
    if (event.conversationId) this.#tell(event.conversationId, result, 'server');
    return { isEnough: result.isEnough, isForeign: result.changed || !result.isEnough };
  }

  /** Another device has erased everything: to this one it is as if each conversation had been deleted. */
  async erase(tenure) {
    const results = await this.#database.run('readwrite', async (tx) => {
      const now = this.#clock.now();
      const gone = [];
      if (await isOver(tx, tenure)) return gone;
      for (const record of await tx.list('conversations', null, null)) {
        if (record.onServer) gone.push([record.id, await receiveDeletion(tx, record, now)]);
      }
      return gone;
    });
    for (const [id, result] of results) this.#tell(id, result, 'server');
  }

  /**
   * A write's answer. True where it follows the last known change, and so moves the cursor; false where another device
   * has changed something in between; undefined where this cannot be told.
   */
  applyOwn({ clock, previousClock }, tenure) {
    return this.#database.run('readwrite', async (tx) => {
      const known = await readState(tx, CLOCK);
      if (await isOver(tx, tenure)) return undefined;
      if (clock === undefined || previousClock === undefined || known === undefined || known >= clock) return undefined;
      if (known !== previousClock) return false;
      await move(tx, String(clock), clock);
      return true;
    });
  }
}
