/** The list of chats, and the sync status. */

'use client';

import { generateId } from 'ai';
import { useConversations, useSyncStatus } from 'conversation-store/react';
import type { MouseEvent } from 'react';

const addressOf = (id: string) => `/?chat=${id}`;

/** Next's own links ask the server for the page. */
const show = (id: string) => window.history.pushState(null, '', addressOf(id));

export function Chats() {
  const { data: chats = [], hasMore, loadMore } = useConversations({ archived: false, limit: 50 });
  const { mode, pending } = useSyncStatus();
  const choose = (event: MouseEvent, id: string) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    show(id);
  };
  return (
    <nav>
      {/* It is kept when something is asked in it. */}
      <button type="button" onClick={() => show(generateId())}>
        New chat
      </button>
      {chats.map(({ id, title }) => (
        <a key={id} href={addressOf(id)} onClick={(event) => choose(event, id)}>
          {title || 'New chat'}
        </a>
      ))}
      {hasMore && (
        <button type="button" onClick={loadMore}>
          More
        </button>
      )}
      <small role="status">
        {mode === 'offline' && 'Offline. '}
        {mode === 'signed-out' && 'Signed out. '}
        {pending > 0 && `Chats to be sent: ${pending}`}
      </small>
    </nav>
  );
}
