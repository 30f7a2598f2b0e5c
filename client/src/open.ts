/** Opens a store: connects its local database, its tabs and the sync engine. */

import type { Context } from './context.js';
import { EngineLoader } from './engine-loader.js';
import { codeOf } from './errors.js';
import type { ImportedPortion } from './event-bus.js';
import { load } from './load.js';
import type { LocalDatabase } from './local/database.js';
import { createMemoryDatabase } from './local/memory-database.js';
import { countWaiting, readState, type Waiting } from './local/records.js';
import type { WriteResult } from './local/write.js';
import { OpenedConversations } from './opened-conversations.js';
import { PendingImports } from './pending-imports.js';
import { Announcer } from './tabs/announcer.js';
import { Leadership } from './tabs/leadership.js';

/** A store whose local data is open. */
export interface OpenStore extends Context {
  database: LocalDatabase;
  engine: EngineLoader;
  opened: OpenedConversations;
  imports: PendingImports;
  announcer: Announcer;
  leadership: Leadership;
  /** Resolves when the status says what waits, and this tab may lead. What is here can be read before. */
  started: Promise<void>;
  /** Whether there is any point in asking the server now. */
  mayAsk(): boolean;
  /** Counts what waits, for the status. */
  count(): Promise<void>;
  /** After a change made in this tab: it is told, and is to be sent. */
  written(result: WriteResult & { movedFrom?: string }, waiting: Waiting): void;
  close(): Promise<void>;
}

/** Opens the local data and begins to synchronise it. */
export async function openStore(context: Context): Promise<OpenStore> {
  const database = await openDatabase(context);
  context.status.setTab({ storage: database.kind });
  context.users.known ??= database.run('readonly', (tx) => readState(tx, 'tenure'));
  const store = assemble(context, database);
  store.started = start(store);
  // Who waits for it hears of a failure.
  store.started.catch(() => {});
  return store;
}

async function start({ count, engine, isEnabled, leadership }: OpenStore) {
  await count();
  leadership.post({ type: 'hello' });
  leadership.decide();
  // Also where another tab leads: without the server it could not be loaded any more.
  if (isEnabled) engine.get().catch(() => {});
}

/** Where the browser refuses to keep anything, memory will do; outside of a browser it would only look as if. */
function openDatabase({ environment, name }: Context) {
  return environment.openDatabase(name).catch((error) => {
    if (codeOf(error) === 'no_browser') throw error;
    return createMemoryDatabase();
  });
}

function assemble(context: Context, database: LocalDatabase): OpenStore {
  const { bus, environment, locks, status } = context;
  const engine = new EngineLoader(context, database);
  const opened = new OpenedConversations(database, engine, locks);
  const channel = environment.openChannel(context.name);
  const announcer = new Announcer({ bus, channel, opened });
  const count = () => countOutbox(context, database);
  const leadership = new Leadership({ ...context, channel, engine, count });
  channel.onmessage = ({ data }) => {
    announcer.hear(data);
    leadership.hear(data);
  };
  const store: OpenStore = {
    ...context,
    database,
    engine,
    opened,
    imports: new PendingImports(),
    announcer,
    leadership,
    started: Promise.resolve(),
    count,
    mayAsk: () => mayAsk(context, engine),
    written(result, waiting) {
      const { id, movedFrom, refused: _, ...change } = result;
      bus.emit('records-changed', { id, change: { ...change, ...(movedFrom && { movedFrom }) }, source: 'tab' });
      if (result.refused?.length) bus.emit('writes-refused', result.refused);
      if (!result.changed) return;
      if (status.isWithoutServer) bus.emit('used-without-server', 'write');
      status.dispatch({ type: 'counted', ...waiting });
      leadership.written();
    },
    async close() {
      await leadership.close();
      database.close();
    },
  };
  connect(store);
  database.onOutdated = () => giveUp(store);
  return store;
}

/** A tab of a newer release has taken over the data: that one sends and listens from now on. */
function giveUp({ leadership, status }: OpenStore) {
  status.dispatch({ type: 'failed', code: 'newer_release' });
  leadership.close().catch(() => {});
}

/** Who hears of what. */
function connect(store: OpenStore) {
  const { bus, leadership, status } = store;
  // Not every change is announced by the tab that makes it.
  bus.on('user-changed', () => leadership.post({ type: 'owner' }));
  bus.on('outbox-changed', () => store.count());
  bus.on('server-reached', () => status.dispatch({ type: 'reached' }));
  bus.on('server-failed', (code) => status.dispatch({ type: 'failed', code }));
  bus.on('live-mode', (mode) => status.dispatch({ type: 'live', live: mode }));
  bus.on('list-loaded', () => status.dispatch({ type: 'loaded' }));
  bus.on('list-loading', (loading) => status.dispatch({ type: 'loading', loading }));
  bus.on('status', ({ pending }) => {
    if (leadership.isLeading) leadership.post({ type: 'status', state: status.state });
    if (pending === 0) leadership.decide();
  });
  bus.on('imported', async (portion) => {
    store.announcer.announce(portion.ids, 'confirmed');
    await advanceMigration(store, portion);
    await store.count();
  });
}

async function advanceMigration(store: OpenStore, portion: ImportedPortion) {
  const state = await store.database.run('readonly', (tx) => readState(tx, 'migration'));
  if (state?.phase !== 'sending' && state?.phase !== 'storing') return;
  const { Migration } = await load(() => import('./migration.js'));
  await new Migration(store).advance(portion);
}

function mayAsk({ environment, isEnabled, sessionStorage, status }: Context, engine: EngineLoader) {
  return (
    isEnabled &&
    sessionStorage.exists &&
    environment.page.isOnline() &&
    (engine.loaded?.breaker.wait ?? 0) === 0 &&
    !['local', 'signed-out'].includes(status.current.mode)
  );
}

async function countOutbox({ status }: Context, database: LocalDatabase) {
  status.dispatch({ type: 'counted', ...(await database.run('readonly', countWaiting)) });
}
