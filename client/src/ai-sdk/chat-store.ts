/** The server-side API of the AI SDK adapter, implemented with requests to the service. */

import type { UIMessage, UIMessageChunk } from 'ai';
import { StoreError } from '../errors.js';
import { claimActiveStream, endActiveStream, isAbandoned, replaceActiveStream } from './active-stream.js';
import { Api, type Token } from '../rest/api.js';
import { type Clock, systemClock } from '../rest/clock.js';
import { followAnswer, type FollowOptions } from './follow.js';
import { KnownChat, KnownChats } from './known-chats.js';
import { lineTo, loadPath, loadTree, newestLeaf, pathOf, type StoredConversation } from './load.js';
import { checkId, checkMessages, toUIMessage } from './messages.js';
import { type ResumableStream, type SavedAnswer, writeAnswer } from './resumable-stream.js';
import { saveMessages } from './save.js';

export interface ChatStoreOptions {
  /** The address of the API: `https://chat.example.com/api`. */
  url: string;
  /**
   * The token of the user whose chats these are: of the auth provider, or of the anonymous user. A function is asked for
   * every request. The token is all that says who the user is: take it from the `Authorization` header of the request that is
   * being answered (`authorization()` of the page's store), or from a session, and never from its body or its URL.
   */
  token: Token;
  /** In the place of the global one. */
  fetch?: typeof fetch;
  /** In the place of the system's: for tests. */
  clock?: Clock;
}

export interface ChatSummary {
  id: string;
  /** What the chat is called; made of the first question where nobody has chosen one. */
  title: string;
  /** ISO 8601, as all times. */
  createdAt: string;
  updatedAt: string;
}

export interface OpenedChat<M extends UIMessage = UIMessage> extends ChatSummary {
  /** The active path, in reading order; an answer being written as far as it is saved. */
  messages: M[];
  /** Of a message that has alternatives, the ids of all of them, itself included. */
  siblingIds: Record<string, string[]>;
  /** The stream that writes an answer now; null where none does, or its writer is gone. */
  activeStreamId: string | null;
}

export interface ResumableStreamOptions<M extends UIMessage = UIMessage> {
  chatId: string;
  /** As given to `setActiveStream`, which has to come before. */
  streamId: string;
  /** What `toUIMessageStream` gives, with a `generateMessageId`. */
  stream: ReadableStream<UIMessageChunk>;
  /** The messages that the answer follows. Where the last one is of the assistant, the answer goes on with it. */
  messages: readonly M[];
  /** What `saveChat` returned as `headId`; the id of the last message where it is left out. */
  parentId?: string | null;
  /** Called once the answer is not wanted any more: abort the model's work. */
  onStop?: () => void;
  /** Milliseconds between two saves. Where it is left out: a second at first, and more the longer the answer takes, up to 5. */
  saveEvery?: number;
  /** Keeps the process working after the response, as Next's `after` and Vercel's `waitUntil` do. */
  waitUntil?: (promise: Promise<unknown>) => void;
}

/**
 * Chats of the AI SDK on the server of an application. Needs nothing but `fetch`, so it works in Node and in edge
 * runtimes. What it rejects with is a `StoreError` with the service's code.
 */
