/** Digests of messages, by which a save recognises what has not changed. */

import type { UIMessage } from 'ai';

/** Tells whether a message is still what was loaded or saved, without keeping its text. */
export interface Fingerprint {
  /** Of role and parts. */
  content: string;
  /** Of the metadata. */
  metadata: string;
}

/** The same for the same JSON, in whatever order its members stand: validators of schemas reorder them. */
export async function fingerprintOf({ role, parts, metadata }: UIMessage): Promise<Fingerprint> {
  const [content, digest] = await Promise.all([digestOf([role, parts]), digestOf(metadata ?? null)]);
  return { content, metadata: digest };
}

export function isSame(one: Fingerprint, other: Fingerprint): boolean {
  return one.content === other.content && one.metadata === other.metadata;
}

async function digestOf(value: unknown): Promise<string> {
  const text = new TextEncoder().encode(JSON.stringify(value, sortMembers));
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', text));
  return Array.from(hash.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function sortMembers(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
