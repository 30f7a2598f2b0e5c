/** How the store is doing, and what it tells those who listen. */

import type { StoreError } from '../errors.js';

export type StatusMode = 'starting' | 'synced' | 'sending' | 'offline' | 'local' | 'signed-out';

/** How changes of other devices arrive: by a stream, by asking, not just now, or not at all. */
export type LiveMode = 'stream' | 'polling' | 'resting' | 'off';

/** How the store is doing. */
export interface StoreStatus {
  /**
   * `synced`: everything is sent and the server answers. `sending`: something waits, or is on its way. `offline`: the
   * server cannot be reached; it is tried again. `local`: the server keeps nothing for this user (switched off, or no
   * session); everything stays on the device. `signed-out`: the session was ended from another device, or its
   * token is refused (an anonymous user's for a day: then there is a new one, who gets what is on the device). `starting`: not known yet.
   */
  mode: StatusMode;
  /** Conversations with something to send. */
  pending: number;
  /**
   * The server's error code where there is trouble (`too_much_text_kept`, `storage_disabled`, `writes_paused`, `service_paused`,
   * `newcomers_paused`, `too_many_new_users`, `too_much_from_address`, ...), or `newer_release` where another tab has opened a newer
   * release of the page, and this one has to be reloaded; else null. What waits is sent when it is over.
   */
  problem: string | null;
  /** How changes of other devices arrive in this browser at the moment. */
  live: LiveMode;
  /** Whether this tab does the sending and listening for all tabs. */
  leader: boolean;
  /** The user's id at the server, once there is one. */
  userId: string | null;
  /** `indexeddb`, or `memory` where the browser refuses to keep anything: then a reload loses what was not sent. */
  storage: 'indexeddb' | 'memory';
  /** Refused writes whose content waits in `refusedWrites()`. */
  refused: number;
  /** While the list comes to a device that does not have it yet: how far it is. Else null. */
  loading: ListLoading | null;
}

export interface ListLoading {
  /** Conversations that are here. */
  done: number;
  /** Conversations in all; null until the server has said so. */
  total: number | null;
}

/** Something in the store has changed: read again what is on the screen. */
export interface ChangeEvent {
  /** Ids of conversations that are new or different. */
  changed: string[];
  /** Ids of conversations that are gone. */
  deleted: string[];
  /**
   * By whom: this tab, another tab of this browser, or another device. Where the server has confirmed a write of this
   * browser it is `tab` as well: there is nothing new to read but `pending` and `onServer`.
   */
  source: 'tab' | 'other-tab' | 'server';
}

/** Two sides changed the same conversation, and both were kept as far as they can be. */
export interface ConflictEvent {
  conversationId: string;
  kind: /** Both edited the message; `kept` is the newer edit, `lost` the older one, also to be had by `refusedWrites()`. */
    | 'message-edited'
    /** Another device deleted a message that was edited here: it stays. */
    | 'edited-message-deleted'
    /** A message deleted here was edited on another device: it stays. */
    | 'deleted-message-edited'
    /** Both changed the title or another field of the conversation; the newer one stays. */
    | 'conversation-edited'
    /** Another device deleted the conversation, but there were messages here it did not know: they live on in `movedTo`. */
    | 'conversation-deleted'
    /** Deleted here, but somebody wrote to it meanwhile on another device: it stays. */
    | 'deleted-conversation-edited'
    /** Another device added messages meanwhile; all are there. */
    | 'messages-added';
  messageId?: string;
  /** Field of the conversation. */
  field?: string;
  kept?: unknown;
  lost?: unknown;
  movedTo?: string;
}

/** The server refused a write for good: it was taken back here, and its content kept. */
export interface RefusedWrite {
  /** For `discardRefused()`. */
  key: number;
  conversationId: string;
  conversationTitle: string;
  messageId: string | null;
  /** The server's error code, e.g. `message_too_large`; or `edited_elsewhere` for the losing side of a conflict. */
  code: string;
  /** What was to be written: the message, or the fields. */
  content: unknown;
  /** ISO 8601. */
  at: string;
}

/** A write that could not be stored: its promise was rejected. */
export interface FailedEvent {
  conversationId: string | null;
  error: StoreError;
}

/** How far a long task is. */
export interface ProgressEvent {
  task: 'migration' | 'import' | 'transfer' | 'erase';
  /** Conversations done. */
  done: number;
  /** Conversations in all, as far as is known. */
  total: number;
}

export interface StoreEvents {
  change: ChangeEvent;
  status: StoreStatus;
  conflict: ConflictEvent;
  refused: RefusedWrite;
  progress: ProgressEvent;
  failed: FailedEvent;
  /**
   * The data on this device are another user's, or those of a user were erased: what is on the screen, and what is about to be
   * sent, is not of the user who is here now. Not told of the first user that a device has.
   */
  'user-changed': undefined;
}