export interface ChatStore<M extends UIMessage = UIMessage> {
  /** A new chat, empty. With an `id` of one's own, one that is there already is no error. */
  createChat(options?: { id?: string; title?: string }): Promise<string>;
  /** A page of the user's chats, last changed first. */
  listChats(options?: {
    limit?: number;
    cursor?: string;
  }): Promise<{ chats: ChatSummary[]; nextCursor: string | null }>;
  /**
   * The messages of the active path, their parts as they were sent; or those of the line that ends with `upTo`, in
   * whatever branch that is (`null`: none). A request for each 100 messages.
   *
   * @throws StoreError `message_not_found` where there is no message `upTo`.
   */
  loadChat(chatId: string, options?: { upTo?: string | null }): Promise<M[]>;
  /** The chat with what a page shows beside its messages. */
  openChat(chatId: string): Promise<OpenedChat<M>>;
  /**
   * Sends what is new or changed, and nothing where nothing is. What was loaded or saved by this store is known by its
   * fingerprint; otherwise the chat is read first. A message behind another one than before begins a branch, and so does
   * a changed question that was answered. Nothing is ever deleted. A chat that is not there is created.
   *
   * @returns What the last message is stored under.
   */
  saveChat(options: { chatId: string; messages: readonly M[] }): Promise<{ headId: string | null }>;
  /** Makes the branch with this message the active one, down to its newest message. */
  selectVersion(chatId: string, messageId: string): Promise<void>;
  /** Says that this stream writes an answer from now on. False where another one does, and its writer is alive. */
  setActiveStream(chatId: string, streamId: string): Promise<boolean>;
  /** Says that it has ended. False where it was not the active one any more. */
  clearActiveStream(chatId: string, streamId: string): Promise<boolean>;
  /** Saves the answer while it is written, and ends the stream's activity when it has been. */
  createResumableStream(options: ResumableStreamOptions<M>): ResumableStream<M>;
  /**
   * The answer being written, from its beginning to its end; null where there is none: a 204. It is read about every
   * second while it grows (5 commands of the database each), and up to every 5 seconds (3) while it does not.
   *
   * With `lastMessageId`, the id of the last message that the page has, an answer that ended meanwhile is given whole.
   */
  resumeStream(options: FollowOptions): Promise<ReadableStream<UIMessageChunk> | null>;
  /**
   * Ends the answer being written and keeps what there is of it. Its writer learns of it by its next save, adds what it
   * has, and calls `onStop`. False where this stream is not the active one any more.
   */
  stopStream(options: { chatId: string; streamId: string }): Promise<boolean>;
}

/** The chats of the user with this token. */
export function createChatStore<M extends UIMessage = UIMessage>(options: ChatStoreOptions): ChatStore<M> {
  return new ServiceChatStore<M>(options);
}

class ServiceChatStore<M extends UIMessage> implements ChatStore<M> {
  readonly #api: Api;
  readonly #known = new KnownChats();
  /** What the last save of a chat is waiting for. */
  readonly #saves = new Map<string, Promise<unknown>>();

  constructor({ url, token, fetch: send = (...request) => fetch(...request), clock = systemClock }: ChatStoreOptions) {
    this.#api = new Api({ url, token, fetch: send, clock });
  }

  createChat = async ({ id = crypto.randomUUID(), title }: { id?: string; title?: string } = {}): Promise<string> => {
    checkId(id, 'The chat');
    await this.#api.send('POST', '/conversations', { body: { id, ...(title !== undefined && { title }) } });
    return id;
  };

