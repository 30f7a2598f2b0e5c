/** Applies a page of the server's messages to the records, and unsent changes again on top of it. */

import { hasPendingBranch, readTree, rearrange, restoreServed, writeTree } from '../local/branches.js';
import type { LocalTransaction } from '../local/database.js';
import { readMessage } from '../local/fields.js';
import {
  asFresh,
  comparePlaces,
  dirtyMessages,
  messagesBeside,
  pageTag,
  shownBetween,
  SHOWN,
  takePlace,
  withDirty,
} from '../local/records.js';
import type { Conflict } from '../local/refused-writes.js';
import type { ConversationRecord, MessageRecord, SentMessage } from '../local/schema.js';
import { isDifferent, mergeMessage, type UnplacedMessage } from './merge.js';

/** A page of messages, oldest first, with the state of the conversation at that time. */
export interface RemotePage {
  messages: SentMessage[];
  nextCursor: string | null;
  /** Of the newest page: the revision it shows, that state's tag, and the page's own `ETag`. */
  state?: { revision: number; etag: string | undefined; tag: string | null };
}

export interface PageChange {
  changed: boolean;
  conflicts: Conflict[];
  /** Messages that were not here. */
  added: number;
}

/** How far apart messages are placed between which others may have to be read: more than a conversation can have. */
const GAP = 1_000_000;

/** Applies a page of messages: the newest one, or that which ends before the place `before`. */
export async function applyRemotePage(
  tx: LocalTransaction,
  record: ConversationRecord,
  page: RemotePage,
  before: number | null = null,
): Promise<PageChange> {
  const isBranching = await hasBranchesOfBoth(tx, record, page);
  if (isBranching) await showServed(tx, record);
  const { merged, ...applied } = await mergePage(tx, record, page.messages);
  const here = await readKnown(tx, record, page, merged, before);
  const gone = await dropMissing(tx, record, here.missing, page.messages);
  const placed = before === null ? placeLast(record, here, merged, page.nextCursor) : placeBefore(before, here, merged);
  for (const message of placed.moved) await tx.put('messages', message);
  const isPlaced = await store(tx, applied.stored, placed.messages);
  record.older = page.nextCursor;
  record.verified = page.nextCursor ? (placed.messages[0]?.place ?? null) : null;
  if (page.state) noteState(record, page.state);
  const conflicts = [...applied.conflicts, ...gone.conflicts, ...(await correctBeside(tx, record, page))];
  if (before === null) {
    const known = Math.max(
      ...applied.stored.map((message) => (message?.shown && !message.fresh ? message.place : -Infinity)),
    );
    await moveFreshBehind(tx, record, placed.messages.at(-1)?.place ?? -Infinity, known);
  }
  if (isBranching) await showPending(tx, record);
  await tx.put('conversations', record);
  return { changed: isPlaced || gone.changed, added: applied.added, conflicts };
}

/** Whether there is a branch that waits to be sent, or is on both sides already. */
async function hasBranchesOfBoth(tx: LocalTransaction, record: ConversationRecord, page: RemotePage): Promise<boolean> {
  const dirty = await dirtyMessages(tx, record.id);
  const named = new Set(page.messages.flatMap(({ id, siblingIds = [] }) => siblingIds.filter((other) => other !== id)));
  return hasPendingBranch(record, dirty) || dirty.some(({ id, fresh }) => fresh && named.has(id));
}

function noteState(record: ConversationRecord, { revision, etag, tag }: NonNullable<RemotePage['state']>) {
  Object.assign(record, { held: true, revision, page: pageTag(etag, tag) });
  if (revision >= record.latest) Object.assign(record, { latest: revision, etag: etag ?? null });
}

/** The path becomes that of the server, with what waits to be sent beside it. */
async function showServed(tx: LocalTransaction, record: ConversationRecord) {
  const tree = await readTree(tx, record);
  restoreServed(tree);
  await writeTree(tx, tree);
}

