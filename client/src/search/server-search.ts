/** What the server finds, among all of the user's conversations: how it is asked, and how its response is read. */

import type { Ownership } from '../local/ownership.js';
import type { Api } from '../net/api.js';
import { isoOf, millisecondsOf } from '../text.js';
import type { SearchIndexing, SearchResult } from '../types.js';
import { asTyped } from './query.js';

/** A page of what the server has found. */
export interface ServerPage {
  results: SearchResult[];
  /** Null on the last page. */
  nextCursor: string | null;
  indexed: SearchIndexing;
}

interface Response {
  data: FoundConversation[];
  nextCursor?: string | null;
  /** An earlier release, which has no search, lists the conversations, and has no such thing. */
  indexed?: SearchIndexing;
}

interface FoundConversation {
  conversation: { id: string; title: string; updatedAt: string | number };
  /** Null where nothing was found in it. */
  title: FoundText | null;
  messages: { id: string; timestamp: string | number; excerpt: FoundText }[];
}

interface FoundText {
  text: string;
  /** Where each begins and ends. */
  marks: [start: number, end: number][];
}

/** The longest text that the server takes, in characters. */
const LONGEST = 256;

/** Null where the server does not search for such a text, or not at all. */
export async function searchServer(
  api: Api,
  ownership: Ownership,
  text: string,
  cursor: string | null,
): Promise<ServerPage | null> {
  const query = asTyped(text.trimStart());
  if (query.length > LONGEST) return null;
  const parameters = new URLSearchParams({ q: query, ...(cursor !== null && { cursor }) });
  return readResponse((await api.call<Response>('GET', `/conversations?${parameters}`, { ownership })).body);
}

function readResponse({ data, nextCursor = null, indexed }: Response): ServerPage | null {
  return indexed ? { results: data.flatMap(resultsOf), nextCursor, indexed } : null;
}

/** Its messages; the title where that alone was found. */
function resultsOf({ conversation, title, messages }: FoundConversation): SearchResult[] {
  const of = { conversationId: conversation.id, title: conversation.title };
  const found = messages.map(({ id, timestamp, excerpt }) => resultOf({ ...of, messageId: id }, timestamp, excerpt));
  if (found.length > 0 || !title) return found;
  return [resultOf({ ...of, messageId: null }, conversation.updatedAt, title)];
}

function resultOf(
  of: Pick<SearchResult, 'conversationId' | 'title' | 'messageId'>,
  time: string | number,
  { text, marks }: FoundText,
): SearchResult {
  const lengths = marks.map(([start, end]): [number, number] => [start, end - start]);
  const [start, length] = lengths[0] ?? [0, 0];
  return { ...of, at: isoOf(millisecondsOf(time)), excerpt: text, marks: lengths, start, length };
}
