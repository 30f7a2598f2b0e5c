import { applySummary, isOutdated } from './merging.js';
import { bury, dirtyMessages, marked, pageOf } from './records.js';
import { differences, fieldsOf, same } from './shape.js';

/** The server has confirmed a request: what it carried is no longer ours alone. */

/**
 * Notes in the records what the server has now. What was changed here since the request was made stays to be sent.
 * Returns conflicts to tell of.
 */
export async function settle(tx, record, request, answer, now) {
  const { body } = answer;
  if (request.kind === 'delete') {
    await bury(tx, record, now);
    return [];
  }
  const summary = request.kind === 'create' || request.kind === 'patch' ? body : body.conversation;
  await settleMessages(tx, record, request, body);
  if (request.kind === 'create') settleCreation(record, request);
  if (request.kind === 'patch') settleFields(record.fields, record.base, request.body);
  if (isOutdated(record, summary)) {
    await tx.put('conversations', record);
    return [];
  }
  settleRevision(record, summary);
  const conflicts = applySummary(record, summary, await countDirty(tx, record.id));
  await tx.put('conversations', record);
  return conflicts;
}

async function settleMessages(tx, record, request, body) {
  for (const { id, ...fields } of request.kind === 'patch' ? [] : (request.body?.messages ?? [])) {
    await settleMessage(tx, record.id, id, (stored) => settleFresh(stored, fields));
  }
  if (request.kind === 'edit') {
    await settleMessage(tx, record.id, request.ids[0], (stored) => {
      settleFields(stored.body, stored.base, request.body);
    });
  }
  if (request.kind === 'remove') {
    for (const id of new Set([...request.ids, ...body.deleted])) {
      await settleRemoval(tx, record.id, id);
    }
  }
}

async function settleMessage(tx, conversation, id, step) {
  const stored = await tx.get('messages', [conversation, id]);
  if (!stored) return;
  step(stored);
  await tx.put('messages', marked(stored));
}

/** The server has the message as it was sent; what differs from that by now is an edit. */
export function settleFresh(stored, fields) {
  stored.fresh = false;
  stored.base = {};
  for (const name of differences(fields, stored.body)) stored.base[name] = fields[name] ?? null;
}

function settleFields(values, base, sentFields) {
  for (const [name, value] of Object.entries(sentFields)) {
    if (same(values[name], value)) delete base[name];
    else base[name] = value;
  }
}

/** Gone at the server. One that was wanted back meanwhile is new to it. */
async function settleRemoval(tx, conversation, id) {
  const stored = await tx.get('messages', [conversation, id]);
  if (!stored) return;
  if (stored.removed) await tx.delete('messages', [conversation, id]);
  else await tx.put('messages', marked({ ...stored, fresh: true, base: {} }));
}

/** Nothing is known of what the server has. */
export const NO_STATE = { latest: 0, etag: undefined, revision: 0, page: null };

function settleCreation(record, request) {
  const base = changedSince(request.body, record);
  Object.assign(record, { onServer: true, held: true, older: null, verified: null, base, ...NO_STATE });
}

/** The fields that were sent, where they are others by now. */
export function changedSince(body, record) {
  const fields = fieldsOf(body);
  const base = {};
  for (const name of differences(fields, record.fields)) {
    // The title is the server's to make where none was sent.
    if (name !== 'title' || fields.title) base[name] = fields[name] ?? null;
  }
  return base;
}

/** One further than the last known: nobody else has changed anything. */
function settleRevision(record, { revision, etag }) {
  if (revision !== record.latest + 1 || record.revision !== record.latest) return;
  Object.assign(record, { revision, page: pageOf(etag) });
}

/** How many messages are here that the server does not count, less those it still counts. */
export async function countDirty(tx, conversation) {
  let difference = 0;
  for (const message of await dirtyMessages(tx, conversation)) {
    if (message.fresh && !message.removed) difference += 1;
    if (!message.fresh && message.removed) difference -= 1;
  }
  return difference;
}
