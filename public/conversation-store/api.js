import { StoreError } from './errors.js';

/** The longest a call may take, ms: longer than the server gives itself for any but the longest ones. */
const TIMEOUT = 30_000;

/** Browsers refuse requests that are to outlive the page above 64 KB in all. */
const KEEPALIVE_BYTES = 60_000;

/** Calls of the HTTP API: one request each, a typed error for every failure. */
export class Api {
  #base;
  #environment;
  #breaker;
  #session;

  constructor({ base, environment, breaker, session }) {
    this.#base = base.replace(/\/$/, '');
    this.#environment = environment;
    this.#breaker = breaker;
    this.#session = session;
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
   * The response to a call, its body unread. `body` is sent as JSON unless it is text; `match` and `noneMatch` are
   * revisions; `isPublic` goes without a token; `token` goes instead of the session's own. `tenure`: of the data that this is
   * about; it goes as their owner or not at all.
   */
  async open(method, path, options = {}) {
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

  async #expect(token, { tenure }) {
    if (tenure) await this.#session.expect(token, tenure.user);
  }

  async #send(method, path, options, token) {
    const wait = this.#breaker.wait;
    if (wait > 0) throw new StoreError('circuit_open', 'The server failed too often.', { retryAfter: wait });
    this.#breaker.begin();
    try {
      const response = await this.#fetch(method, path, options, token);
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

  #fetch(method, path, { body, match, noneMatch, headers = {}, signal }, token) {
    const { fetch, page } = this.#environment;
    const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
    return fetch(this.#base + path, {
      method,
      body: text,
      headers: { ...headersOf({ token, match, noneMatch, hasBody: text !== undefined }), ...headers },
      signal,
      cache: 'no-store',
      credentials: 'omit',
      keepalive: method !== 'GET' && !page.isVisible() && (text?.length ?? 0) * 3 < KEEPALIVE_BYTES,
    });
  }
}

function headersOf({ token, match, noneMatch, hasBody }) {
  const headers = {};
  if (token) headers.Authorization = `Bearer ${token}`;
  if (match !== undefined) headers['If-Match'] = `"${match}"`;
  if (noneMatch !== undefined) headers['If-None-Match'] = `"${noneMatch}"`;
  if (hasBody) headers['Content-Type'] = 'application/json';
  return headers;
}

async function errorOf(response) {
  const error = parse(await readText(response))?.error;
  const seconds = Number.parseInt(response.headers.get('Retry-After') ?? '', 10);
  return new StoreError(error?.code ?? 'unexpected_answer', error?.message ?? `The server answered ${response.status}.`, {
    status: response.status,
    requestId: error?.requestId ?? null,
    revision: error?.revision,
    retryAfter: Number.isFinite(seconds) ? seconds * 1000 : undefined,
  });
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
  return code !== 'storage_disabled' && (status === 0 || status >= 500);
}

/** Whether the same call may succeed later. */
export function isTransient(error) {
  return isServersFault(error) || error.status === 429 || error.status === 408;
}
