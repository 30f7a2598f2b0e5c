/** The reading side of a streamed answer: polls for what has been saved, and replays it as UIMessage chunks. */

import type { UIMessageChunk } from 'ai';
import { type ActiveAnswer, endActiveStream, readActiveAnswer } from './active-stream.js';
import { type Api, isRefusal } from '../rest/api.js';
import { LinkedAbort } from '../rest/linked-abort.js';
import { type StoredMessage, toUIMessage } from './messages.js';
import { Replay } from './replay.js';

/** Milliseconds between two reads of an answer that grows. */
const FASTEST = 1_000;
/** And of one that does not, such as while a tool runs. */
const SLOWEST = 5_000;
/** How much longer each wait is than the one before, while nothing changes. */
const SLOWING = 1.5;

export interface FollowOptions {
  chatId: string;
  /** The last message that the page has: see `resumeStream`. */
  lastMessageId?: string | undefined;
  /** Ends following; the answer itself goes on. */
  signal?: AbortSignal | undefined;
}

/** The answer being written, from its beginning to its end; null where none is being written. */
export async function followAnswer(api: Api, options: FollowOptions): Promise<ReadableStream<UIMessageChunk> | null> {
  const { chatId, lastMessageId } = options;
  const active = await readActiveAnswer(api, chatId);
  if (active.streamId !== null) return new Follower(api, options, active, active.streamId).stream;
  const missed = lastMessageId === undefined ? undefined : answerBehind(active.newest, lastMessageId);
  return missed ? streamOf([...new Replay().next(toUIMessage(missed)), ...endOf(missed)]) : null;
}

/** The last message, where it is an answer that a page with this last message lacks, or has a part of. */
function answerBehind(newest: readonly StoredMessage[], lastMessageId: string): StoredMessage | undefined {
  const [before, head] = [newest.at(-2), newest.at(-1)];
  const isMissed = head?.id === lastMessageId || before?.id === lastMessageId;
  return head?.type === 'assistant' && isMissed ? head : undefined;
}

function streamOf(chunks: readonly UIMessageChunk[]): ReadableStream<UIMessageChunk> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

/** How a stream ends whose message has ended so. */
function endOf({ status, errorText }: StoredMessage): UIMessageChunk[] {
  if (status === 'error') return [{ type: 'error', errorText: errorText ?? 'The answer could not be completed.' }];
  return [status === 'aborted' || status === 'streaming' ? { type: 'abort' } : { type: 'finish' }];
}

/** Reads an answer again and again while somebody reads its stream. */
class Follower {
  readonly stream: ReadableStream<UIMessageChunk>;
  readonly #api: Api;
  readonly #chatId: string;
  readonly #streamId: string;
  readonly #replay = new Replay();
  readonly #signal: AbortSignal;
  #active: ActiveAnswer;
  #version = '';
  #wait = FASTEST;

  constructor(api: Api, { chatId, signal }: FollowOptions, active: ActiveAnswer, streamId: string) {
    [this.#api, this.#chatId, this.#streamId, this.#active] = [api, chatId, streamId, active];
    const abort = new LinkedAbort(signal);
    this.#signal = abort.signal;
    this.stream = new ReadableStream({
      pull: (controller) => this.#pull(controller),
      cancel: abort.abort,
    });
  }

  /** Goes on until there is something to tell. What nobody takes is not read either. */
  async #pull(controller: ReadableStreamDefaultController<UIMessageChunk>): Promise<void> {
    for (;;) {
      const chunks = this.#news();
      for (const chunk of chunks) controller.enqueue(chunk);
      if (await this.#hasEnded(controller)) return controller.close();
      if (chunks.length > 0) {
        this.#wait = FASTEST;
        return;
      }
      await this.#api.clock.sleep(this.#wait, this.#signal);
      this.#wait = Math.min(SLOWEST, this.#wait * SLOWING);
      if (this.#signal.aborted || !(await this.#read())) return closeQuietly(controller);
    }
  }

  #news(): UIMessageChunk[] {
    const { message, etag } = this.#active;
    if (!message || etag === this.#version) return [];
    this.#version = etag ?? '';
    return this.#replay.next(toUIMessage(message));
  }

  async #hasEnded(controller: ReadableStreamDefaultController<UIMessageChunk>): Promise<boolean> {
    const { message, streamId, isAbandoned } = this.#active;
    if (message && message.status !== 'streaming') {
      for (const chunk of endOf(message)) controller.enqueue(chunk);
      return true;
    }
    if (streamId === this.#streamId && !isAbandoned) return false;
    if (isAbandoned) await endActiveStream(this.#api, this.#chatId, this.#streamId);
    controller.enqueue({ type: 'abort' });
    return true;
  }

  /** Whether there is still something to follow. */
  async #read(): Promise<boolean> {
    const before = this.#active;
    // What is being written is the last message, but where another device has gone on already.
    const isLast = before.message !== undefined && before.newest.at(-1) === before.message;
    const options = { streamId: this.#streamId, signal: this.#signal };
    try {
      const limit = isLast ? { limit: 1 } : {};
      const active = await readActiveAnswer(this.#api, this.#chatId, { ...options, ...limit, before });
      const isPushedDown = isLast && !active.message;
      this.#active = isPushedDown ? await readActiveAnswer(this.#api, this.#chatId, options) : active;
      return true;
    } catch (error) {
      if (this.#signal.aborted || isRefusal(error, 'conversation_not_found', 'conversation_deleted')) return false;
      throw error;
    }
  }
}

function closeQuietly(controller: ReadableStreamDefaultController<UIMessageChunk>): void {
  try {
    controller.close();
  } catch {
    // It was cancelled.
  }
}
