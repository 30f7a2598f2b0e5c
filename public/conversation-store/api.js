import { RequestKeys } from './request-keys.js';
import { StoreError } from './errors.js';
import { newUuid } from './text.js';

/** The longest a call may take, ms: longer than the server gives itself for any but the longest ones. */
const TIMEOUT = 30_000;

/** Browsers refuse requests that are to outlive the page above 64 KB in all. */
const KEEPALIVE_BYTES = 60_000;

/** The operator's budget of the day is used up: the server works, and refuses what costs most. */
const PAUSES = new Set(['newcomers_paused', 'writes_paused', 'service_paused']);

/** Calls of the HTTP API: one request each, a typed error for every failure. */
export class Api {
  #base;
  #environment;
  #breaker;
  #session;
  /** Makes the keys of requests that are kept. */
  keys;

  constructor({ base, environment, breaker, session }) {
    this.#base = base.replace(/\/$/, '');
    this.#environment = environment;
    this.#breaker = breaker;
    this.#session = session;
    this.keys = new RequestKeys(environment.clock);
  }

  /** The answer's `{ status, headers, body }`, the body as JSON; rejects with a StoreError for anything but success. */
  async call(method, path, options = {}) {
    const { clock } = this.#environment;
    const controller = new AbortController();
    const timer = clock.setTimeout(() => controller.abort(), options.timeout ?? TIMEOUT);
    try {
      const response = await this.open(method, path, { ...options, signal: controller.signal });
      return { status: response.status, headers: response.headers, body: parse(await readText(response)) };
    } finally {
      clock.clearTimeout(timer);
    }
  }

  /**
   * The response to a call, its body unread. `body` is sent as JSON unless it is text; `match` is a state's tag as JSON
   * has it, `noneMatch` an `ETag` as it came; `key` names a write that may be repeated; `isPublic` goes without a token;
   * `token` goes instead of the session's own. `tenure`: of the data that this is about; it goes as their owner or not at
   * all.
   */
  async open(method, path, given = {}) {
    // A write that is not kept has a name as well: the browser, or whatever is in between, may send it twice.
    const options = method === 'GET' ? given : { key: newUuid(), ...given };
    if (options.isPublic || options.token) return this.#send(method, path, options, options.token);
    const token = await this.#session.token();
    await this.#expect(token, options);
    try {
      const response = await this.#send(method, path, options, token);
      this.#session.confirm();
      return response;
    } catch (error) {
      if (error.status !== 401) throw error;
      const other = await this.#session.replace(token, error);
      await this.#expect(other, options);
      return this.#send(method, path, options, other);
    }
  }

  /** Begins a session where there is none, so that the data have an owner. */
  async authenticate() {
    await this.#session.token();
  }

  async #expect(token, /** @type {{ tenure?: { user: string } }} */ { tenure }) {
    if (tenure) await this.#session.expect(token, tenure.user);
  }

  async #send(method, path, options, token) {
    const wait = this.#breaker.wait;
    if (wait > 0) throw new StoreError('circuit_open', 'The server failed too often.', { retryAfter: wait });
    this.#breaker.begin();
    try {
      const response = await this.#fetch(method, path, options, token);
      this.keys.note(response);
      if (response.ok || response.status === 304) {
        this.#breaker.succeed();
        return response;
      }
      throw await errorOf(response);
    } catch (error) {
      const failure = error instanceof StoreError ? error : new StoreError('offline', 'The server cannot be reached.');
      if (isServersFault(failure)) this.#breaker.fail();
      else this.#breaker.succeed();
      throw failure;
    }
  }

  #fetch(method, path, { body, match, noneMatch, key, headers = {}, signal }, token) {
    const { fetch, page } = this.#environment;
    const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
    return fetch(this.#base + path, {
      method,
      body: text,
      headers: { ...headersOf({ token, match, noneMatch, key, hasBody: text !== undefined }), ...headers },
      signal,
      cache: 'no-store',
      credentials: 'omit',
      keepalive: method !== 'GET' && !page.isVisible() && (text?.length ?? 0) * 3 < KEEPALIVE_BYTES,
    });
  }
}

function headersOf({ token, match, noneMatch, key, hasBody }) {
  const headers = {};
  if (token) headers.Authorization = `Bearer ${token}`;
  if (match !== undefined) headers['If-Match'] = `"${match}"`;
  if (noneMatch !== undefined) headers['If-None-Match'] = noneMatch;
  if (key !== undefined) headers['Idempotency-Key'] = key;
  if (hasBody) headers['Content-Type'] = 'application/json';
  return headers;
}

async function errorOf(response) {
  const error = parse(await readText(response))?.error;
  const seconds = Number.parseInt(response.headers.get('Retry-After') ?? '', 10);
  return new StoreError(
    error?.code ?? 'unexpected_answer',
    error?.message ?? `The server answered ${response.status}.`,
    {
      status: response.status,
      requestId: error?.requestId ?? null,
      revision: error?.revision,
      etag: /^"(.*)"$/.exec(response.headers.get('ETag') ?? '')?.[1],
      retryAfter: Number.isFinite(seconds) ? seconds * 1000 : undefined,
    },
  );
}

/** Nobody knows what became of a write whose answer broke off: as if there had been none. */
async function readText(response) {
  try {
    return await response.text();
  } catch {
    throw new StoreError('offline', 'The answer broke off.');
  }
}

function parse(text) {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    throw new StoreError('offline', 'What answered is not this service.');
  }
}

/** Failures that pass by themselves; a refusal does not, nor does storage that is switched off. */
export function isServersFault({ status, code }) {
  return code !== 'storage_disabled' && !PAUSES.has(code) && (status === 0 || status >= 500);
}

/** Whether the server is at work, but not for this kind of call, until the day is over. */
export function isPaused({ code }) {
  return PAUSES.has(code) || code === 'too_much_from_address';
}

/** Whether the same call may succeed later. */
export function isTransient(error) {
  const { status, code } = error;
  return isServersFault(error) || isPaused(error) || status === 429 || status === 408 || code === 'claim_unfinished';
}
