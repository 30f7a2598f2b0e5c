/** Loads a chat from the service: its active path, or the tree of all branches. */

import type { Api } from '../rest/api.js';
import type { StoredMessage } from './messages.js';

/** A conversation's metadata, as far as this adapter reads it. */
export interface StoredConversation {
  id: string;
  title?: string;
  createdAt: string;
  updatedAt: string;
  headId?: string | null;
  revision: number;
  activeStreamId?: string | null;
}

export interface OpenedConversation extends StoredConversation {
  messages: StoredMessage[];
  nextCursor: string | null;
}

interface Page {
  data: StoredMessage[];
  nextCursor: string | null;
  revision: number;
}

/** What a path is read with: metadata, the messages in reading order, and the server's time. */
export interface Loaded {
  conversation: StoredConversation;
  messages: StoredMessage[];
  now: number;
}

/** The most messages of one page. */
const PAGE = 100;
/** How often a path is read anew because it was changed meanwhile; after that it is taken as it was read. */
const READINGS = 3;

export const pathOf = (chatId: string) => `/conversations/${encodeURIComponent(chatId)}`;

/** All messages of the active path. A request for each 100 of them. */
export async function loadPath(api: Api, chatId: string): Promise<Loaded> {
  for (let reading = 1; ; reading++) {
    const { body: opened, now } = await api.send<OpenedConversation>('GET', `${pathOf(chatId)}?limit=${PAGE}`);
    const { messages: newest, nextCursor, ...conversation } = opened;
    const pages = [newest];
    let isMixed = false;
    for (let cursor = nextCursor; cursor && !isMixed; ) {
      const page = await readPage(api, chatId, `limit=${PAGE}&cursor=${encodeURIComponent(cursor)}`);
      // Another branch may have become the active one: pages of two paths are no conversation.
      isMixed = page.revision !== conversation.revision && reading < READINGS;
      pages.unshift(page.data.reverse());
      cursor = page.nextCursor;
    }
    if (!isMixed) return { conversation, messages: pages.flat(), now };
  }
}

/** The messages of all branches, in the order in which they came, each with its parent. */
export async function loadTree(api: Api, chatId: string): Promise<StoredMessage[]> {
  const messages: StoredMessage[] = [];
  let cursor = '';
  do {
    const page = await readPage(api, chatId, `branches=all&limit=${PAGE}${cursor}`);
    messages.push(...page.data);
    cursor = page.nextCursor ? `&cursor=${encodeURIComponent(page.nextCursor)}` : '';
  } while (cursor);
  return messages;
}

async function readPage(api: Api, chatId: string, query: string): Promise<Page> {
  return (await api.send<Page>('GET', `${pathOf(chatId)}/messages?${query}`)).body;
}

/** The line from the root to this message; undefined where it is not in the tree. */
export function lineTo(tree: readonly StoredMessage[], id: string): StoredMessage[] | undefined {
  const byId = new Map(tree.map((message) => [message.id, message]));
  const line: StoredMessage[] = [];
  for (let at = byId.get(id); at; at = at.parentId ? byId.get(at.parentId) : undefined) line.unshift(at);
  return line.length > 0 ? line : undefined;
}

/** The newest message without a follower behind this one, or itself. */
export function newestLeaf(tree: readonly StoredMessage[], id: string): string {
  const below = new Set([id]);
  let leaf = id;
  // They come in the order in which they were appended: a parent before its children.
  for (const message of tree) {
    if (!message.parentId || !below.has(message.parentId)) continue;
    below.add(message.id);
    leaf = message.id;
  }
  return leaf;
}
