/**
 * The records a browser keeps.
 *
 * The names of fields, stores and states are what is on disk: a release that changes one has to convert what the release
 * before has stored.
 */

import type { Fields } from './fields.js';

/**
 * 2: messages stand by their place instead of by their timestamp, and may be beside the active path. 3: there is an index to
 * search. See upgrade.ts.
 */
export const VERSION = 3;

interface StoreDefinition {
  keyPath: string | string[];
  autoIncrement?: boolean;
  indexes: Record<string, string[]>;
}

export const STORES: Record<StoreName, StoreDefinition> = {
  conversations: { keyPath: 'id', indexes: {} },
  messages: {
    keyPath: ['conversation', 'id'],
    indexes: {
      order: ['conversation', 'shown', 'place'],
      dirty: ['conversation', 'dirty'],
      beside: ['conversation', 'beside'],
    },
  },
  outbox: { keyPath: 'conversation', indexes: {} },
  refused: { keyPath: 'key', autoIncrement: true, indexes: {} },
  state: { keyPath: 'name', indexes: {} },
  segments: { keyPath: 'conversation', indexes: { stamp: ['stamp'] } },
  unindexed: { keyPath: 'conversation', indexes: {} },
};

/** The records of each store. */
export interface Records {
  conversations: ConversationRecord;
  messages: MessageRecord;
  outbox: OutboxEntry;
  refused: RefusedRecord;
  state: StateRecord;
  segments: SegmentRecord;
  unindexed: UnindexedRecord;
}

export type StoreName = 'conversations' | 'messages' | 'outbox' | 'refused' | 'state' | 'segments' | 'unindexed';

/** The `ETag` of the newest page as it came, and the tag of the state that it shows. */
export interface PageTag {
  tag: string;
  etag: string;
}

/** A conversation, by id. */
export interface ConversationRecord {
  id: string;
  /** What a client can set: title, mcpServers, pinned, ... */
  fields: Fields;
  /** The server's values of the fields that were changed on this device. */
  base: Fields;
  /** Epoch ms, as are all times here. */
  createdAt: number;
  updatedAt: number;
  /** When fields were last changed on this device. */
  editedAt: number;
  /** The number of tokens to show. */
  tokens: number;
  /** The number of messages to show. */
  count: number;
  /** Whether the server has it. */
  onServer: boolean;
  /** Whether its newest messages are on this device. */
  held: boolean;
  /** The revision of the server's state that the messages on this device reflect. */
  revision: number;
  /** The newest revision heard of. */
  latest: number;
  /** When the server says that the newest revision was made. */
  seenAt: number;
  /** Of the state at `revision`. */
  page?: PageTag | null;
  /**
   * The tag of the state at `latest`; null where the server had none, missing where it has not told it yet, as in records
   * of an earlier release.
   */
  etag?: string | null | undefined;
  /** The server's cursor to messages before the verified ones; null where all of them are on this device. */
  older: string | null;
  /** The place of the oldest message that is known to be as at `revision`; null where all of them are. */
  verified: number | null;
  /** Its messages are still being stored by an import. */
  isStoring?: true;
  /** Behind every place that was given so far. */
  nextPlace: number;
  /** The message that the active path is to end with, where the server still has to be told. */
  head?: string | undefined;
  /** When it expires, ISO 8601, or null, as the server has told. */
  expiresAt?: string | null | undefined;
  /** `pending` until the server knows of the deletion. */
  deleted?: 'pending' | 'done' | undefined;
  deletedAt?: number | undefined;
  /** The conversation in which the rest of this one continues. */
  movedTo?: string | undefined;
}

/** Every field of a message but its id. */
export interface MessageBody extends Fields {
  /** ISO 8601. */
  timestamp: string;
  type?: unknown;
  content?: unknown;
}

/** A message, by conversation and id. */
export interface MessageRecord {
  conversation: string;
  id: string;
  /**
   * Messages on the active path stand in the order of their places, and those that the server does not have yet are sent in
   * it. A timestamp says nothing about that.
   */
  place: number;
  /** 1 on the active path; 0 where it is beside it, or waits to be deleted. */
  shown: 0 | 1;
  /** Set where it is on a branch beside the active path. */
  beside?: 1;
  /**
   * What it follows, null for none: of a message beside the path; and of one that the server does not have yet, where it is not
   * simply to follow the last one there.
   */
  parent?: string | null | undefined;
  /** What `shown` is at the server, where a branch that was begun or switched to here has changed it. */
  served?: 0 | 1;
  /** The ids of all that follow the same message, as the server has told. */
  siblings?: string[] | undefined;
  body: MessageBody;
  /** The server's values of the fields that were changed on this device. */
  base: Fields;
  /** Not on the server yet. */
  fresh: boolean;
  /** To be deleted on the server. */
  removed: boolean;
  /** To be deleted together with all that follows it there, in every branch. */
  isSubtree?: true;
  /** To be replaced whole at the server: fields that are not known here go too. */
  isWhole?: true;
  /** Set where anything of it waits to be sent. */
  dirty?: 1;
}

