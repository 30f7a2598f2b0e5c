/** Requests for threads and their messages; those that change one thread are sent one after another. */

import { type Api, isRefusal } from '../rest/api.js';
import type { MessageToStore, StoredMessage } from './stored-message.js';

/** A conversation's metadata, as far as this adapter reads it. */
export interface StoredThread {
  id: string;
  title: string;
  updatedAt: string;
  archived: boolean;
  headId: string | null;
  revision: number;
  /** Of this adapter: the thread's `custom`. */
  custom?: Record<string, unknown>;
}

/** All that there is of a thread, in the order in which it came. */
export interface Tree {
  messages: StoredMessage[];
  headId: string | null;
}

interface Page<T> {
  data: T[];
  nextCursor: string | null;
  revision: number;
}

/** The most messages of one page. */
const PAGE = 100;
/** How often a thread is read anew because it was changed meanwhile; after that it is taken as it was read. */
const READINGS = 3;

const pathOf = (id: string) => `/conversations/${encodeURIComponent(id)}`;

/** The service's conversations as threads. What changes one thread is sent one after another. */
export class ThreadStore {
  readonly #api: Api;
  /** By thread, what its next request waits for. */
  readonly #queues = new Map<string, Promise<unknown>>();

  /** By thread, what each message follows, as far as it was seen. */
  readonly #parents = new Map<string, Map<string, string | null | undefined>>();
  /** By thread and id, messages that were appended ahead, as they were then. */
  readonly #ahead = new Map<string, string>();

  constructor(api: Api) {
    this.#api = api;
  }

