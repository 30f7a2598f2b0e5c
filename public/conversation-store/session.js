import { StoreError } from './errors.js';

/** The plan's localStorage key for the user's id, and ours for what proves it. */
const USER_KEY = 'claude-user-id';
const SESSION_KEY = 'claude-session';

const DAY = 86_400_000;
const HALF_YEAR = 180 * DAY;

/**
 * Who the user is to the server: an anonymous user with a token of the server's, renewed before it runs out; or whoever
 * the page's auth provider says.
 */
export class Session {
  #environment;
  #getToken;
  #lockName;
  #begin;
  #own;
  #beginning;
  /** @type {object | null} */
  #memory = null;
  /** Whether the browser could not keep it: then it is this page's only. */
  #isVolatile = false;

  /**
   * `begin(token)` asks the server for a session, `token` being the one to renew, if any. `own(user)` hears whose the
   * session is, and may refuse.
   */
  constructor({ environment, getToken, account, begin, own }) {
    this.#environment = environment;
    this.#getToken = getToken;
    this.#lockName = `conversation-store:${account}:session`;
    this.#begin = begin;
    this.#own = own;
  }

  get isOfProvider() {
    return Boolean(this.#getToken);
  }

  /** What is known of the session: `{ token, userId?, expiresAt?, issuedAt?, isSignedOut?, refusedSince? }`, or null. */
  get stored() {
    if (this.#getToken || this.#isVolatile) return this.#memory;
    try {
      return JSON.parse(this.#environment.localStorage.getItem(SESSION_KEY));
    } catch {
      return this.#memory;
    }
  }

  /** Whether there is a session, without beginning one. */
  get exists() {
    return this.isOfProvider || Boolean(this.stored?.token);
  }

  /** The token to send. Begins a session where there is none. */
  async token() {
    if (this.#getToken) return this.#providerToken(false);
    const { stored } = this;
    if (stored?.isSignedOut) throw signedOut();
    if (!stored?.token) return this.#beginOnce(undefined);
    if (this.#isHalfOver(stored)) await this.#beginOnce(stored.token).catch(() => {});
    return this.stored.token;
  }

  /** Another token for one that the server refused. */
  async replace(token, error) {
    if (this.#getToken) {
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
      this.#write({ ...stored, token: null, isSignedOut: true });
      throw signedOut();
    }
    if (error.code !== 'expired_token') this.#endure(stored, error);
    this.#write({ ...stored, token: null });
    return this.#beginOnce(undefined);
  }

  /** Becomes the user of this session. */
  become(session) {
    return this.#inLock(async () => {
      await this.#own(session.userId);
      this.keep(session);
    });
  }

  /**
   * Rejects where the token is not this user's, the owner of the data that a request is about: another tab is exchanging
   * users just now, or was closed before it had exchanged both the data's and the session's.
   */
  async expect(token, user) {
    const { stored } = this;
    if (this.#getToken || (stored?.token === token && stored.userId === user)) return;
    await this.reconcile();
    throw new StoreError('user_changed', 'The user was exchanged meanwhile.');
  }

  /** The data here belong to whose session this is. */
  async reconcile() {
    if (this.#getToken) return;
    await this.#inLock(async () => {
      const { stored } = this;
      if (stored?.token && stored.userId) await this.#own(stored.userId);
    });
  }

  /** The server has taken the token. */
  confirm() {
    const { stored } = this;
    if (!this.#getToken && stored?.refusedSince) this.#write({ ...stored, refusedSince: undefined });
  }

  /**
   * A token that is refused though it has not run out may be fine again when the operator has corrected a mistake; given
   * up, it would take with it what the server has of its user. It is kept for a day.
   */
  #endure(stored, error) {
    const now = this.#environment.clock.now();
    const refusedSince = stored?.refusedSince ?? now;
    this.#write({ ...stored, refusedSince });
    if (now - refusedSince < DAY) throw error;
  }

  /** Keeps what a session call has answered. */
  keep({ token, userId, expiresAt }) {
    const issuedAt = this.#environment.clock.now();
    const known = this.stored;
    this.#write({ token, userId: userId ?? known?.userId ?? null, expiresAt, issuedAt });
  }

  forget() {
    this.#memory = null;
    this.#isVolatile = false;
    this.#store(SESSION_KEY, null);
    this.#store(USER_KEY, null);
  }

  async #providerToken(refresh) {
    const token = await this.#getToken({ refresh });
    if (!token) throw new StoreError('signed_out', 'Nobody is signed in.');
    const subject = subjectOf(token);
    if (subject) await this.#own(subject);
    this.#memory = { token };
    return token;
  }

  /** One tab asks, the others take what it got. */
  #beginOnce(token) {
    this.#beginning ??= this.#inLock(async () => {
      const { stored } = this;
      if (stored?.token && stored.token !== token) return stored.token;
      const session = await this.#begin(token);
      await this.#own(session.userId);
      this.keep(session);
      return this.stored.token;
    }).finally(() => {
      this.#beginning = undefined;
    });
    return this.#beginning;
  }

  #inLock(work) {
    const { locks } = this.#environment;
    return locks ? locks.request(this.#lockName, work) : work();
  }

  #isHalfOver({ issuedAt = 0, expiresAt }) {
    const end = Date.parse(expiresAt);
    const life = Number.isFinite(end) ? end - issuedAt : HALF_YEAR;
    return this.#environment.clock.now() > issuedAt + life / 2;
  }

  #write(session) {
    this.#memory = session;
    this.#isVolatile = !this.#store(SESSION_KEY, JSON.stringify(session));
    if (session.userId) this.#store(USER_KEY, session.userId);
  }

  /** Whether the browser has kept it. */
  #store(key, value) {
    const { localStorage } = this.#environment;
    try {
      if (value === null) localStorage.removeItem(key);
      else localStorage.setItem(key, value);
      return localStorage.getItem(key) === value;
    } catch {
      // Full or forbidden.
      return false;
    }
  }
}

/** Who a provider's token is of, as far as it can be read: only to notice when it becomes somebody else's. */
function subjectOf(token) {
  try {
    const payload = token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
    const { iss, sub } = JSON.parse(atob(payload));
    return sub === undefined ? null : JSON.stringify([iss ?? null, sub]);
  } catch {
    return null;
  }
}

function signedOut() {
  return new StoreError('signed_out', 'This session was ended from another device.');
}
