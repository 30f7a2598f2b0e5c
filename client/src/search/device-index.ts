/** The index of one device, in memory: what the database has of it, and what is yet to be indexed. */

import type { LocalDatabase } from '../local/database.js';
import { readOwnership } from '../local/ownership.js';
import { readState, writeState } from '../local/records.js';
import type { SearchResult } from '../types.js';
import { excerptOf } from './excerpt.js';
import { listUnindexed, readToIndex, segmentOf, titleOf, sleep, type ToIndex } from './messages-to-index.js';
import { searchTextOf } from './message-text.js';
import { parseQuery, type Query } from './query.js';
import { rank, type Candidate } from './ranking.js';
import { fromRecord, toRecord, type Segment } from './segment.js';

export interface DeviceQuery {
  text: string;
  /** The most results. */
  limit: number;
  /** The most results of one conversation. */
  perConversation: number;
  /** Whether to wait until all has been indexed. */
  isComplete: boolean;
}

export interface DeviceResults {
  results: SearchResult[];
  /** Whether something was not indexed yet when this was searched. */
  isIndexing: boolean;
}

/** Messages are indexed together, and written in one transaction, up to so many of them. */
const PORTION = 500;

/** How often a complete search indexes what was written while it did so. */
const MOST_ROUNDS = 3;

/** What is soon indexed is waited for, ms: mostly it is the conversation that was just written to. */
const MOMENT = 25;

/** Candidates that are read at a time. */
const READ = 50;

/**
 * Every tab that searches has one of its own, in a worker. They share the segments in the database: each reads what the others
 * have written, and whichever comes first indexes what is new.
 */
export class DeviceIndex {
  readonly #database: LocalDatabase;
  readonly #progressed: () => void;
  readonly #segments = new Map<string, Segment>();
  #epoch = -1;
  #stamp = 0;
  #indexing: Promise<void> | null = null;
  /** Whether a search was answered with less than there is. */
  #isAwaited = false;

  /** `progressed` is called whenever more has been indexed in the background. */
  constructor(database: LocalDatabase, progressed: () => void) {
    this.#database = database;
    this.#progressed = progressed;
  }

