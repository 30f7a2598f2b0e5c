/** The writing side of a streamed answer: when it is saved, and how its saving ends. */

import type { UIMessage } from 'ai';
import type { StoreError } from '../errors.js';
import { type Api, isRefusal, isTransient } from '../rest/api.js';
import { pathOf, type StoredConversation } from './load.js';
import { fieldsOf, type MessageStatus, patchOf } from './messages.js';

export interface AnswerOptions {
  chatId: string;
  streamId: string;
  /** The question; null for a first message. Only where the answer is a new message. */
  parentId: string | null;
  /** Whether the answer goes on with a message that is there. */
  isContinued: boolean;
  /** Milliseconds between two saves; where it is left out, as long as the answer so far says. */
  saveEvery: number | undefined;
  /** Called once where the answer is no longer wanted: it was stopped, or its message or chat was deleted. */
  onStop: () => void;
}

/** Milliseconds between two saves at the beginning, and at most. */
const SHORTEST_PAUSE = 1_000;
const LONGEST_PAUSE = 5_000;

/** So often, in milliseconds, a writer with nothing new shows that it is alive, and learns whether it was stopped. */
const HEARTBEAT = 10_000;

/** Milliseconds between the attempts of the last save, beside those that each of them makes by itself. */
const LAST_WAITS = [1_000, 2_000, 4_000, 8_000];

/** What says that nobody wants the answer any more. */
const GONE = ['message_not_found', 'message_deleted', 'conversation_not_found', 'conversation_deleted'];

/**
 * Saves an answer while it is being written: the newest state, again and again, never two at once. A save whose
 * response was lost is repeated under its key; one that fails is overtaken by the next.
 */
export class AnswerWriter {
  readonly #api: Api;
  readonly #options: AnswerOptions;
  readonly #wake = new AbortController();
  #newest: UIMessage | undefined;
  #saved: UIMessage | undefined;
  #savedAt = Number.NEGATIVE_INFINITY;
  #begunAt = 0;
  #heartbeat = 0;
  #isThere: boolean;
  #isStopped = false;
  #refusal: StoreError | undefined;
  #saving: Promise<void> | undefined;

  constructor(api: Api, options: AnswerOptions) {
    this.#api = api;
    this.#options = options;
    this.#isThere = options.isContinued;
  }

  /** Takes note of a newer state, which is saved when the time has come. */
  update(message: UIMessage): void {
    this.#newest = message;
    this.#saving ??= this.#saveAgainAndAgain();
  }

  /**
   * Saves the last state, behind all others.
   *
   * @returns How the answer ended: `aborted` where it was stopped.
   * @throws StoreError where the answer could not be saved: what was saved of it before stays.
   */
  async finish(status: MessageStatus, errorText?: string): Promise<MessageStatus> {
    this.#wake.abort();
    await this.#saving;
    if (!this.#newest) return status;
    if (isGone(this.#refusal)) throw this.#refusal;
    const ending = { heartbeat: null, errorText: errorText ?? null };
    try {
      return await this.#saveAtLast(this.#newest, () => (this.#isStopped ? 'aborted' : status), ending);
    } catch (error) {
      if (isTransient(error) || isGone(error)) throw error;
      return await this.#finishRefused(error as StoreError);
    }
  }

  /** No later save makes up for this one: it is tried for half a minute. */
  async #saveAtLast(
    message: UIMessage,
    ending: () => MessageStatus,
    more: Record<string, unknown>,
  ): Promise<MessageStatus> {
    for (let attempt = 0; ; attempt++) {
      const status = ending();
      const wait = LAST_WAITS[attempt];
      try {
        await this.#save(message, status, more);
        return status;
      } catch (error) {
        if (!isTransient(error) || wait === undefined) throw error;
        await this.#api.clock.sleep(wait);
      }
    }
  }

  /** What the service does not take is left as it was saved last, and is marked. */
  async #finishRefused(refusal: StoreError): Promise<never> {
    if (this.#isThere && this.#newest) {
      const body = { status: 'error', errorText: refusal.message, heartbeat: null };
      await this.#send('PATCH', this.#newest.id, body).catch(() => undefined);
    }
    throw refusal;
  }

  async #saveAgainAndAgain(): Promise<void> {
    const { clock } = this.#api;
    const { signal } = this.#wake;
    this.#begunAt = clock.now();
    while (!signal.aborted && !this.#isStopped && !this.#refusal) {
      if (clock.now() - this.#savedAt >= this.#pause()) await this.#saveNewest();
      await clock.sleep(Math.min(this.#pause(), SHORTEST_PAUSE), signal);
    }
  }

  /** A third of the time that the answer has taken so far: each save costs as much, and shows less that is new. */
  #pause(): number {
    if (this.#newest === this.#saved) return HEARTBEAT;
    const { saveEvery } = this.#options;
    if (saveEvery !== undefined) return saveEvery;
    return Math.min(LONGEST_PAUSE, Math.max(SHORTEST_PAUSE, (this.#api.clock.now() - this.#begunAt) / 3));
  }

  async #saveNewest(): Promise<void> {
    const message = this.#newest as UIMessage;
    this.#savedAt = this.#api.clock.now();
    try {
      await this.#save(message, 'streaming', { heartbeat: ++this.#heartbeat });
      this.#saved = message;
    } catch (error) {
      // Of what may succeed later, the next save has the newer state.
      if (isTransient(error)) return;
      this.#refusal = error as StoreError;
      if (isGone(error)) this.#stop();
    }
  }

  async #save(message: UIMessage, status: MessageStatus, more: Record<string, unknown>): Promise<void> {
    const { streamId, parentId } = this.#options;
    if (this.#isThere) {
      await this.#send('PATCH', message.id, { ...patchOf(message, status), streamId, ...more });
    } else {
      const present = Object.entries(more).filter(([, value]) => value !== null);
      const body = { ...fieldsOf(message, status), streamId, parentId, ...Object.fromEntries(present) };
      await this.#send('PUT', message.id, body);
    }
    this.#isThere = true;
  }

  /** Every response says whether the stream is still the active one: so a stop reaches its writer without a request. */
  async #send(method: string, messageId: string, body: unknown): Promise<void> {
    const { chatId, streamId } = this.#options;
    const path = `${pathOf(chatId)}/messages/${messageId}`;
    const response = await this.#api.send<{ conversation: StoredConversation }>(method, path, { body });
    if (response.body.conversation.activeStreamId !== streamId) this.#stop();
  }

  #stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#options.onStop();
  }
}

const isGone = (error: unknown) => isRefusal(error, ...GONE);
