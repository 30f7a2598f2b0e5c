/** Remembers what a tab's frontend was given, to tell what it removes from what it has never seen. */

import { newUuid } from '../text.js';
import type { Fields } from './fields.js';
import type { MessageBody } from './schema.js';

/** How many objects are remembered. A frontend holds a few; each remembers references, not texts. */
const REMEMBERED = 200;

/** The name of all objects of the list: there is nothing that saving one could remove. */
const LISTED = 'list';

/** What an object said that a frontend was given, and what was saved from it since. */
export interface Snapshot {
  conversation: string;
  fields: Fields | undefined;
  messages: Map<string, MessageBody>;
  /** Whether it is of the very object that is saved, not a guess from all objects of the conversation. */
  isExact: boolean;
}

/**
 * What this tab's frontend was given: it tells a save apart from what the frontend merely does not know. Every object that
 * is returned carries the name of its snapshot.
 */
export class Snapshots {
  readonly #byName = new Map<string, Snapshot>();
  /** Of objects of the list, which have no messages, the fields that were given last. */
  readonly #listed = new Map<string, Fields>();

  /** Remembers an object about to be returned; returns its name. */
  remember(conversation: string, fields: Fields, messages: readonly { id: string; body: MessageBody }[]): string {
    const name = `s-${newUuid()}`;
    this.#byName.set(name, { conversation, fields, messages: new Map(), isExact: true });
    this.extend(name, messages);
    for (const oldest of this.#byName.keys()) {
      if (this.#byName.size <= REMEMBERED) break;
      this.#byName.delete(oldest);
    }
    return name;
  }

  /** The same for an object of the list. */
  rememberListed(conversation: string, fields: Fields): string {
    this.#listed.set(conversation, fields);
    return LISTED;
  }

  /** The named object got these messages as well. */
  extend(name: string | undefined, messages: readonly { id: string; body: MessageBody }[]) {
    const snapshot = name === undefined ? undefined : this.#byName.get(name);
    for (const { id, body } of messages) snapshot?.messages.set(id, body);
  }

  /** What the named object said, if it was one of this conversation. */
  find(name: string | undefined, conversation: string): Snapshot | undefined {
    if (name === undefined) return undefined;
    if (name === LISTED) {
      return { conversation, fields: this.#listed.get(conversation), messages: new Map(), isExact: true };
    }
    const snapshot = this.#byName.get(name);
    if (snapshot?.conversation !== conversation) return undefined;
    // Used again: the last to be forgotten.
    this.#byName.delete(name);
    this.#byName.set(name, snapshot);
    return snapshot;
  }

  /** What this tab was given of a conversation by any object; of each message and field, what was given last. */
  ofConversation(conversation: string): Snapshot {
    const union: Snapshot = { conversation, fields: undefined, messages: new Map(), isExact: false };
    for (const snapshot of this.#byName.values()) {
      if (snapshot.conversation !== conversation) continue;
      union.fields = { ...union.fields, ...snapshot.fields };
      for (const [id, body] of snapshot.messages) union.messages.set(id, body);
    }
    return union;
  }

  /** After a save: what the frontend's object says now; without `messages` it said nothing of them. */
  update(
    name: string,
    known: Snapshot,
    { fields, messages }: { fields: Fields; messages?: readonly { id: string; body: MessageBody }[] | undefined },
  ) {
    if (name === LISTED) return;
    const { conversation } = known;
    const snapshot = { conversation, fields: { ...known.fields, ...fields }, messages: known.messages, isExact: true };
    this.#byName.delete(name);
    this.#byName.set(name, snapshot);
    if (!messages) return;
    snapshot.messages = new Map();
    this.extend(name, messages);
  }
}
