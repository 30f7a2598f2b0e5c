/** Titles, ids and times, in the forms the server knows. */

export const UNTITLED = 'New Conversation';

/** The first 6 words of the first user message, at most 50 characters: as the server makes it. */
export function generateTitle(messages: readonly { type?: unknown; content?: unknown }[]): string {
  const first = messages.find((message) => message.type === 'user');
  const words = textOf(first ?? {})
    .trim()
    .split(/\s+/)
    .slice(0, 6)
    .join(' ');
  return [...words].slice(0, 50).join('') || UNTITLED;
}

/** What a message says: its content, or the text of the blocks that other clients may have sent in its place. */
export function textOf({ content }: { content?: unknown }): string {
  if (!Array.isArray(content)) return typeof content === 'string' ? content : '';
  return content.flatMap((block) => (typeof block?.text === 'string' ? [block.text] : [])).join('\n\n');
}

export function isId(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{1,128}$/.test(value);
}

/** Epoch ms of a Date, a number or ISO text; NaN for anything else, and for what no Date can hold. */
export function millisecondsOf(time: unknown): number {
  const isTime = time instanceof Date || typeof time === 'number' || typeof time === 'string';
  return isTime ? new Date(time).getTime() : NaN;
}

export function isoOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/** A new UUID (RFC 9562): random, version 4, or where a time is given, epoch ms, version 7, which begins with it. */
export function newUuid(time?: number): string {
  // Not crypto.randomUUID: pages without TLS do not have it.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  for (let i = 0; time !== undefined && i < 6; i += 1) bytes[i] = Math.floor(time / 256 ** (5 - i)) % 256;
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | (time === undefined ? 0x40 : 0x70);
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export function newConversationId(): string {
  return `conv-${newUuid()}`;
}

/** The time that a UUID of version 7 begins with, epoch ms; NaN of any other. */
export function timeOfUuid(uuid: string): number {
  return uuid[14] === '7' ? Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16) : NaN;
}
