/** Assembles the sync engine: session, push, pull, change feed and live updates. */

import type { Context } from '../context.js';
import { StoreError } from '../errors.js';
import { handOver, tellGone } from '../local/change-user.js';
import type { LocalDatabase } from '../local/database.js';
import { assignOwner, readOwnership } from '../local/ownership.js';
import { dropExpiredTombstones } from '../local/tombstones.js';
import { Api } from '../net/api.js';
import { CircuitBreaker } from '../net/breaker.js';
import { HttpClient } from '../net/http.js';
import { Session } from '../net/session.js';
import { UsageReports } from '../net/usage-reports.js';
import { UserWatch } from '../net/user-watch.js';
import { ChangeFeed } from './change-feed.js';
import { LiveUpdates } from './live-updates.js';
import { Presence } from './presence.js';
import { Pull } from './pull.js';
import { Push } from './push.js';

/**
 * What synchronises the local data with the server. It is loaded beside the store: conversations are read and written
 * before it is there.
 */
export interface SyncEngine {
  breaker: CircuitBreaker;
  session: Session;
  api: Api;
  presence: Presence;
  pull: Pull;
  feed: ChangeFeed;
  push: Push;
  live: LiveUpdates;
  reports: UsageReports;
  users: UserWatch;
  /** The header for the user of the moment, of whom the frontend has been told. */
  authorization(): Promise<{ Authorization: string }>;
}

export async function createEngine(context: Context, database: LocalDatabase): Promise<SyncEngine> {
  const { bus, environment, locks, options, sessionStorage } = context;
  const { clock, page, random } = environment;
  const presence = await Presence.load(database, clock);
  const breaker = new CircuitBreaker(clock);
  const http = new HttpClient(options.api ?? '/api', environment, breaker);
  const users = new UserWatch({ database, bus, users: context.users });
  const session = createSession(context, database, http, users);
  const api = new Api(http, session);
  const parts = { database, api, clock, bus };
  const writesSettled = (): Promise<void> => push.settled();
  const pull = new Pull(parts);
  const feed = new ChangeFeed({ ...parts, writesSettled });
  const push = new Push({ ...parts, pull, feed, presence, locks, random });
  const live = new LiveUpdates({ api, feed, presence, session: sessionStorage, clock, page, bus, writesSettled });
  const reports = new UsageReports(api, clock);
  bus.on('write-confirmed', ({ response, ownership }) => live.noteWrite(response, ownership));
  bus.on('server-reached', () => live.reconsider());
  bus.on('server-failed', (code) => reports.countError(code));
  bus.on('used-without-server', (use) => reports.count(use));
  bus.on('conflict-found', () => reports.count('conflict'));
  // Another tab may be waiting for the server with the session's lock; what is here need not.
  session.reconcile().catch(() => {});
  dropExpiredTombstones(database, clock.now()).catch(() => {});
  const authorization = async () => {
    const token = await session.ownersToken();
    await users.check();
    return { Authorization: `Bearer ${token}` };
  };
  return { breaker, session, api, presence, pull, feed, push, live, reports, users, authorization };
}

function createSession(context: Context, database: LocalDatabase, http: HttpClient, users: UserWatch) {
  const { bus, environment, locks, options, sessionStorage } = context;
  const { clock } = environment;
  return new Session({
    storage: sessionStorage,
    http,
    clock,
    locks,
    getToken: options.getToken,
    readOwner: () => database.run('readonly', readOwnership),
    assignOwner: async (user) => {
      const gone = await changeOwner(database, user, sessionStorage.isOfProvider, clock.now());
      if (!gone) return;
      await users.check();
      tellGone(bus, gone);
    },
  });
}

/**
 * What is on this device belongs to this user from now on. It goes along with an anonymous user to the next; another
 * account's is never sent. Returns the ids of conversations that stay with the former user, null where there was none.
 */
function changeOwner(database: LocalDatabase, user: string, isOfProvider: boolean, now: number) {
  return database.run('readwrite', async (tx) => {
    const ownership = await readOwnership(tx);
    if (ownership.user === user) return null;
    if (ownership.user && isOfProvider) {
      throw new StoreError('account_mismatch', 'What is on this device belongs to another account.');
    }
    if (ownership.user) return handOver(tx, user, now);
    await assignOwner(tx, ownership, user);
    return null;
  });
}
