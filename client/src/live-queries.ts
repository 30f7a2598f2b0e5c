/** The live queries of a store: one for each conversation, list and search that components observe. */

import type { EventBus } from './event-bus.js';
import { same } from './local/fields.js';
import { LiveQuery } from './live-query.js';
import { LiveSearch, type SearchSource } from './live-search.js';
import type {
  ChangeEvent,
  Conversation,
  ConversationMessage,
  ConversationSummary,
  ListQuery,
  LiveSearchOptions,
} from './types.js';

/** How many queries that nobody listens to are kept: a component asks for one before it subscribes. */
const MOST_IDLE = 50;

/** What live queries read with. */
export interface LiveSource<Time> extends SearchSource {
  events: EventBus<LiveEvents>;
  getConversation(id: string): Promise<Conversation<Time> | null>;
  loadOlder(conversation: Conversation<Time>): Promise<Conversation<Time>>;
  getAllConversations(): Promise<ConversationSummary<Time>[]>;
}

export interface LiveEvents {
  change: ChangeEvent;
  /** The store was opened again. */
  opened: undefined;
  /** The data are another user's. */
  'user-changed': undefined;
}

/** A conversation that is read again when it changes. Data is null where there is no such conversation. */
export class LiveConversation<Time> extends LiveQuery<Conversation<Time> | null> {
  readonly #loadOlder: () => void;

  constructor(source: LiveSource<Time>, id: string, onIdle: () => void) {
    // What has been shown stays: new messages at the end do not push out those at the beginning.
    let oldest: string | undefined;
    let isMoreWanted = false;
    super({
      read: async () => {
        const newest = await source.getConversation(id);
        const isWanted = isMoreWanted;
        isMoreWanted = false;
        const conversation = newest && (await extend(source, newest, oldest, isWanted));
        oldest = conversation?.messages[0]?.id ?? oldest;
        return conversation;
      },
      watch: (changed) => {
        // One that was deleted elsewhere and goes on is known by another id, and leads to it by this one.
        const isShown = (other: string) => other === id || other === this.getSnapshot().data?.id;
        const concerns = (event: ChangeEvent) => event.changed.some(isShown) || event.deleted.some(isShown);
        const reset = () => {
          oldest = undefined;
          this.reset();
        };
        return watch(source, changed, concerns, reset);
      },
      reuse: reuseConversation,
      onIdle,
    });
    this.#loadOlder = () => {
      isMoreWanted = true;
    };
  }

  /** Adds a page of older messages, if there are any. */
  async loadOlder(): Promise<void> {
    this.#loadOlder();
    await this.refresh();
  }
}

/** The list of conversations, read again when any of them changes. */
export type LiveList<Time> = LiveQuery<readonly ConversationSummary<Time>[]>;

/** The live queries of a store: one of each, however many components ask for it. */
export class LiveQueries<Time> {
  readonly #source: LiveSource<Time>;
  readonly #conversations = new Map<string, LiveConversation<Time>>();
  readonly #lists = new Map<string, LiveList<Time>>();
  readonly #searches = new Map<string, LiveSearch>();

  constructor(source: LiveSource<Time>) {
    this.#source = source;
  }

  conversation(id: string): LiveConversation<Time> {
    return find(this.#conversations, id, () => {
      return new LiveConversation(this.#source, id, () => this.#conversations.delete(id));
    });
  }

  search(text: string, options: LiveSearchOptions): LiveSearch {
    const key = keyOf({ ...options, text });
    return find(this.#searches, key, () => {
      return new LiveSearch(this.#source, text, options, () => this.#searches.delete(key));
    });
  }

  list(query: ListQuery): LiveList<Time> {
    const key = keyOf(query);
    return find(this.#lists, key, () => {
      const read = async () => select(await this.#source.getAllConversations(), query);
      const watchAll = (changed: () => void) => watch(this.#source, changed, () => true);
      const onIdle = () => this.#lists.delete(key);
      return new LiveQuery<readonly ConversationSummary<Time>[]>({ read, watch: watchAll, reuse: reuseList, onIdle });
    });
  }
}

function keyOf(query: object) {
  return JSON.stringify(Object.entries(query).sort());
}

function find<Query extends { isIdle: boolean }>(queries: Map<string, Query>, key: string, create: () => Query): Query {
  const known = queries.get(key);
  if (known) return known;
  const idle = [...queries].filter(([, query]) => query.isIdle);
  for (const [oldest] of idle.slice(0, Math.max(0, idle.length - MOST_IDLE))) queries.delete(oldest);
  const query = create();
  queries.set(key, query);
  return query;
}

function watch<Time>(
  { events }: LiveSource<Time>,
  changed: () => void,
  concerns: (event: ChangeEvent) => boolean,
  userChanged = changed,
): () => void {
  const stops = [
    events.on('change', (event) => {
      if (concerns(event)) changed();
    }),
    events.on('opened', changed),
    events.on('user-changed', userChanged),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** The conversation with older messages: back to `oldest`, and a page more where that is wanted. */
async function extend<Time>(
  source: LiveSource<Time>,
  newest: Conversation<Time>,
  oldest: string | undefined,
  isMoreWanted: boolean,
) {
  let conversation = newest;
  const hasOldest = () => oldest === undefined || conversation.messages.some(({ id }) => id === oldest);
  const more = async () => {
    const { length } = conversation.messages;
    conversation = await source.loadOlder(conversation);
    return conversation.messages.length > length;
  };
  while (conversation.hasOlder && !hasOldest() && (await more()));
  if (isMoreWanted && conversation.hasOlder) await more();
  return conversation;
}

function select<Time>(list: ConversationSummary<Time>[], query: ListQuery) {
  const { archived, pinned, tag, limit = Infinity } = query;
  const isWanted = (conversation: ConversationSummary<Time>) =>
    (archived === undefined || Boolean(conversation.archived) === archived) &&
    (pinned === undefined || Boolean(conversation.pinned) === pinned) &&
    (tag === undefined || Boolean(conversation.tags?.includes(tag)));
  return list.filter(isWanted).slice(0, limit);
}

function reuseList<Time>(
  before: readonly ConversationSummary<Time>[],
  next: readonly ConversationSummary<Time>[],
): readonly ConversationSummary<Time>[] {
  const known = new Map(before.map((conversation) => [conversation.id, conversation]));
  const list = next.map((conversation) => reuse(known.get(conversation.id), conversation));
  return isSameList(before, list) ? before : list;
}

function reuseConversation<Time>(before: Conversation<Time> | null, next: Conversation<Time> | null) {
  if (!before || !next) return next;
  const known = new Map(before.messages.map((message) => [message.id, message]));
  const messages: ConversationMessage<Time>[] = next.messages.map((message) => reuse(known.get(message.id), message));
  const shared = { ...next, messages: isSameList(before.messages, messages) ? before.messages : messages };
  // The snapshot's name is another one each time; what it says is the same.
  return isShallowlySame(before, { ...shared, snapshot: before.snapshot }) ? before : shared;
}

function reuse<Value extends object>(before: Value | undefined, next: Value): Value {
  return before && isShallowlySame(before, next) ? before : next;
}

function isSameList(a: readonly unknown[], b: readonly unknown[]) {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}

function isShallowlySame(a: object, b: object) {
  const [before, next] = [Object.entries(a), b as Record<string, unknown>];
  return before.length === Object.keys(b).length && before.every(([name, value]) => isSameValue(value, next[name]));
}

function isSameValue(a: unknown, b: unknown) {
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime();
  return a === b || (typeof a === 'object' && typeof b === 'object' && same(a, b));
}
