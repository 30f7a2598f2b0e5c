/** Applies to the local tree what the server has confirmed of branches and switches. */

import { append, confirm, hasPendingBranch, moveHead, readTree, writeTree } from '../local/branches.js';
import type { LocalTransaction } from '../local/database.js';
import { dirtyMessages } from '../local/records.js';
import type { ConversationRecord, ConversationRequest, MessageRecord } from '../local/schema.js';
import type { Summary } from '../net/wire.js';
import { isWithoutBranches } from './next-request.js';

/**
 * Brings the paths of both sides together after a request. Returns whether the conversation is one line of messages as far as is
 * known, and each stands at the server where it does here.
 */
export async function confirmBranches(
  tx: LocalTransaction,
  record: ConversationRecord,
  { kind, body = {}, ids = [] }: ConversationRequest,
  { headId }: Summary,
): Promise<boolean> {
  if (kind === 'switch') return confirmSwitch(tx, record, body.headId);
  if (kind === 'create' || kind === 'append') return confirmSent(tx, record, body.messages ?? [], headId);
  if (kind === 'remove') return confirmRemoval(tx, record, ids);
  return true;
}

/** What followed a message that goes follows another one, in branches that are not known here too. */
async function confirmRemoval(tx: LocalTransaction, record: ConversationRecord, ids: readonly string[]) {
  const removed = await Promise.all(ids.map((id) => tx.get('messages', [record.id, id])));
  return isWithoutBranches(
    tx,
    record,
    removed.filter((message) => message !== undefined),
  );
}

async function confirmSwitch(tx: LocalTransaction, record: ConversationRecord, headId: unknown) {
  const tree = await readTree(tx, record);
  if (record.head === headId) delete record.head;
  confirm(tree, (fresh) => {
    moveHead(tree, headId as string);
    return fresh;
  });
  await writeTree(tx, tree);
  return false;
}

/** The server has these messages, and its path ends with `headId`, where it says so. */
export async function confirmSent(
  tx: LocalTransaction,
  record: ConversationRecord,
  sent: readonly { id: string }[],
  headId?: unknown,
): Promise<boolean> {
  const ids = new Set(sent.map(({ id }) => id));
  if (!hasPendingBranch(record, await dirtyMessages(tx, record.id))) return isInOrder(tx, record, ids);
  const tree = await readTree(tx, record);
  confirm(tree, (fresh) => {
    const isSent = ({ id }: MessageRecord) => ids.has(id);
    for (const message of [...tree.beside.values()].filter(isSent)) {
      message.fresh = false;
      tree.changed.add(message);
    }
    for (const message of fresh.filter(isSent)) {
      append(tree, message);
      message.fresh = false;
    }
    // A message that was there already has changed nothing.
    if (typeof headId === 'string') moveHead(tree, headId);
    return fresh.filter((message) => !isSent(message));
  });
  await writeTree(tx, tree);
  return false;
}

/** Whether nothing that the server had before stands behind these messages here: there, they are the last. */
async function isInOrder(tx: LocalTransaction, { id }: ConversationRecord, sent: Set<string>): Promise<boolean> {
  const dirty = await dirtyMessages(tx, id);
  const first = Math.min(...dirty.filter((message) => sent.has(message.id)).map(({ place }) => place));
  if (!Number.isFinite(first)) return true;
  const range = { lower: [id, 1, first], upper: [id, 1, Infinity] };
  const behind = await tx.list('messages', 'order', range);
  return behind.every((message) => message.fresh || sent.has(message.id));
}
