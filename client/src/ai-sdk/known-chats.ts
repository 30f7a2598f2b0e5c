/** A bounded cache of what the server has of each chat, so that a save need send only the difference. */

import type { UIMessage } from 'ai';
import { type Fingerprint, fingerprintOf } from './fingerprint.js';
import { type StoredMessage, toUIMessage } from './messages.js';

/** What is known of the messages that the server has of one chat. */
export class KnownChat {
  readonly #fingerprints = new Map<string, Fingerprint>();
  readonly #followed = new Set<string>();

  /** Of messages of one line, in reading order, or of all branches, each with its parent. */
  static async of(messages: readonly StoredMessage[]): Promise<KnownChat> {
    const known = new KnownChat();
    let previous: string | null = null;
    for (const stored of messages) {
      await known.add(toUIMessage(stored), stored.parentId === undefined ? previous : stored.parentId);
      previous = stored.id;
    }
    return known;
  }

  async add(message: UIMessage, parentId: string | null, id = message.id): Promise<void> {
    this.#fingerprints.set(id, await fingerprintOf(message));
    if (parentId !== null) this.#followed.add(parentId);
  }

  fingerprint(id: string): Fingerprint | undefined {
    return this.#fingerprints.get(id);
  }

  /** Whether another message follows this one, in any branch that is known. */
  isFollowed(id: string): boolean {
    return this.#followed.has(id);
  }
}

/** How many chats are remembered: beyond that, those that were used least recently are read again. */
const MOST = 100;

/** What is known of the chats that were used last, apart for each user. */
export class KnownChats {
  readonly #chats = new Map<string, KnownChat>();

  get(key: string): KnownChat | undefined {
    const known = this.#chats.get(key);
    if (known) this.set(key, known);
    return known;
  }

  set(key: string, known: KnownChat): void {
    this.#chats.delete(key);
    this.#chats.set(key, known);
    for (const oldest of this.#chats.keys()) {
      if (this.#chats.size <= MOST) break;
      this.#chats.delete(oldest);
    }
  }

  forget(key: string): void {
    this.#chats.delete(key);
  }
}
