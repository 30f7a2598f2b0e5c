/** A page with every hook on it, in StrictMode: what the test in Chromium drives. */

import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';

import { type ConversationMessage, createConversationStore } from '../../src/index.js';
import {
  ConversationStoreProvider,
  useConversation,
  useConversationStore,
  useConversations,
  useMessages,
  useOutbox,
  useSearch,
  useSyncStatus,
} from '../../src/react/index.js';

const store = createConversationStore({ enabled: false });
Object.assign(window, { store });

function List() {
  const { data, isLoading, hasMore, loadMore } = useConversations({ limit: 2 });
  return (
    <section id="list" data-loading={isLoading}>
      {data?.map(({ id, title }) => (
        <p key={id}>{title}</p>
      ))}
      {hasMore && (
        <button type="button" id="more" onClick={loadMore}>
          more
        </button>
      )}
    </section>
  );
}

function Thread({ id }: { id: string }) {
  const { addMessage, showOther } = useActions();
  const { data: conversation } = useConversation(id);
  const { data: messages, hasOlder, loadOlder } = useMessages(id);
  return (
    <section id="thread">
      <h1>{conversation === null ? 'none' : conversation?.title}</h1>
      {hasOlder && (
        <button type="button" id="older" onClick={loadOlder}>
          older
        </button>
      )}
      {messages?.map((message) => (
        <p key={message.id} data-versions={message.siblingIds?.length ?? 1}>
          {message.content}
        </p>
      ))}
      {messages?.filter(hasOthers).map((message) => (
        <button type="button" key={message.id} className="other" onClick={() => showOther(id, message)}>
          other version
        </button>
      ))}
      <button type="button" id="send" onClick={() => addMessage(id)}>
        send
      </button>
    </section>
  );
}

function useActions() {
  const own = useConversationStore();
  return {
    addMessage: (id: string) => own.addMessage(id, { id: `sent-${Date.now()}`, type: 'user', content: 'sent' }),
    showOther: (id: string, message: ConversationMessage) => own.switchBranch(id, otherVersion(message)),
  };
}

const hasOthers = ({ siblingIds = [] }: ConversationMessage) => siblingIds.length > 1;

/** The next version of a message; behind the last one the first. */
function otherVersion({ id, siblingIds = [] }: ConversationMessage): string {
  return siblingIds[(siblingIds.indexOf(id) + 1) % siblingIds.length] ?? id;
}

function Found() {
  const [text, setText] = useState('');
  const { data, isSearching } = useSearch(text);
  return (
    <section id="found" data-searching={isSearching}>
      <input value={text} onChange={(event) => setText(event.target.value)} />
      {data?.map((result) => (
        <p key={`${result.conversationId} ${result.messageId}`}>{result.title}</p>
      ))}
    </section>
  );
}

function Status() {
  const { mode } = useSyncStatus();
  const { pending, refused } = useOutbox();
  return <output id="status">{`${mode} ${pending > 0 ? 'pending' : 'nothing'} ${refused.length}`}</output>;
}

function Page() {
  const [id, setId] = useState('c1');
  return (
    <>
      <button type="button" id="open" onClick={() => setId((before) => (before === 'c1' ? 'c2' : 'c1'))}>
        open the other one
      </button>
      <List />
      <Thread id={id} />
      <Found />
      <Status />
    </>
  );
}

const root = createRoot(document.getElementById('root') as HTMLElement);
root.render(
  <StrictMode>
    <ConversationStoreProvider store={store}>
      <Page />
    </ConversationStoreProvider>
  </StrictMode>,
);
