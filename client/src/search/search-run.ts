/** One search, which goes on for as long as its results are shown. */

import { codeOf, StoreError } from '../errors.js';
import type { LocalTransaction } from '../local/database.js';
import type { Ownership } from '../local/ownership.js';
import type { SearchFindings, SearchIndexing, SearchResult } from '../types.js';
import type { Search, SearchOptions } from './search.js';
import { searchServer } from './server-search.js';

/** The server is not asked before nobody has typed for so long, ms. */
const QUIET = 250;

/** The server looks through a few conversations for each page: it is asked for so many, or until there is enough to look at. */
const [PAGES, ENOUGH] = [3, 10];

/** `away`: it is asked when it is back. `cannot`: it has no search, or none for such a text. */
type Server = 'unasked' | 'away' | 'asked' | 'heard' | 'cannot';

export class SearchRun {
  /** Called when there may be more to read. */
  readonly changed: () => void;
  readonly #search: Search;
  readonly #text: string;
  readonly #options: SearchOptions;
  readonly #ended: () => void;
  readonly #stops: (() => void)[];
  #timer: unknown;
  #isEnded = false;
  #server: Server = 'unasked';
  #isHeard = false;
  /** Whose data the server is asked about, once it is. */
  #ownership: Ownership | null = null;
  #there: SearchResult[] = [];
  #cursor: string | null = null;
  #indexed: SearchIndexing | null = null;

  constructor(search: Search, text: string, options: SearchOptions, changed: () => void, ended: () => void) {
    this.#search = search;
    this.#text = text;
    this.#options = options;
    this.changed = changed;
    this.#ended = ended;
    const { bus, environment } = search.store;
    this.#stops = [bus.on('status', () => this.#askSoon()), environment.page.watch(() => this.#askSoon())];
    this.#askSoon();
  }

  async read(): Promise<SearchFindings> {
    await this.#forgetOfOthers();
    const { results, isIndexing } = await this.#search.searchIndexed(this.#text, this.#options);
    const isAsked = this.#server === 'asked';
    return {
      results: this.#isHeard ? await this.#merge(results) : results,
      scope: this.#isHeard ? 'everything' : 'device',
      isComplete: !isIndexing && !isAsked,
      hasMore: this.#cursor !== null && !isAsked,
      indexed: this.#indexed,
    };
  }

  /** Asks the server for more. */
  async more() {
    if (this.#cursor === null || this.#server === 'asked') return;
    this.#server = 'asked';
    this.changed();
    await this.#ask(this.#there.length + ENOUGH);
  }

  end() {
    this.#isEnded = true;
    for (const stop of this.#stops) stop();
    this.#search.store.environment.clock.clearTimeout(this.#timer);
    this.#ended();
  }

  /** Now that it can be asked, or can be again. */
  #askSoon() {
    const { environment, mayAsk } = this.#search.store;
    if (!['unasked', 'away'].includes(this.#server) || !mayAsk()) return;
    this.#server = 'asked';
    this.#timer = environment.clock.setTimeout(() => void this.#ask(ENOUGH), QUIET);
  }

  async #ask(enough: number) {
    try {
      const { api } = await this.#search.store.engine.get();
      this.#ownership ??= await api.owner();
      const ownership = this.#ownership;
      for (let page = 0; page < PAGES; page += 1) {
        const found = await searchServer(api, ownership, this.#text, this.#cursor);
        if (this.#isEnded || ownership !== this.#ownership) return;
        if (!this.#take(found) || this.#cursor === null || this.#there.length >= enough) break;
        this.changed();
      }
    } catch (error) {
      const isRefused = error instanceof StoreError && error.status >= 400 && error.status < 500;
      this.#server = isRefused && codeOf(error).startsWith('query_') ? 'cannot' : 'away';
    }
    if (!this.#isEnded) this.changed();
  }

  /** What the server had of a former user says nothing of this one's: it is asked again. */
  async #forgetOfOthers() {
    const ownership = this.#ownership;
    if (!ownership || !(await (await this.#search.store.engine.get()).session.hasEnded(ownership))) return;
    if (ownership !== this.#ownership) return;
    [this.#ownership, this.#isHeard, this.#there, this.#cursor, this.#indexed] = [null, false, [], null, null];
    this.#server = 'unasked';
    this.#askSoon();
  }

  /** Returns whether the server can search. */
  #take(found: Awaited<ReturnType<typeof searchServer>>) {
    this.#server = found ? 'heard' : 'cannot';
    if (!found) return false;
    this.#isHeard = true;
    this.#there.push(...found.results);
    this.#cursor = found.nextCursor;
    // What was changed meanwhile comes on pages of its own, which say nothing of the others.
    if (found.indexed.of >= (this.#indexed?.of ?? 0)) this.#indexed = found.indexed;
    return true;
  }

  /** What the server adds comes behind what is here: what is on the screen stays where it is. */
  async #merge(here: readonly SearchResult[]): Promise<SearchResult[]> {
    const { database } = this.#search.store;
    const stay = await database.run('readonly', (tx) =>
      Promise.all(this.#there.map((result) => isStillThere(tx, result))),
    );
    const merged = [...here];
    const known = new Set(here.map(keyOf));
    const counts = new Map<string, number>();
    const count = ({ conversationId: id }: SearchResult) => counts.set(id, (counts.get(id) ?? 0) + 1);
    for (const result of here) count(result);
    for (const [index, result] of this.#there.entries()) {
      const isFull = (counts.get(result.conversationId) ?? 0) >= this.#options.perConversation;
      if (!stay[index] || isFull || known.has(keyOf(result))) continue;
      known.add(keyOf(result));
      count(result);
      merged.push(result);
    }
    return merged;
  }
}

function keyOf({ conversationId, messageId }: SearchResult) {
  return `${conversationId}/${messageId}`;
}

/** What was deleted here the server may not know yet. */
async function isStillThere(tx: LocalTransaction, { conversationId, messageId }: SearchResult) {
  const record = await tx.get('conversations', conversationId);
  if (record?.deleted) return false;
  return messageId === null || !(await tx.get('messages', [conversationId, messageId]))?.removed;
}