  listChats = async ({ limit = 20, cursor }: { limit?: number; cursor?: string } = {}) => {
    const query = `limit=${limit}${cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
    type Page = { data: StoredConversation[]; nextCursor: string | null };
    const { body } = await this.#api.send<Page>('GET', `/conversations?${query}`);
    return { chats: body.data.map(summaryOf), nextCursor: body.nextCursor };
  };

  loadChat = async (chatId: string, { upTo }: { upTo?: string | null } = {}): Promise<M[]> => {
    if (upTo === null) return [];
    const { messages } = await this.#load(chatId);
    if (upTo === undefined) return messages.map(toUIMessage<M>);
    const index = messages.findIndex(({ id }) => id === upTo);
    if (index >= 0) return messages.slice(0, index + 1).map(toUIMessage<M>);
    const line = lineTo(await loadTree(this.#api, chatId), upTo);
    if (!line) throw new StoreError('message_not_found', `There is no message ${upTo} in this chat.`, { status: 404 });
    return line.map(toUIMessage<M>);
  };

  openChat = async (chatId: string): Promise<OpenedChat<M>> => {
    const { conversation, messages, now } = await this.#load(chatId);
    const { activeStreamId } = conversation;
    const siblings = messages.flatMap(({ id, siblingIds }) => (siblingIds ? [[id, siblingIds] as const] : []));
    return {
      ...summaryOf(conversation),
      messages: messages.map(toUIMessage<M>),
      siblingIds: Object.fromEntries(siblings),
      activeStreamId: activeStreamId && !isAbandoned(conversation, now) ? activeStreamId : null,
    };
  };

  saveChat = async ({ chatId, messages }: { chatId: string; messages: readonly M[] }) => {
    checkId(chatId, 'The chat');
    checkMessages(messages);
    const key = await this.#key(chatId);
    return await this.#oneAfterAnother(key, async () => {
      try {
        const { known, headId } = await saveMessages(this.#api, chatId, messages, this.#known.get(key));
        this.#known.set(key, known);
        return { headId };
      } catch (error) {
        // How much of it was carried out is not known: the next save reads it.
        this.#known.forget(key);
        throw error;
      }
    });
  };

  selectVersion = async (chatId: string, messageId: string): Promise<void> => {
    const headId = newestLeaf(await loadTree(this.#api, chatId), messageId);
    await this.#api.send('PATCH', pathOf(chatId), { body: { headId } });
  };

  setActiveStream = async (chatId: string, streamId: string): Promise<boolean> => {
    checkId(streamId, 'The stream');
    return await claimActiveStream(this.#api, chatId, streamId);
  };

  clearActiveStream = async (chatId: string, streamId: string): Promise<boolean> =>
    await replaceActiveStream(this.#api, chatId, streamId, null);

  createResumableStream = (options: ResumableStreamOptions<M>): ResumableStream<M> => {
    const { chatId, streamId, stream, messages, onStop = () => undefined, saveEvery, waitUntil } = options;
    const last = messages.at(-1);
    const parentId = options.parentId === undefined ? (last?.id ?? null) : options.parentId;
    const written = writeAnswer<M>(this.#api, { chatId, streamId, stream, last, parentId, saveEvery, onStop });
    const saved = this.#ending(chatId, streamId, parentId, written.saved);
    // A caller that does not wait for its end must not crash by a rejection.
    saved.catch(() => undefined);
    waitUntil?.(saved);
    return { stream: written.stream, saved };
  };

  /** Of the answer itself first: who follows it ends with it, and needs no active stream for that. */
  async #ending(chatId: string, streamId: string, parentId: string | null, saved: Promise<SavedAnswer<M>>) {
    try {
      const answer = await saved;
      const known = this.#known.get(await this.#key(chatId));
      if (answer.message) await known?.add(answer.message, parentId);
      return answer;
    } finally {
      await this.clearActiveStream(chatId, streamId);
    }
  }

  resumeStream = async (options: FollowOptions): Promise<ReadableStream<UIMessageChunk> | null> =>
    await followAnswer(this.#api, options);

  stopStream = async ({ chatId, streamId }: { chatId: string; streamId: string }): Promise<boolean> =>
    await endActiveStream(this.#api, chatId, streamId);

  async #load(chatId: string) {
    checkId(chatId, 'The chat');
    const key = await this.#key(chatId);
    const loaded = await loadPath(this.#api, chatId);
    this.#known.set(key, await KnownChat.of(loaded.messages));
    return loaded;
  }

  /** One store may serve many users: what is known of one's chat is nothing to another. */
  async #key(chatId: string): Promise<string> {
    return `${chatId} ${await this.#api.token()}`;
  }

  /** Two saves of one chat that ran side by side would each send what both have. */
  async #oneAfterAnother<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#saves.get(key) ?? Promise.resolve();
    const run = before.then(work, work);
    const settled = run.catch(() => undefined);
    this.#saves.set(key, settled);
    try {
      return await run;
    } finally {
      if (this.#saves.get(key) === settled) this.#saves.delete(key);
    }
  }
}

function summaryOf({ id, title, createdAt, updatedAt }: StoredConversation): ChatSummary {
  return { id, title: title ?? '', createdAt, updatedAt };
}
