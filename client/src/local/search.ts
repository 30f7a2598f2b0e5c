import { textOf } from '../text.js';
import type { SearchResult } from '../types.js';
import type { LocalDatabase } from './database.js';
import { listConversations, shownBetween } from './records.js';

/** Characters before and after the match. */
const AROUND = 60;

/**
 * Conversations on this device of which the title or one message has all the words of `text`, last changed first; of
 * each the title, or its newest such message.
 */
export async function search(database: LocalDatabase, text: string, limit: number): Promise<SearchResult[]> {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const results: SearchResult[] = [];
  if (words.length === 0) return results;
  for (const { id, fields } of await database.run('readonly', listConversations)) {
    if (results.length === limit) break;
    const result = await searchConversation(database, id, String(fields.title ?? ''), words);
    if (result) results.push(result);
  }
  return results;
}

async function searchConversation(database: LocalDatabase, id: string, title: string, words: string[]) {
  const found = { conversationId: id, title };
  if (hasAll(title, words)) return { ...found, messageId: null, ...excerptOf(title, words[0] ?? '') };
  const messages = await database.run('readonly', (tx) => tx.list('messages', 'order', shownBetween(id)));
  const message = messages.findLast(({ body }) => hasAll(textOf(body), words));
  return message ? { ...found, messageId: message.id, ...excerptOf(textOf(message.body), words[0] ?? '') } : null;
}

function hasAll(text: string, words: string[]) {
  const lower = text.toLowerCase();
  return words.every((word) => lower.includes(word));
}

/** The text around the first match. */
function excerptOf(text: string, word: string) {
  // Lower case may be longer than the text itself, in rare scripts: then the match is not marked quite exactly.
  const at = text.toLowerCase().indexOf(word);
  const from = Math.max(0, at - AROUND);
  const excerpt = text.slice(from, at + word.length + AROUND);
  return { excerpt, start: at - from, length: word.length };
}
