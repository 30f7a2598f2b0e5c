/** Users, requests that are counted and lost, a clock, and streams of a mock model. The service is a real one. */

import assert from 'node:assert/strict';
import { createIdGenerator, jsonSchema, stepCountIs, streamText, tool, toUIMessageStream, type UIMessage } from 'ai';
import { MockLanguageModelV4 } from 'ai/test';
import { type ChatStoreOptions, type Clock, createChatStore } from '../../src/ai-sdk/index.js';

// Edge runtimes lack these.
for (const name of ['any', 'timeout']) Reflect.deleteProperty(AbortSignal, name);

const address = process.env.API;
if (!address) throw new Error('API has to name the service: API=http://127.0.0.1:3000/api');
export const API: string = address;

type Fetch = typeof fetch;
type StreamPart = MockLanguageModelV4['doStream'] extends (
  ...args: never[]
) => Promise<{ stream: ReadableStream<infer P> }>
  ? P
  : never;

/** The token of a new anonymous user. */
export async function newUser(): Promise<string> {
  const response = await fetch(`${API}/session`, { method: 'POST' });
  return ((await response.json()) as { token: string }).token;
}

/** Requests on their way: written down, lost, or made to wait. */
export class Network {
  readonly sent: string[] = [];
  readonly requestIds: string[] = [];
  /** The `Idempotency-Key`s of each request, by method and path, in the order in which they were sent. */
  readonly keys = new Map<string, string[]>();
  /** Whose response is lost after the server has sent it. */
  loses: (method: string, path: string) => boolean = () => false;
  /** By how many milliseconds the server's clock seems to have gone on. */
  serverIsLater = 0;
  /** Resolves before a request is sent. */
  before: (method: string, path: string, body: string) => Promise<void> | void = () => undefined;
  inFlight = 0;
  mostAtOnce = 0;

  readonly fetch: Fetch = async (input, init = {}) => {
    const method = init.method ?? 'GET';
    const path = String(input).slice(API.length);
    await this.before(method, path, String(init.body ?? ''));
    this.sent.push(`${method} ${path}`);
    const key = new Headers(init.headers).get('idempotency-key');
    if (key) this.keys.set(`${method} ${path}`, [...(this.keys.get(`${method} ${path}`) ?? []), key]);
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.inFlight);
    try {
      const response = await fetch(input, init);
      this.requestIds.push(response.headers.get('x-request-id') ?? '');
      const body = await response.arrayBuffer();
      if (this.loses(method, path)) throw new TypeError('fetch failed');
      return this.#shifted(response, body);
    } finally {
      this.inFlight -= 1;
    }
  };

  /** How many requests of this method were sent, and since the last call of `reset`. */
  count(method?: string): number {
    return this.sent.filter((request) => method === undefined || request.startsWith(`${method} `)).length;
  }

  reset(): void {
    this.sent.length = 0;
    this.requestIds.length = 0;
  }

  #shifted(response: Response, body: ArrayBuffer): Response {
    const headers = new Headers(response.headers);
    const date = Date.parse(headers.get('date') ?? '') + this.serverIsLater;
    headers.set('date', new Date(date).toUTCString());
    headers.delete('content-encoding');
    const hasBody = response.status !== 304 && response.status !== 204;
    return new Response(hasBody ? body : null, { status: response.status, headers });
  }
}

/** Stands still until it is told to go on. */
export class TestClock implements Clock {
  #now = Date.now();
  #sleepers = new Set<{ at: number; end: () => void }>();

  now = (): number => this.#now;

  sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const end = () => {
        this.#sleepers.delete(sleeper);
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const sleeper = { at: this.#now + ms, end };
      if (signal?.aborted) return resolve();
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', end);
    });

