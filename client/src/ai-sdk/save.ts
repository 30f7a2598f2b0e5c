/** Carries out a save plan: creates the chat, and appends and patches its messages. */

import type { UIMessage } from 'ai';
import { type Api, isRefusal } from '../rest/api.js';
import { KnownChat } from './known-chats.js';
import { loadPath, loadTree, pathOf } from './load.js';
import { fieldsOf, patchOf } from './messages.js';
import { type Change, planSave, type SavePlan } from './save-plan.js';

/** The most messages of one append, and about how many bytes of JSON it may have: the API takes 100 and 4.5 MB. */
const BATCH = 100;
const BATCH_BYTES = 3_500_000;

/** Another writer was faster: the state is read again, and the plan made anew. */
const OUTDATED = ['message_not_found', 'message_exists'];

/** Refusals of one message, for which the others of its request are not to blame. */
const OF_ONE_MESSAGE = ['invalid_field', 'message_too_large', 'body_too_large', 'message_deleted'];

export interface Saved {
  known: KnownChat;
  /** What the last message is stored under; null where there is none. */
  headId: string | null;
}

/** Saves what is new or changed. `known` is what the server is known to have; without it that is read first. */
export async function saveMessages(
  api: Api,
  chatId: string,
  messages: readonly UIMessage[],
  known: KnownChat | undefined,
): Promise<Saved> {
  const state = known ?? (await readState(api, chatId)) ?? (await createChat(api, chatId, messages));
  try {
    return await carryOut(api, chatId, state, await planSave(state, messages));
  } catch (error) {
    if (!isRefusal(error, ...OUTDATED)) throw error;
  }
  const tree = await KnownChat.of(await loadTree(api, chatId));
  return await carryOut(api, chatId, tree, await planSave(tree, messages, known));
}

async function readState(api: Api, chatId: string): Promise<KnownChat | undefined> {
  try {
    return await KnownChat.of((await loadPath(api, chatId)).messages);
  } catch (error) {
    if (isRefusal(error, 'conversation_not_found')) return undefined;
    throw error;
  }
}

/** A chat whose id a client chose begins with its first messages, in one request. */
async function createChat(api: Api, chatId: string, messages: readonly UIMessage[]): Promise<KnownChat> {
  const known = await KnownChat.of([]);
  const first = batchesOf((await planSave(known, messages)).changes)[0] ?? [];
  await api.send('POST', '/conversations', { body: { id: chatId, messages: first.map(toAppend) } });
  for (const { message, parentId } of first) await known.add(message, parentId);
  return known;
}

async function carryOut(api: Api, chatId: string, known: KnownChat, { changes, headId }: SavePlan): Promise<Saved> {
  for (const { message, parentId, id } of changes.filter(({ kind }) => kind === 'update')) {
    await api.send('PATCH', `${pathOf(chatId)}/messages/${id}`, { body: patchOf(message, 'complete') });
    await known.add(message, parentId, id);
  }
  const append = new Append(api, chatId, known);
  for (const batch of batchesOf(changes.filter(({ kind }) => kind === 'append'))) await append.all(batch);
  return { known, headId: append.standIn(headId) };
}

/** Appends messages, each behind its parent. */
class Append {
  /** A message that turned out to be deleted → what it followed. */
  readonly #deleted = new Map<string, string | null>();

  constructor(
    readonly api: Api,
    readonly chatId: string,
    readonly known: KnownChat,
  ) {}

  async all(batch: readonly Change[]): Promise<void> {
    try {
      await this.#send(batch);
    } catch (error) {
      if (!isRefusal(error, ...OF_ONE_MESSAGE)) throw error;
      if (batch.length === 1 && error.code !== 'message_deleted') throw error;
      await this.#oneByOne(batch);
    }
  }

  /** What stands where this message would be: itself, or what is left before it. */
  standIn(id: string | null): string | null {
    if (id === null) return null;
    const before = this.#deleted.get(id);
    return before === undefined ? id : this.standIn(before);
  }

  /** Those before the one that is refused are saved all the same: a question, though not its answer. */
  async #oneByOne(batch: readonly Change[]): Promise<void> {
    for (const change of batch) {
      try {
        await this.#send([change]);
      } catch (error) {
        if (!isRefusal(error, 'message_deleted')) throw error;
        this.#deleted.set(change.id, change.parentId);
      }
    }
  }

  async #send(batch: readonly Change[]): Promise<void> {
    const changes = batch.map((change) => ({ ...change, parentId: this.standIn(change.parentId) }));
    await this.api.send('POST', `${pathOf(this.chatId)}/messages`, { body: { messages: changes.map(toAppend) } });
    for (const { message, parentId, id } of changes) await this.known.add(message, parentId, id);
  }
}

const toAppend = ({ id, message, parentId }: Change) => ({ id, ...fieldsOf(message, 'complete'), parentId });

function batchesOf(changes: readonly Change[]): Change[][] {
  const batches: Change[][] = [];
  let bytes = 0;
  for (const change of changes) {
    const length = new TextEncoder().encode(JSON.stringify(change.message)).length;
    const last = batches.at(-1);
    if (last && last.length < BATCH && bytes + length <= BATCH_BYTES) {
      last.push(change);
      bytes += length;
    } else {
      batches.push([change]);
      bytes = length;
    }
  }
  return batches;
}
