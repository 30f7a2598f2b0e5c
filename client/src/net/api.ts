/** Calls of the HTTP API with the session's token, which is replaced once where the server refuses it. */

import type { Ownership } from '../local/ownership.js';
import { StoreError } from '../errors.js';
import { newUuid } from '../text.js';
import type { HttpClient, HttpResponse, Method, RequestOptions } from './http.js';
import type { RequestKeys } from './request-keys.js';
import type { Session } from './session.js';

export interface ApiOptions extends RequestOptions {
  /** Goes without a token. */
  isPublic?: boolean;
  /** Goes instead of the session's own token. */
  token?: string;
  /** Whose data this is about: it goes as their user or not at all. */
  ownership?: Ownership;
}

/** Calls of the HTTP API in the name of the session's user. */
export class Api {
  readonly #http: HttpClient;
  readonly #session: Session;

  constructor(http: HttpClient, session: Session) {
    this.#http = http;
    this.#session = session;
  }

  get keys(): RequestKeys {
    return this.#http.keys;
  }

  /** The response with its body as JSON; rejects with a StoreError for anything but success. */
  call<Body>(method: Method, path: string, options: ApiOptions = {}): Promise<HttpResponse<Body>> {
    return this.#http.withTimeout<Body>(options, (signal) => this.open(method, path, { ...options, signal }));
  }

  /** The response, its body unread. */
  async open(method: Method, path: string, given: ApiOptions = {}): Promise<Response> {
    // The same key in both attempts.
    const options = method === 'GET' ? given : { ...given, key: given.key ?? newUuid() };
    if (options.isPublic || options.token) return this.#http.open(method, path, options.token, options);
    const token = await this.#session.token();
    await this.#expectOwner(token, options);
    try {
      const response = await this.#http.open(method, path, token, options);
      this.#session.confirm();
      return response;
    } catch (error) {
      if (!(error instanceof StoreError) || error.status !== 401) throw error;
      const other = await this.#session.replace(token, error);
      await this.#expectOwner(other, options);
      return this.#http.open(method, path, other, options);
    }
  }

  /** Begins a session where there is none, so that the data have an owner. */
  async authenticate() {
    await this.#session.token();
  }

  async #expectOwner(token: string, { ownership }: ApiOptions) {
    if (ownership) await this.#session.expectUser(token, ownership.user);
  }
}
