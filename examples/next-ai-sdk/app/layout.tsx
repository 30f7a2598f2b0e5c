import type { ReactNode } from 'react';
import { newChat } from '../lib/actions';
import { chatStore } from '../lib/store';
import './style.css';

export const metadata = { title: 'Chats' };
export const dynamic = 'force-dynamic';

export default async function Layout({ children }: { children: ReactNode }) {
  const { chats } = await (await chatStore()).listChats();
  return (
    <html lang="en">
      <body>
        <nav>
          <form action={newChat}>
            <button type="submit">New chat</button>
          </form>
          {chats.map(({ id, title }) => (
            <a key={id} href={`/chat/${id}`}>
              {title || 'New chat'}
            </a>
          ))}
        </nav>
        {children}
      </body>
    </html>
  );
}
