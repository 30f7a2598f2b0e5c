import { isPaused, isTransient } from './api.js';
import { bulkEntries, planBulk, settleBulk } from './bulk.js';
import { StoreError } from './errors.js';
import { keepLosers, keepRefused } from './keeping.js';
import { isBehind, plan } from './planning.js';
import { BULK, bury } from './records.js';
import { recover } from './recovering.js';
import { settle } from './settling.js';
import { isOver, readTenure } from './tenure.js';

/** How long nothing more has to be saved before it is sent, ms: a streaming answer is saved every 300 ms. */
const QUIET = 1_500;
/** The longest that something waits for the rest of its turn, ms: question and answer are one request then. */
const LONGEST = 30_000;

const FIRST_BACKOFF = 1_000;
const LONGEST_BACKOFF = 60_000;
/** Where storage is switched off, or nobody is signed in, ms. */
const REFUSED_BACKOFF = 600_000;
const BULK_TIMEOUT = 60_000;
/** How often in a row an import gets a new key without a pause. */
const MOST_RENEWALS = 3;

/**
 * Sends what waits in the outbox, one request at a time, each kept before it is sent and repeated as it was until
 * there is an answer. Runs in one tab only.
 */
export class Sender {
  #database;
  #api;
  #reader;
  #clock;
  #random;
  #tell;
  #isEager;
  #inTurn;
  /** @type {Promise<{ wait?: number, error?: unknown }> | null} */
  #running = null;
  #isActive = false;
  #isForced = false;
  #timer = null;
  #failures = 0;
  #retryAt = 0;
  #renewals = 0;
  #lastError;
  #step = null;

  /**
   * `tell` hears of what happens: `changed(id, result)`, `refused(kept)`, `answered(answer)`, `imported(portion)`,
   * `stepped()`, awaited, after whatever may have changed what waits, `succeeded()`, `failed(error)`. `isEager()`: whether another device may be looking on.
   * `inTurn(work)`: not while the user is exchanged.
   */
  constructor({ database, api, reader, clock, random, tell, isEager, inTurn }) {
    this.#database = database;
    this.#api = api;
    this.#reader = reader;
    this.#clock = clock;
    this.#random = random;
    this.#tell = tell;
    this.#isEager = isEager;
    this.#inTurn = inTurn;
  }

  start() {
    this.#isActive = true;
    this.retryNow();
  }

  /** Resolves when the request under way is over. */
  async stop() {
    this.#isActive = false;
    this.#clock.clearTimeout(this.#timer);
    await this.#running;
  }

  /** Something may have changed: what is due is sent, and for the rest there is a timer. */
  wake() {
    if (!this.#isActive) return;
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
  }

  /** Resolves when no request is on its way. */
  async settled() {
    await this.#step;
  }

  /** The server can be reached again, as far as anybody knows. */
  retryNow() {
    this.#retryAt = 0;
    this.#failures = 0;
    this.wake();
  }

  /** Sends all that waits, now. Rejects with what keeps it from being sent. */
  async flush() {
    this.#retryAt = 0;
    this.#isForced = true;
    try {
      // A run that is about to end may not have seen this yet.
      await this.#running;
      while (this.#isActive) {
        this.wake();
        const { error, wait } = (await this.#running) ?? {};
        if (error) throw error;
        if (wait === undefined) return;
        await new Promise((resolve) => {
          this.#clock.setTimeout(resolve, wait);
        });
      }
    } finally {
      this.#isForced = false;
      this.wake();
    }
  }

  #entries() {
    return this.#database.run('readonly', (tx) => tx.list('outbox', null, null));
  }

  /** Sends until nothing is due. Returns how long until something is, if there is anything, and what keeps it. */
  async #run() {
    while (this.#isActive) {
      const next = await this.#next();
      if (!next) return {};
      const wait = next.at - this.#clock.now();
      if (wait > 0) {
        this.#clock.clearTimeout(this.#timer);
        this.#timer = this.#clock.setTimeout(() => this.wake(), wait);
        return { wait, error: next.error };
      }
      this.#step = this.#inTurn(() => this.#takeStep(next.entry)).catch((error) => this.#fail(error));
      await this.#step;
      await this.#tell.stepped();
    }
    return {};
  }

