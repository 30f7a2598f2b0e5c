import { newUuid } from './text.js';

/** How many handed-out objects are remembered. A frontend holds a few; each remembers references, not texts. */
const REMEMBERED = 200;

/** The name of all objects of the list: there is nothing that saving one could remove. */
const LISTED = 'list';

/**
 * What this tab's frontend was given: the ground on which a save is told apart from what the frontend merely does not
 * know. Every object handed out has a name, `snapshot`, and under it is kept what it said, and what was saved from it
 * since.
 */
export class Snapshots {
  #byName = new Map();
  /** Of objects of the list, which have no messages, the fields that were given last. */
  #listed = new Map();

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

  /** The same for an object of the list. */
  rememberListed(conversation, fields) {
    this.#listed.set(conversation, fields);
    return LISTED;
  }

  /** The named object got these messages as well. */
  extend(name, messages) {
    const snapshot = this.#byName.get(name);
    for (const { id, body } of messages) snapshot?.messages.set(id, body);
  }

  /** What the named object said, if it was one of this conversation. */
  find(name, conversation) {
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
  ofConversation(conversation) {
    /** @type {{ conversation: string, fields?: object, messages: Map<string, object>, isExact: boolean }} */
    const union = { conversation, fields: undefined, messages: new Map(), isExact: false };
    for (const snapshot of this.#byName.values()) {
      if (snapshot.conversation !== conversation) continue;
      union.fields = { ...union.fields, ...snapshot.fields };
      for (const [id, body] of snapshot.messages) union.messages.set(id, body);
    }
    return union;
  }

  /** After a save: what the frontend's object says now; without `messages` it said nothing of them. */
  update(name, known, { fields, messages }) {
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
