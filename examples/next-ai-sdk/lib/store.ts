import { type ChatStore, createChatStore } from 'conversation-store/ai-sdk';
import { cookies } from 'next/headers';
import { API, COOKIE } from './session';

/** The chats of the user whose request is being answered. */
export async function chatStore(): Promise<ChatStore> {
  const token = (await cookies()).get(COOKIE)?.value ?? '';
  return createChatStore({ url: API, token });
}