  /** What is to be sent next, and when; what began first goes first. */
  async #next() {
    const entries = (await this.#entries()).map((entry) => ({ entry, ...this.#due(entry) }));
    entries.sort((a, b) => a.at - b.at || a.entry.created - b.entry.created);
    return entries[0];
  }

  #due(entry) {
    const now = this.#clock.now();
    if (this.#retryAt > now) return { at: this.#retryAt, error: this.#lastError };
    if (entry.holdUntil > now) return { at: entry.holdUntil, error: entry.holdError && errorOf(entry.holdError) };
    if (this.#isForced || entry.request || entry.isBulk) return { at: 0 };
    const latest = entry.since + LONGEST;
    if (entry.open && !this.#isEager()) return { at: latest };
    return { at: Math.min(entry.touched + QUIET, latest) };
  }

  async #takeStep(entry) {
    await this.#api.authenticate();
    if (entry.conversation === BULK || (entry.isBulk && !entry.request)) return this.#stepBulk();
    const { record, request, tenure } = await this.#prepare(entry.conversation);
    if (request?.kind === 'refresh') return this.#refresh(record, request);
    return request && this.#exchange(entry.conversation, request, tenure);
  }

  async #exchange(id, request, tenure) {
    const { method, path, body, match, key } = request;
    let answer;
    try {
      answer = await this.#api.call(method, path, { body, match, key, tenure });
    } catch (error) {
      if (isPassing(error) && !isPaused(error)) throw error;
      return this.#recover(id, request, error, tenure);
    }
    return this.#settle(id, request, answer, tenure);
  }

  /** Takes the request that is under way, or makes the next one and keeps it. */
  #prepare(id) {
    return this.#database.run('readwrite', async (tx) => {
      const entry = await tx.get('outbox', id);
      const record = await tx.get('conversations', id);
      const tenure = await readTenure(tx);
      if (!entry) return { record, tenure };
      if (entry.request) return { record, request: await this.#keyed(tx, entry), tenure };
      if (record?.deleted === 'pending' && !record.onServer) await bury(tx, record, this.#clock.now());
      const isThere = record && record.deleted !== 'done' && (record.onServer || !record.deleted);
      if (isThere && entry.refresh) return { record, request: { kind: 'refresh', ...entry.refresh }, tenure };
      const request = isThere ? await plan(tx, record, entry.split) : null;
      if (!request) await tx.delete('outbox', id);
      if (!request || request.kind === 'refresh') return { record, request, tenure };
      return { record, request: await this.#keyed(tx, { ...entry, request, since: this.#clock.now() }), tenure };
    });
  }

  /** Keeps an entry whose request has a key from now on, the same in every repeat. An earlier release made none. */
  async #keyed(tx, entry) {
    const request = { ...entry.request, key: entry.request.key ?? this.#api.keys.next() };
    await tx.put('outbox', { ...entry, request });
    return request;
  }

