/** The id of a session's conversation, which follows from its key; the server derives the same one, and refuses any other. */

import type { SessionKey } from './types.js';

const PROJECT_LENGTH = 24;
const NAME_LENGTH = 32;

export async function conversationPath({ projectKey, sessionId, subpath }: SessionKey): Promise<string> {
  const parts = [hashOf(projectKey, PROJECT_LENGTH), hashOf(sessionId, NAME_LENGTH)];
  if (subpath) parts.push(hashOf(subpath, NAME_LENGTH));
  return `/conversations/session-${(await Promise.all(parts)).join('-')}`;
}

export async function hashOf(text: string, length: number): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .slice(0, length);
}
