/** An application's server with the routes of a chat, on the AI SDK and conversation-store, as the page asks them. */

import { request as ask, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { text as textOf } from 'node:stream/consumers';
import { createIdGenerator, createUIMessageStream, createUIMessageStreamResponse, type UIMessage } from 'ai';

import { createChatStore } from '../../src/ai-sdk/index.js';

interface Question {
  id: string;
  messages: UIMessage[];
  streamId: string;
  parentId: string | null;
}

let answers = 0;

/** How many words an answer has. */
export const WORDS = 30;

/** Its text, once it is whole. */
export const WHOLE = /^Answer \d+:( word\d+){29} word30$/;

/** Milliseconds for each word, as the question wants it: quick, slow, or neither. */
function paceOf(question: UIMessage | undefined): number {
  const text = JSON.stringify(question?.parts);
  if (text.includes('quick')) return 0;
  return text.includes('slow') ? 500 : 50;
}

function answerTo(messages: UIMessage[], signal?: AbortSignal) {
  const pace = paceOf(messages.at(-1));
  return createUIMessageStream<UIMessage>({
    originalMessages: messages,
    generateId: createIdGenerator({ prefix: 'msg', size: 16 }),
    execute: async ({ writer }) => {
      writer.write({ type: 'start' });
      writer.write({ type: 'text-start', id: '1' });
      writer.write({ type: 'text-delta', id: '1', delta: `Answer ${++answers}:` });
      for (let word = 1; word <= WORDS && !signal?.aborted; word++) {
        await new Promise((resolve) => setTimeout(resolve, pace));
        writer.write({ type: 'text-delta', id: '1', delta: ` word${word}` });
      }
      writer.write({ type: 'text-end', id: '1' });
    },
  });
}

/** The routes; `/api` is passed on to the service, where `api` names one. */
export function chatRoutes(api: string | undefined) {
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    const url = request.url ?? '';
    if (url.startsWith('/api/') && api) pass(request, response, api + url.slice('/api'.length));
    else if (url.startsWith('/chat')) void answer(request, response, url, api);
    else return false;
    return true;
  };
}

function pass(request: IncomingMessage, response: ServerResponse, url: string): void {
  const { host: _, ...headers } = request.headers;
  const passed = ask(url, { method: request.method, headers }, (answered) => {
    response.writeHead(answered.statusCode ?? 502, answered.headers);
    answered.pipe(response);
  });
  passed.on('error', () => response.destroy());
  response.on('close', () => passed.destroy());
  request.pipe(passed);
}

async function answer(request: IncomingMessage, response: ServerResponse, url: string, api: string | undefined) {
  const token = (request.headers.authorization ?? '').replace('Bearer ', '');
  const text = await textOf(request);
  const body = text === '' ? undefined : JSON.parse(text);
  const answered = await route(url, body, token, api).catch((error) => new Response(String(error), { status: 500 }));
  response.writeHead(answered.status, Object.fromEntries(answered.headers));
  if (answered.body) Readable.fromWeb(answered.body as never).pipe(response);
  else response.end();
}

async function route(url: string, body: Question | undefined, token: string, api: string | undefined) {
  const [, , chatId = '', what] = url.split('/');
  if (token === '' || !api) {
    if (!body) return new Response(null, { status: 204 });
    return createUIMessageStreamResponse({ stream: answerTo(body.messages) });
  }
  const store = createChatStore({ url: api, token });
  if (what === 'stop' && body) return Response.json(await store.stopStream({ chatId, streamId: body.streamId }));
  if (what === 'stream') {
    const stream = await store.resumeStream({ chatId });
    return stream ? createUIMessageStreamResponse({ stream }) : new Response(null, { status: 204 });
  }
  const { id, messages, streamId } = body as Question;
  const { headId } = await store.saveChat({ chatId: id, messages });
  await store.setActiveStream(id, streamId);
  const abort = new AbortController();
  const { stream } = store.createResumableStream({
    chatId: id,
    streamId,
    messages,
    parentId: headId,
    stream: answerTo(messages, abort.signal),
    onStop: () => abort.abort(),
  });
  return createUIMessageStreamResponse({ stream });
}
