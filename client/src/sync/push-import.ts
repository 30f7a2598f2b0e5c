/** Sends what waits to be imported, in portions. */

import { StoreError } from '../errors.js';
import { hasEnded, readOwnership } from '../local/ownership.js';
import { BULK } from '../local/records.js';
import type { ImportRequest } from '../local/schema.js';
import { isPassing } from '../net/failures.js';
import type { ImportResponse } from '../net/wire.js';
import { acknowledgeImport, importEntries, nextImport } from './bulk-import.js';
import type { PushParts } from './push.js';

/** The longest an import may take, ms. */
const TIMEOUT = 60_000;
/** How often in a row an import gets a new key without a pause. */
const MOST_RENEWALS = 3;

/** Sends what waits to be imported, portion by portion. */
export class ImportPush {
  readonly #parts: PushParts;
  readonly #succeeded: () => void;
  #renewals = 0;

  constructor(parts: PushParts, succeeded: () => void) {
    this.#parts = parts;
    this.#succeeded = succeeded;
  }

  async step() {
    const { request, ownership } = await this.#prepare();
    if (!request) return;
    let results: ImportResponse['results'];
    try {
      const { method, path, body, key } = request;
      const options = { body, key, timeout: TIMEOUT, ownership };
      results = (await this.#parts.api.call<ImportResponse>(method, path, options)).body.results;
    } catch (error) {
      if (!(error instanceof StoreError) || isPassing(error)) throw error;
      if (isOfKey(error)) return this.#drop(request, error);
      // Not even a report: each on its own will tell what is wrong.
      results = request.body.map((_, index) => ({ index, status: 'rejected', code: error.code }));
    }
    const portion = await this.#parts.database.run('readwrite', async (tx) => {
      if (await hasEnded(tx, ownership)) return null;
      const rejected = await acknowledgeImport(tx, request, results);
      this.#renewals = 0;
      return { rejected, left: (await importEntries(tx)).length };
    });
    this.#succeeded();
    if (!portion) return;
    const ids = request.body.map(({ id }) => id);
    for (const id of ids) this.#parts.feed.noteOnServer(id);
    this.#parts.bus.emit('imported', { ...portion, ids });
  }

  #prepare() {
    const { api, clock, database } = this.#parts;
    return database.run('readwrite', async (tx) => {
      const ownership = await readOwnership(tx);
      const known = await tx.get('outbox', BULK);
      const next = known?.request?.kind === 'import' ? known.request : await nextImport(tx);
      if (!next) return { request: null, ownership };
      const now = clock.now();
      const entry = known ?? { conversation: BULK, created: now, since: now, touched: now, holdUntil: 0 };
      const request: ImportRequest = { ...next, key: next.key ?? api.keys.next() };
      await tx.put('outbox', { ...entry, request });
      return { request, ownership };
    });
  }

  /** An import under a key that is of no use any more is made anew: what the server has of it already, it knows by the ids. */
  async #drop({ key }: ImportRequest, error: StoreError) {
    if (error.code === 'request_too_old' && key) this.#parts.api.keys.refused(key);
    await this.#parts.database.run('readwrite', (tx) => tx.delete('outbox', BULK));
    this.#renewals += 1;
    if (this.#renewals > MOST_RENEWALS) throw error;
  }
}

/** Not the request is refused, but the key that it came with. */
function isOfKey({ code }: StoreError) {
  return code === 'request_too_old' || code === 'idempotency_key_reused';
}
