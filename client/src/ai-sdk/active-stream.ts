/** Reads and changes which answer of a chat is being written: the conversation's `activeStreamId`. */

import { type Api, isRefusal } from '../rest/api.js';
import { type OpenedConversation, pathOf, type StoredConversation } from './load.js';
import type { StoredMessage } from './messages.js';

/** After so long without a save, in milliseconds, the writer of an answer counts as gone. */
export const WRITER_TIMEOUT = 60_000;

/** How many of the newest messages are looked through for the answer being written. */
const NEWEST = 5;

/** The answer being written, as the server has it at one moment. */
export interface ActiveAnswer {
  conversation: StoredConversation;
  streamId: string | null;
  /** Not there before its first save. */
  message: StoredMessage | undefined;
  newest: StoredMessage[];
  /** Whether its writer is gone without having said so. */
  isAbandoned: boolean;
  etag: string | null;
}

export interface ReadOptions {
  /** How many of the newest messages to read. */
  limit?: number;
  signal?: AbortSignal;
  /** Whose message to look for; that of the active stream, where it is left out. */
  streamId?: string;
  /** What was read before: where nothing has changed since, nothing is sent. */
  before?: ActiveAnswer;
}

/** Reads which answer is being written. */
export async function readActiveAnswer(api: Api, chatId: string, options: ReadOptions = {}): Promise<ActiveAnswer> {
  const { limit = NEWEST, signal, before } = options;
  const headers: Record<string, string> = before?.etag ? { 'if-none-match': before.etag } : {};
  const path = `${pathOf(chatId)}?limit=${limit}`;
  const { status, body, etag, now } = await api.send<OpenedConversation>('GET', path, { signal, headers });
  if (status === 304 && before) return { ...before, isAbandoned: isAbandoned(before.conversation, now) };
  const { messages: newest, nextCursor, ...conversation } = body;
  const streamId = conversation.activeStreamId ?? null;
  const wanted = options.streamId ?? streamId;
  const message = newest.find((each) => wanted !== null && each.streamId === wanted);
  return { conversation, streamId, message, newest, etag, isAbandoned: isAbandoned(conversation, now) };
}

/** The server's time on both sides, so that no other clock matters. A live writer saves at least every 10 seconds. */
export function isAbandoned({ activeStreamId, updatedAt }: StoredConversation, now: number): boolean {
  return activeStreamId != null && now - Date.parse(updatedAt) > WRITER_TIMEOUT;
}

/** Sets the field where it has the expected value; whether it had. */
export async function replaceActiveStream(
  api: Api,
  chatId: string,
  expected: string | null,
  streamId: string | null,
): Promise<boolean> {
  const body = { $expected: { activeStreamId: expected }, activeStreamId: streamId };
  try {
    await api.send('PATCH', pathOf(chatId), { body });
    return true;
  } catch (error) {
    if (isRefusal(error, 'field_mismatch')) return false;
    throw error;
  }
}

/** Takes the place of no stream, or of one whose writer is gone. False where another one is active. */
export async function claimActiveStream(api: Api, chatId: string, streamId: string): Promise<boolean> {
  if (await replaceActiveStream(api, chatId, null, streamId)) return true;
  const active = await readActiveAnswer(api, chatId);
  if (active.streamId === streamId) return true;
  if (active.streamId !== null && !active.isAbandoned) return false;
  if (active.streamId !== null) await markAborted(api, chatId, active.streamId);
  return await replaceActiveStream(api, chatId, active.streamId, streamId);
}

/** Ends a stream for all who look at it, and keeps what there is of its answer. False where it is not the active one. */
export async function endActiveStream(api: Api, chatId: string, streamId: string): Promise<boolean> {
  const isOurs = await replaceActiveStream(api, chatId, streamId, null);
  if (isOurs) await markAborted(api, chatId, streamId);
  return isOurs;
}

/** How often a change that another writer was faster than is tried again. */
const TRIES = 5;

/** Marks the answer of a stream as aborted, unless it has ended otherwise. */
async function markAborted(api: Api, chatId: string, streamId: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const { message, etag } = await readActiveAnswer(api, chatId, { streamId });
    if (message?.status !== 'streaming' || !etag) return;
    const path = `${pathOf(chatId)}/messages/${message.id}`;
    const request = { body: { status: 'aborted', heartbeat: null }, headers: { 'if-match': etag } };
    try {
      await api.send('PATCH', path, request);
      return;
    } catch (error) {
      if (isRefusal(error, 'message_not_found')) return;
      if (!isRefusal(error, 'revision_mismatch') || attempt === TRIES) throw error;
    }
  }
}
