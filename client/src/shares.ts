/** Shares: read-only snapshots of conversations for everyone who has the link. */

import { StoreError } from './errors.js';
import type { OpenStore } from './open.js';
import { isoOf, millisecondsOf } from './text.js';
import type { ForkedShare, Share, SharedConversation, TimeInput } from './types.js';

export async function createShare(
  { engine, isEnabled, leadership }: OpenStore,
  conversationId: string,
  expiresAt: TimeInput | undefined,
): Promise<Share> {
  const expires = expiresAt === undefined ? {} : { expiresAt: isoOf(millisecondsOf(expiresAt)) };
  if (!isEnabled) throw new StoreError('disabled', 'The server is switched off.');
  const { api } = await engine.get();
  const ownership = await api.owner();
  // What was written here is part of it.
  await leadership.flush();
  return (await api.call<Share>('POST', '/shares', { body: { conversationId, ...expires }, ownership })).body;
}

export async function listShares({ engine }: OpenStore): Promise<Share[]> {
  const { api } = await engine.get();
  return (await api.call<{ data: Share[] }>('GET', '/shares', { ownership: await api.owner() })).body.data;
}

export async function readShare(
  { engine }: OpenStore,
  id: string,
  cursor: string | undefined,
): Promise<SharedConversation> {
  const query = new URLSearchParams({ id, ...(cursor && { cursor }) });
  return (await (await engine.get()).api.call<SharedConversation>('GET', `/shares?${query}`, { isPublic: true })).body;
}

export async function forkShare({ engine }: OpenStore, id: string): Promise<ForkedShare> {
  const { api } = await engine.get();
  const options = { body: { forkOf: { shareId: id } }, ownership: await api.owner() };
  const { body } = await api.call<ForkedShare>('POST', '/conversations', options);
  return { id: body.id, title: body.title, messageCount: body.messageCount };
}

export async function deleteShare({ engine }: OpenStore, id: string): Promise<void> {
  const { api } = await engine.get();
  await api.call('DELETE', `/shares?${new URLSearchParams({ id })}`, { ownership: await api.owner() });
}
