/** Shares: read-only snapshots of conversations for everyone who has the link. */

import type { OpenStore } from './open.js';
import { isoOf, millisecondsOf } from './text.js';
import type { ForkedShare, Share, SharedConversation, TimeInput } from './types.js';

export async function createShare(
  { engine }: OpenStore,
  conversationId: string,
  expiresAt: TimeInput | undefined,
): Promise<Share> {
  const expires = expiresAt === undefined ? {} : { expiresAt: isoOf(millisecondsOf(expiresAt)) };
  return (await (await engine.get()).api.call<Share>('POST', '/shares', { body: { conversationId, ...expires } })).body;
}

export async function listShares({ engine }: OpenStore): Promise<Share[]> {
  return (await (await engine.get()).api.call<{ data: Share[] }>('GET', '/shares')).body.data;
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
  const { body } = await api.call<ForkedShare>('POST', '/conversations', { body: { forkOf: { shareId: id } } });
  return { id: body.id, title: body.title, messageCount: body.messageCount };
}

export async function deleteShare({ engine }: OpenStore, id: string): Promise<void> {
  await (await engine.get()).api.call('DELETE', `/shares?${new URLSearchParams({ id })}`);
}
