import { BULK, SHOWN, dirtyMessages, marked } from './records.js';
import { sent } from './planning.js';
import { NO_STATE, changedSince, settleFresh } from './settling.js';
import { UNTITLED, isoOf } from './text.js';

/** Many conversations at once, by the server's import: a migration, or a change of users. */

const MOST_CONVERSATIONS = 50;
const MOST_BYTES = 3_500_000;

const encoder = new TextEncoder();

/** The import request for what comes next, or null. A conversation too large for one goes in parts. */
export async function planBulk(tx) {
  const body = [];
  let room = MOST_BYTES;
  for (const entry of await bulkEntries(tx)) {
    if (body.length === MOST_CONVERSATIONS || room <= 0) break;
    const record = await tx.get('conversations', entry.conversation);
    if (!record || record.deleted) {
      await tx.put('outbox', { ...entry, isBulk: false });
      continue;
    }
    const { item, bytes } = await partOf(tx, record, body.length === 0 ? Infinity : room, room);
    if (item) body.push(item);
    room -= bytes;
  }
  return body.length > 0 ? { kind: 'import', method: 'POST', path: '/import', body } : null;
}

export async function bulkEntries(tx) {
  const entries = await tx.list('outbox', null, null);
  return entries.filter(({ isBulk, request }) => isBulk && !request).sort((a, b) => a.created - b.created);
}

/** As much of a conversation as fits; its first message is taken however large it is, where `atLeast` allows. */
async function partOf(tx, record, atLeast, room) {
  const fields = { ...record.fields };
  if (fields.title === UNTITLED) delete fields.title;
  const item = {
    ...fields,
    id: record.id,
    createdAt: isoOf(record.createdAt),
    updatedAt: isoOf(record.updatedAt),
    totalTokens: record.tokens,
    messages: [],
  };
  let bytes = encoder.encode(JSON.stringify(item)).length;
  const fresh = (await dirtyMessages(tx, record.id)).filter((message) => message.fresh && message.shown === SHOWN);
  fresh.sort((a, b) => a.at - b.at || a.seq - b.seq);
  for (const message of fresh) {
    const size = encoder.encode(JSON.stringify(message.body)).length + 200;
    const limit = item.messages.length === 0 ? atLeast : room;
    if (bytes + size > limit) break;
    bytes += size;
    item.messages.push(sent(message));
  }
  const isPostponed = fresh.length > 0 && item.messages.length === 0;
  return isPostponed ? { item: null, bytes: room } : { item, bytes };
}

/** Notes what the server has of an import. Returns the ids it rejected, each with the code. */
export async function settleBulk(tx, request, answer) {
  const rejected = [];
  for (const { index, status, code } of answer.body.results) {
    const item = request.body[index];
    const record = await tx.get('conversations', item.id);
    const entry = await tx.get('outbox', item.id);
    if (!record || !entry) continue;
    if (status === 'rejected') {
      // As an ordinary write it is refused, or recovered from, message by message.
      rejected.push({ id: item.id, code });
      await tx.put('outbox', { ...entry, isBulk: false });
    } else if (status === 'unchanged' || entry.isAdopted) {
      await doubt(tx, record, entry, item);
    } else {
      await settleItem(tx, record, item);
      if (!(await hasMore(tx, item.id))) await tx.put('outbox', { ...entry, isBulk: false });
    }
  }
  await tx.delete('outbox', BULK);
  return rejected;
}

/**
 * The server may have had some of these messages already, and kept them as it had them: what it has is seen, and merged with
 * what is here, before anything counts as sent.
 */
async function doubt(tx, record, entry, item) {
  const times = item.messages.map(({ timestamp }) => Date.parse(timestamp));
  const until = times.length > 0 ? Math.min(...times) : null;
  await tx.put('conversations', { ...record, onServer: true, held: false, older: null, verified: null, ...NO_STATE });
  await tx.put('outbox', { ...entry, isBulk: false, isAdopted: false, refresh: { until } });
}

async function settleItem(tx, record, item) {
  for (const { id, ...fields } of item.messages) {
    const stored = await tx.get('messages', [record.id, id]);
    if (!stored) continue;
    settleFresh(stored, fields);
    await tx.put('messages', marked(stored));
  }
  const created = { onServer: true, held: true, older: null, verified: null, base: changedSince(item, record) };
  await tx.put('conversations', { ...record, ...(record.onServer ? {} : created), ...seenAfter(record) });
}

/**
 * The server does not tell the revision. It is most likely the next one: if not, the next summary says so, or the state that
 * is asked for before anything is sent that depends on it.
 */
function seenAfter({ revision, latest }) {
  return { revision: revision === latest ? latest + 1 : revision, latest: latest + 1, etag: undefined, page: null };
}

async function hasMore(tx, conversation) {
  return (await dirtyMessages(tx, conversation)).some((message) => message.fresh && !message.removed);
}