  async search({ text, limit, perConversation, isComplete }: DeviceQuery): Promise<DeviceResults> {
    let isBehind = await this.#catchUp();
    for (let round = 0; isBehind; round += 1) {
      const indexing = this.#index();
      // Nobody who does not wait has to hear of a failure: the next search tries again.
      indexing.catch(() => {});
      if (round === MOST_ROUNDS) break;
      await (isComplete ? indexing : Promise.race([indexing, sleep(MOMENT)]));
      if (!isComplete && this.#indexing) break;
      isBehind = await this.#catchUp();
    }
    // Before anything else is awaited: what is indexed from now on is not in the results.
    this.#isAwaited ||= isBehind;
    const query = parseQuery(text);
    const candidates = rank(this.#segments.values(), query);
    const results = await this.#read(candidates, query, limit, perConversation);
    return { results, isIndexing: isBehind };
  }

  #index(): Promise<void> {
    this.#indexing ??= this.#indexAll().finally(() => {
      this.#indexing = null;
    });
    return this.#indexing;
  }

  /** Reads what other tabs have indexed. Returns whether anything is yet to be indexed. */
  async #catchUp(): Promise<boolean> {
    const { epoch, records, isBehind } = await this.#database.run('readonly', async (tx) => {
      const { epoch: current } = await readOwnership(tx);
      const lower = current === this.#epoch ? this.#stamp : 0;
      const newer = { lower: [lower], upper: [Infinity], lowerOpen: true };
      const [first] = await tx.list('unindexed', null, null, { limit: 1 });
      return { epoch: current, records: await tx.list('segments', 'stamp', newer), isBehind: first !== undefined };
    });
    // The data are others since, or another user's.
    if (epoch !== this.#epoch) this.#segments.clear();
    this.#epoch = epoch;
    for (const record of records) {
      this.#segments.set(record.conversation, fromRecord(record));
      this.#stamp = record.stamp;
    }
    return isBehind;
  }

  async #indexAll() {
    let portion: ToIndex[] = [];
    let segments: (Segment | null)[] = [];
    let count = 0;
    const store = async () => {
      await this.#store(portion, segments);
      [portion, segments, count] = [[], [], 0];
      if (this.#isAwaited) this.#progressed();
      this.#isAwaited = false;
    };
    for (const conversation of await listUnindexed(this.#database)) {
      const read = await readToIndex(this.#database, conversation);
      segments.push(await segmentOf(read));
      portion.push(read);
      count += read.messages.length;
      if (count >= PORTION) await store();
      await sleep(0);
    }
    if (portion.length > 0) await store();
  }

  /** What was written to meanwhile is left to be indexed again. */
  async #store(portion: readonly ToIndex[], segments: readonly (Segment | null)[]) {
    await this.#database.run('readwrite', async (tx) => {
      const before = (await readState(tx, 'indexed')) ?? 0;
      let stamp = before;
      for (const [index, { conversation, mark }] of portion.entries()) {
        if (mark === undefined || (await tx.get('unindexed', conversation))?.mark !== mark) continue;
        await tx.delete('unindexed', conversation);
        const segment = segments[index];
        stamp += 1;
        if (segment) await tx.put('segments', toRecord(segment, stamp));
      }
      await writeState(tx, 'indexed', stamp);
      // Where no other tab has written in between, this one knows all there is.
      if (before === this.#stamp) this.#stamp = stamp;
    });
    for (const [index, { conversation }] of portion.entries()) {
      const segment = segments[index];
      if (segment) this.#segments.set(conversation, segment);
      else this.#segments.delete(conversation);
    }
  }

  /** The best candidates that still are what they were when they were indexed. */
  async #read(candidates: readonly Candidate[], query: Query, limit: number, perConversation: number) {
    const results: SearchResult[] = [];
    const counts = new Map<string, number>();
    const isWanted = ({ conversation }: Candidate) => (counts.get(conversation) ?? 0) < perConversation;
    for (let at = 0; at < candidates.length && results.length < limit; at += READ) {
      const read = await this.#readSome(candidates.slice(at, at + READ).filter(isWanted), query);
      for (const { candidate, result } of read) {
        if (!isWanted(candidate) || results.length === limit) continue;
        counts.set(candidate.conversation, (counts.get(candidate.conversation) ?? 0) + 1);
        results.push(result);
      }
    }
    return results;
  }

  async #readSome(candidates: readonly Candidate[], query: Query) {
    const read = await this.#database.run('readonly', (tx) =>
      Promise.all(
        candidates.map(async (candidate) => {
          const { conversation, messageId } = candidate;
          const [record, message] = await Promise.all([
            tx.get('conversations', conversation),
            messageId === null ? undefined : tx.get('messages', [conversation, messageId]),
          ]);
          return { candidate, record, message };
        }),
      ),
    );
    return read.flatMap(({ candidate, record, message }) => {
      if (!record || record.deleted || (candidate.messageId !== null && !message?.shown)) return [];
      const title = titleOf(record);
      const excerpt = message ? excerptOf(searchTextOf(message.body), query, title) : excerptOf(title, query);
      return excerpt ? [{ candidate, result: resultOf(candidate, title, message?.body.timestamp, excerpt) }] : [];
    });
  }
}

function resultOf(
  { conversation, messageId, updatedAt }: Candidate,
  title: string,
  timestamp: string | undefined,
  { excerpt, marks }: Pick<SearchResult, 'excerpt' | 'marks'>,
): SearchResult {
  const [start, length] = marks[0] ?? [0, 0];
  const at = timestamp ?? new Date(updatedAt).toISOString();
  return { conversationId: conversation, title, messageId, at, excerpt, marks, start, length };
}
