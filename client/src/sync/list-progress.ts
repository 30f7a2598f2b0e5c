/** Tracks how much of its first list a new device has loaded. */

import type { EventBus } from '../event-bus.js';
import type { Ownership } from '../local/ownership.js';
import type { Api } from '../net/api.js';
import type { Statistics } from '../types.js';

/** How far the list is that a device asks for that has nothing yet; told for the status. */
export class ListProgress {
  readonly #api: Api;
  readonly #bus: EventBus;
  /** Whose list it is. */
  #owner: Ownership | null = null;
  /** Conversations that are here; null: no such list is under way. */
  #done: number | null = null;
  #total: number | null = null;
  #isAsked = false;

  constructor({ api, bus }: { api: Api; bus: EventBus }) {
    this.#api = api;
    this.#bus = bus;
  }

  /** The first page is asked for. */
  begin(owner: Ownership) {
    this.#startOver(owner);
    this.#done ??= 0;
    this.#tell();
  }

  /** A page is here that is not the last one, and so many conversations in all. */
  advance(owner: Ownership, done: number) {
    this.#startOver(owner);
    this.#done = done;
    this.#tell();
    if (this.#isAsked) return;
    this.#isAsked = true;
    this.#askTotal(owner).catch(() => {});
  }

  /** It broke off, and goes on from there. */
  pause() {
    if (this.#done !== null) this.#bus.emit('list-loading', null);
  }

  /** All of it is here, or it is not wanted any more. */
  end() {
    if (this.#done !== null) this.#bus.emit('list-loaded', undefined);
    [this.#owner, this.#done, this.#total, this.#isAsked] = [null, null, null, false];
  }

  /** Another user's list says nothing of this one. */
  #startOver(owner: Ownership) {
    if (this.#isOf(owner)) return;
    [this.#owner, this.#done, this.#total, this.#isAsked] = [owner, null, null, false];
  }

  #isOf({ epoch }: Ownership) {
    return this.#owner?.epoch === epoch;
  }

  /** Only for a list of several pages: no page says how many conversations there are. */
  async #askTotal(ownership: Ownership) {
    const { body } = await this.#api.call<Statistics>('GET', '/user', { ownership });
    if (!this.#isOf(ownership)) return;
    this.#total = body.totals.current.conversations;
    this.#tell();
  }

  #tell() {
    const done = this.#done ?? 0;
    const total = this.#total === null ? null : Math.max(this.#total, done);
    this.#bus.emit('list-loading', { done, total });
  }
}
