import type { Context } from './context.js';
import { StoreError } from './errors.js';
import { load } from './load.js';
import { handOver } from './local/change-user.js';
import type { LocalDatabase } from './local/database.js';
import { createMemoryDatabase } from './local/memory-database.js';
import { assignOwner, readOwnership } from './local/ownership.js';
import { BULK, dropExpiredTombstones, readState } from './local/records.js';
import type { WriteResult } from './local/write.js';
import { Api } from './net/api.js';
import { Session } from './net/session.js';
import { UsageReports } from './net/usage-reports.js';
import { ChangeFeed } from './sync/change-feed.js';
import { LiveUpdates } from './sync/live-updates.js';
import { OpenedConversations } from './sync/opened-conversations.js';
import { Presence } from './sync/presence.js';
import { Pull } from './sync/pull.js';
import { Push } from './sync/push.js';
import { Announcer } from './tabs/announcer.js';
import { Leadership } from './tabs/leadership.js';

/** A store whose local data is open. */
export interface OpenStore extends Context {
  database: LocalDatabase;
  session: Session;
  api: Api;
  presence: Presence;
  reports: UsageReports;
  pull: Pull;
  feed: ChangeFeed;
  push: Push;
  live: LiveUpdates;
  opened: OpenedConversations;
  announcer: Announcer;
  leadership: Leadership;
  /** Whether there is any point in asking the server now. */
  mayAsk(): boolean;
  /** Counts what waits, for the status. */
  count(): Promise<void>;
  /** After a change made in this tab: it is told, and is to be sent. */
  written(result: WriteResult & { movedFrom?: string }): Promise<void>;
  close(): Promise<void>;
}

/** Opens the local data and begins to synchronise it. */
export async function openStore(context: Context): Promise<OpenStore> {
  const { environment, status } = context;
  const database = await environment.openDatabase(context.name).catch(() => createMemoryDatabase());
  status.setTab({ storage: database.kind });
  const presence = await Presence.load(database, environment.clock);
  await database.run('readwrite', (tx) => dropExpiredTombstones(tx, environment.clock.now()));
  const store = assemble(context, database, presence);
  // Another tab may be waiting for the server with the session's lock; what is here need not.
  store.session.reconcile().catch(() => {});
  await store.count();
  store.leadership.post({ type: 'hello' });
  store.leadership.decide();
  return store;
}

function assemble(context: Context, database: LocalDatabase, presence: Presence): OpenStore {
  const { bus, environment, http, locks, sessionStorage, status } = context;
  const { clock, page, random } = environment;
  const session = createSession(context, database);
  const api = new Api(http, session);
  const reports = new UsageReports(api, clock);
  const parts = { database, api, clock, bus };
  const pull = new Pull(parts);
  const feed = new ChangeFeed(parts);
  const push = new Push({ ...parts, pull, feed, presence, locks, random });
  const writesSettled = () => push.settled();
  const live = new LiveUpdates({ api, feed, presence, session: sessionStorage, clock, page, bus, writesSettled });
  const opened = new OpenedConversations(database, pull, locks);
  const channel = environment.openChannel(context.name);
  const announcer = new Announcer({ bus, channel, opened, reports });
  const count = () => countOutbox(context, database);
  const leadership = new Leadership({ ...context, channel, reports, push, live, count });
  channel.onmessage = ({ data }) => {
    announcer.hear(data);
    leadership.hear(data);
  };
  const synced = { database, session, api, presence, reports, pull, feed, push, live };
  const store: OpenStore = {
    ...context,
    ...synced,
    opened,
    announcer,
    leadership,
    count,
    mayAsk: () => mayAsk(context),
    async written(result) {
      const { id, movedFrom, ...change } = result;
      bus.emit('records-changed', { id, change: { ...change, ...(movedFrom && { movedFrom }) }, source: 'tab' });
      if (!result.changed) return;
      if (status.isWithoutServer) reports.countWrite();
      status.dispatch({ type: 'written' });
      await leadership.wake();
    },
    async close() {
      await leadership.close();
      database.close();
    },
  };
  connect(store);
  return store;
}

function createSession({ environment, http, locks, options, sessionStorage }: Context, database: LocalDatabase) {
  const { clock } = environment;
  return new Session({
    storage: sessionStorage,
    http,
    clock,
    locks,
    getToken: options.getToken,
    assignOwner: (user) => changeOwner(database, user, sessionStorage.isOfProvider, clock.now()),
  });
}

/**
 * What is on this device belongs to this user from now on. It goes along with an anonymous user to the next; another
 * account's is never sent.
 */
function changeOwner(database: LocalDatabase, user: string, isOfProvider: boolean, now: number) {
  return database.run('readwrite', async (tx) => {
    const ownership = await readOwnership(tx);
    if (ownership.user === user) return;
    if (ownership.user && isOfProvider) {
      throw new StoreError('account_mismatch', 'What is on this device belongs to another account.');
    }
    if (ownership.user) await handOver(tx, user, now);
    else await assignOwner(tx, ownership, user);
  });
}

/** Who hears of what. */
function connect(store: OpenStore) {
  const { bus, leadership, live, reports, status } = store;
  bus.on('outbox-changed', () => store.count());
  bus.on('write-confirmed', ({ response, ownership }) => live.noteWrite(response, ownership));
  bus.on('server-reached', () => {
    status.dispatch({ type: 'reached' });
    live.reconsider();
  });
  bus.on('server-failed', (error) => {
    const code = codeOf(error);
    reports.countError(code);
    status.dispatch({ type: 'failed', code });
  });
  bus.on('live-mode', (mode) => status.dispatch({ type: 'live', live: mode }));
  bus.on('status', ({ pending }) => {
    if (leadership.isLeading) leadership.post({ type: 'status', state: status.state });
    if (pending === 0) leadership.decide();
  });
  bus.on('imported', async (portion) => {
    store.announcer.announce(portion.ids, 'server');
    await advanceMigration(store, portion);
    await store.count();
  });
}

function codeOf(error: unknown) {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : 'internal_error';
}

async function advanceMigration(store: OpenStore, portion: { left: number; rejected: { id: string; code: string }[] }) {
  const state = await store.database.run('readonly', (tx) => readState(tx, 'migration'));
  if (state?.phase !== 'sending') return;
  const { Migration } = await load(() => import('./migration.js'));
  await new Migration(store).advance(portion);
}

function mayAsk({ breaker, environment, isEnabled, sessionStorage, status }: Context) {
  return (
    isEnabled &&
    sessionStorage.exists &&
    environment.page.isOnline() &&
    breaker.wait === 0 &&
    !['local', 'signed-out'].includes(status.current.mode)
  );
}

async function countOutbox({ status }: Context, database: LocalDatabase) {
  const { pending, refused } = await database.run('readonly', async (tx) => ({
    pending: (await tx.list('outbox', null, null)).filter(({ conversation }) => conversation !== BULK).length,
    refused: (await tx.list('refused', null, null)).length,
  }));
  status.dispatch({ type: 'counted', pending, refused });
}
