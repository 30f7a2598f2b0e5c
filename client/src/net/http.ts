/** Sends requests to the HTTP API: headers, timeouts, typed errors and the circuit breaker. */

import type { Environment } from '../environment.js';
import { StoreError } from '../errors.js';
import { newUuid } from '../text.js';
import type { CircuitBreaker } from './breaker.js';
import { isServersFault } from './failures.js';
import { RequestKeys } from './request-keys.js';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface RequestOptions {
  /** Sent as JSON unless it is text. */
  body?: unknown;
  /** The tag of the only state that it may change. */
  match?: string | undefined;
  /** An `ETag` as it came: no body is wanted where it still holds. */
  noneMatch?: string;
  /** The `Idempotency-Key` of a write that may be repeated. */
  key?: string | undefined;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** The longest it may take, ms. */
  timeout?: number;
}

export interface HttpResponse<Body> {
  status: number;
  headers: Headers;
  body: Body;
}

/** The longest a call may take, ms: longer than the server gives itself for any but the longest ones. */
const TIMEOUT = 30_000;

/** Browsers refuse requests that are to outlive the page above 64 KB in all. */
const KEEPALIVE_BYTES = 60_000;

/** Sends requests to the HTTP API: a typed error for every failure, and none while the circuit breaker is open. */
export class HttpClient {
  readonly #base: string;
  readonly #environment: Environment;
  readonly #breaker: CircuitBreaker;
  /** Makes the keys of requests that are kept. */
  readonly keys: RequestKeys;

  constructor(base: string, environment: Environment, breaker: CircuitBreaker) {
    this.#base = base.replace(/\/$/, '');
    this.#environment = environment;
    this.#breaker = breaker;
    this.keys = new RequestKeys(environment.clock);
  }

  /** The response with its body as JSON; rejects with a StoreError for anything but success. */
  async call<Body>(method: Method, path: string, token: string | undefined, options: RequestOptions = {}) {
    return this.withTimeout<Body>(options, (signal) => this.open(method, path, token, { ...options, signal }));
  }

  /** The response of `open` with its body as JSON, within the options' timeout. */
  async withTimeout<Body>(
    { timeout = TIMEOUT }: RequestOptions,
    open: (signal: AbortSignal) => Promise<Response>,
  ): Promise<HttpResponse<Body>> {
    const { clock } = this.#environment;
    const controller = new AbortController();
    const timer = clock.setTimeout(() => controller.abort(), timeout);
    try {
      const response = await open(controller.signal);
      const body = parse(await readText(response)) as Body;
      return { status: response.status, headers: response.headers, body };
    } finally {
      clock.clearTimeout(timer);
    }
  }

  /** The response, its body unread. */
  async open(method: Method, path: string, token: string | undefined, options: RequestOptions = {}): Promise<Response> {
    const wait = this.#breaker.wait;
    if (wait > 0) throw new StoreError('circuit_open', 'The server failed too often.', { retryAfter: wait });
    this.#breaker.begin();
    try {
      const response = await this.#fetch(method, path, token, options);
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

  #fetch(method: Method, path: string, token: string | undefined, options: RequestOptions) {
    const { fetch, page } = this.#environment;
    const { body, signal } = options;
    const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
    return fetch(this.#base + path, {
      method,
      ...(text !== undefined && { body: text }),
      headers: headersOf(method, token, options),
      ...(signal && { signal }),
      cache: 'no-store',
      credentials: 'omit',
      keepalive: method !== 'GET' && !page.isVisible() && (text?.length ?? 0) * 3 < KEEPALIVE_BYTES,
    });
  }
}

function headersOf(method: Method, token: string | undefined, options: RequestOptions) {
  const { match, noneMatch, body } = options;
  // A write that is not kept has a name as well: the browser, or whatever is in between, may send it twice.
  const key = options.key ?? (method === 'GET' ? undefined : newUuid());
  const headers: Record<string, string> = {};
  if (token) headers.Authorization = `Bearer ${token}`;
  if (match !== undefined) headers['If-Match'] = `"${match}"`;
  if (noneMatch !== undefined) headers['If-None-Match'] = noneMatch;
  if (key !== undefined) headers['Idempotency-Key'] = key;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  return { ...headers, ...options.headers };
}

interface ErrorBody {
  error?: { code?: string; message?: string; requestId?: string; revision?: number };
}

async function errorOf(response: Response) {
  const error = (parse(await readText(response)) as ErrorBody | null)?.error;
  const seconds = Number.parseInt(response.headers.get('Retry-After') ?? '', 10);
  const etag = /^"(.*)"$/.exec(response.headers.get('ETag') ?? '')?.[1];
  return new StoreError(
    error?.code ?? 'unexpected_answer',
    error?.message ?? `The server answered ${response.status}.`,
    {
      status: response.status,
      requestId: error?.requestId ?? null,
      ...(error?.revision !== undefined && { revision: error.revision }),
      ...(etag !== undefined && { etag }),
      ...(Number.isFinite(seconds) && { retryAfter: seconds * 1000 }),
    },
  );
}

/** What became of a write whose response broke off is unknown: as if there had been none. */
async function readText(response: Response) {
  try {
    return await response.text();
  } catch {
    throw new StoreError('offline', 'The response broke off.');
  }
}

function parse(text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    throw new StoreError('offline', 'What answered is not this service.');
  }
}
