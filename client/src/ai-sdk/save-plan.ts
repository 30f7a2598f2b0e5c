/** Compares messages with what the server has, and works out what a save has to send. */

import type { UIMessage } from 'ai';
import { type Fingerprint, fingerprintOf, isSame } from './fingerprint.js';
import type { KnownChat } from './known-chats.js';

/** One message that is new or changed. */
export interface Change {
  kind: 'append' | 'update';
  /** The id that it is stored under. */
  id: string;
  message: UIMessage;
  /** What it follows. */
  parentId: string | null;
}

export interface SavePlan {
  changes: Change[];
  /** What the last message is stored under; null where there is none. */
  headId: string | null;
}

/**
 * What to send so that the server has these messages. Nothing is removed: what is not among them stays in its branch.
 *
 * @param known What the server has.
 * @param before What it had once: what is missing now was deleted by another device, and stays deleted.
 */
export async function planSave(
  known: KnownChat,
  messages: readonly UIMessage[],
  before?: KnownChat,
): Promise<SavePlan> {
  const changes: Change[] = [];
  let parentId: string | null = null;
  for (const message of messages) {
    if (!known.fingerprint(message.id) && before?.fingerprint(message.id)) continue;
    const { kind, id } = await changeOf(known, message, parentId);
    if (kind !== 'none') changes.push({ kind, id, message, parentId });
    parentId = id;
  }
  return { changes, headId: parentId };
}

async function changeOf(
  known: KnownChat,
  message: UIMessage,
  parentId: string | null,
): Promise<{ kind: Change['kind'] | 'none'; id: string }> {
  const stored = known.fingerprint(message.id);
  if (!stored) return { kind: 'append', id: message.id };
  const fingerprint = await fingerprintOf(message);
  if (isSame(stored, fingerprint)) return { kind: 'none', id: message.id };
  if (!isEditedQuestion(known, message, stored, fingerprint)) return { kind: 'update', id: message.id };
  // The same edit of the same question has the same id, also in another process: a repeat finds it there.
  const id = editedId(message.id, fingerprint, parentId);
  return { kind: known.fingerprint(id) ? 'none' : 'append', id };
}

/** A question that has been answered is not replaced, or its old answer would stand under the new question. */
function isEditedQuestion(
  known: KnownChat,
  message: UIMessage,
  stored: Fingerprint,
  fingerprint: Fingerprint,
): boolean {
  return message.role === 'user' && stored.content !== fingerprint.content && known.isFollowed(message.id);
}

function editedId(id: string, { content }: Fingerprint, parentId: string | null): string {
  return `${id.slice(0, 80)}-${content.slice(0, 16)}${parentId === null ? '' : `-${parentId.slice(-16)}`}`;
}
