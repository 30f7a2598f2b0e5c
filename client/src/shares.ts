import type { Api } from './net/api.js';
import { isoOf, millisecondsOf } from './text.js';
import type { ForkedShare, Share, SharedConversation, TimeInput } from './types.js';

/** Read-only snapshots of conversations, for whoever has the link. */

export async function createShare(api: Api, conversationId: string, expiresAt: TimeInput | undefined): Promise<Share> {
  const expires = expiresAt === undefined ? {} : { expiresAt: isoOf(millisecondsOf(expiresAt)) };
  return (await api.call<Share>('POST', '/shares', { body: { conversationId, ...expires } })).body;
}

export async function listShares(api: Api): Promise<Share[]> {
  return (await api.call<{ data: Share[] }>('GET', '/shares')).body.data;
}

export async function readShare(api: Api, id: string, cursor: string | undefined): Promise<SharedConversation> {
  const query = new URLSearchParams({ id, ...(cursor && { cursor }) });
  return (await api.call<SharedConversation>('GET', `/shares?${query}`, { isPublic: true })).body;
}

export async function forkShare(api: Api, id: string): Promise<ForkedShare> {
  const { body } = await api.call<ForkedShare>('POST', '/conversations', { body: { forkOf: { shareId: id } } });
  return { id: body.id, title: body.title, messageCount: body.messageCount };
}

export async function deleteShare(api: Api, id: string): Promise<void> {
  await api.call('DELETE', `/shares?${new URLSearchParams({ id })}`);
}