  async list(
    cursor: string | undefined,
    limit: number,
  ): Promise<{ threads: StoredThread[]; nextCursor: string | null }> {
    const query = `limit=${limit}${cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
    const { body } = await this.#api.send<Page<StoredThread>>('GET', `/conversations?${query}`);
    return { threads: body.data, nextCursor: body.nextCursor };
  }

  async read(id: string, api = this.#api): Promise<StoredThread> {
    return (await api.send<StoredThread>('GET', `${pathOf(id)}?limit=1`)).body;
  }

  /** One that is there already is no error. */
  async create(id: string, metadata: Record<string, unknown>): Promise<void> {
    await this.#inTurn(id, (api) => api.send('POST', '/conversations', { body: { id, ...metadata } }));
  }

  async patch(id: string, changes: Record<string, unknown>): Promise<void> {
    await this.#inTurn(id, (api) => api.send('PATCH', pathOf(id), { body: changes }));
  }

  /** Into the trash. One that is not there any more is no error. */
  async delete(id: string): Promise<void> {
    await this.#inTurn(id, (api) => this.#unlessGone(api.send('DELETE', pathOf(id))));
  }

  /**
   * Adds the message, which becomes the head. Of what was saved under this id before, by an attempt that seemed to have
   * failed or before it was deleted, this takes the place.
   */
  async append(threadId: string, message: MessageToStore): Promise<void> {
    await this.#inTurn(threadId, async (api) => {
      if (!this.#isAppended(threadId, message)) await this.#append(api, threadId, message);
    });
  }

  /** Adds a message that will be appended once more, which then asks for nothing where the message is still the same. */
  async appendAhead(threadId: string, message: MessageToStore): Promise<void> {
    await this.#inTurn(threadId, async (api) => {
      await this.#append(api, threadId, message);
      this.#ahead.set(`${threadId} ${message.id}`, JSON.stringify(message));
    });
  }

  #isAppended(threadId: string, message: MessageToStore): boolean {
    const key = `${threadId} ${message.id}`;
    const text = this.#ahead.get(key);
    this.#ahead.delete(key);
    return text === JSON.stringify(message);
  }

  async #append(api: Api, threadId: string, message: MessageToStore): Promise<void> {
    await this.#behindWhatIsThere(threadId, message, async (placed) => {
      try {
        // A thread without a title takes one from what is appended.
        await api.send('POST', `${pathOf(threadId)}/messages`, { body: { messages: [placed] } });
      } catch (error) {
        if (!isRefusal(error, 'message_exists', 'message_deleted')) throw error;
        await this.#put(api, threadId, placed);
      }
    });
  }

  /** Replaces the message where it stands, or adds it. */
  async put(threadId: string, message: MessageToStore): Promise<void> {
    await this.#inTurn(threadId, async (api) => {
      await this.#behindWhatIsThere(threadId, message, (placed) => this.#put(api, threadId, placed));
    });
  }

  async #put(api: Api, threadId: string, { id, ...fields }: MessageToStore): Promise<void> {
    await api.send('PUT', `${pathOf(threadId)}/messages/${id}`, { body: fields });
  }

  /**
   * Where another device has deleted what the message follows, it follows what that followed, and where that is not known
   * either, the newest message: better there than not at all.
   */
  async #behindWhatIsThere(
    threadId: string,
    message: MessageToStore,
    send: (message: MessageToStore) => Promise<void>,
  ): Promise<void> {
    const gone = new Set<string>();
    for (let placed = message; ; ) {
      try {
        await send(placed);
        this.#parentsOf(threadId).set(message.id, placed.parentId);
        return;
      } catch (error) {
        const { parentId, ...unplaced } = placed;
        if (!isRefusal(error, 'message_not_found') || typeof parentId !== 'string') throw error;
        const next = gone.has(parentId) ? undefined : this.#parentsOf(threadId).get(parentId);
        gone.add(parentId);
        placed = next === undefined ? unplaced : { ...unplaced, parentId: next };
      }
    }
  }

  #parentsOf(threadId: string): Map<string, string | null | undefined> {
    const parents = this.#parents.get(threadId) ?? new Map<string, string | null | undefined>();
    this.#parents.set(threadId, parents);
    return parents;
  }

  /** What follows it then follows what it followed. One that is not there any more is no error. */
  async deleteMessage(threadId: string, id: string): Promise<void> {
    const path = `${pathOf(threadId)}/messages/${id}`;
    await this.#inTurn(threadId, (api) => this.#unlessGone(api.send('DELETE', path)));
  }

  /** The messages of all branches: two requests, and one more for each further 100 messages. */
  async load(id: string): Promise<Tree> {
    return await this.#inTurn(id, async (api) => {
      for (let reading = 1; ; reading++) {
        const [thread, pages] = await Promise.all([this.read(id, api), this.#pages(api, id)]);
        // Pages of two states are no thread: a message may hang on one that is gone.
        const isMixed = pages.some(({ revision }) => revision !== thread.revision);
        if (!isMixed || reading === READINGS) {
          const messages = pages.flatMap(({ data }) => data);
          this.#parents.set(id, new Map(messages.map((message) => [message.id, message.parentId])));
          return { messages, headId: thread.headId };
        }
      }
    });
  }

  async #pages(api: Api, id: string): Promise<Page<StoredMessage>[]> {
    const pages: Page<StoredMessage>[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const query: string = `branches=all&limit=${PAGE}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`;
      const { body } = await api.send<Page<StoredMessage>>('GET', `${pathOf(id)}/messages?${query}`);
      pages.push(body);
      cursor = body.nextCursor;
    }
    return pages;
  }

  async #unlessGone(request: Promise<unknown>): Promise<void> {
    try {
      await request;
    } catch (error) {
      if (!isRefusal(error, 'conversation_not_found', 'conversation_deleted', 'message_not_found')) throw error;
    }
  }

  /** As the user of now, also where another one is at the page when the turn comes. */
  async #inTurn<T>(id: string, work: (api: Api) => Promise<T>): Promise<T> {
    const api = this.#api.ofNow();
    const before = this.#queues.get(id) ?? Promise.resolve();
    const run = before.then(() => work(api));
    const settled = run.catch(() => undefined);
    this.#queues.set(id, settled);
    try {
      return await run;
    } finally {
      if (this.#queues.get(id) === settled) this.#queues.delete(id);
    }
  }
}
