/** Saves whole conversations, of which only the difference from what the frontend was given is written. */

import { StoreError } from '../errors.js';
import { newConversationId, UNTITLED } from '../text.js';
import type { LocalTransaction } from './database.js';
import { same, type Fields } from './fields.js';
import { learnFromSave } from './known-fields.js';
import type { ParsedConversation } from './parse-save.js';
import { newConversation, putTombstone, resolveConversation, type ParsedMessage } from './records.js';
import { keepRefusedInputs } from './refused-writes.js';
import type { ConversationRecord, MessageBody } from './schema.js';
import type { Snapshot } from './snapshots.js';
import {
  commit,
  giveTitle,
  isTurnOpen,
  putMessage,
  removeMessage,
  resultOf,
  setConversationField,
  type Work,
  type WriteResult,
} from './write.js';

/** Saves what `saved` has beyond `known`, what its object was given. */
export async function save(
  tx: LocalTransaction,
  saved: ParsedConversation,
  known: Snapshot,
  now: number,
): Promise<WriteResult> {
  const found = await resolveConversation(tx, saved.id);
  if (!found?.deleted) return saveTo(tx, found, saved, known, now);
  const record = await continueDeleted(tx, found, saved, known, now);
  // Nothing of it is there yet.
  return saveTo(tx, record, saved, { ...known, fields: undefined, messages: new Map(), isExact: true }, now);
}

async function saveTo(
  tx: LocalTransaction,
  found: ConversationRecord | undefined,
  saved: ParsedConversation,
  known: Snapshot,
  now: number,
): Promise<WriteResult> {
  const record = found ?? createFrom(saved, now);
  // `commit` moves the time on, which is for what was there before.
  if (!found) record.updatedAt--;
  const knownFields = await learnFromSave(tx, saved, known);
  const work: Work = { tx, record, now, changed: !found, conflicts: [], known: knownFields };

  saveFields(work, saved.fields, known);
  for (const id of await removedIds(work, saved, known)) await removeMessage(work, id, known.messages.get(id));
  await saveMessages(work, saved.messages ?? [], known);

  if (work.changed) {
    // Of what it does not have yet, the server cannot have counted anything: what the frontend counted will do.
    if (!record.onServer && Number.isFinite(saved.tokens)) record.tokens = saved.tokens as number;
    giveTitle(record, saved.messages ?? []);
    await commit(work, isTurnOpen(saved));
  }
  const refused = await keepRefusedInputs(tx, saved.refused, now);
  return { ...resultOf(work), refused };
}

/** What was saved to a deleted conversation lives on in a new one, if there is anything new in it. */
async function continueDeleted(
  tx: LocalTransaction,
  tombstone: ConversationRecord,
  saved: ParsedConversation,
  known: Snapshot,
  now: number,
) {
  const isNew = ({ id, body }: ParsedMessage) =>
    !known.messages.has(id) || (body.type === 'user' && known.messages.get(id)?.content !== body.content);
  if (!saved.messages?.some(isNew)) {
    throw new StoreError('conversation_deleted', 'This conversation was deleted.');
  }
  const record = createFrom({ ...saved, id: newConversationId() }, now);
  await putTombstone(tx, tombstone, now, record.id);
  return record;
}

function createFrom(saved: ParsedConversation, now: number): ConversationRecord {
  const record = newConversation(saved.id, now);
  if (Number.isFinite(saved.createdAt)) record.createdAt = saved.createdAt;
  record.fields = { ...saved.fields, title: saved.fields.title || UNTITLED };
  return record;
}

function saveFields(work: Work, fields: Fields, { fields: knownFields, isExact }: Snapshot) {
  const { record } = work;
  for (const name of isExact ? leftOut(fields, knownFields, work.known?.conversation) : []) {
    setConversationField(work, name, null);
  }
  for (const [name, value] of Object.entries(fields)) {
    // A frontend that does not follow titles goes on sending the one it began with.
    const isNoTitle = name === 'title' && (!value || (value === UNTITLED && record.fields.title));
    const isAsGiven = knownFields && same(knownFields[name], value);
    if (isNoTitle || isAsGiven) continue;
    setConversationField(work, name, value);
  }
}

/** Fields that are missing though the object was given them, and that this frontend knows: they are to go. */
function leftOut(fields: Fields, given: Fields | undefined, known: ReadonlySet<string> | undefined): string[] {
  return Object.keys(given ?? {}).filter((name) => !(name in fields) && known?.has(name));
}

/** The messages stand in the order in which they are saved: what is new comes before what it stands before there. */
async function saveMessages(work: Work, messages: readonly ParsedMessage[], known: Snapshot) {
  const following = followingKnown(messages, known);
  let before: string | null = null;
  for (const [index, message] of messages.entries()) {
    const given = known.messages.get(message.id);
    if (message.body !== given) await saveMessage(work, message, before, given, following[index]);
    before = message.id;
  }
}

async function saveMessage(
  work: Work,
  message: ParsedMessage,
  before: string | null,
  given: MessageBody | undefined,
  next: string | undefined,
) {
  const isLinear = message.parent === undefined || message.parent === before;
  await putMessage(work, isLinear ? { ...message, parent: undefined } : message, given, next);
}

/** For each of the messages the next one that its object was given. */
function followingKnown(messages: readonly ParsedMessage[], known: Snapshot): (string | undefined)[] {
  const following: (string | undefined)[] = [];
  let next: string | undefined;
  for (let index = messages.length - 1; index >= 0; index -= 1) {
    following[index] = next;
    const { id } = messages[index] as ParsedMessage;
    if (known.messages.has(id)) next = id;
  }
  return following;
}

/** Messages the object was given and no longer has. */
async function removedIds({ tx, record }: Work, saved: ParsedConversation, known: Snapshot): Promise<string[]> {
  if (!saved.messages) return [];
  const kept = new Set(saved.messages.map(({ id }) => id));
  const missing = [...known.messages].filter(([id]) => !kept.has(id));
  if (known.isExact) return missing.map(([id]) => id);
  // Nobody knows which object this was: only what stands behind the first message they share can be meant.
  const first = saved.messages.find(({ id }) => known.messages.has(id));
  const place = first && (await tx.get('messages', [record.id, first.id]))?.place;
  if (place === undefined) return [];
  const stored = await Promise.all(missing.map(([id]) => tx.get('messages', [record.id, id])));
  return stored.flatMap((message) => (message && message.place >= place ? [message.id] : []));
}
