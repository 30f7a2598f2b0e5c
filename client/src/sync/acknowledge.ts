/** Acknowledges a request that the server has confirmed: what it carried is no longer pending. */

import type { LocalTransaction } from '../local/database.js';
import { differences, fieldsOf, same, type Fields } from '../local/fields.js';
import { asFresh, dirtyMessages, pageTag, putTombstone, takePlace, withDirty } from '../local/records.js';
import type { Conflict } from '../local/refused-writes.js';
import type { ConversationRecord, ConversationRequest, MessageRecord } from '../local/schema.js';
import type { Summary, WriteResponse } from '../net/wire.js';
import { confirmBranches } from './acknowledge-branches.js';
import { applySummary, isOutdated } from './merge.js';

/**
 * Notes in the records what the server has now. What was changed here since the request was made still waits to be sent.
 * Returns conflicts.
 */
export async function acknowledge(
  tx: LocalTransaction,
  record: ConversationRecord,
  request: ConversationRequest,
  body: WriteResponse,
  now: number,
): Promise<Conflict[]> {
  if (request.kind === 'delete') {
    await putTombstone(tx, record, now);
    return [];
  }
  const isSummary = ['create', 'save', 'patch', 'switch'].includes(request.kind);
  const summary = (isSummary ? body : body.conversation) as Summary;
  const isLine = await confirmBranches(tx, record, request, summary);
  await acknowledgeMessages(tx, record, request, body);
  if (request.kind === 'create') acknowledgeCreation(record, request);
  if (request.kind === 'patch') acknowledgeFields(record.fields, record.base, request.body ?? {});
  if (request.kind === 'save') acknowledgeFields(record.fields, record.base, fieldsOf(request.body ?? {}));
  if (isOutdated(record, summary)) {
    await tx.put('conversations', record);
    return [];
  }
  // Where a branch was begun or switched to, the server has the last word on what is on the path.
  if (isLine) acknowledgeRevision(record, summary);
  const conflicts = applySummary(record, summary, await countDirty(tx, record.id));
  await tx.put('conversations', record);
  return conflicts;
}

async function acknowledgeMessages(
  tx: LocalTransaction,
  record: ConversationRecord,
  request: ConversationRequest,
  response: WriteResponse,
) {
  const { kind, body = {}, ids = [] } = request;
  for (const { id, parentId: _, siblingIds: __, ...fields } of kind === 'patch' ? [] : (body.messages ?? [])) {
    await updateStored(tx, record.id, id, (stored) => acknowledgeFresh(stored, fields));
  }
  if (kind === 'put' && ids[0] !== undefined) {
    await updateStored(tx, record.id, ids[0], (stored) => acknowledgeFresh(stored, body));
  }
  if (kind === 'edit' && ids[0] !== undefined) {
    await updateStored(tx, record.id, ids[0], (stored) => acknowledgeFields(stored.body, stored.base, body));
  }
  if (kind === 'remove') {
    for (const id of new Set([...ids, ...(response.deleted ?? [])])) await acknowledgeRemoval(tx, record, id);
  }
}

async function updateStored(
  tx: LocalTransaction,
  conversation: string,
  id: string,
  step: (stored: MessageRecord) => void,
) {
  const stored = await tx.get('messages', [conversation, id]);
  if (!stored) return;
  step(stored);
  await tx.put('messages', withDirty(stored));
}

/** The server has the message as it was sent; what differs from that by now is an edit. */
export function acknowledgeFresh(stored: MessageRecord, fields: Fields) {
  stored.fresh = false;
  delete stored.isWhole;
  stored.base = {};
  for (const name of differences(fields, stored.body)) stored.base[name] = fields[name] ?? null;
}

function acknowledgeFields(values: Fields, base: Fields, sent: Fields) {
  for (const [name, value] of Object.entries(sent)) {
    if (same(values[name], value)) delete base[name];
    else base[name] = value;
  }
}

/** Gone at the server. One that was wanted back meanwhile is new to it. */
async function acknowledgeRemoval(tx: LocalTransaction, record: ConversationRecord, id: string) {
  const stored = await tx.get('messages', [record.id, id]);
  if (!stored) return;
  // What was beside the path, and not asked for, went with all that followed a message.
  if (stored.removed || stored.beside) await tx.delete('messages', [record.id, id]);
  else await tx.put('messages', { ...asFresh(stored), place: takePlace(record) });
}

/** Nothing is known of what the server has. */
export const NO_STATE = { latest: 0, etag: undefined, revision: 0, page: null };

function acknowledgeCreation(record: ConversationRecord, request: ConversationRequest) {
  const base = changedSince(request.body ?? {}, record);
  Object.assign(record, { onServer: true, held: true, older: null, verified: null, base, ...NO_STATE });
}

/** The fields that were sent, where they are others by now. */
export function changedSince(body: object, record: ConversationRecord): Fields {
  const fields = fieldsOf(body);
  const base: Fields = {};
  for (const name of differences(fields, record.fields)) {
    // The title is the server's to make where none was sent.
    if (name !== 'title' || fields.title) base[name] = fields[name] ?? null;
  }
  return base;
}

/** One further than the last known: no other device has changed anything. */
function acknowledgeRevision(record: ConversationRecord, { revision, etag }: Summary) {
  if (revision !== record.latest + 1 || record.revision !== record.latest) return;
  Object.assign(record, { revision, page: pageTag(etag) });
}

/** How many messages are on the path here that the server does not count, less those it still counts. */
export async function countDirty(tx: LocalTransaction, conversation: string): Promise<number> {
  let difference = 0;
  for (const { fresh, removed, served, shown } of await dirtyMessages(tx, conversation)) {
    const counted = fresh ? 0 : (served ?? (removed ? 1 : shown));
    difference += shown - counted;
  }
  return difference;
}