async function showPending(tx: LocalTransaction, record: ConversationRecord) {
  const tree = await readTree(tx, record);
  rearrange(tree);
  await writeTree(tx, tree);
}

async function mergePage(tx: LocalTransaction, record: ConversationRecord, messages: SentMessage[]) {
  const result = { conflicts: [] as Conflict[], added: 0, merged: [] as UnplacedMessage[] };
  const stored = await Promise.all(messages.map(({ id }) => tx.get('messages', [record.id, id])));
  for (const [index, theirs] of messages.map(readMessage).entries()) {
    const { record: merged, conflict } = mergeMessage(record.id, stored[index], theirs);
    if (conflict) result.conflicts.push({ conversationId: record.id, ...conflict });
    if (!stored[index]) result.added += 1;
    result.merged.push(merged);
  }
  return { ...result, stored };
}

async function store(
  tx: LocalTransaction,
  stored: readonly (MessageRecord | undefined)[],
  messages: readonly MessageRecord[],
) {
  const different = messages.filter((message, index) => isDifferent(stored[index], message));
  await Promise.all(different.map((message) => tx.put('messages', withDirty(message))));
  return different.length > 0;
}

/** What is here of the server's path, and not in the page: before it, or no longer there. */
interface Known {
  older: MessageRecord[];
  missing: MessageRecord[];
}

async function readKnown(
  tx: LocalTransaction,
  record: ConversationRecord,
  page: RemotePage,
  merged: readonly UnplacedMessage[],
  before: number | null,
): Promise<Known> {
  const present = new Set(page.messages.map(({ id }) => id));
  const shown = await tx.list('messages', 'order', shownBetween(record.id, null, before));
  const hidden = (await dirtyMessages(tx, record.id)).filter(
    ({ removed, place }) => removed && place < (before ?? Infinity),
  );
  const others = [...shown, ...hidden].filter(({ id, fresh }) => !fresh && !present.has(id)).sort(comparePlaces);
  if (!page.nextCursor) return { older: [], missing: others };
  const first = merged.find(({ place, fresh }) => place !== undefined && !fresh)?.place ?? Infinity;
  // Another version of a message of the page is not before the page, and nor is what follows it.
  const versions = new Set(merged.flatMap(({ siblings = [] }) => siblings));
  const branch = others.find(({ id }) => versions.has(id))?.place ?? Infinity;
  const end = Math.min(first, branch);
  return { older: others.filter(({ place }) => place < end), missing: others.filter(({ place }) => place >= end) };
}

/** What the server no longer has on its path: beside it, where the page says so; else gone, unless it was edited here. */
async function dropMissing(
  tx: LocalTransaction,
  record: ConversationRecord,
  missing: readonly MessageRecord[],
  page: readonly SentMessage[],
) {
  const result = { changed: missing.length > 0, conflicts: [] as Conflict[] };
  const parents = parentsOf(page);
  let parent: string | null | undefined;
  for (const message of missing) {
    if (parents.has(message.id)) parent = parents.get(message.id);
    if (message.removed) {
      // Beside the path it still has to be deleted, and what followed it follows what it followed.
      if (parent === undefined) await tx.delete('messages', [record.id, message.id]);
      else await tx.put('messages', withDirty({ ...message, served: 0, parent }));
    } else if (parent !== undefined) {
      await tx.put('messages', withDirty({ ...message, shown: 0, beside: 1, parent }));
      parent = message.id;
    } else {
      result.conflicts.push(...(await drop(tx, record, message)));
    }
  }
  return result;
}

/** A message that is gone at the server is gone here, unless it was edited here. */
async function drop(tx: LocalTransaction, record: ConversationRecord, message: MessageRecord): Promise<Conflict[]> {
  if (!message.dirty) {
    await tx.delete('messages', [record.id, message.id]);
    return [];
  }
  await tx.put('messages', { ...asFresh(message), shown: SHOWN, place: takePlace(record) });
  return [{ conversationId: record.id, kind: 'edited-message-deleted', messageId: message.id }];
}

