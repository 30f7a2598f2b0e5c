/** A page with a chat of the AI SDK on the device, in StrictMode: what the test in Chromium drives. */

import { DefaultChatTransport, type UIMessage } from 'ai';
import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';

import { ConversationStoreProvider, useConversationChat } from '../../src/ai-sdk/react/index.js';
import { createConversationStore } from '../../src/index.js';

/** How the test opens the page. */
const query = new URLSearchParams(location.search);
/** Of an auth provider's user. */
const token = query.get('token');
/** Without either there is no server. */
const isAnonymous = query.has('anonymous');
const id = query.get('id') ?? 'c';

function openStore() {
  if (token) return createConversationStore({ account: 'user', getToken: async () => token });
  return createConversationStore({ enabled: isAnonymous });
}

const store = openStore();

const headers = async () => (token || isAnonymous ? await store.authorization() : {});

const transport = new DefaultChatTransport({ api: '/chat', headers });

const stopStream = async (streamId: string) =>
  fetch(`/chat/${id}/stop`, { method: 'POST', headers: await headers(), body: JSON.stringify({ streamId }) });

/** Codes of what the hook has told. */
const errors: string[] = [];

function Page() {
  const [shown, setShown] = useState(id);
  const onError = (error: Error) => errors.push((error as { code?: string }).code ?? error.name);
  const chat = useConversationChat(shown, { transport, resume: token !== null || isAnonymous, stopStream, onError });
  Object.assign(window, { store, chat, show: setShown, errors });
  return (
    <main data-loading={chat.isLoading} data-unanswered={chat.isUnanswered} data-waiting={chat.isWaiting}>
      {chat.messages.map((message) => (
        <article key={message.id} data-role={message.role} data-versions={chat.siblingIds[message.id]?.length ?? 1}>
          {textOf(message)}
        </article>
      ))}
      <output>{chat.status}</output>
    </main>
  );
}

const textOf = ({ parts }: UIMessage) => parts.map((part) => (part.type === 'text' ? part.text : '')).join('');

const root = createRoot(document.getElementById('root') as HTMLElement);
root.render(
  <StrictMode>
    <ConversationStoreProvider store={store}>
      <Page />
    </ConversationStoreProvider>
  </StrictMode>,
);
