/** A device with a user's conversations, and answers as an application's route streams them. */

import { createUIMessageStream, type UIMessage, type UIMessageChunk } from 'ai';
import { userOf } from '../../../src/ai-sdk/react/chat-user.js';
import { DeviceChat } from '../../../src/ai-sdk/react/device-chat.js';
import { DeviceTransport } from '../../../src/ai-sdk/react/device-transport.js';
import { type ConversationStore, createConversationStore, createMemoryDatabase } from '../../../src/index.js';
// Loaded beside the store; here it is to be there already.
import '../../../src/sync/engine.js';
import { environment, freeLocks } from '../../helpers.js';
import { API } from '../harness.js';

/** A device of the user with this token, which synchronises with the service. */
export function openDevice(token: string): ConversationStore {
  const fetch = (url: string, init: RequestInit) => globalThis.fetch(url, init);
  const own = { ...environment(createMemoryDatabase()), fetch, locks: freeLocks };
  return createConversationStore({ api: API, account: 'user', getToken: async () => token, environment: own });
}

/** A device without a server. */
export function openLocalDevice(database = createMemoryDatabase()): ConversationStore {
  return createConversationStore({ enabled: false, environment: environment(database) });
}

/** What the application's route is asked, and what it streams. */
export interface Request {
  messages: UIMessage[];
  body: { streamId: string; parentId: string | null };
  signal: AbortSignal | undefined;
}

type Route = (request: Request) => ReadableStream<UIMessageChunk> | Promise<ReadableStream<UIMessageChunk>>;

export interface ChatOptions {
  resume?: boolean;
  reconnect?: () => Promise<ReadableStream<UIMessageChunk> | null>;
}

/** A chat of this device whose questions go to `route`. */
export function openChat(store: ConversationStore, id: string, route: Route, options: ChatOptions = {}) {
  const requests: Request[] = [];
  let lastId = 0;
  const transport = new DeviceTransport<UIMessage>(new DeviceChat(store as never, id, userOf(store).get()), () => ({
    resume: options.resume ?? false,
    generateId: () => `id-${++lastId}`,
    transport: {
      sendMessages: async ({ messages, body, abortSignal: signal }) => {
        const request = { messages, body, signal } as Request;
        requests.push(request);
        return await route(request);
      },
      reconnectToStream: async () => (await options.reconnect?.()) ?? null,
    },
  }));
  const send = (messages: UIMessage[], trigger: 'submit-message' | 'regenerate-message' = 'submit-message') =>
    transport.sendMessages({ chatId: id, messages, trigger, messageId: undefined, abortSignal: undefined });
  return { transport, send, requests };
}

/** A stream that the test writes to. */
export function controlled() {
  let controller!: ReadableStreamDefaultController<UIMessageChunk>;
  const stream = new ReadableStream<UIMessageChunk>({
    start: (own) => {
      controller = own;
    },
  });
  const write = (...chunks: UIMessageChunk[]) => {
    for (const chunk of chunks) controller.enqueue(chunk);
  };
  return { stream, write, close: () => controller.close(), fail: (error: unknown) => controller.error(error) };
}

/** A whole answer; without an id where none is given. */
export function answer(text: string, messageId?: string): ReadableStream<UIMessageChunk> {
  return createUIMessageStream({
    execute: ({ writer }) => {
      writer.write({ type: 'start', ...(messageId && { messageId }) });
      writer.write({ type: 'text-start', id: '1' });
      writer.write({ type: 'text-delta', id: '1', delta: text });
      writer.write({ type: 'text-end', id: '1' });
      writer.write({ type: 'finish', messageMetadata: { model: 'm' } });
    },
  });
}

/** Reads a stream to its end. */
export async function read(stream: ReadableStream<UIMessageChunk>): Promise<UIMessageChunk[]> {
  const chunks: UIMessageChunk[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}
