'use server';

import { redirect } from 'next/navigation';
import { chatStore } from './store';

export async function newChat(): Promise<void> {
  const store = await chatStore();
  redirect(`/chat/${await store.createChat()}`);
}

/** The chat as it is now. */
export async function openChat(id: string) {
  return await (await chatStore()).openChat(id);
}

/** The chat with this version of a message. */
export async function selectVersion(id: string, messageId: string) {
  const store = await chatStore();
  await store.selectVersion(id, messageId);
  return await store.openChat(id);
}
