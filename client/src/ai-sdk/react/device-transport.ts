/** The chat transport behind `useConversationChat`: asks the application's server, and saves on the device. */

import type { ChatTransport, UIMessage, UIMessageChunk } from 'ai';
import { StoreError } from '../../errors.js';
import { userChanged } from '../../local/ownership.js';
import type { Conversation } from '../../types.js';
import { recordAnswer } from './answer-recorder.js';
import type { DeviceChat } from './device-chat.js';
import { isNetworkFailure } from './network-failure.js';

type SendOptions<M extends UIMessage> = Parameters<ChatTransport<M>['sendMessages']>[0];
type ReconnectOptions = Parameters<ChatTransport<UIMessage>['reconnectToStream']>[0];

/** What the page has just said of itself. */
export interface TransportSettings<M extends UIMessage> {
  /** What brings questions to the application's server. */
  transport: ChatTransport<M>;
  /** Whether that saves answers while it writes them, so that they can be followed. */
  resume: boolean;
  generateId: () => string;
}

/** How often a stream that breaks off is followed again: what breaks it may do so for ever. */
const MOST_ATTEMPTS = 5;

/** Brings questions and answers to the device on their way between the page and the application's server. */
export class DeviceTransport<M extends UIMessage> implements ChatTransport<M> {
  /** Of the stream that writes the answer to this tab's last question. */
  streamId: string | null = null;
  /** The message that the page is to show: of the version chosen last, or the question asked last. */
  wanted: string | null = null;
  /** Whether the page has had the conversation from the device. */
  wasThere = false;
  readonly #device: DeviceChat<M>;
  readonly #settings: () => TransportSettings<M>;
  /** Messages that the page shows, and that the device may not have yet. */
  readonly #awaited = new Set<string>();
  readonly #ended = new Set<string>();
  readonly #attempts = new Map<string, number>();
  #followed: string | null = null;
  /** Whether the last answer was stopped: the server has all of it only when its writer has saved it. */
  #isStopped = false;

  constructor(device: DeviceChat<M>, settings: () => TransportSettings<M>) {
    this.#device = device;
    this.#settings = settings;
  }

  get resumeStreamIsReplay(): boolean | undefined {
    return this.#settings().transport.resumeStreamIsReplay;
  }

  sendMessages = async (options: SendOptions<M>): Promise<ReadableStream<UIMessageChunk>> => {
    this.#expectChat(options.chatId);
    const { transport, generateId } = this.#settings();
    this.#awaited.clear();
    this.#isStopped = false;
    // Before anything is awaited: it may be stopped from now on.
    const streamId = generateId();
    this.streamId = streamId;
    this.wanted = options.messages.at(-1)?.id ?? null;
    await this.#device.expectUser();
    const isLost = await this.#isLost(options);
    const messages = isLost ? withNewId(options.messages, generateId()) : options.messages;
    const [last, before] = [messages.at(-1), messages.at(-2)];
    const parentId = before?.id ?? null;
    if (isLost) this.wanted = last?.id ?? null;
    if (last && (isLost || options.trigger === 'submit-message')) await this.#saveSent(last, parentId);
    const body = { ...options.body, streamId, parentId };
    const { id, user } = this.#device;
    const stream = await user.ask(options.abortSignal, (abortSignal) =>
      transport.sendMessages({ ...options, chatId: id, messages, body, abortSignal }),
    );
    const isContinued = last?.role === 'assistant' && options.trigger === 'submit-message';
    const place = isContinued ? parentId : (last?.id ?? null);
    return this.#record(user.cut(stream), streamId, isContinued ? last : undefined, place);
  };

