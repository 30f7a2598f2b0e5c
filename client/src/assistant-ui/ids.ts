/** The ids under which messages are stored, as not all of assistant-ui's own are valid for the service. */

import { isId } from '../text.js';

const OFFSET = 0x6c62272e07bb014262b821756295c58dn;
const PRIME = 0x1000000000000000000013bn;
const MASK = (1n << 128n) - 1n;

/**
 * FNV-1a, 128 bits, in hexadecimal. `crypto.subtle` would be at hand on pages with TLS only, and nothing depends on this
 * being hard to forge: the ids are the user's own.
 */
export function hashOf(text: string): string {
  let hash = OFFSET;
  for (const byte of new TextEncoder().encode(text)) hash = ((hash ^ BigInt(byte)) * PRIME) & MASK;
  return hash.toString(16).padStart(32, '0');
}

/** What a message is stored under: its id where the service takes that, and otherwise always the same one made of it. */
export function storedIdOf(id: string): string {
  return isId(id) ? id : `aui-${hashOf(id)}`;
}
