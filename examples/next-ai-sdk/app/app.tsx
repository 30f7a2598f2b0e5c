/** The client side of the page: the list of chats beside the chat that the address names. */

'use client';

import { ConversationStoreProvider } from 'conversation-store/ai-sdk/react';
import { useSearchParams } from 'next/navigation';
import { store } from '../lib/store';
import { Chats } from './chats';
import { Thread } from './thread';

/** Which chat is shown stands in the address. Going to another one asks no server, so it works offline. */
export function App() {
  const id = useSearchParams().get('chat');
  return (
    <ConversationStoreProvider store={store}>
      <Chats />
      {id ? <Thread key={id} id={id} /> : <main>Begin a chat, or choose one.</main>}
    </ConversationStoreProvider>
  );
}
