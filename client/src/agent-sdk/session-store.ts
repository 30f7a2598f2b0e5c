/** A `SessionStore` of the Claude Agent SDK that keeps its sessions in conversation-store. */

import { Api, isRefusal, type Token } from '../rest/api.js';
import { type Clock, systemClock } from '../rest/clock.js';
import { batchesOf, FailedAppends } from './batches.js';
import { conversationPath } from './keys.js';
import { mtimeOf, summaryOf, updateSummary } from './summaries.js';
import type { FoldSummary, SessionEntry, SessionKey, SessionSummary, StoredSession } from './types.js';

export interface SessionStoreOptions {
  /** The address of the API: `https://chat.example.com/api`. */
  url: string;
  /** The token of the user whose sessions these are. A function is asked for every request. */
  token: Token;
  /**
   * The SDK's `foldSessionSummary`: sessions are listed by their summaries then, which an append costs a second request for.
   * Without it the SDK loads sessions to list them.
   */
  foldSessionSummary?: FoldSummary;
  /** Deletes sessions to the trash, as conversations, instead of for good. */
  toTrash?: boolean;
  /** In the place of the global one. */
  fetch?: typeof fetch;
  /** In the place of the system's: for tests. */
  clock?: Clock;
}

/** What the SDK's `sessionStore` takes. What it rejects with is a `StoreError` with the service's code. */
export interface SessionStore {
  /** Appends entries; those whose `uuid` is there already are ignored. */
  append(key: SessionKey, entries: SessionEntry[]): Promise<void>;
  /** All entries in the order of appending; null where there is no such session. */
  load(key: SessionKey): Promise<SessionEntry[] | null>;
  /** The sessions of a project, without what their subagents write. */
  listSessions(projectKey: string): Promise<{ sessionId: string; mtime: number }[]>;
  /** Deletes a session with all that its subagents have written; or what one of them has. */
  delete(key: SessionKey): Promise<void>;
  /** The subpaths of a session. */
  listSubkeys(key: { projectKey: string; sessionId: string }): Promise<string[]>;
}

export interface SummarizingStore extends SessionStore {
  listSessionSummaries(projectKey: string): Promise<SessionSummary[]>;
}

export function createSessionStore(
  options: SessionStoreOptions & { foldSessionSummary: FoldSummary },
): SummarizingStore;
export function createSessionStore(options: SessionStoreOptions): SessionStore;
export function createSessionStore(options: SessionStoreOptions): SessionStore {
  const store = new RemoteSessions(options);
  // The SDK asks whether a store has the method.
  return options.foldSessionSummary
    ? Object.assign(store, { listSessionSummaries: (projectKey: string) => store.summaries(projectKey) })
    : store;
}

interface Page<T> {
  data: T[];
  nextCursor?: string | null;
}

interface AppendResponse {
  conversation: StoredSession;
  /** The places in the request of those that were there already. */
  ignored: number[];
}

class RemoteSessions implements SessionStore {
  readonly #api: Api;
  readonly #fold: FoldSummary | undefined;
  readonly #toTrash: boolean;
  readonly #failed = new FailedAppends();

  constructor({ url, token, foldSessionSummary, toTrash = false, fetch, clock }: SessionStoreOptions) {
    const send = fetch ?? ((...request: Parameters<typeof globalThis.fetch>) => globalThis.fetch(...request));
    this.#api = new Api({ url, token, fetch: send, clock: clock ?? systemClock });
    this.#fold = foldSessionSummary;
    this.#toTrash = toTrash;
  }

  async append(key: SessionKey, entries: SessionEntry[]): Promise<void> {
    const path = await conversationPath(key);
    const names = this.#failed.begin(path);
    try {
      for (const batch of batchesOf(entries)) await this.#append(key, path, batch, await names.of(batch));
    } catch (error) {
      this.#failed.fail(path, names);
      throw error;
    }
  }

  async #append(key: SessionKey, path: string, batch: SessionEntry[], name: string): Promise<void> {
    const { projectKey, sessionId, subpath } = key;
    const body = { session: { projectKey, sessionId, ...(subpath && { subpath }) }, entries: batch };
    const headers = { 'idempotency-key': name };
    const response = await this.#api.send<AppendResponse>('POST', `${path}/messages`, { body, headers });
    const ignored = new Set(response.body.ignored);
    const entries = batch.filter((_, place) => !ignored.has(place));
    if (!this.#fold || subpath || entries.length === 0) return;
    const appended = { key, path, session: response.body.conversation, entries };
    await updateSummary(this.#api, this.#fold, appended, () => this.load(key));
  }

  async load(key: SessionKey): Promise<SessionEntry[] | null> {
    try {
      const entries = await this.#all<SessionEntry>(`${await conversationPath(key)}/messages?view=entries`);
      return entries.length > 0 ? entries : null;
    } catch (error) {
      if (isAbsent(error)) return null;
      throw error;
    }
  }

  async listSessions(projectKey: string): Promise<{ sessionId: string; mtime: number }[]> {
    const sessions = await this.#sessions({ projectKey });
    return sessions.map((session) => ({ sessionId: session.sessionId, mtime: mtimeOf(session) }));
  }

  async summaries(projectKey: string): Promise<SessionSummary[]> {
    const sessions = await this.#sessions({ projectKey });
    return sessions.map(summaryOf).filter((summary) => summary !== undefined);
  }

  async delete(key: SessionKey): Promise<void> {
    if (!key.subpath) {
      for (const subpath of await this.listSubkeys(key)) await this.#delete({ ...key, subpath });
    }
    await this.#delete(key);
  }

  async #delete(key: SessionKey): Promise<void> {
    try {
      await this.#api.send('DELETE', `${await conversationPath(key)}${this.#toTrash ? '' : '?permanent=true'}`);
    } catch (error) {
      if (!isAbsent(error)) throw error;
    }
  }

  async listSubkeys({ projectKey, sessionId }: { projectKey: string; sessionId: string }): Promise<string[]> {
    const sessions = await this.#sessions({ projectKey, sessionId });
    return sessions.flatMap(({ subpath }) => subpath ?? []);
  }

  #sessions(filter: Record<string, string>): Promise<StoredSession[]> {
    return this.#all(`/conversations?${new URLSearchParams({ kind: 'session', limit: '50', ...filter })}`);
  }

  /** What all pages have. */
  async #all<T>(path: string): Promise<T[]> {
    const all: T[] = [];
    for (let cursor = ''; ; ) {
      const { body } = await this.#api.send<Page<T>>('GET', path + cursor);
      for (const one of body.data) all.push(one);
      if (!body.nextCursor) return all;
      cursor = `&cursor=${body.nextCursor}`;
    }
  }
}

const isAbsent = (error: unknown) => isRefusal(error, 'conversation_not_found', 'conversation_deleted');
