/** Opens conversation-store for the user who sent a request. */

import { type ChatStore, createChatStore, StoreError } from 'conversation-store/ai-sdk';

/** The address of the API. */
const API = process.env.CONVERSATION_STORE_URL ?? 'http://127.0.0.1:3000/api';

/** Answers a request with the chats of the user whose token stands in its header. */
export async function withChats(request: Request, answer: (chats: ChatStore) => Promise<Response>): Promise<Response> {
  const [, token] = /^Bearer (\S+)$/.exec(request.headers.get('authorization') ?? '') ?? [];
  if (!token) return new Response('Nobody is signed in.', { status: 401 });
  try {
    return await answer(createChatStore({ url: API, token }));
  } catch (error) {
    // What conversation-store refuses is refused here, too: a token that is nobody's, a chat that is another user's.
    if (!(error instanceof StoreError)) throw error;
    return new Response(error.message, { status: error.status || 502 });
  }
}