  /** The route has saved what is followed, so it comes to the device from the server. */
  reconnectToStream = async (options: ReconnectOptions): Promise<ReadableStream<UIMessageChunk> | null> => {
    this.#expectChat(options.chatId);
    const { id, user } = this.#device;
    const streamId = this.#followed;
    if (streamId) this.#attempts.set(streamId, (this.#attempts.get(streamId) ?? 0) + 1);
    await this.#device.expectUser();
    let stream: ReadableStream<UIMessageChunk> | null;
    try {
      stream = await user.ask(options.abortSignal, (abortSignal) =>
        this.#settings().transport.reconnectToStream({ ...options, chatId: id, abortSignal }),
      );
    } catch (error) {
      // The page shows what the device has, and follows it when there is a network again.
      if (isNetworkFailure(error)) return null;
      throw error;
    }
    if (stream) return user.cut(stream).pipeThrough(this.#watch(streamId));
    this.#hasEnded(streamId);
    return null;
  };

  /** Whether there is any point in following this stream; if so, it is what `reconnectToStream` asks for next. */
  mayFollow(streamId: string): boolean {
    if (this.#ended.has(streamId) || (this.#attempts.get(streamId) ?? 0) >= MOST_ATTEMPTS) return false;
    this.#followed = streamId;
    return true;
  }

  /** Nothing more of this stream is wanted. */
  noteStop(streamId: string): void {
    this.#ended.add(streamId);
    this.#isStopped = true;
  }

  /**
   * Whether the device has what the page shows, so that the page may show what the device has. `stored`, `page`: the
   * messages of both.
   */
  isSettledIn({ messages }: Conversation<unknown>, stored: readonly M[], page: readonly M[]): boolean {
    for (const { id, status } of messages) if (status !== 'streaming') this.#awaited.delete(id);
    if (this.#awaited.size > 0 || (this.#isStopped && isBehind(stored.at(-1), page.at(-1)))) return false;
    this.#isStopped = false;
    return true;
  }

  /** The conversation was deleted elsewhere: the device will not have what the page has shown. */
  forget(): void {
    this.wasThere = false;
    this.wanted = null;
    this.#awaited.clear();
  }

  /** What the page asks late, as of a chat that is shown no more, is not this chat's. */
  #expectChat(chatId: string): void {
    const { id, key, user } = this.#device;
    if (user.signal.aborted || chatId === key || chatId === id) return;
    throw chatId.startsWith(`${id} `) ? userChanged() : new StoreError('closed', 'Another chat is shown.');
  }

  /** Whether this asks a question again that another tab or device has deleted with its conversation. */
  async #isLost({ messages, trigger }: SendOptions<M>): Promise<boolean> {
    return trigger === 'regenerate-message' && messages.at(-1)?.role === 'user' && !(await this.#device.isThere());
  }

  async #saveSent(message: M, parentId: string | null): Promise<void> {
    this.#awaited.add(message.id);
    // The store tells of a failure (`failed`); the question is asked all the same.
    await this.#device.save(message, parentId, 'complete').catch(() => undefined);
  }

  #record(
    stream: ReadableStream<UIMessageChunk>,
    streamId: string,
    continued: M | undefined,
    parentId: string | null,
  ): ReadableStream<UIMessageChunk> {
    const { generateId, resume } = this.#settings();
    return recordAnswer<M>({
      stream,
      continued,
      generateId,
      keepsParts: !resume,
      onId: (id) => this.#awaited.add(id),
      save: (message, status) => this.#device.save(message, parentId, status),
      onEnd: (status) => {
        if (status === 'complete') this.#ended.add(streamId);
        else if (resume) this.#askServer();
      },
    });
  }

  #watch(streamId: string | null): TransformStream<UIMessageChunk, UIMessageChunk> {
    return new TransformStream({
      transform: (chunk, controller) => {
        if (chunk.type === 'start' && chunk.messageId) this.#awaited.add(chunk.messageId);
        controller.enqueue(chunk);
      },
      flush: () => this.#hasEnded(streamId),
    });
  }

  #hasEnded(streamId: string | null): void {
    if (streamId) this.#ended.add(streamId);
    this.#askServer();
  }

  /** For what the route has saved. */
  #askServer(): void {
    this.#device.store.sync().catch(() => undefined);
  }
}

/** With the last message as a new one: what was deleted under its id does not come back. */
function withNewId<M extends UIMessage>(messages: readonly M[], id: string): M[] {
  return messages.map((message, index) => (index === messages.length - 1 ? { ...message, id } : message));
}

/** Whether this is an earlier state of the same message. */
function isBehind(stored: UIMessage | undefined, shown: UIMessage | undefined): boolean {
  return stored !== undefined && stored.id === shown?.id && lengthOf(stored) < lengthOf(shown);
}

function lengthOf({ parts }: UIMessage): number {
  return parts.reduce((sum, part) => sum + 1 + ('text' in part ? part.text.length : 0), 0);
}
