/** The trash, and conversations that expire soon: lists, restoration and permanent deletion. */

import type { RecordChange } from './event-bus.js';
import type { LocalTransaction } from './local/database.js';
import { hasEnded } from './local/ownership.js';
import { putTombstone } from './local/records.js';
import type { Method } from './net/http.js';
import type { Summary, WriteResponse } from './net/wire.js';
import type { OpenStore } from './open.js';
import { applyRemoteSummary } from './sync/apply-remote.js';
import type {
  ExpiringPage,
  ListedConversation,
  PageOptions,
  PermanentDeletionOptions,
  Statistics,
  TrashedConversation,
  TrashPage,
} from './types.js';

interface ListResponse<Item> {
  data: Item[];
  nextCursor: string | null;
  count?: number | null;
}

export async function listTrash(store: OpenStore, page?: PageOptions): Promise<TrashPage> {
  const { data, nextCursor } = await list<TrashedConversation>(store, { trash: 'true' }, page);
  return { conversations: data, nextCursor };
}

export async function listExpiring(
  store: OpenStore,
  { days = 14, ...page }: PageOptions & { days?: number } = {},
): Promise<ExpiringPage> {
  type Expiring = ListedConversation & { expiresAt: string };
  const { data, nextCursor, count = null } = await list<Expiring>(store, { expiring: String(days) }, page);
  return { conversations: data, count, nextCursor };
}

async function list<Item>(store: OpenStore, query: Record<string, string>, { cursor, limit }: PageOptions = {}) {
  const { api } = await store.engine.get();
  const ownership = await api.owner();
  // What was just deleted, or kept, is listed as such.
  await sendWaiting(store);
  const options = { ...(cursor && { cursor }), ...(limit && { limit: String(limit) }) };
  const path = `/conversations?${new URLSearchParams({ ...query, ...options })}`;
  return (await api.call<ListResponse<Item>>('GET', path, { ownership })).body;
}

/** As far as it can be sent: what cannot, for lack of room, must not keep anybody from emptying the trash. */
async function sendWaiting({ leadership }: OpenStore) {
  await leadership.flush().catch(() => {});
}

/** Takes a conversation out of the trash, or back where the server has not heard of its deletion yet. */
export async function restoreConversation(store: OpenStore, id: string) {
  if (await takeBackDeletion(store, id)) return;
  await write<Summary>(store, id, { method: 'PATCH', body: { trashed: false } }, (tx, summary) =>
    applyRemoteSummary(tx, summary, store.environment.clock.now(), true),
  );
  const { pull } = await store.engine.get();
  // It is in the list already, and its messages are read when it is opened.
  await pull.refresh(id).catch(() => {});
}

async function takeBackDeletion({ bus, database, leadership }: OpenStore, id: string): Promise<boolean> {
  const isBack = await database.run('readwrite', async (tx) => {
    const record = await tx.get('conversations', id);
    const isSent = Boolean((await tx.get('outbox', id))?.request);
    if (record?.deleted !== 'pending' || isSent) return false;
    await tx.put('conversations', { ...record, deleted: undefined, deletedAt: undefined });
    return true;
  });
  if (!isBack) return false;
  bus.emit('records-changed', { id, change: { changed: true }, source: 'tab' });
  await leadership.wake();
  return true;
}

export async function deletePermanently(store: OpenStore, id: string, { deletedAt }: PermanentDeletionOptions = {}) {
  const query = `?${new URLSearchParams({ permanent: 'true', ...(deletedAt && { deletedAt }) })}`;
  await write(store, id, { method: 'DELETE', query }, async (tx) => {
    const record = await tx.get('conversations', id);
    if (!record || record.deleted === 'done') return { changed: false };
    await putTombstone(tx, record, store.environment.clock.now());
    return { changed: !record.deleted, deleted: true };
  });
}

/** Writes to one conversation at the server, after what waits, and notes in the records what came of it. */
async function write<Body>(
  store: OpenStore,
  id: string,
  { method, query = '', body }: { method: Method; query?: string; body?: object },
  apply: (tx: LocalTransaction, response: Body) => Promise<RecordChange>,
) {
  const { bus, database, engine } = store;
  const { api } = await engine.get();
  const ownership = await api.owner();
  await sendWaiting(store);
  const path = `/conversations/${encodeURIComponent(id)}${query}`;
  const response = (await api.call<Body & WriteResponse>(method, path, { body, ownership })).body;
  const change = await database.run('readwrite', async (tx) =>
    (await hasEnded(tx, ownership)) ? { changed: false } : apply(tx, response),
  );
  bus.emit('records-changed', { id, change, source: 'tab' });
  bus.emit('outbox-changed', undefined);
  bus.emit('write-confirmed', { response, ownership });
}

/** The server removes as much as it can in the time of a request. */
export async function emptyTrash(store: OpenStore) {
  const { api } = await store.engine.get();
  const ownership = await api.owner();
  await sendWaiting(store);
  for (;;) {
    const { body } = await api.call<{ emptied: boolean }>('DELETE', '/conversations?trash=true', { ownership });
    if (body.emptied) return;
  }
}

export async function setConversationTtl({ engine }: OpenStore, days: number | null): Promise<Statistics> {
  const { api } = await engine.get();
  const options = { body: { conversationTtlDays: days }, ownership: await api.owner() };
  return (await api.call<Statistics>('PATCH', '/user', options)).body;
}