  async #refresh(record, { until = null }) {
    await this.#reader.refresh(record.id, until);
    await this.#database.run('readwrite', async (tx) => {
      const [entry, now] = [await tx.get('outbox', record.id), await tx.get('conversations', record.id)];
      if (!entry) return;
      // A server that answers, and yet leaves the question open, is asked again, but not at once.
      const holdUntil = now?.onServer && isBehind(now) ? this.#clock.now() + FIRST_BACKOFF : 0;
      await tx.put('outbox', { ...entry, refresh: undefined, holdUntil });
    });
    this.#succeed();
  }

  async #settle(id, request, answer, tenure) {
    const conflicts = await this.#database.run('readwrite', async (tx) => {
      if (await isOver(tx, tenure)) return null;
      const record = await tx.get('conversations', id);
      const entry = await tx.get('outbox', id);
      if (!record) return [];
      if (entry) await tx.put('outbox', { ...entry, request: null, recoveries: 0 });
      const conflicts = await settle(tx, record, request, answer, this.#clock.now());
      await keepLosers(tx, conflicts, this.#clock.now());
      return conflicts;
    });
    this.#succeed();
    if (!conflicts) return;
    this.#tell.answered(answer.body, tenure);
    this.#tell.changed(id, { changed: true, conflicts });
  }

  async #recover(id, request, error, tenure) {
    if (error.code === 'request_too_old') this.#api.keys.refused(request.key);
    const outcome = await this.#database.run('readwrite', async (tx) => {
      const record = await tx.get('conversations', id);
      const entry = await tx.get('outbox', id);
      if (!record || !entry || (await isOver(tx, tenure))) return { conflicts: [], refused: [], changed: false };
      const recoveries = (entry.recoveries ?? 0) + 1;
      const now = this.#clock.now();
      const outcome = await recover(tx, record, { ...entry, recoveries }, request, error, now);
      return { ...outcome, refused: await keepRefused(tx, outcome.refused, error.code, now) };
    });
    this.#tell.changed(id, outcome);
    this.#tell.refused(outcome.refused);
    if (outcome.isHeld) this.#tell.failed(error);
  }

  async #stepBulk() {
    const { request, total, tenure } = await this.#prepareBulk();
    if (!request) return;
    let answer;
    try {
      const options = { body: request.body, key: request.key, timeout: BULK_TIMEOUT, tenure };
      answer = await this.#api.call(request.method, request.path, options);
    } catch (error) {
      if (isPassing(error)) throw error;
      if (isOfKey(error)) return this.#dropBulk(request, error);
      // Not even a report: each on its own will tell what is wrong.
      answer = { body: { results: request.body.map((_, index) => ({ index, status: 'rejected', code: error.code })) } };
    }
    const settled = await this.#database.run('readwrite', async (tx) => {
      if (await isOver(tx, tenure)) return null;
      const rejected = await settleBulk(tx, request, answer);
      this.#renewals = 0;
      return { rejected, left: (await bulkEntries(tx)).length };
    });
    this.#succeed();
    if (!settled) return;
    const { rejected, left } = settled;
    this.#tell.imported({ done: total - left, left, rejected, ids: request.body.map(({ id }) => id) });
  }

  /** An import under a key that is of no use any more is made anew: what the server has of it already, it knows by the ids. */
  async #dropBulk({ key }, error) {
    if (error.code === 'request_too_old') this.#api.keys.refused(key);
    await this.#database.run('readwrite', (tx) => tx.delete('outbox', BULK));
    this.#renewals += 1;
    if (this.#renewals > MOST_RENEWALS) throw error;
  }

  #prepareBulk() {
    return this.#database.run('readwrite', async (tx) => {
      const known = await tx.get('outbox', BULK);
      const planned = known?.request ?? (await planBulk(tx));
      const now = this.#clock.now();
      const entry = known ?? { conversation: BULK, created: now, since: now, touched: now, holdUntil: 0 };
      const request = planned && (await this.#keyed(tx, { ...entry, request: planned }));
      return { request, total: (await bulkEntries(tx)).length, tenure: await readTenure(tx) };
    });
  }

  #succeed() {
    this.#failures = 0;
    this.#lastError = undefined;
    this.#tell.succeeded();
  }

  /** Waits longer each time, at random within half of it, so that many clients do not come back at once. */
  #fail(error) {
    this.#failures += 1;
    // That has been put right: what is sent next is the right user's.
    if (error.code === 'user_changed' && this.#failures === 1) return;
    this.#lastError = error;
    const backoff = Math.min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** (this.#failures - 1));
    const wait = isTransient(error) ? backoff * (0.5 + this.#random() / 2) : REFUSED_BACKOFF;
    this.#retryAt = this.#clock.now() + Math.max(wait, error.retryAfter ?? 0);
    this.#tell.failed(error);
  }
}

/** Not the request is refused, but the key that it came with. */
function isOfKey({ code }) {
  return code === 'request_too_old' || code === 'idempotency_key_reused';
}

/** Not this request is refused, but all are, for now. */
function isPassing(error) {
  return (
    isTransient(error) ||
    !(error instanceof StoreError) ||
    error.status === 401 ||
    ['signed_out', 'storage_disabled'].includes(error.code)
  );
}

function errorOf({ code, message, status }) {
  return new StoreError(code, message, { status });
}
