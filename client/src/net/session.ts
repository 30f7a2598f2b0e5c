/** The session with the server: begun when first needed, renewed, and ended. */

import type { Clock } from '../environment.js';
import { StoreError } from '../errors.js';
import { userChanged, type Ownership } from '../local/ownership.js';
import type { Locks } from '../tabs/locks.js';
import type { HttpClient } from './http.js';
import type { SessionStorage, StoredSession } from './session-storage.js';
import { subjectOf } from './subject.js';
import type { SessionResponse } from './wire.js';

const DAY = 86_400_000;
const HALF_YEAR = 180 * DAY;

/** The token of an auth provider's user; null where nobody is signed in. */
export type GetToken = (options: { refresh: boolean }) => Promise<string | null> | string | null;

interface SessionParts {
  storage: SessionStorage;
  http: HttpClient;
  clock: Clock;
  locks: Locks;
  getToken: GetToken | undefined;
  /** Makes this user the owner of the data on this device; may refuse. */
  assignOwner: (user: string) => Promise<void>;
  /** Whose the data on this device are. */
  readOwner: () => Promise<Ownership>;
}

/**
 * Who the user is to the server: an anonymous user with a token of the server's, renewed before it expires; or the
 * user that the page's auth provider names.
 */
export class Session {
  readonly #parts: SessionParts;
  #beginning: Promise<string> | undefined;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  get isOfProvider(): boolean {
    return this.#parts.storage.isOfProvider;
  }

  get stored(): StoredSession | null {
    return this.#parts.storage.stored;
  }

  get exists(): boolean {
    return this.#parts.storage.exists;
  }

  /** The token to send for this owner of the data. Rejects where they are, or are just becoming, another user's. */
  async tokenOf(ownership: Ownership): Promise<string> {
    // Erased meanwhile: what was asked for then needs no new user.
    if (!this.isOfProvider && !this.stored) throw userChanged();
    const token = await this.token();
    await this.expectOwner(token, ownership);
    return token;
  }

  /** The token of the user of the moment, where the data on this device are that user's. Begins a session where there is none. */
  async ownersToken(): Promise<string> {
    const token = await this.token();
    if ((await this.#parts.readOwner()).user === undefined) await this.reconcile();
    await this.expectOwner(token, await this.#parts.readOwner());
    return token;
  }

  /** The token of the user of the moment. Begins a session where there is none. */
  async token(): Promise<string> {
    if (this.isOfProvider) return this.#providerToken(false);
    const { stored } = this;
    if (stored?.isSignedOut) throw signedOut();
    if (!stored?.token) return this.#beginOnce(undefined);
    if (this.#isHalfOver(stored)) await this.#beginOnce(stored.token).catch(() => {});
    return this.stored?.token ?? stored.token;
  }

  /** Another token for one that the server refused. */
  async replace(token: string, error: StoreError): Promise<string> {
    if (this.isOfProvider) {
      const fresh = await this.#providerToken(true);
      if (fresh === token) throw error;
      return fresh;
    }
    const { stored } = this;
    // Another tab has got one meanwhile, or none is wanted any more.
    if (stored?.token !== token) {
      if (stored?.token) return stored.token;
      throw error;
    }
    if (error.code === 'signed_out') {
      this.#parts.storage.write({ ...stored, token: null, isSignedOut: true });
      throw signedOut();
    }
    if (error.code !== 'expired_token') this.#endure(stored, error);
    this.#parts.storage.write({ ...stored, token: null });
    return this.#beginOnce(undefined);
  }

  /** Becomes the user of this session. */
  become(session: SessionResponse): Promise<void> {
    return this.#inLock(async () => {
      await this.#assign(session);
      this.#keep(session);
    });
  }

  /** The user's other sessions were ended: this one goes on, where the device is still that user's. */
  keepFor({ user }: Ownership, session: SessionResponse): Promise<void> {
    return this.#inLock(async () => {
      if (this.stored && (this.stored.userId ?? undefined) === user) this.#keep(session);
    });
  }

  /** Whose the data on this device are, of a session that is begun where there is none. */
  async owner(): Promise<Ownership> {
    const ownership = await this.#parts.readOwner();
    if (ownership.user !== undefined && this.exists) return ownership;
    await this.token();
    // The session may have been here before the data.
    await this.reconcile();
    return this.#parts.readOwner();
  }

  /**
   * Rejects where the token is not that of the owner of the data that a request is about: another tab has changed the user,
   * is just changing it, or was closed before it had changed both the data's and the session's.
   */
  async expectOwner(token: string, ownership: Ownership) {
    if (await this.#isOwners(token, ownership)) return;
    await this.reconcile();
    throw userChanged();
  }

  /** A provider's user stays who it is; what was asked for before an erasure is void all the same. */
  async #isOwners(token: string, ownership: Ownership) {
    const { stored } = this;
    if (this.isOfProvider) return !(await this.hasEnded(ownership));
    return stored?.token === token && (stored.userId ?? undefined) === ownership.user;
  }

  /** Whether the data here are others by now. */
  async hasEnded({ epoch }: Ownership): Promise<boolean> {
    return (await this.#parts.readOwner()).epoch !== epoch;
  }

  /** Gives the data here to the user whose session this is. */
  async reconcile() {
    if (this.isOfProvider) return;
    await this.#inLock(async () => {
      const { stored } = this;
      if (stored?.token && stored.userId) await this.#parts.assignOwner(stored.userId);
    });
  }

  /** The server has taken the token. */
  confirm() {
    const { stored } = this;
    if (!this.isOfProvider && stored?.refusedSince) this.#parts.storage.write({ ...stored, refusedSince: undefined });
  }

  /**
   * A token that is refused though it has not expired may be fine again when the operator has corrected a mistake; given
   * up, it would take with it what the server has of its user. It is kept for a day.
   */
  #endure(stored: StoredSession, error: StoreError) {
    const now = this.#parts.clock.now();
    const refusedSince = stored.refusedSince ?? now;
    this.#parts.storage.write({ ...stored, refusedSince });
    if (now - refusedSince < DAY) throw error;
  }

  /** Keeps the response to a session call. */
  #keep({ token, userId, expiresAt }: SessionResponse) {
    const issuedAt = this.#parts.clock.now();
    const known = this.stored;
    this.#parts.storage.write({ token, userId: userId ?? known?.userId ?? null, expiresAt, issuedAt });
  }

  /** Waits for a renewal on its way, which would bring the session back. */
  forget(): Promise<void> {
    return this.#inLock(async () => this.#parts.storage.forget());
  }

  async #providerToken(refresh: boolean) {
    const token = await this.#parts.getToken?.({ refresh });
    if (!token) throw new StoreError('signed_out', 'Nobody is signed in.');
    const subject = subjectOf(token);
    if (subject) await this.#parts.assignOwner(subject);
    this.#parts.storage.write({ token });
    return token;
  }

  /** One tab asks, the others take what it got. */
  #beginOnce(token: string | undefined): Promise<string> {
    this.#beginning ??= this.#inLock(() => this.#begin(token)).finally(() => {
      this.#beginning = undefined;
    });
    return this.#beginning;
  }

  async #begin(token: string | undefined) {
    const { stored } = this;
    if (stored?.isSignedOut) throw signedOut();
    // Null where the session was given up meanwhile: its token must not bring it back.
    const known = stored?.token ?? undefined;
    if (known && known !== token) return known;
    const { body } = await this.#parts.http.call<SessionResponse>('POST', '/session', known);
    await this.#assign(body);
    this.#keep(body);
    return body.token;
  }

  async #assign({ userId }: SessionResponse) {
    if (userId !== undefined) await this.#parts.assignOwner(userId);
  }

  #inLock<T>(work: () => Promise<T>): Promise<T> {
    return this.#parts.locks.session(work);
  }

  #isHalfOver({ issuedAt = 0, expiresAt }: StoredSession) {
    const end = expiresAt === undefined ? NaN : Date.parse(expiresAt);
    const ttl = Number.isFinite(end) ? end - issuedAt : HALF_YEAR;
    return this.#parts.clock.now() > issuedAt + ttl / 2;
  }
}

function signedOut() {
  return new StoreError('signed_out', 'This session was ended from another device.');
}
