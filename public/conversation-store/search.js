import { shownBetween } from './records.js';
import { textOf } from './text.js';

const AROUND = 60;

/**
 * Conversations on this device of which the title or one message has all the words of `text`, last changed first; of
 * each the title, or its newest such message.
 */
export async function search(database, text, limit) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const conversations = await database.run('readonly', (tx) => tx.list('conversations', null, null));
  conversations.sort((a, b) => b.updatedAt - a.updatedAt);
  const results = [];
  for (const { id, fields, deleted } of conversations) {
    if (results.length === limit) break;
    const result = deleted ? null : await searchConversation(database, { id, fields }, words);
    if (result) results.push(result);
  }
  return results;
}

async function searchConversation(database, { id, fields }, words) {
  const found = { conversationId: id, title: fields.title };
  if (hasAll(fields.title, words)) return { ...found, messageId: null, ...excerptOf(fields.title, words[0]) };
  const messages = await database.run('readonly', (tx) => tx.list('messages', 'order', shownBetween(id)));
  const message = messages.findLast(({ body }) => hasAll(textOf(body), words));
  return message ? { ...found, messageId: message.id, ...excerptOf(textOf(message.body), words[0]) } : null;
}

function hasAll(text, words) {
  const lower = text.toLowerCase();
  return words.every((word) => lower.includes(word));
}

/** The text around the first match. */
function excerptOf(text, word) {
  // Lower case may be longer than the text itself, in rare scripts: then the match is not marked quite exactly.
  const at = text.toLowerCase().indexOf(word);
  const from = Math.max(0, at - AROUND);
  const excerpt = text.slice(from, at + word.length + AROUND);
  return { excerpt, start: at - from, length: word.length };
}
