/** The conversation store of the page, and how the page reaches the chat routes. */

import { DefaultChatTransport } from 'ai';
import { createConversationStore } from 'conversation-store';

/** The chats of this device. Their user is the one of this browser: see the README for those of an auth provider. */
export const store = createConversationStore();

/** Brings questions to the routes in `app/api/chat`, with the token of the store's user. */
export const transport = new DefaultChatTransport({ headers: () => store.authorization() });

/** Asks the server to end an answer: closing the connection does not, as other pages may follow it. */
export async function stopStream(chatId: string, streamId: string): Promise<void> {
  const headers = await store.authorization();
  await fetch(`/api/chat/${chatId}/stop`, { method: 'POST', headers, body: JSON.stringify({ streamId }) });
}
