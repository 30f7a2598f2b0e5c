/** What of a conversation is searched: its title, and the messages that are shown. */

import type { LocalDatabase } from '../local/database.js';
import { listConversations, shownBetween } from '../local/records.js';
import type { ConversationRecord, MessageRecord } from '../local/schema.js';
import { searchTextOf } from './message-text.js';
import { SegmentBuilder, type Segment } from './segment.js';

/** A conversation as it is read to be indexed. */
export interface ToIndex {
  conversation: string;
  /** What `unindexed` says of it: undefined where another tab has indexed it meanwhile. */
  mark: number | undefined;
  /** Null where it is gone. */
  record: ConversationRecord | null;
  messages: MessageRecord[];
}

/** How long one goes on before others get a turn, ms: where there is no worker, it is the page's thread. */
const SLICE = 8;

export function readToIndex(database: LocalDatabase, conversation: string): Promise<ToIndex> {
  return database.run('readonly', async (tx) => {
    const mark = (await tx.get('unindexed', conversation))?.mark;
    const record = await tx.get('conversations', conversation);
    if (!record || record.deleted) return { conversation, mark, record: null, messages: [] };
    return { conversation, mark, record, messages: await tx.list('messages', 'order', shownBetween(conversation)) };
  });
}

/** Which conversations are yet to be indexed, last changed first. */
export function listUnindexed(database: LocalDatabase): Promise<string[]> {
  return database.run('readonly', async (tx) => {
    const keys = new Set((await tx.keys('unindexed')).map(String));
    if (keys.size < 2) return [...keys];
    const listed = (await listConversations(tx)).map(({ id }) => id).filter((id) => keys.delete(id));
    return [...listed, ...keys];
  });
}

/** The segment of a conversation; null where there is nothing to find. */
export async function segmentOf({ record, messages }: ToIndex): Promise<Segment | null> {
  if (!record) return null;
  const builder = new SegmentBuilder();
  builder.add('', titleOf(record));
  let since = performance.now();
  for (const { id, body } of messages) {
    builder.add(id, searchTextOf(body));
    if (performance.now() - since < SLICE) continue;
    await sleep(0);
    since = performance.now();
  }
  return builder.build(record.id, record.updatedAt);
}

export function titleOf({ fields }: ConversationRecord): string {
  return typeof fields.title === 'string' ? fields.title : '';
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
