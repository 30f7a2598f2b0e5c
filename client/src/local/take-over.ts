/**
 * Moves what an anonymous user wrote without a server into the database of an account. Both are databases of their own, so that
 * no transaction holds both: other tabs write meanwhile, and the page may be closed at any step.
 */

import type { LocalDatabase, LocalTransaction } from './database.js';
import { same } from './fields.js';
import { expectEpoch, type Ownership } from './ownership.js';
import {
  comparePlaces,
  everyMessage,
  listConversations,
  readState,
  resolveConversation,
  writeState,
} from './records.js';
import type { ConversationRecord, MessageRecord, OutboxEntry, RefusedRecord } from './schema.js';
import { addMessage } from './write.js';
import { newConversationId } from '../text.js';

/** All that a database has of a conversation. */
interface WholeConversation {
  record: ConversationRecord;
  messages: MessageRecord[];
  entry: OutboxEntry | undefined;
}

/** Between which databases it is moved, when, and whose the data are to be all the time: `ownership` in `from`, `owner` in `to`. */
export interface Move {
  from: LocalDatabase;
  to: LocalDatabase;
  ownership: Ownership;
  owner: Ownership;
  now: number;
}

/** Moves a conversation; under another id where the account has another one of the same. */
export async function takeOver(move: Move, id: string): Promise<void> {
  const { from, to, ownership, now } = move;
  let copied: WholeConversation | undefined;
  for (let isMoved = false; !isMoved; ) {
    const source = await from.run('readonly', async (tx) => {
      await expectEpoch(tx, ownership);
      return readWhole(tx, id);
    });
    const before = copied;
    copied = await to.run('readwrite', (tx) => copyInto(tx, id, source, before, now));
    // What another tab has written since goes into the copy, too.
    isMoved = await from.run('readwrite', async (tx) => {
      await expectEpoch(tx, ownership);
      if (!same(await readWhole(tx, id), source)) return false;
      if (source) await remove(tx, id);
      return true;
    });
  }
  await to.run('readwrite', (tx) => noteClaimed(tx, id, undefined));
}

/** The ids of those that are still to be moved. */
export async function idsToTakeOver(tx: LocalTransaction, ownership: Ownership): Promise<string[]> {
  await expectEpoch(tx, ownership);
  return (await listConversations(tx)).map(({ id }) => id);
}

/** Copies what was refused and is kept, also after a claim that was stopped once only. Returns it, for `isAllOf`. */
export async function copyRefused({ from, to, ownership, owner }: Move): Promise<RefusedRecord[]> {
  const refused = await from.run('readonly', async (tx) => {
    await expectEpoch(tx, ownership);
    return tx.list('refused', null, null);
  });
  if (refused.length === 0) return refused;
  await to.run('readwrite', async (tx) => {
    await expectEpoch(tx, owner);
    const known = (await tx.list('refused', null, null)).map(withoutKey);
    const missing = refused.map(withoutKey).filter((record) => !known.some((other) => same(other, record)));
    for (const record of missing) await tx.put('refused', record);
  });
  return refused;
}

function withoutKey({ key: _, ...record }: RefusedRecord): RefusedRecord {
  return record;
}

/** Whether nothing else has been refused since. */
export async function isAllOf(tx: LocalTransaction, refused: readonly RefusedRecord[]): Promise<boolean> {
  return same(await tx.list('refused', null, null), refused);
}

async function readWhole(tx: LocalTransaction, id: string): Promise<WholeConversation | undefined> {
  const record = await tx.get('conversations', id);
  if (!record || record.deleted) return undefined;
  return { record, messages: await tx.list('messages', null, everyMessage(id)), entry: await tx.get('outbox', id) };
}

async function remove(tx: LocalTransaction, id: string) {
  await tx.deleteRange('messages', everyMessage(id));
  await tx.delete('outbox', id);
  await tx.delete('conversations', id);
}

/**
 * Copies a conversation, in the place of an earlier copy that nobody has written to. Returns the copy; undefined where there is
 * nothing to copy.
 */
async function copyInto(
  tx: LocalTransaction,
  id: string,
  source: WholeConversation | undefined,
  copied: WholeConversation | undefined,
  now: number,
): Promise<WholeConversation | undefined> {
  if (copied && same(await readWhole(tx, copied.record.id), copied)) await remove(tx, copied.record.id);
  if (!source) return undefined;
  const target = copied?.record.id ?? (await readState(tx, 'claimed'))?.[id] ?? id;
  const there = await resolveConversation(tx, target);
  if (there && (await addMissing(tx, there, source, now))) return undefined;
  const copy = underId(source, there ? newConversationId() : target);
  if (copy.record.id !== id) await noteClaimed(tx, id, copy.record.id);
  await tx.put('conversations', copy.record);
  for (const message of copy.messages) await tx.put('messages', message);
  if (copy.entry) await tx.put('outbox', copy.entry);
  return copy;
}

function underId({ record, messages, entry }: WholeConversation, id: string): WholeConversation {
  return {
    record: { ...record, id },
    messages: messages.map((message) => ({ ...message, conversation: id })),
    entry: entry && { ...entry, conversation: id, request: null },
  };
}

/**
 * A claim may have been stopped when this was copied: then what has come since is added. Returns whether the conversation that is
 * there has all of it then.
 */
async function addMissing(
  tx: LocalTransaction,
  there: ConversationRecord,
  { record, messages }: WholeConversation,
  now: number,
): Promise<boolean> {
  if (there.deleted || !includes(there.fields, record.fields)) return false;
  const missing: MessageRecord[] = [];
  for (const message of messages) {
    const known = await tx.get('messages', [there.id, message.id]);
    if (!known) missing.push(message);
    else if (known.removed !== message.removed || !includes(known.body, message.body)) return false;
  }
  // One of which nothing is there is another conversation, and where a branch belongs cannot be told.
  const isAnother = missing.length > 0 && missing.length === messages.length;
  if (isAnother || missing.some(({ shown, parent }) => !shown || parent !== undefined)) return false;
  for (const { id, body } of missing.sort(comparePlaces)) {
    await addMessage(tx, there.id, { id, at: Date.parse(body.timestamp), body }, now);
  }
  return true;
}

function includes(fields: object, others: object) {
  const values = new Map(Object.entries(fields));
  return Object.entries(others).every(([name, value]) => same(values.get(name), value));
}

/** Notes under which id a conversation was copied, for a claim that begins anew. */
async function noteClaimed(tx: LocalTransaction, id: string, as: string | undefined) {
  const { [id]: known, ...others } = (await readState(tx, 'claimed')) ?? {};
  if (known === as) return;
  await writeState(tx, 'claimed', as === undefined ? others : { ...others, [id]: as });
}
