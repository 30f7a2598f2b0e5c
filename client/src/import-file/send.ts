/** Sends portions, each until the server has confirmed it. */

import { codeOf, StoreError } from '../errors.js';
import type { Ownership } from '../local/ownership.js';
import { isPaused, isTransient } from '../net/failures.js';
import type { ImportResponse } from '../net/wire.js';
import type { OpenStore } from '../open.js';
import { newUuid } from '../text.js';
import type { ImportFormat } from '../types.js';

/** The longest a portion may take, ms. */
const TIMEOUT = 60_000;

/** How long it is waited after a failure that passes, where the server does not say, ms. */
const WAITS = [1000, 2000, 4000, 8000, 15_000];

export interface Sent {
  name: string;
  format: ImportFormat;
  text: string;
  /** Whether there are other portions. */
  isPortion: boolean;
}

export class PortionSender {
  readonly #ownership: Ownership;
  readonly #store: OpenStore;
  readonly #signal: AbortSignal | undefined;
  /** Whether the server has taken anything: before, a failure is told at once. */
  #hasSucceeded = false;

  constructor(ownership: Ownership, store: OpenStore, signal: AbortSignal | undefined) {
    this.#ownership = ownership;
    this.#store = store;
    this.#signal = signal;
  }

  get hasSucceeded(): boolean {
    return this.#hasSucceeded;
  }

  /** The server's response. Rejects with a StoreError for what does not pass, and with the signal's reason. */
  async send(sent: Sent): Promise<ImportResponse> {
    // The same in every attempt.
    const key = newUuid();
    for (let attempt = 0; ; attempt += 1) {
      this.#signal?.throwIfAborted();
      try {
        const response = await this.#attempt(sent, key);
        this.#hasSucceeded = true;
        return response;
      } catch (error) {
        this.#signal?.throwIfAborted();
        await this.#wait(error, attempt);
      }
    }
  }

  async #attempt({ name, format, text, isPortion }: Sent, key: string) {
    const { engine, locks } = this.#store;
    const { api } = await engine.get();
    const query = new URLSearchParams({ format, name: fileName(name), ...(isPortion && { portion: 'true' }) });
    const ownership = await api.owner(this.#ownership);
    const options = { body: text, key, timeout: TIMEOUT, ownership };
    const call = () => api.call<ImportResponse>('POST', `/import?${query}`, options);
    return (await locks.turn('shared', call)).body;
  }

  /** Waits for the next attempt; throws the error where there is to be none. */
  async #wait(error: unknown, attempt: number) {
    if (!(error instanceof StoreError) || !isTransient(error) || isPaused(error)) throw error;
    // The file was the former user's.
    if (error.code === 'user_changed') throw error;
    const wait = error.retryAfter ?? WAITS[attempt];
    const isAway = error.status === 0 && !this.#hasSucceeded;
    if (wait === undefined || isAway || attempt >= WAITS.length) throw error;
    await sleep(this.#store, wait, this.#signal);
  }
}

/** What the server accepts as one: the end tells files apart. */
function fileName(path: string) {
  return [...path].slice(-255).join('');
}

function sleep({ environment: { clock } }: OpenStore, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(resolve, ms);
    signal?.addEventListener(
      'abort',
      () => {
        clock.clearTimeout(timer);
        reject(signal.reason);
      },
      { once: true },
    );
  });
}

/** Whether a portion was refused for what is in it, and others may be taken. */
export function isRefusal(error: unknown): error is StoreError {
  const isPassing = error instanceof StoreError && (isTransient(error) || error.status === 401);
  return error instanceof StoreError && error.status >= 400 && !isPassing;
}

/** Whether no further portion would be taken either. */
export function isFull(error: unknown): boolean {
  return ['too_many_conversations_kept', 'too_much_text_kept'].includes(codeOf(error));
}
