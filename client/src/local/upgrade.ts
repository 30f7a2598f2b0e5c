/** Converts what an earlier release has stored to the schema of this one. */

import { SHOWN, withDirty } from './records.js';
import {
  STORES,
  type ConversationRecord,
  type MessageBody,
  type MessageRecord,
  type StoreName,
  type UnindexedRecord,
} from './schema.js';

/** Where a message stood in version 1: by its timestamp, ms, and by order among those that shared one. */
interface TimePlace {
  at: number;
  seq: number;
}

type Version1Conversation = Omit<ConversationRecord, 'verified' | 'nextPlace'> & {
  verified: TimePlace | null;
  nextSeq: number;
};

type Version1Message = Omit<MessageRecord, 'place'> & TimePlace;

export function createStore(database: IDBDatabase, name: StoreName): IDBObjectStore {
  const { keyPath, autoIncrement, indexes } = STORES[name];
  const store = database.createObjectStore(name, { keyPath, autoIncrement: autoIncrement ?? false });
  for (const [index, path] of Object.entries(indexes)) store.createIndex(index, path);
  return store;
}

/** Versions 1 and 2 had no index: everything is yet to be indexed. */
export async function createIndex(transaction: IDBTransaction): Promise<void> {
  createStore(transaction.db, 'segments');
  const unindexed = createStore(transaction.db, 'unindexed');
  for (const key of await resultOf(transaction.objectStore('conversations').getAllKeys())) {
    const record: UnindexedRecord = { conversation: String(key), mark: 0 };
    unindexed.put(record);
  }
}

/** In the transaction that changes the version: all of it is converted, or nothing. */
export async function upgradeFromVersion1(transaction: IDBTransaction): Promise<void> {
  const messages = transaction.objectStore('messages');
  const conversations = transaction.objectStore('conversations');
  messages.deleteIndex('order');
  for (const index of ['order', 'beside']) {
    messages.createIndex(index, STORES.messages.indexes[index] as string[]);
  }
  for (const id of await resultOf(conversations.getAllKeys())) {
    const record: Version1Conversation = await resultOf(conversations.get(id));
    const range = IDBKeyRange.bound([id], [id, []]);
    const converted = convertConversation(record, await resultOf(messages.getAll(range)));
    conversations.put(converted.record);
    for (const message of converted.messages) messages.put(message);
  }
}

/** A conversation of version 1 with all of its messages: they keep the order in which they were shown. */
export function convertConversation(record: Version1Conversation, stored: readonly Version1Message[]) {
  const { verified, nextSeq: _, ...rest } = record;
  const sorted = [...stored].sort(compareTimes);
  const first = verified ? sorted.findIndex((message) => compareTimes(message, verified) >= 0) : -1;
  const messages: MessageRecord[] = [];
  let before: string | null = null;
  for (const [index, message] of sorted.entries()) {
    messages.push(convertMessage(message, index + 1, before));
    if (message.shown === SHOWN) before = message.id;
  }
  const place = first >= 0 ? first + 1 : sorted.length + 1;
  const converted: ConversationRecord = {
    ...rest,
    verified: verified && place,
    nextPlace: sorted.length + 1,
  };
  return { record: converted, messages };
}

function convertMessage({ at: _, seq: __, ...message }: Version1Message, place: number, before: string | null) {
  const { parentId, siblingIds, ...body } = message.body as MessageBody & { parentId?: unknown; siblingIds?: unknown };
  const { parentId: ___, siblingIds: ____, ...base } = message.base;
  const record: MessageRecord = { ...message, place, body: body as MessageBody, base };
  if (Array.isArray(siblingIds) && !message.fresh) record.siblings = siblingIds;
  const isParent = typeof parentId === 'string' || parentId === null;
  if (message.fresh && isParent && parentId !== before) record.parent = parentId;
  return withDirty(record);
}

function compareTimes(a: TimePlace, b: TimePlace) {
  return a.at - b.at || a.seq - b.seq;
}

function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
