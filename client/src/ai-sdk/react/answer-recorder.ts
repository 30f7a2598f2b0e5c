/** Records an answer on the device while its chunks pass through to the page. */

import { readUIMessageStream, type UIMessage, type UIMessageChunk } from 'ai';
import type { MessageStatus } from '../messages.js';

export interface RecorderOptions<M extends UIMessage> {
  stream: ReadableStream<UIMessageChunk>;
  /** The message that the answer goes on with, where it does. */
  continued: M | undefined;
  /** For an answer that comes without an id. */
  generateId: () => string;
  /** Told as soon as it is known. */
  onId: (id: string) => unknown;
  /** Takes a state of the answer to the device. */
  save: (message: M, status: MessageStatus) => Promise<void>;
  /** Whether it is saved while it is written, and also where it is not written to its end. */
  keepsParts: boolean;
  /** Called once, when all of it is saved that will be. */
  onEnd: (status: MessageStatus) => void;
}

/** Milliseconds between two writes to the device at least. */
const PACE = 300;

/** Passes an answer on to the page, and keeps on the device what it has become. */
export function recordAnswer<M extends UIMessage>(options: RecorderOptions<M>): ReadableStream<UIMessageChunk> {
  return new Recorder<M>(options).stream;
}

class Recorder<M extends UIMessage> {
  readonly stream: ReadableStream<UIMessageChunk>;
  readonly #options: RecorderOptions<M>;
  readonly #reader: ReadableStreamDefaultReader<UIMessageChunk>;
  readonly #assembled: Promise<void>;
  readonly #end: { signal: AbortSignal; abort: () => void };
  #assembly!: ReadableStreamDefaultController<UIMessageChunk>;
  #hasBegun = false;
  #newest: M | undefined;
  #saving: Promise<void> | undefined;
  #ended: Promise<void> | undefined;

  constructor(options: RecorderOptions<M>) {
    this.#options = options;
    this.#reader = options.stream.getReader();
    const end = new AbortController();
    this.#end = { signal: end.signal, abort: () => end.abort() };
    this.#assembled = this.#assemble(
      new ReadableStream({
        start: (controller) => {
          this.#assembly = controller;
        },
      }),
    );
    this.stream = new ReadableStream({
      pull: (controller) => this.#pull(controller),
      cancel: async (reason) => {
        await this.#finish('aborted');
        await this.#reader.cancel(reason);
      },
    });
  }

  async #pull(controller: ReadableStreamDefaultController<UIMessageChunk>): Promise<void> {
    try {
      const { done, value } = await this.#reader.read();
      if (done) {
        await this.#finish('complete');
        controller.close();
        return;
      }
      for (const chunk of this.#named(value)) await this.#pass(chunk, controller);
    } catch (error) {
      await this.#finish(isAbort(error) ? 'aborted' : 'error');
      controller.error(error);
    }
  }

  async #pass(chunk: UIMessageChunk, controller: ReadableStreamDefaultController<UIMessageChunk>): Promise<void> {
    if (!this.#ended) this.#assembly.enqueue(chunk);
    // Nobody may read on behind these.
    if (chunk.type === 'error') await this.#finish('error');
    if (chunk.type === 'abort') await this.#finish('aborted');
    controller.enqueue(chunk);
  }

  /** The chunk; the first one of an answer without an id with one, which page and device then both know it by. */
  #named(chunk: UIMessageChunk): UIMessageChunk[] {
    if (this.#hasBegun) return [chunk];
    this.#hasBegun = true;
    const { continued, generateId, onId } = this.#options;
    const given = chunk.type === 'start' ? chunk.messageId : undefined;
    const messageId = given ?? continued?.id ?? generateId();
    onId(messageId);
    return chunk.type === 'start' ? [{ ...chunk, messageId }] : [{ type: 'start', messageId }, chunk];
  }

  async #assemble(stream: ReadableStream<UIMessageChunk>): Promise<void> {
    const { continued, keepsParts } = this.#options;
    const message = continued && structuredClone(continued);
    // What is wrong with it the page is told by its own reading.
    const states = readUIMessageStream<M>({ stream, onError: () => undefined, ...(message && { message }) });
    for await (const state of states) {
      this.#newest = state;
      if (keepsParts) this.#saving ??= this.#saveAgainAndAgain();
    }
  }

  async #saveAgainAndAgain(): Promise<void> {
    let saved: M | undefined;
    while (!this.#end.signal.aborted) {
      if (this.#newest && this.#newest !== saved) {
        saved = this.#newest;
        await this.#save(saved, 'streaming');
      }
      await sleep(PACE, this.#end.signal);
    }
  }

  #finish(status: MessageStatus): Promise<void> {
    this.#ended ??= this.#finishOnce(status);
    return this.#ended;
  }

  async #finishOnce(status: MessageStatus): Promise<void> {
    this.#assembly.close();
    await this.#assembled;
    this.#end.abort();
    await this.#saving;
    const isKept = status === 'complete' || this.#options.keepsParts;
    if (isKept && this.#newest) await this.#save(this.#newest, status);
    this.#options.onEnd(status);
  }

  /** The store tells of a failure (`failed`); the page goes on with what it has. */
  async #save(message: M, status: MessageStatus): Promise<void> {
    await this.#options.save(message, status).catch(() => undefined);
  }
}

const isAbort = (error: unknown) => (error as { name?: unknown } | null)?.name === 'AbortError';

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
  });
}
