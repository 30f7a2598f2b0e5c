/** The events by which the parts of an open store notify each other, and the bus that delivers them. */

import type { Ownership } from './local/ownership.js';
import type { Conflict, StoredRefusal } from './local/refused-writes.js';
import type { WriteResponse } from './net/wire.js';
import type { ChangeEvent, ListLoading, LiveMode, StoreEvents } from './types.js';

/** What became of the records of one conversation. */
export interface RecordChange {
  changed: boolean;
  deleted?: boolean | undefined;
  conflicts?: Conflict[];
  /** The id under which a deleted conversation was saved, where it goes on under another one. */
  movedFrom?: string;
  /** Where unsent messages of a deleted conversation live on. */
  copy?: string | undefined;
}

/** `confirmed`: only the server's knowledge of a write is new, so that nothing has to be read again. */
export type ChangeSource = ChangeEvent['source'] | 'confirmed';

/** A portion of an import that the server has taken. */
export interface ImportedPortion {
  ids: string[];
  /** Conversations still to be imported. */
  left: number;
  rejected: { id: string; code: string }[];
}

/** What the parts of an open store tell one another, along with the events that a frontend hears. */
export interface InternalEvents extends StoreEvents {
  /** Records were changed. */
  'records-changed': { id: string; change: RecordChange; source: ChangeSource };
  /** Writes were refused, and their contents stored. */
  'writes-refused': StoredRefusal[];
  /** The server has confirmed a write. */
  'write-confirmed': { response: WriteResponse; ownership: Ownership };
  /** The server has taken a portion of an import. */
  imported: ImportedPortion;
  /** What waits in the outbox may have changed. */
  'outbox-changed': undefined;
  /** The server has answered a request as it should. */
  'server-reached': undefined;
  /** Sending or listening has failed, with this code. */
  'server-failed': string;
  /** A frontend had to do without the server. */
  'used-without-server': 'read' | 'write';
  /** This tab has found a conflict. */
  'conflict-found': undefined;
  'live-mode': LiveMode;
  /** How far the list is that comes to this device; null: it broke off. */
  'list-loading': ListLoading | null;
  /** All of it is here. */
  'list-loaded': undefined;
}

type Listener<Event> = (event: Event) => unknown;

/** Typed events. A listener that throws does not keep the event from the others. */
export class EventBus<Events extends object = InternalEvents> {
  readonly #listeners = new Map<keyof Events, Set<Listener<never>>>();

  /** Listens; returns what ends it. */
  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => {
      listeners.delete(listener);
    };
  }

  /** Tells the listeners; resolves when those that return promises are done. */
  async emit<Name extends keyof Events>(name: Name, event: Events[Name]): Promise<void> {
    const listeners = [...(this.#listeners.get(name) ?? [])] as Listener<Events[Name]>[];
    await Promise.all(listeners.map((listener) => call(listener, event)));
  }
}

async function call<Event>(listener: Listener<Event>, event: Event) {
  try {
    await listener(event);
  } catch (error) {
    // As a browser does with a listener's error: it is reported, and is no other listener's concern.
    queueMicrotask(() => {
      throw error;
    });
  }
}
