/** The HTTP client of the adapters: tokens, retries and typed errors. */

import { StoreError } from '../errors.js';
import { subjectOf } from '../net/subject.js';
import type { Clock } from './clock.js';
import { LinkedAbort } from './linked-abort.js';

/** A token, or what gives the one to use for a request. */
export type Token = string | (() => string | Promise<string>);

export interface ApiOptions {
  /** The address of the API, as `https://chat.example.com/api`. */
  url: string;
  token: Token;
  fetch: typeof fetch;
  clock: Clock;
}

export interface ApiRequest {
  body?: unknown;
  /** Headers beside those that every request has. */
  headers?: Record<string, string>;
  /** Ends waiting and repeating; the request may have been carried out all the same. */
  signal?: AbortSignal | undefined;
}

export interface ApiResponse<T> {
  /** 304 only where the request had an `If-None-Match`; then there is no `body`. */
  status: number;
  body: T;
  etag: string | null;
  /** The server's clock, in milliseconds since 1970; this machine's where the response does not say. */
  now: number;
}

/** How often a request is sent before its failure is told. */
const ATTEMPTS = 4;
/** Of the wait before the second attempt, in milliseconds; each later one waits twice as long. */
const FIRST_WAIT = 250;
/** The longest that the server may make an attempt wait, in milliseconds. */
const LONGEST_WAIT = 10_000;
/** How long an attempt may take, in milliseconds. */
const ATTEMPT_TIMEOUT = 20_000;

/** What may have another outcome when it is sent again. */
const TRANSIENT = new Set([0, 408, 425, 429, 500, 502, 503, 504]);

/** Sends requests, and repeats those whose response was lost: under one `Idempotency-Key`, so that nothing is done twice. */
export class Api {
  readonly #options: ApiOptions;

  constructor(options: ApiOptions) {
    this.#options = { ...options, url: options.url.replace(/\/+$/, '') };
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  /** For requests that are sent later, or one after another: they go as the user of now, whose token they keep. */
  ofNow(): Api {
    const { token } = this.#options;
    if (typeof token === 'string') return this;
    const first = this.token();
    // Told when something is sent.
    first.catch(() => undefined);
    let isUsed = false;
    const tokenOfThen = async () => {
      const known = await first;
      if (isUsed) return renewed(known, await token());
      isUsed = true;
      return known;
    };
    return new Api({ ...this.#options, token: tokenOfThen });
  }

  /** Whose conversations a request of now is about: never shown, only compared. */
  async token(): Promise<string> {
    const { token } = this.#options;
    return typeof token === 'string' ? token : await token();
  }

  /** @throws StoreError with the server's code, or `offline` where no attempt got a response. */
  async send<T>(method: string, path: string, request: ApiRequest = {}): Promise<ApiResponse<T>> {
    const headers: Record<string, string> = { ...request.headers };
    if (request.body !== undefined) headers['content-type'] = 'application/json';
    if (method !== 'GET') headers['idempotency-key'] ??= crypto.randomUUID();
    let token = await this.token();
    for (let attempt = 1; ; attempt++) {
      try {
        if (attempt > 1) token = renewed(token, await this.token());
        headers.authorization = `Bearer ${token}`;
        return await this.#attempt<T>(method, path, { ...request, headers });
      } catch (error) {
        if (!isTransient(error) || attempt === ATTEMPTS || request.signal?.aborted) throw error;
        await this.clock.sleep(waitBefore(attempt, error), request.signal);
      }
    }
  }

  async #attempt<T>(method: string, path: string, request: ApiRequest): Promise<ApiResponse<T>> {
    const { headers = {} } = request;
    const abort = new LinkedAbort(request.signal);
    const timer = setTimeout(abort.abort, ATTEMPT_TIMEOUT);
    const init: RequestInit = { method, headers, signal: abort.signal };
    if (request.body !== undefined) init.body = JSON.stringify(request.body);
    let response: Response;
    let text: string;
    try {
      response = await this.#options.fetch(this.#options.url + path, init);
      text = await response.text();
    } catch (error) {
      throw new StoreError('offline', `${method} ${path}: no response (${String(error)})`);
    } finally {
      clearTimeout(timer);
      abort.release();
    }
    if (!response.ok && response.status !== 304) throw errorOf(response, text);
    const date = Date.parse(response.headers.get('date') ?? '');
    return {
      status: response.status,
      body: (text === '' ? undefined : JSON.parse(text)) as T,
      etag: response.headers.get('etag'),
      now: Number.isNaN(date) ? this.clock.now() : date,
    };
  }
}

/** The newer token where it is the same user's, as those of auth providers tell: what one user sends never goes as the next. */
function renewed(token: string, newer: string): string {
  const subject = subjectOf(token);
  return subject !== null && subject === subjectOf(newer) ? newer : token;
}

/** Whether the same request may succeed later. */
export function isTransient(error: unknown): error is StoreError {
  return error instanceof StoreError && TRANSIENT.has(error.status) && error.code !== 'storage_disabled';
}

/** Whether the server refused with one of these codes. */
export function isRefusal(error: unknown, ...codes: string[]): error is StoreError {
  return error instanceof StoreError && codes.includes(error.code);
}

function waitBefore(attempt: number, error: StoreError): number {
  return Math.min(LONGEST_WAIT, error.retryAfter ?? FIRST_WAIT * 2 ** (attempt - 1));
}

interface ErrorBody {
  error?: { code?: string; message?: string; requestId?: string; revision?: number };
}

function errorOf(response: Response, text: string): StoreError {
  const { error } = parseError(text);
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  const details = {
    status: response.status,
    requestId: error?.requestId ?? response.headers.get('x-request-id'),
    ...(error?.revision !== undefined && { revision: error.revision }),
    ...(!Number.isNaN(seconds) && { retryAfter: seconds * 1_000 }),
  };
  return new StoreError(
    error?.code ?? `http_${response.status}`,
    error?.message ?? 'The server gave no reason.',
    details,
  );
}

/** What stands between may answer with a page of its own. */
function parseError(text: string): ErrorBody {
  try {
    return (JSON.parse(text) as ErrorBody | null) ?? {};
  } catch {
    return {};
  }
}
