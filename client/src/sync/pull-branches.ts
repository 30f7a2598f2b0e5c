/** Fetches all branches of a conversation when one is needed that is not on this device. */

import { readTree, rearrange, restoreServed, writeTree } from '../local/branches.js';
import type { Clock } from '../environment.js';
import { StoreError } from '../errors.js';
import type { EventBus } from '../event-bus.js';
import type { LocalDatabase, LocalTransaction } from '../local/database.js';
import { readMessage } from '../local/fields.js';
import { hasEnded, readOwnership, type Ownership } from '../local/ownership.js';
import { asFresh, comparePlaces, everyMessage, SHOWN, takePlace, withDirty } from '../local/records.js';
import { keepLosers, type Conflict } from '../local/refused-writes.js';
import type { ConversationRecord, MessageRecord, SentMessage } from '../local/schema.js';
import type { Api } from '../net/api.js';
import type { ConversationResponse, MessagesResponse, Summary } from '../net/wire.js';
import { countDirty } from './acknowledge.js';
import { applySummary, isOutdated, mergeMessage } from './merge.js';

/** Messages of one request. */
const PAGE = 100;
/** How often it is begun anew because somebody has written to it meanwhile. */
const MOST_ATTEMPTS = 5;

interface Parts {
  database: LocalDatabase;
  api: Api;
  bus: EventBus;
  clock: Clock;
}

/** The server's tree at one revision. */
interface RemoteTree {
  summary: Summary;
  messages: SentMessage[];
}

export async function pullBranches(parts: Parts, id: string) {
  const { database, api, bus } = parts;
  const ownership = await database.run('readonly', readOwnership);
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
    const remote = await readRemote(api, id, ownership);
    const conflicts = remote && (await apply(parts, id, remote, ownership));
    if (conflicts) {
      bus.emit('records-changed', { id, change: { changed: true, conflicts }, source: 'server' });
      return;
    }
  }
  throw new StoreError('offline', 'The conversation is being written to: try again.');
}

/** The server's tree; null where the conversation has changed while it was read. */
async function readRemote(api: Api, id: string, ownership: Ownership): Promise<RemoteTree | null> {
  const { body } = await api.call<ConversationResponse>('GET', `/conversations/${id}?limit=1`, { ownership });
  const { messages: _, nextCursor: __, ...summary } = body;
  const messages = await readAll(api, id, summary.revision, ownership);
  return messages && { summary: summary as Summary, messages };
}

/** Returns conflicts; null where what was read is older than what is known here by now, such as a message that was sent meanwhile. */
function apply({ database, clock }: Parts, id: string, remote: RemoteTree, ownership: Ownership) {
  return database.run('readwrite', async (tx) => {
    const record = await tx.get('conversations', id);
    if (!record || record.deleted || (await hasEnded(tx, ownership))) return [];
    if (isOutdated(record, remote.summary)) return null;
    const found = await applyRemoteTree(tx, record, remote);
    await keepLosers(tx, found, clock.now());
    return found;
  });
}

/** All messages, in the order in which they came; null where the conversation has changed meanwhile. */
async function readAll(api: Api, id: string, revision: number, ownership: Ownership) {
  const messages: SentMessage[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query: string = new URLSearchParams({
      branches: 'all',
      limit: String(PAGE),
      ...(cursor && { cursor }),
    }).toString();
    const path = `/conversations/${id}/messages?${query}`;
    const { body } = await api.call<MessagesResponse>('GET', path, { ownership });
    if (body.revision !== revision) return null;
    messages.push(...body.data);
    cursor = body.nextCursor;
  }
  return messages;
}

/** The server's tree takes the place of what was here of it; what waits to be sent is done again on top of it. */
async function applyRemoteTree(tx: LocalTransaction, record: ConversationRecord, { summary, messages }: RemoteTree) {
  const before = await readTree(tx, record);
  restoreServed(before);
  await writeTree(tx, before);
  const stored = new Map((await tx.list('messages', null, everyMessage(record.id))).map((one) => [one.id, one]));
  const onPath = pathTo(messages, summary.headId);
  const places = placesOf(messages);
  record.nextPlace = Math.max(record.nextPlace, messages.length + 1);
  const conflicts = applySummary(record, summary, 0);
  for (const message of messages) {
    const { record: merged, conflict } = mergeMessage(record.id, stored.get(message.id), readMessage(message));
    if (conflict) conflicts.push({ conversationId: record.id, ...conflict });
    await tx.put('messages', placed({ ...merged, place: places.get(message.id) ?? 0 }, message, onPath));
    stored.delete(message.id);
  }
  // Each gets a new place, behind all others.
  for (const message of [...stored.values()].sort(comparePlaces)) await leave(tx, record, message, conflicts);
  Object.assign(record, { held: true, older: null, verified: null, revision: summary.revision, page: null });
  const tree = await readTree(tx, record);
  rearrange(tree);
  await writeTree(tx, tree);
  record.count = summary.messageCount + (await countDirty(tx, record.id));
  await tx.put('conversations', record);
  return conflicts;
}

function placed(message: MessageRecord, { parentId = null }: SentMessage, onPath: Set<string>): MessageRecord {
  if (message.removed) return withDirty(onPath.has(message.id) ? message : { ...message, served: 0 });
  if (onPath.has(message.id)) return withDirty(message);
  return withDirty({ ...message, shown: 0, beside: 1, parent: parentId });
}

/** What the server does not have: new here, or gone there. */
async function leave(tx: LocalTransaction, record: ConversationRecord, message: MessageRecord, conflicts: Conflict[]) {
  if (message.fresh) {
    await tx.put('messages', { ...message, place: takePlace(record) });
  } else if (message.dirty && !message.removed) {
    await tx.put('messages', { ...asFresh(message), shown: SHOWN, place: takePlace(record) });
    conflicts.push({ conversationId: record.id, kind: 'edited-message-deleted', messageId: message.id });
  } else {
    await tx.delete('messages', [record.id, message.id]);
  }
}

function pathTo(messages: readonly SentMessage[], headId: unknown): Set<string> {
  const parents = new Map(messages.map(({ id, parentId = null }) => [id, parentId]));
  const path = new Set<string>();
  let at = typeof headId === 'string' ? headId : null;
  while (at !== null && !path.has(at)) {
    path.add(at);
    at = parents.get(at) ?? null;
  }
  return path;
}

/** In the order in which they came, but each behind the one that it follows. */
function placesOf(messages: readonly SentMessage[]): Map<string, number> {
  const places = new Map<string, number>();
  for (const [index, { id, parentId }] of messages.entries()) {
    const parent = places.get(parentId ?? '') ?? 0;
    places.set(id, Math.max(index + 1, parent + 1));
  }
  return places;
}
