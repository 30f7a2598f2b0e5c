import { newUuid } from './text.js';

/** How many handed-out objects are remembered. A frontend holds a few; each remembers references, not texts. */
const REMEMBERED = 200;

/**
 * What this tab's frontend was given: the ground on which a save is told apart from what the frontend merely does not
 * know. Every object handed out has a name, `snapshot`, and under it is kept what it said, and what was saved from it
 * since.
 */
export class Snapshots {
  #byName = new Map();

  /** Remembers an object about to be handed out; returns its name. `messages` is a list of `{ id, body }`. */
  remember(conversation, fields, messages) {
    const name = `s-${newUuid()}`;
    this.#byName.set(name, { conversation, fields, messages: new Map(), isExact: true });
    this.extend(name, messages);
    for (const oldest of this.#byName.keys()) {
      if (this.#byName.size <= REMEMBERED) break;
      this.#byName.delete(oldest);
    }
    return name;
  }

  /** The named object got these messages as well. */
  extend(name, messages) {
    const snapshot = this.#byName.get(name);
    for (const { id, body } of messages) snapshot?.messages.set(id, body);
  }

  /** What the named object said, if it was one of this conversation. */
  find(name, conversation) {
    const snapshot = this.#byName.get(name);
    if (snapshot?.conversation !== conversation) return undefined;
    // Used again: the last to be forgotten.
    this.#byName.delete(name);
    this.#byName.set(name, snapshot);
    return snapshot;
  }

  /** What this tab was given of a conversation by any object; of a message, what was given last. */
  ofConversation(conversation) {
    const union = { conversation, fields: undefined, messages: new Map(), isExact: false };
    for (const snapshot of this.#byName.values()) {
      if (snapshot.conversation !== conversation) continue;
      for (const [id, body] of snapshot.messages) union.messages.set(id, body);
    }
    return union;
  }

  /** After a save: what the frontend's object says now. */
  replace(name, conversation, fields, messages) {
    const snapshot = { conversation, fields, messages: new Map(), isExact: true };
    this.#byName.set(name, snapshot);
    this.extend(name, messages);
  }
}
