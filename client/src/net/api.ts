/** Calls of the HTTP API with the session's token, which is replaced once where the server refuses it. */

import { userChanged, type Ownership } from '../local/ownership.js';
import { StoreError } from '../errors.js';
import { newUuid } from '../text.js';
import type { HttpClient, HttpResponse, Method, RequestOptions } from './http.js';
import type { RequestKeys } from './request-keys.js';
import type { Session } from './session.js';

interface PublicOptions extends RequestOptions {
  /** Goes without a token. */
  isPublic: true;
}

interface UserOptions extends RequestOptions {
  isPublic?: undefined;
  /**
   * Whose data this is about, as it was read before anything was waited for: it goes as their user or not at all.
   * `anybody`: it says nothing of a user's data.
   */
  ownership: Ownership | 'anybody';
}

/** Every call says in whose name it goes: by the time that it is sent, the device may have another user. */
export type ApiOptions = PublicOptions | UserOptions;

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
  call<Body>(method: Method, path: string, options: ApiOptions): Promise<HttpResponse<Body>> {
    return this.#http.withTimeout<Body>(options, (signal) => this.open(method, path, { ...options, signal }));
  }

  /** The response, its body unread. */
  async open(method: Method, path: string, given: ApiOptions): Promise<Response> {
    // The same key in both attempts.
    const options = method === 'GET' ? given : { ...given, key: given.key ?? newUuid() };
    if (options.isPublic) return this.#http.open(method, path, undefined, options);
    const { ownership } = options;
    const isAnybodys = ownership === 'anybody';
    const token = isAnybodys ? await this.#session.token() : await this.#session.tokenOf(ownership);
    try {
      const response = await this.#http.open(method, path, token, options);
      this.#session.confirm();
      return response;
    } catch (error) {
      if (!(error instanceof StoreError) || error.status !== 401) throw error;
      const other = await this.#session.replace(token, error);
      if (!isAnybodys) await this.#session.expectOwner(other, ownership);
      return this.#http.open(method, path, other, options);
    }
  }

  /** Begins a session where there is none, so that the data have an owner. */
  async authenticate() {
    await this.#session.token();
  }

  /**
   * Whose data an operation is about that begins now; begins a session where there is none. `since`: rejects where other
   * data are here than were then.
   */
  async owner(since?: Ownership): Promise<Ownership> {
    const ownership = await this.#session.owner();
    if (since && since.epoch !== ownership.epoch) throw userChanged();
    return ownership;
  }
}
