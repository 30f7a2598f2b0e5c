/** Local writes that change a conversation's tree: insertions, switches of the branch and removals. */

import { StoreError } from '../errors.js';
import { append, moveHead, newestVersion, readTree, rearrange, writeTree, type Tree } from './branches.js';
import { dirtyMessages, lastShown, messagesBeside, newMessage, shownBetween, type ParsedMessage } from './records.js';
import type { MessageRecord } from './schema.js';
import type { Work } from './write.js';

/** Adds a new message at the end, or behind its parent: where that is not the last one, this begins a branch. */
export async function insert(work: Work, parsed: ParsedMessage) {
  const { tx, record } = work;
  const last = (await lastShown(tx, record.id))?.id ?? null;
  const message = newMessage(record, parsed);
  // To a branch that was switched to here, it is sent by name.
  const followed = record.head === undefined ? undefined : last;
  const parent = parsed.parent === undefined ? followed : parsed.parent;
  if (parent === undefined || (parent === last && record.head === undefined)) {
    record.count += 1;
    await tx.put('messages', message);
    return;
  }
  message.parent = parent;
  delete record.head;
  await changeTree(work, (tree) => {
    if (!moveHead(tree, parent)) throw new StoreError('message_not_found', 'No such message to follow.');
    append(tree, message);
  });
}

/** Adds a new message before another one. Returns whether that is on the path. */
export async function insertBefore({ tx, record }: Work, parsed: ParsedMessage, next: string): Promise<boolean> {
  const following = await tx.get('messages', [record.id, next]);
  if (!following?.shown) return false;
  const range = shownBetween(record.id, null, following.place);
  const [previous] = await tx.list('messages', 'order', range, { reverse: true, limit: 1 });
  const from = previous?.place ?? following.place - 2;
  await tx.put('messages', { ...newMessage(record, parsed), place: (from + following.place) / 2 });
  record.count += 1;
  return true;
}

/** Makes the branch with this message the one that is shown, to the newest message behind it. */
export async function switchTo(work: Work, id: string) {
  await changeTree(work, (tree) => {
    if (tree.path.some((message) => message.id === id)) return;
    const head = newestBehind(tree, id);
    if (!moveHead(tree, head)) throw new StoreError('message_not_found', 'No such message.');
    tree.record.head = head;
    work.changed = true;
    // Back to where the server is: there is nothing to tell it.
    rearrange(tree);
  });
}

function newestBehind({ beside }: Tree, id: string): string {
  const all = [...beside.values()];
  let newest = id;
  for (let seen = 0; seen <= all.length; seen += 1) {
    const parent = newest;
    const next = newestVersion(all.filter((message) => message.parent === parent));
    if (!next) break;
    newest = next.id;
  }
  return newest;
}

/** A branch that was begun here and never sent is gone again: what the server shows is shown. */
export function rearrangeAfter(work: Work) {
  return changeTree(work, rearrange);
}

async function changeTree({ tx, record }: Work, step: (tree: Tree) => void) {
  const tree = await readTree(tx, record);
  const before = tree.path.length;
  step(tree);
  await writeTree(tx, tree);
  record.count += tree.path.length - before;
}

/** What follows a message, in every branch that is here. */
export async function removalsFrom({ tx, record }: Work, first: MessageRecord): Promise<string[]> {
  const following = first.shown ? await tx.list('messages', 'order', shownBetween(record.id, first.place)) : [];
  const gone = new Set([first.id, ...following.map(({ id }) => id)]);
  const beside = await messagesBeside(tx, record.id);
  for (let size = 0; size < gone.size; ) {
    size = gone.size;
    for (const { id, parent } of beside) if (gone.has(parent ?? '')) gone.add(id);
  }
  gone.delete(first.id);
  return [...gone];
}

/** Before a message goes: what follows it follows what it follows, and it is no version of anything any more. */
export async function leaveTree(work: Work, message: MessageRecord) {
  const { tx, record } = work;
  if (message.fresh && message.parent !== undefined) work.isBranchGone = true;
  if (record.head === message.id) delete record.head;
  work.following ??= await readFollowing(work);
  work.following.delete(message.id);
  const children = [...work.following.values()].filter(({ parent }) => parent === message.id);
  if (children.length > 0) {
    const parent = await parentIdOf(work, message);
    for (const child of children) await tx.put('messages', Object.assign(child, { parent }));
  }
  for (const id of message.siblings ?? []) await forgetVersion(work, id, message.id);
}

/** Messages that say what they follow. */
async function readFollowing({ tx, record }: Work): Promise<Map<string, MessageRecord>> {
  const beside = await messagesBeside(tx, record.id);
  const branching = (await dirtyMessages(tx, record.id)).filter(
    ({ parent, removed }) => parent !== undefined && !removed,
  );
  return new Map([...beside, ...branching].map((message) => [message.id, message]));
}

async function forgetVersion({ tx, record }: Work, id: string, gone: string) {
  const version = id === gone ? undefined : await tx.get('messages', [record.id, id]);
  if (!version?.siblings) return;
  await tx.put('messages', { ...version, siblings: version.siblings.filter((other) => other !== gone) });
}

async function parentIdOf({ tx, record }: Work, message: MessageRecord) {
  if (!message.shown) return message.parent ?? null;
  const range = shownBetween(record.id, null, message.place);
  return (await tx.list('messages', 'order', range, { reverse: true, limit: 1 }))[0]?.id ?? null;
}
