/** Passes an answer's chunks on to the response, while the message that they make up is saved. */

import { readUIMessageStream, type UIMessage, type UIMessageChunk } from 'ai';
import type { StoreError } from '../errors.js';
import { AnswerWriter } from './answer-writer.js';
import type { Api } from '../rest/api.js';
import { checkId, type MessageStatus } from './messages.js';

/** How an answer ended, and what it has become. */
export interface SavedAnswer<M extends UIMessage = UIMessage> {
  /** Undefined where the stream ended before it began a message. */
  message: M | undefined;
  status: MessageStatus;
}

export interface ResumableStream<M extends UIMessage = UIMessage> {
  /** The same chunks, for the response of the request. That nobody reads them ends nothing. */
  stream: ReadableStream<UIMessageChunk>;
  /** Resolves when the answer is saved; rejects with a `StoreError` where it could not be. */
  saved: Promise<SavedAnswer<M>>;
}

export interface AnswerStreamOptions<M extends UIMessage> {
  chatId: string;
  streamId: string;
  /** What `toUIMessageStream` gives, with a `generateMessageId`: the answer needs an id from the first chunk on. */
  stream: ReadableStream<UIMessageChunk>;
  /** The last message that the answer follows, or, where that is of the assistant, goes on with. */
  last: M | undefined;
  parentId: string | null;
  saveEvery: number | undefined;
  onStop: () => void;
}

/** Passes a stream on while its message is saved; goes on when nobody reads it any more. */
export function writeAnswer<M extends UIMessage>(api: Api, options: AnswerStreamOptions<M>): ResumableStream<M> {
  const answer = new AnswerStream<M>(api, options);
  return { stream: answer.stream, saved: answer.run() };
}

class AnswerStream<M extends UIMessage> {
  readonly stream: ReadableStream<UIMessageChunk>;
  readonly #reader: ReadableStreamDefaultReader<UIMessageChunk>;
  readonly #writer: AnswerWriter;
  readonly #messages: ReadableStream<UIMessageChunk>;
  readonly #continued: M | undefined;
  #response: ReadableStreamDefaultController<UIMessageChunk> | undefined;
  #assembly!: ReadableStreamDefaultController<UIMessageChunk>;
  #message: M | undefined;
  #status: MessageStatus = 'complete';
  #errorText: string | undefined;
  #idError: StoreError | undefined;

  constructor(api: Api, options: AnswerStreamOptions<M>) {
    const { last, chatId, streamId, parentId, saveEvery } = options;
    this.#reader = options.stream.getReader();
    this.#continued = last?.role === 'assistant' ? structuredClone(last) : undefined;
    const isContinued = this.#continued !== undefined;
    const onStop = () => this.#stop(options.onStop);
    this.#writer = new AnswerWriter(api, { chatId, streamId, parentId, isContinued, saveEvery, onStop });
    this.stream = new ReadableStream({
      start: (controller) => {
        this.#response = controller;
      },
      cancel: () => {
        this.#response = undefined;
      },
    });
    this.#messages = new ReadableStream({
      start: (controller) => {
        this.#assembly = controller;
      },
    });
  }

  async run(): Promise<SavedAnswer<M>> {
    const assembled = this.#assemble();
    await this.#pump();
    this.#assembly.close();
    await assembled;
    if (this.#idError) throw this.#idError;
    const status = await this.#writer.finish(this.#status, this.#errorText);
    return { message: this.#message, status };
  }

  async #pump(): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#reader.read();
        if (done) break;
        this.#note(value);
        this.#response?.enqueue(value);
        this.#assembly.enqueue(value);
      }
      this.#response?.close();
    } catch (error) {
      this.#fail(error);
      this.#response?.error(error);
    }
    this.#response = undefined;
  }

  /** Those who are writing the answer may say themselves how it ends. */
  #note(chunk: UIMessageChunk): void {
    if (chunk.type === 'abort') this.#status = 'aborted';
    if (chunk.type === 'error') this.#fail(chunk.errorText);
  }

  #fail(error: unknown): void {
    this.#status = 'error';
    this.#errorText = error instanceof Error ? error.message : String(error);
  }

  async #assemble(): Promise<void> {
    const options = this.#continued ? { message: this.#continued } : {};
    const messages = readUIMessageStream<M>({
      stream: this.#messages,
      onError: (error) => this.#fail(error),
      ...options,
    });
    for await (const message of messages) this.#take(message);
  }

  #take(message: M): void {
    try {
      checkId(message.id, 'The answer (give toUIMessageStream a generateMessageId)');
    } catch (error) {
      this.#idError = error as StoreError;
      return;
    }
    this.#idError = undefined;
    this.#message = message;
    this.#writer.update(message);
  }

  /** The model need not go on, and the reader of the response is told. */
  #stop(notify: () => void): void {
    try {
      notify();
    } finally {
      this.#response?.enqueue({ type: 'abort' });
      this.#response?.close();
      this.#response = undefined;
      void this.#reader.cancel().catch(() => undefined);
    }
  }
}