/** A message as it is sent. */
export type SentMessage = MessageBody & { id: string; parentId?: string | null; siblingIds?: string[] };

/** A write to one conversation, as it is sent. */
export interface ConversationRequest {
  kind: 'create' | 'save' | 'append' | 'edit' | 'put' | 'remove' | 'patch' | 'switch' | 'delete';
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  body?: Fields & { messages?: SentMessage[] };
  /** The tag of the only state that it may change. */
  match?: string;
  /** The messages that it edits or deletes. */
  ids?: string[];
  /** Its `Idempotency-Key`. */
  key?: string;
}

/** A conversation of an import, as it is sent. */
export type ImportItem = Fields & { id: string; messages: SentMessage[] };

/** An import of several conversations, as it is sent. */
export interface ImportRequest {
  kind: 'import';
  method: 'POST';
  path: '/import';
  body: ImportItem[];
  key?: string;
}

/**
 * How much of the server's state is to be read: the newest page, older ones until these messages are known, or all of them. A
 * number is of an earlier release: all of them.
 */
export type RefreshUntil = null | readonly string[] | 'all';

/** That a conversation has something to send, by conversation; an import of several is under `*`. */
export interface OutboxEntry {
  conversation: string;
  /** The request under way, exactly as it was first sent; null where the next one is still to be made. */
  request: ConversationRequest | ImportRequest | null;
  /** Of the first change. */
  created: number;
  /** Of the first change that is in no request yet. */
  since: number;
  /** Of the last change. */
  touched: number;
  /** Whether more of the same turn is about to come. */
  open?: boolean;
  /** To be sent by an import. */
  isBulk?: boolean;
  /** Requests that are still to follow at once: what they carry has waited as long as the first one. */
  more?: number;
  /** Was another user's. */
  isAdopted?: boolean;
  /** One message per request, after a refusal that did not say which message it was about. */
  split?: boolean;
  /** The server's state has to be read first. */
  refresh?: { until: RefreshUntil | number } | undefined;
  /** Not to be sent before. */
  holdUntil: number;
  /** Why it is held. */
  holdError?: { code: string; message: string; status: number } | undefined;
  /** Refusals in a row that were corrected. */
  recoveries?: number;
}

/** A write that the server refused, or the losing side of a conflict. */
export interface RefusedRecord {
  /** Given by the database. */
  key?: number;
  conversationId: string;
  conversationTitle: string;
  messageId: string | null;
  code: string;
  content: unknown;
  /** ISO 8601. */
  at: string;
}

/** The part of the index that finds one conversation. See search/segment.ts. */
export interface SegmentRecord {
  conversation: string;
  /** Which write to the index it was, counted by `indexed`: tabs read what others have written since. */
  stamp: number;
  /** Of the conversation. */
  updatedAt: number;
  /** Line by line: the ids of its messages, in front of them an empty one for the title. */
  ids: string;
  lengths: Uint32Array;
  /** Line by line, in order. */
  terms: string;
  starts: Uint32Array;
  postings: Uint32Array;
}

/** A conversation that was written to since it was indexed; until then it has no segment. See unindexed.ts. */
export interface UnindexedRecord {
  conversation: string;
  /** Another one with every write. */
  mark: number;
}

export interface StateRecord {
  name: string;
  value: unknown;
}

/**
 * What is stored in `state`: the name there, and the type of its value. `clock`, `tenure` and `company` are the names that
 * devices have stored since version 1; renaming them would take an upgrade of every database, and change nothing in it.
 */
export interface States {
  /** How far this browser knows the user's changes: the server's cursor. */
  cursor: string | undefined;
  /** The change sequence of the last change, where it is known to be the last. */
  clock: number | undefined;
  /** The owner of the data, and as `number` the ownership epoch. See ownership.ts. */
  tenure: { user: string | undefined; number: number };
  /** Presence: when another device was last active. See presence.ts. */
  company: number;
  /** The conversation opened last. */
  current: string | null;
  /** Fields that frontends of this browser have written themselves. */
  knownFields: { message: string[]; conversation: string[] };
  /** How many segments were written so far. */
  indexed: number;
  /** The ids of what was copied here from an anonymous user's data under other ids, by the ids there. See take-over.ts. */
  claimed: Record<string, string>;
  /** How far the migration of the old localStorage data is. */
  migration: { phase: 'storing' | 'sending' | 'sent' | 'undone'; source: string; total: number; rejected: Rejection[] };
}

/** A conversation that could not be stored, and why. */
export interface Rejection {
  id: string;
  code: string;
}
