/** The baseline's routes on Node's HTTP server. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Conversation, ConversationMessage } from './model.js';
import { redis } from './redis.js';
import { RedisConversationStore } from './store.js';

const store = new RedisConversationStore();
const SUCCESS = { success: true };

/** A response other than 200. */
class Refusal extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

async function respond(request: IncomingMessage): Promise<unknown> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const [api, kind, id, messages, messageId] = url.pathname.slice(1).split('/');
  if (api !== 'api') throw new Refusal(404, 'No such route');
  if (kind === 'health' && id === 'redis') return health();
  if (kind !== 'conversations') throw new Refusal(404, 'No such route');
  const user = userOf(request);
  if (id === undefined) return collection(request, user, url.searchParams);
  if (messages === undefined) return one(request, user, id, url.searchParams);
  if (messages !== 'messages') throw new Refusal(404, 'No such route');
  return messageId === undefined ? append(request, user, id) : update(request, user, id, messageId);
}

async function health(): Promise<unknown> {
  await redis.ping();
  return { status: 'healthy', timestamp: new Date().toISOString() };
}

/** `?view=` reduces the response to what a client needs. */
async function collection(request: IncomingMessage, user: string, query: URLSearchParams): Promise<unknown> {
  if (request.method !== 'GET') throw new Refusal(405, 'Method not allowed');
  switch (query.get('view')) {
    case 'list':
      return store.listConversations(user, Number(query.get('limit') ?? 20));
    case 'versions':
      return store.conversationVersions(user);
    default:
      return store.getAllConversations(user);
  }
}

async function one(
  request: IncomingMessage,
  user: string,
  id: string,
  query: URLSearchParams,
): Promise<unknown> {
  switch (request.method) {
    case 'GET': {
      const limit = query.get('limit');
      const found = await store.getConversation(id, limit === null ? undefined : Number(limit));
      if (found === null) throw new Refusal(404, 'No such conversation');
      return found;
    }
    case 'PUT':
      await store.saveConversation(user, await json<Conversation>(request));
      return SUCCESS;
    case 'DELETE':
      await store.deleteConversation(user, id);
      return SUCCESS;
    default:
      throw new Refusal(405, 'Method not allowed');
  }
}

async function append(request: IncomingMessage, user: string, id: string): Promise<unknown> {
  if (request.method !== 'POST') throw new Refusal(405, 'Method not allowed');
  const { messages } = await json<{ messages: ConversationMessage[] }>(request);
  await store.addMessages(user, id, messages);
  return SUCCESS;
}

async function update(
  request: IncomingMessage,
  user: string,
  id: string,
  messageId: string,
): Promise<unknown> {
  if (request.method !== 'PATCH') throw new Refusal(405, 'Method not allowed');
  await store.updateMessage(user, id, messageId, await json<Partial<ConversationMessage>>(request));
  return SUCCESS;
}

/** The user that the client claims to be. */
function userOf(request: IncomingMessage): string {
  const user = request.headers['x-user-id'];
  if (typeof user !== 'string') throw new Refusal(401, 'No user');
  return user;
}

async function json<T>(request: IncomingMessage): Promise<T> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString()) as T;
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': text.length });
  response.end(text);
}

function sendError(response: ServerResponse, error: unknown): void {
  if (error instanceof Refusal) return send(response, error.status, { error: error.message });
  console.error(error);
  send(response, 500, { error: 'Internal server error' });
}

const server = createServer((request, response) => {
  respond(request).then(
    (body) => send(response, 200, body),
    (error) => sendError(response, error),
  );
});
// Longer than any pause of the measuring client.
server.keepAliveTimeout = 60_000;
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1');
