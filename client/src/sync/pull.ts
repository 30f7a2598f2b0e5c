/** Fetches a conversation's messages from the server, page by page. */

import type { Clock } from '../environment.js';
import { StoreError } from '../errors.js';
import type { EventBus } from '../event-bus.js';
import { load } from '../load.js';
import type { LocalDatabase, LocalTransaction } from '../local/database.js';
import { hasEnded, readOwnership, type Ownership } from '../local/ownership.js';
import { messagesBeside, resolveConversation, shownBetween } from '../local/records.js';
import { keepLosers } from '../local/refused-writes.js';
import type { ConversationRecord, MessageRecord, RefreshUntil } from '../local/schema.js';
import type { Api } from '../net/api.js';
import type { HttpResponse } from '../net/http.js';
import type { ConversationResponse, MessagesResponse, Summary } from '../net/wire.js';
import { countDirty } from './acknowledge.js';
import { applyRemotePage } from './apply-page.js';
import {
  applyRemoteAbsence,
  applyRemoteDeletion,
  applyRemoteSummary,
  contest,
  unchanged,
  type RemoteChange,
} from './apply-remote.js';
import { applySummary, continues, isOutdated } from './merge.js';

/** Messages that one request to the server brings. */
const PAGE = 100;

interface PullParts {
  database: LocalDatabase;
  api: Api;
  clock: Clock;
  bus: EventBus;
}

/** Brings what is here of a conversation up to what the server has of it. */
export class Pull {
  readonly #database: LocalDatabase;
  readonly #api: Api;
  readonly #clock: Clock;
  readonly #bus: EventBus;
  readonly #refreshing = new Map<string, Promise<void>>();

  constructor({ database, api, clock, bus }: PullParts) {
    this.#database = database;
    this.#api = api;
    this.#clock = clock;
    this.#bus = bus;
  }

  /**
   * Reads the newest page; and older ones until these messages are known, or all of them. Calls for the same conversation
   * share one request.
   */
  refresh(id: string, until: RefreshUntil = null): Promise<void> {
    const key = `${id} ${until}`;
    const running = this.#refreshing.get(key);
    if (running) return running;
    const work = this.#refresh(id, until).finally(() => this.#refreshing.delete(key));
    this.#refreshing.set(key, work);
    return work;
  }

