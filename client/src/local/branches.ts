/**
 * The tree of a conversation's messages, of which the active path is shown. The device has the path, in the order of
 * places, and what it knows of other branches, each message with its parent. The server has a path of its own: whenever
 * that changes, what was begun or switched to here and has not been sent is applied again on top of it.
 */

import type { LocalTransaction } from './database.js';
import { asFresh, comparePlaces, messagesBeside, shownBetween, SHOWN, takePlace, withDirty } from './records.js';
import type { ConversationRecord, MessageRecord } from './schema.js';

/** What this device has of a conversation's tree. */
export interface Tree {
  record: ConversationRecord;
  path: MessageRecord[];
  beside: Map<string, MessageRecord>;
  /** What has to be stored again. */
  changed: Set<MessageRecord>;
  /** Whether a switch is on its way, after which the server's path is another one. */
  isSwitching: boolean;
}

export async function readTree(tx: LocalTransaction, record: ConversationRecord): Promise<Tree> {
  const path = await tx.list('messages', 'order', shownBetween(record.id));
  const beside = await messagesBeside(tx, record.id);
  const isSwitching = (await tx.get('outbox', record.id))?.request?.kind === 'switch';
  const changed = new Set<MessageRecord>();
  return { record, path, beside: new Map(beside.map((message) => [message.id, message])), changed, isSwitching };
}

export async function writeTree(tx: LocalTransaction, { changed }: Tree) {
  for (const message of changed) await tx.put('messages', withDirty(message));
}

/** Makes the path end with this message, null for an empty one. Returns whether there is such a message here. */
export function moveHead(tree: Tree, id: string | null): boolean {
  const { path, beside } = tree;
  const line: MessageRecord[] = [];
  let at = id;
  for (let next = beside.get(at ?? ''); next && line.length < beside.size; next = beside.get(at ?? '')) {
    line.unshift(next);
    at = next.parent ?? null;
  }
  const index = at === null ? -1 : path.findIndex((message) => message.id === at);
  if (at !== null && index < 0) return false;
  cut(tree, index);
  for (const message of line) push(tree, message);
  return true;
}

/** Ends the path at this index; what followed is a branch beside it from now on. */
function cut({ path, beside, changed }: Tree, index: number) {
  for (const [offset, message] of path.slice(index + 1).entries()) {
    message.parent = path[index + offset]?.id ?? null;
    message.beside = 1;
    show(message, 0);
    beside.set(message.id, message);
    changed.add(message);
  }
  path.length = index + 1;
}

/** Adds a message at the end of the path. */
export function push({ record, path, beside, changed }: Tree, message: MessageRecord) {
  if (message.place <= (path.at(-1)?.place ?? -Infinity)) message.place = takePlace(record);
  delete message.beside;
  show(message, SHOWN);
  beside.delete(message.id);
  path.push(message);
  changed.add(message);
}

function show(message: MessageRecord, shown: 0 | 1) {
  const served = message.fresh ? shown : (message.served ?? message.shown);
  message.shown = shown;
  if (served === shown) delete message.served;
  else message.served = served;
}

/** Whether anything here differs from the server's path, or will begin a branch there. */
export function hasPendingBranch({ head }: ConversationRecord, dirty: readonly MessageRecord[]): boolean {
  return (
    head !== undefined ||
    dirty.some(({ fresh, parent, served }) => served !== undefined || (fresh && parent !== undefined))
  );
}

/**
 * The path of the server, and on top of it what waits to be sent: messages, each behind its parent or at the end, and then the
 * switch to another branch.
 */
export function rearrange(tree: Tree) {
  replay(tree, restoreServed(tree));
}

/** The server has done some of what waited: `step` does it to its path, with those messages that it does not have yet. */
export function confirm(tree: Tree, step: (fresh: MessageRecord[]) => MessageRecord[]) {
  const rest = step(restoreServed(tree));
  for (const message of tree.path) confirmPlace(tree, message, SHOWN);
  for (const message of tree.beside.values()) confirmPlace(tree, message, 0);
  replay(tree, rest);
}

/** Adds a message behind its parent, or at the end of the path. */
export function append(tree: Tree, message: MessageRecord) {
  // Where its parent is gone, it follows what is last.
  if (message.parent !== undefined && !moveHead(tree, message.parent)) delete message.parent;
  push(tree, message);
}

/** Messages that are to be sent, in the order in which they are: none before the one that it follows. */
export function inSendingOrder(fresh: readonly MessageRecord[]): MessageRecord[] {
  const waiting = new Map([...fresh].sort(comparePlaces).map((message) => [message.id, message]));
  const ordered: MessageRecord[] = [];
  const take = (message: MessageRecord) => {
    waiting.delete(message.id);
    const parent = waiting.get(message.parent ?? '');
    if (parent) take(parent);
    ordered.push(message);
  };
  for (const message of waiting.values()) take(message);
  return ordered;
}