  /** Resolves when somebody waits for time to pass. */
  async isAwaited(): Promise<void> {
    await until(() => this.#sleepers.size > 0, 'somebody sleeps');
  }

  /** Lets so much time pass once somebody waits for it. */
  async advance(ms: number): Promise<void> {
    await this.isAwaited();
    this.#now += ms;
    for (const sleeper of [...this.#sleepers]) if (sleeper.at <= this.#now) sleeper.end();
    await settle();
  }
}

/** Time passes as fast as anybody waits for it. */
export const instantClock: Clock = { now: Date.now, sleep: () => settle() };

export const settle = () => new Promise<void>((resolve) => setTimeout(resolve, 3));

export async function until<T>(condition: () => T | Promise<T>, what = condition.toString()): Promise<T> {
  const end = Date.now() + 30_000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`);
    await settle();
  }
}

/** A user's store with a network of its own. */
export function openStore(token: ChatStoreOptions['token'], options: { clock?: Clock } = {}) {
  const network = new Network();
  const store = createChatStore({ url: API, token, fetch: network.fetch, clock: options.clock ?? instantClock });
  return { store, network };
}

/** What the server has, asked past the store. */
export async function ask<T>(token: string, path: string, method = 'GET', body?: unknown): Promise<T> {
  const init: RequestInit = { method, headers: { authorization: `Bearer ${token}` } };
  if (body !== undefined) init.body = JSON.stringify(body);
  const response = await fetch(API + path, init);
  const json = await response.json();
  assert.ok(response.ok, `${method} ${path}: ${JSON.stringify(json)}`);
  return json as T;
}

export interface Stored {
  id: string;
  type: string;
  status?: string;
  parts?: { type: string; text?: string; state?: string }[];
  parentId?: string | null;
  content?: string;
  errorText?: string;
}

/** All messages of all branches. */
export async function treeOf(token: string, chatId: string): Promise<Stored[]> {
  return (await ask<{ data: Stored[] }>(token, `/conversations/${chatId}/messages?branches=all&limit=100`)).data;
}

let lastId = 0;

export function message(role: UIMessage['role'], text: string, id = `m${++lastId}`): UIMessage {
  return { id, role, parts: [{ type: 'text', text }] };
}

export const textOf = ({ parts }: Pick<UIMessage, 'parts'>) =>
  parts.map((part) => (part.type === 'text' ? part.text : '')).join('');

/** A model's answer that is written piece by piece, when the test wants it. */
export class Writing {
  readonly stream: ReadableStream<StreamPart>;
  #controller!: ReadableStreamDefaultController<StreamPart>;

  constructor() {
    this.stream = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
    });
    this.#say({ type: 'stream-start', warnings: [] });
  }

  #say(part: unknown): void {
    this.#controller.enqueue(part as StreamPart);
  }

  begin(id = '1'): this {
    this.#say({ type: 'text-start', id });
    return this;
  }

  text(delta: string, id = '1'): this {
    this.#say({ type: 'text-delta', id, delta });
    return this;
  }

  reason(text: string): this {
    this.#say({ type: 'reasoning-start', id: 'r', providerMetadata: { anthropic: { signature: 'c2ln' } } });
    this.#say({ type: 'reasoning-delta', id: 'r', delta: text });
    this.#say({ type: 'reasoning-end', id: 'r' });
    return this;
  }

  call(toolName: string, input: unknown): this {
    const text = JSON.stringify(input);
    this.#say({ type: 'tool-input-start', id: 'call-1', toolName });
    this.#say({ type: 'tool-input-delta', id: 'call-1', delta: text.slice(0, 5) });
    this.#say({ type: 'tool-input-delta', id: 'call-1', delta: text.slice(5) });
    this.#say({ type: 'tool-input-end', id: 'call-1' });
    this.#say({ type: 'tool-call', toolCallId: 'call-1', toolName, input: text });
    return this;
  }

  end(reason: 'stop' | 'tool-calls' = 'stop', id?: string): void {
    if (id !== undefined) this.#say({ type: 'text-end', id });
    const usage = {
      inputTokens: { total: 3, noCache: 3, cacheRead: undefined, cacheWrite: undefined },
      outputTokens: { total: 5, text: 5, reasoning: undefined },
    };
    this.#say({ type: 'finish', finishReason: { unified: reason, raw: reason }, usage });
    this.#controller.close();
  }

  fail(error: Error): void {
    this.#say({ type: 'error', error });
    this.#controller.close();
  }
}

export const generateMessageId = createIdGenerator({ prefix: 'msg', size: 16 });

const weather = tool({
  inputSchema: jsonSchema<{ city: string }>({ type: 'object', properties: { city: { type: 'string' } } }),
  execute: async ({ city }) => ({ city, celsius: 27, wind: [1, null, '😀'] }),
});

/** The UIMessage stream of a model that answers by these writings, one for each step. */
export function answerBy(writings: Writing[], messages: UIMessage[], abortSignal?: AbortSignal) {
  let step = 0;
  const model = new MockLanguageModelV4({
    doStream: async () => ({ stream: (writings[step++] as Writing).stream as never }),
  });
  const result = streamText({
    model,
    prompt: 'x',
    tools: { weather },
    stopWhen: stepCountIs(3),
    onError: () => undefined,
    ...(abortSignal && { abortSignal }),
  });
  return toUIMessageStream({
    stream: result.stream,
    originalMessages: messages,
    generateMessageId,
    sendReasoning: true,
  });
}