  async #refresh(id: string, until: RefreshUntil) {
    const { record: before, ownership } = await this.#read(id);
    if (!before || before.deleted === 'done') return;
    const page = before.held && before.revision > 0 ? before.page : null;
    try {
      const options = { ownership, ...(page && { noneMatch: page.tag }) };
      const path = `/conversations/${id}?limit=${PAGE}`;
      const response = await this.#api.call<ConversationResponse>('GET', path, options);
      if (response.status === 200) await this.#applyNewest(id, ownership, response);
      else await this.#confirm(id, ownership, before);
    } catch (error) {
      if (!(error instanceof StoreError) || error.status !== 404) throw error;
      await this.#applyLoss(id, ownership, error.code);
      return;
    }
    while (until !== null && (await this.#isMissing(id, until))) await this.pullOlderPage(id);
    if (Array.isArray(until) && (await this.#isAnyFresh(id, until))) await this.pullBranches(id);
  }

  /** Reads all branches, for what may be beside the path. */
  async pullBranches(id: string) {
    const { pullBranches } = await load(() => import('./pull-branches.js'));
    await pullBranches({ database: this.#database, api: this.#api, clock: this.#clock, bus: this.#bus }, id);
  }

  /** A conversation that is not known here, if the server has it. */
  async discover(id: string): Promise<ConversationRecord | undefined> {
    try {
      const { ownership } = await this.#read(id);
      const path = `/conversations/${encodeURIComponent(id)}?limit=${PAGE}`;
      const { summary, page } = readNewest(await this.#api.call<ConversationResponse>('GET', path, { ownership }));
      await this.#database.run('readwrite', async (tx) => {
        if (await hasEnded(tx, ownership)) return;
        await applyRemoteSummary(tx, summary, this.#clock.now());
        const record = await tx.get('conversations', id);
        if (record && !record.deleted) await applyRemotePage(tx, record, page);
      });
    } catch {
      return undefined;
    }
    return this.resolve(id);
  }

  async #applyNewest(id: string, ownership: Ownership, response: HttpResponse<ConversationResponse>) {
    const { summary, page: newest } = readNewest(response);
    await this.#write(id, ownership, async (tx, record) => {
      if (isOutdated(record, summary)) return unchanged();
      const older = { older: record.older, verified: record.verified };
      const wasCurrent = record.held && record.revision === summary.revision && continues(record, summary);
      const wasHeld = record.held;
      const fields = applySummary(record, summary, await countDirty(tx, id));
      record.onServer = true;
      const page = await applyRemotePage(tx, record, newest);
      // Nothing has changed: what was verified further back still is.
      if (wasCurrent) Object.assign(record, older);
      record.count = summary.messageCount + (await countDirty(tx, id));
      await tx.put('conversations', record);
      const contested = wasHeld ? await contest(tx, id, page.added) : [];
      return { ...page, conflicts: [...fields, ...page.conflicts, ...contested] };
    });
  }

  /** The server has nothing newer than what was here `before`. */
  #confirm(id: string, ownership: Ownership, { latest, revision, page }: ConversationRecord) {
    return this.#write(id, ownership, async (tx, record) => {
      const isSame = record.latest === latest && record.revision === revision && record.page?.etag === page?.etag;
      if (isSame) await tx.put('conversations', { ...record, latest: revision, etag: page?.etag });
      return unchanged();
    });
  }

  #applyLoss(id: string, ownership: Ownership, code: string) {
    return this.#write(id, ownership, (tx, record) => {
      if (code === 'conversation_deleted') return applyRemoteDeletion(tx, record, this.#clock.now());
      return applyRemoteAbsence(tx, record);
    });
  }

  async #isMissing(id: string, until: Exclude<RefreshUntil, null>) {
    const { record } = await this.#read(id);
    if (!record?.older || until === 'all') return Boolean(record?.older);
    return this.#isAnyFresh(id, until);
  }

  #isAnyFresh(id: string, messageIds: readonly string[]): Promise<boolean> {
    return this.#database.run('readonly', async (tx) => {
      const messages = await Promise.all(messageIds.map((messageId) => tx.get('messages', [id, messageId])));
      return messages.some((message) => message?.fresh);
    });
  }

  /** Reads the page before the messages that are verified. */
  async pullOlderPage(id: string) {
    const { record: before, ownership } = await this.#read(id);
    if (!before?.older) return;
    const { older: cursor, verified } = before;
    const query = new URLSearchParams({ limit: String(PAGE), cursor });
    const path = `/conversations/${id}/messages?${query}`;
    const { body } = await this.#api.call<MessagesResponse>('GET', path, { ownership });
    await this.#write(id, ownership, async (tx, record) => {
      // Another tab was faster, or a write of ours.
      const isOvertaken = record.older !== cursor || body.revision < record.latest;
      if (isOvertaken) return unchanged();
      const page = { messages: body.data.reverse(), nextCursor: body.nextCursor };
      return applyRemotePage(tx, record, page, verified);
    });
  }

  /**
   * Up to `limit` messages before this place, oldest first: as the server has them where it can be asked, else as they
   * are here.
   */
  async before(id: string, place: number | null, limit: number, { mayAsk }: { mayAsk: boolean }) {
    for (;;) {
      const messages = await this.#list(id, place, limit);
      const { record } = await this.#read(id);
      const [first] = messages;
      const isVerified =
        !record?.older ||
        (messages.length === limit && first && record.verified !== null && first.place > record.verified);
      if (isVerified || !mayAsk) return messages;
      try {
        await this.pullOlderPage(id);
      } catch {
        return messages;
      }
    }
  }

  /** Whether there are messages before this place, here or at the server; which is the last one of them, and what is beside. */
  async hasBefore(id: string, place: number | null) {
    const [{ record }, here] = [await this.#read(id), await this.#list(id, place, 1)];
    const beside = await this.#database.run('readonly', (tx) => messagesBeside(tx, id));
    return { hasOlder: here.length > 0 || Boolean(record?.older), previous: here[0]?.id ?? null, beside };
  }

  #list(id: string, place: number | null, limit: number): Promise<MessageRecord[]> {
    return this.#database.run('readonly', async (tx) => {
      const range = shownBetween(id, null, place);
      return (await tx.list('messages', 'order', range, { reverse: true, limit })).reverse();
    });
  }

  #read(id: string) {
    return this.#database.run('readonly', async (tx) => ({
      record: await tx.get('conversations', id),
      ownership: await readOwnership(tx),
    }));
  }

  /** Runs `work` on the conversation as it is now, and tells what came of it. */
  async #write(
    id: string,
    ownership: Ownership,
    work: (tx: LocalTransaction, record: ConversationRecord) => Promise<RemoteChange>,
  ) {
    const change = await this.#database.run('readwrite', async (tx) => {
      const record = await tx.get('conversations', id);
      const isWanted = record && !(await hasEnded(tx, ownership));
      const result = isWanted ? await work(tx, record) : unchanged();
      await keepLosers(tx, result.conflicts, this.#clock.now());
      return result;
    });
    this.#bus.emit('records-changed', { id, change, source: 'server' });
  }

  /** The conversation that an id leads to, where it was moved. */
  resolve(id: string): Promise<ConversationRecord | undefined> {
    return this.#database.run('readonly', (tx) => resolveConversation(tx, id));
  }
}

/** The response that opens a conversation: its summary, and its newest page. */
function readNewest({ headers, body }: HttpResponse<ConversationResponse>) {
  const { messages, nextCursor, ...rest } = body;
  const summary = rest as Summary;
  const { revision, etag } = summary;
  return { summary, page: { messages, nextCursor, state: { revision, etag, tag: headers.get('ETag') } } };
}
