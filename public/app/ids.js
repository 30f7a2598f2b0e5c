/** Ids for new messages. */

/** A new id for a message. Not crypto.randomUUID: pages without TLS do not have it. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
