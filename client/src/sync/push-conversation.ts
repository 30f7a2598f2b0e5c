/** Sends the pending changes of one conversation, request by request. */

import { StoreError } from '../errors.js';
import { load } from '../load.js';
import type { LocalTransaction } from '../local/database.js';
import { differences } from '../local/fields.js';
import { hasEnded, readOwnership, type Ownership } from '../local/ownership.js';
import { isBehind, putTombstone } from '../local/records.js';
import { keepLosers, keepRefused } from '../local/refused-writes.js';
import type { ConversationRecord, ConversationRequest, OutboxEntry, RefreshUntil } from '../local/schema.js';
import { isPassing, isPaused } from '../net/failures.js';
import type { WriteResponse } from '../net/wire.js';
import { acknowledge } from './acknowledge.js';
import { countRequests, nextRequest, type Refresh } from './next-request.js';
import type { PushParts } from './push.js';

/** How soon a server that answers, and yet leaves the question open, is asked again, ms. */
const OPEN_QUESTION_PAUSE = 1_000;

/** The next step for a conversation: a request that is stored, or the server's state to be read. */
interface Step {
  record: ConversationRecord | undefined;
  request: ConversationRequest | Refresh | null;
  ownership: Ownership;
}

/** A time, ms, is of an earlier release. */
function refreshOf(until: RefreshUntil | number): Refresh {
  return { kind: 'refresh', until: typeof until === 'number' ? 'all' : until };
}

/** Sends what one conversation has in the outbox, request by request. */
export class ConversationPush {
  readonly #parts: PushParts;
  readonly #succeeded: () => void;

  constructor(parts: PushParts, succeeded: () => void) {
    this.#parts = parts;
    this.#succeeded = succeeded;
  }

  async step(id: string) {
    const { record, request, ownership } = await this.#prepare(id);
    if (!request || !record) return;
    if (request.kind === 'refresh') await this.#refresh(record.id, request);
    else await this.#send(id, request, ownership);
  }

  async #send(id: string, request: ConversationRequest, ownership: Ownership) {
    const { method, path, body, match, key } = request;
    let response: WriteResponse;
    try {
      ({ body: response } = await this.#parts.api.call<WriteResponse>(method, path, { body, match, key, ownership }));
    } catch (error) {
      if (!(error instanceof StoreError) || (isPassing(error) && !isPaused(error))) throw error;
      return this.#reject(id, request, error, ownership);
    }
    return this.#acknowledge(id, request, response, ownership);
  }

  /** Takes the request that is under way, or makes the next one and stores it. */
  #prepare(id: string): Promise<Step> {
    return this.#parts.database.run('readwrite', async (tx) => {
      const entry = await tx.get('outbox', id);
      const record = await tx.get('conversations', id);
      const ownership = await readOwnership(tx);
      return { record, request: entry ? await this.#requestOf(tx, record, entry) : null, ownership };
    });
  }

  async #requestOf(tx: LocalTransaction, record: ConversationRecord | undefined, entry: OutboxEntry) {
    if (entry.request && entry.request.kind !== 'import') return this.#withKey(tx, entry, entry.request);
    if (record?.deleted === 'pending' && !record.onServer) await putTombstone(tx, record, this.#parts.clock.now());
    const isThere = record && record.deleted !== 'done' && (record.onServer || !record.deleted);
    if (isThere && entry.refresh) return refreshOf(entry.refresh.until);
    const request = isThere ? await nextRequest(tx, record, entry.split) : null;
    if (!request) await tx.delete('outbox', entry.conversation);
    if (!request || request.kind === 'refresh') return request;
    const more = entry.more ? entry.more - 1 : (await countRequests(tx, record as ConversationRecord)) - 1;
    return this.#withKey(tx, { ...entry, since: this.#parts.clock.now(), more }, request);
  }

  /** Stores a request with a key, the same in every repeat. An earlier release made none. */
  async #withKey(tx: LocalTransaction, entry: OutboxEntry, request: ConversationRequest) {
    const keyed = { ...request, key: request.key ?? this.#parts.api.keys.next() };
    await tx.put('outbox', { ...entry, request: keyed });
    return keyed;
  }

  async #refresh(id: string, { until = null }: Refresh) {
    await this.#parts.pull.refresh(id, until);
    await this.#parts.database.run('readwrite', async (tx) => {
      const [entry, record] = [await tx.get('outbox', id), await tx.get('conversations', id)];
      if (!entry) return;
      const isOpen = record?.onServer && isBehind(record);
      const holdUntil = isOpen ? this.#parts.clock.now() + OPEN_QUESTION_PAUSE : 0;
      await tx.put('outbox', { ...entry, refresh: undefined, holdUntil });
    });
    this.#succeeded();
  }

  async #acknowledge(id: string, request: ConversationRequest, response: WriteResponse, ownership: Ownership) {
    const now = this.#parts.clock.now();
    const confirmed = await this.#parts.database.run('readwrite', async (tx) => {
      if (await hasEnded(tx, ownership)) return null;
      const record = await tx.get('conversations', id);
      const entry = await tx.get('outbox', id);
      if (!record) return { conflicts: [], isNews: false };
      const fields = { ...record.fields };
      if (entry) await tx.put('outbox', { ...entry, request: null, recoveries: 0 });
      const conflicts = await acknowledge(tx, record, request, response, now);
      await keepLosers(tx, conflicts, now);
      const { fields: after } = (await tx.get('conversations', id)) ?? record;
      return { conflicts, isNews: request.kind !== 'delete' && differences(fields, after).length > 0 };
    });
    this.#succeeded();
    if (!confirmed) return;
    const { conflicts, isNews } = confirmed;
    this.#parts.feed.noteOnServer(id);
    this.#parts.bus.emit('write-confirmed', { response, ownership });
    const change = { changed: true, deleted: request.kind === 'delete', conflicts };
    this.#parts.bus.emit('records-changed', { id, change, source: isNews ? 'server' : 'confirmed' });
  }

  async #reject(id: string, request: ConversationRequest, error: StoreError, ownership: Ownership) {
    const { api, bus, clock, database, feed } = this.#parts;
    if (error.code === 'request_too_old' && request.key) api.keys.refused(request.key);
    const { reject } = await load(() => import('./rejection.js'));
    const outcome = await database.run('readwrite', async (tx) => {
      const record = await tx.get('conversations', id);
      const entry = await tx.get('outbox', id);
      if (!record || !entry || (await hasEnded(tx, ownership))) return null;
      const now = clock.now();
      const counted = { ...entry, recoveries: (entry.recoveries ?? 0) + 1 };
      const rejection = await reject(tx, record, counted, request, error, now);
      return { ...rejection, refused: await keepRefused(tx, rejection.refused, error.code, now) };
    });
    if (!outcome) return;
    const { changed, conflicts, refused, isHeld } = outcome;
    feed.noteOnServer(id);
    bus.emit('records-changed', { id, change: { changed, conflicts }, source: 'server' });
    if (refused.length > 0) bus.emit('writes-refused', refused);
    if (isHeld) bus.emit('server-failed', error.code);
  }
}