/** A page tells all versions of its messages: other ones are gone, and so is what followed those, as far as it is known here. */
async function correctBeside(tx: LocalTransaction, record: ConversationRecord, page: RemotePage): Promise<Conflict[]> {
  const clean = (await messagesBeside(tx, record.id)).filter(({ fresh }) => !fresh);
  if (clean.length === 0) return [];
  const beside = new Map(clean.map((message) => [message.id, message]));
  const gone = new Set<string>();
  for (const [index, { id, siblingIds = [id] }] of page.messages.entries()) {
    if (index === 0 && page.nextCursor) continue;
    const parent = page.messages[index - 1]?.id ?? null;
    for (const message of clean) {
      const isVersion = siblingIds.includes(message.id);
      if (isVersion && message.parent !== parent) await tx.put('messages', Object.assign(message, { parent }));
      if (!isVersion && message.parent === parent) gone.add(message.id);
    }
  }
  for (const id of gone) for (const { id: next, parent } of beside.values()) if (parent === id) gone.add(next);
  const conflicts = await Promise.all([...gone].map((id) => drop(tx, record, beside.get(id) as MessageRecord)));
  return conflicts.flat();
}

/** Of each version of a message of the page, what it follows. */
function parentsOf(page: readonly SentMessage[]): Map<string, string | null> {
  const parents = new Map<string, string | null>();
  for (const [index, { siblingIds = [] }] of page.entries()) {
    for (const id of siblingIds) parents.set(id, page[index - 1]?.id ?? null);
  }
  return parents;
}

interface Placed {
  messages: MessageRecord[];
  /** Others that had to make room. */
  moved: MessageRecord[];
}

/** The newest page: each message behind the one before it, where it is if possible. */
function placeLast(
  record: ConversationRecord,
  { older }: Known,
  merged: readonly UnplacedMessage[],
  nextCursor: string | null,
): Placed {
  const last = older.at(-1)?.place;
  const firstKnown = merged.findIndex(({ place, fresh }) => place !== undefined && !fresh);
  // Where nothing of the page is known, there may be more between it and what is here.
  const start = last === undefined ? (merged[firstKnown]?.place ?? 1) - Math.max(0, firstKnown) : last + 1;
  let next = nextCursor && last !== undefined && firstKnown < 0 ? last + GAP : start;
  const messages = merged.map((message) => {
    const place = Math.max(message.place ?? next, next);
    next = Math.floor(place) + 1;
    return { ...message, place };
  });
  record.nextPlace = Math.max(record.nextPlace, next);
  return { messages, moved: [] };
}

/** An older page: each message before the one behind it. What is here of still older ones makes room. */
function placeBefore(before: number, { older }: Known, merged: readonly UnplacedMessage[]): Placed {
  let next = Math.ceil(before) - 1;
  const messages = [...merged].reverse().map((message) => {
    const place = Math.min(message.place ?? next, next);
    next = Math.ceil(place) - 1;
    return { ...message, place };
  });
  messages.reverse();
  const overlap = (older.at(-1)?.place ?? -Infinity) - next;
  const moved = overlap > 0 ? older.map((message) => ({ ...message, place: message.place - Math.ceil(overlap) })) : [];
  return { messages, moved };
}

/** What the server does not have yet comes behind what it has; what was put before the last one `known` stays there. */
export async function moveFreshBehind(tx: LocalTransaction, record: ConversationRecord, place: number, known: number) {
  const isLast = (message: MessageRecord) => message.fresh && message.shown === SHOWN && message.place > known;
  const fresh = (await dirtyMessages(tx, record.id)).filter(isLast);
  fresh.sort(comparePlaces);
  if (!fresh[0] || fresh[0].place > place) return;
  for (const message of fresh) await tx.put('messages', { ...message, place: takePlace(record) });
}
