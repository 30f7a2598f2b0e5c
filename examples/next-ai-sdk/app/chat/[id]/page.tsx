import { StoreError } from 'conversation-store/ai-sdk';
import { notFound } from 'next/navigation';
import { openChat } from '../../../lib/actions';
import { Chat } from './chat';

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params;
  const chat = await openChat(id).catch((error: unknown) => {
    if (error instanceof StoreError && error.status === 404) notFound();
    throw error;
  });
  return <Chat key={id} initial={chat} />;
}