function replay(tree: Tree, fresh: readonly MessageRecord[]) {
  const { record } = tree;
  for (const message of fresh) append(tree, message);
  if (record.head !== undefined && !moveHead(tree, record.head)) delete record.head;
  if (tree.isSwitching) return;
  const isAsServed =
    fresh.length === 0 && ![...tree.path, ...tree.beside.values()].some(({ served }) => served !== undefined);
  if (isAsServed) delete record.head;
}

/**
 * Leaves the server's path in the tree. Returns the messages that the server does not have: they are in none of it. One that it
 * has named as a version, an application's server may have written it too, is beside the path, though it is still to be sent.
 */
export function restoreServed(tree: Tree): MessageRecord[] {
  const all = [...tree.path, ...tree.beside.values()];
  tree.path = [];
  tree.beside = new Map();
  for (const message of all.filter(({ fresh }) => !fresh)) {
    const shown = message.served ?? message.shown;
    if (shown) tree.path.push(message);
    else tree.beside.set(message.id, message);
    confirmPlace(tree, message, shown);
  }
  tree.path.sort(comparePlaces);
  const fresh = all.filter((message) => message.fresh);
  const parents = parentsOfNamed(tree);
  for (const message of fresh) placeBeside(tree, message, parents.get(message.id));
  return inSendingOrder(fresh.filter(({ id }) => !tree.beside.has(id)));
}

/** Of each version that the server has named, what it follows. */
function parentsOfNamed({ path, beside, record }: Tree): Map<string, string | null> {
  const parents = new Map<string, string | null>();
  const note = ({ siblings = [] }: MessageRecord, parent: string | null) => {
    for (const id of siblings) parents.set(id, parent);
  };
  for (const [index, message] of path.entries()) {
    if (index > 0 || !record.older) note(message, path[index - 1]?.id ?? null);
  }
  for (const message of beside.values()) note(message, message.parent ?? null);
  return parents;
}

function placeBeside({ beside, changed }: Tree, message: MessageRecord, parent: string | null | undefined) {
  if (parent === undefined) return;
  Object.assign(message, { parent, beside: 1 });
  show(message, 0);
  beside.set(message.id, message);
  changed.add(message);
}

/** The server has this message where it is here. */
function confirmPlace({ changed }: Tree, message: MessageRecord, shown: 0 | 1) {
  if (message.shown === shown && message.served === undefined) return;
  message.shown = shown;
  delete message.served;
  if (shown) delete message.beside;
  else message.beside = 1;
  changed.add(message);
}

/** All messages as ones that no server has: each says what it follows, where there is more than one branch. */
export function asFreshTree(path: readonly MessageRecord[], beside: readonly MessageRecord[]): MessageRecord[] {
  const onPath = path.map((message, index) => {
    const parent = beside.length > 0 ? (path[index - 1]?.id ?? null) : undefined;
    return { ...asFresh(message), parent };
  });
  return [...onPath, ...beside.map((message) => ({ ...asFresh(message), beside: 1 as const, parent: message.parent }))];
}

/** Of messages on the path, of which `before` is before the first one, the ids of all versions, where there are several. */
export function siblingsOf(
  messages: readonly MessageRecord[],
  before: string | null,
  beside: readonly MessageRecord[],
): Map<string, string[]> {
  const siblings = new Map<string, string[]>();
  let parent = before;
  for (const message of messages) {
    const versions = [message, ...beside.filter((other) => (other.parent ?? null) === parent)];
    const ids = versionIds(versions);
    if (ids.length > 1) siblings.set(message.id, ids);
    parent = message.id;
  }
  return siblings;
}

/** Of messages that follow the same one, that which is shown as the last version. Of branches, places say nothing of which is newer. */
export function newestVersion(versions: readonly MessageRecord[]): MessageRecord | undefined {
  const byId = new Map(versions.map((message) => [message.id, message]));
  const newest = versions.length > 0 ? versionIds(versions).findLast((id) => byId.has(id)) : undefined;
  return byId.get(newest ?? '');
}

/** In the server's order as far as it is known; behind those, what the server does not have yet. */
function versionIds(versions: readonly MessageRecord[]): string[] {
  const told = versions.map(({ siblings = [] }) => siblings).reduce((a, b) => (b.length > a.length ? b : a));
  const others = versions.filter(({ id }) => !told.includes(id));
  others.sort((a, b) => Number(a.fresh) - Number(b.fresh) || comparePlaces(a, b));
  return [...told, ...others.map(({ id }) => id)];
}
