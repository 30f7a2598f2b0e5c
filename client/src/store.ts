/** The public class of the store, with its methods for conversations and messages, and its factory. */

import { createConversation } from './conversations.js';
import { load } from './load.js';
import { listConversations, readState, writeState } from './local/records.js';
import type { StoredRefusal } from './local/refused-writes.js';
import type { SessionResponse } from './net/wire.js';
import { AccountStore } from './store-account.js';
import { generateTitle } from './text.js';
import type {
  Conversation,
  ConversationInput,
  ConversationSummary,
  ConversationUpdates,
  DeleteOptions,
  ForkedConversation,
  ForkOptions,
  McpServers,
  MessageInput,
  MessagePlace,
  RefusedWrite,
  SearchResult,
  StoreOptions,
  TitleSource,
} from './types.js';

/** The conversation store of a chat frontend. All methods may be called at once, in any tab. */
export class HybridConversationStore<Time = string> extends AccountStore<Time> {
  /**
   * The list, last changed first, from the device; no messages in it unless `messages` says so, and then those that
   * are on the device.
   */
  getAllConversations(options?: { messages?: false }): Promise<ConversationSummary<Time>[]>;
  getAllConversations(options: { messages: boolean }): Promise<Conversation<Time>[]>;
  async getAllConversations(options?: { messages?: boolean }): Promise<Conversation<Time>[]> {
    return (await this.#reading()).conversations.list(options);
  }

  /**
   * A conversation with its newest messages: from the device, and refreshed in the background (`change` tells); from
   * the server where the device has none of its messages. Null where there is no such conversation. Rejects with the
   * signal's reason where that has been aborted meanwhile: of two clicks the last one counts.
   */
  async getConversation(id: string, { signal }: { signal?: AbortSignal } = {}): Promise<Conversation<Time> | null> {
    const { conversations, store } = await this.#reading();
    const conversation = await conversations.get(id);
    signal?.throwIfAborted();
    if (conversation) store.opened.note(conversation.id);
    return conversation;
  }

  /** The conversation with a page more of older messages than `conversation` has. */
  async loadOlder(conversation: Conversation<Time>): Promise<Conversation<Time>> {
    return (await this.opening).conversations.loadOlder(conversation);
  }

  /**
   * Saves what is different from what this object was given: new and edited messages, and those it was given and no
   * longer has. Messages it was never given stay as they are. Without its `snapshot` (an object built anew), only messages
   * this tab was given or has saved can go, only such as stand behind the first message of `conversation`, and none if it
   * has no messages. Resolves when it is safe on the device. Rejects with `conversation_deleted` where it was deleted and
   * holds nothing new.
   */
  saveConversation(conversation: ConversationInput): Promise<void> {
    // Copied before anything is awaited: the caller may go on changing it.
    const messages = conversation?.messages?.map((message) => ({ ...message }));
    const copy = { ...conversation, ...(messages && { messages }) };
    return this.write(conversation?.id, (conversations) => conversations.save(copy));
  }

  /** Deletes a conversation: it goes to the trash, where the server has it. Where there is none, nothing happens. */
  deleteConversation(id: string, options?: DeleteOptions): Promise<void> {
    return this.write(id, (conversations) => conversations.delete(id, options));
  }

  /**
   * Adds a message behind the last one, or with `parentId` behind that one, null: as a first message. Where that is not the last
   * one, it begins a branch: what followed stays as its alternative, see `switchBranch()`. A message that is there
   * already is edited.
   */
  addMessage(conversationId: string, message: MessageInput, options?: MessagePlace): Promise<void> {
    const copy = { ...message };
    return this.write(conversationId, (conversations) => conversations.addMessage(conversationId, copy, options));
  }

  /** Adds a message, or replaces it whole where it stands: fields that are left out are gone. */
  putMessage(conversationId: string, message: MessageInput, options?: MessagePlace): Promise<void> {
    const copy = { ...message };
    return this.write(conversationId, (conversations) => conversations.putMessage(conversationId, copy, options));
  }

  /**
   * Shows the branch with this message, up to the newest message behind it: one of a shown message's `siblingIds`. At once
   * where the branch is on this device, else it is fetched; rejects with `offline` where that is not possible. Of several
   * calls, and of messages added meanwhile, the last one counts: a branch that comes later than that is not shown any more.
   */
  switchBranch(conversationId: string, messageId: string): Promise<void> {
    return this.write(conversationId, (conversations) => conversations.switchBranch(conversationId, messageId));
  }

  /**
   * Makes a new conversation of the path up to this message, or of all of it: on this device where it is all here, else at the
   * server; rejects with `offline` where that cannot be asked.
   */
  async forkConversation(conversationId: string, options: ForkOptions = {}): Promise<ForkedConversation> {
    const [{ store }, { forkConversation }] = await Promise.all([this.opening, load(() => import('./fork.js'))]);
    return forkConversation(store, conversationId, options);
  }

  updateMessage(conversationId: string, messageId: string, updates: Partial<MessageInput>): Promise<void> {
    const copy = { ...updates };
    return this.write(conversationId, (conversations) => conversations.updateMessage(conversationId, messageId, copy));
  }

  /** The first 6 words of the first user message, at most 50 characters. */
  generateTitle(messages: readonly TitleSource[]): string {
    return generateTitle(messages);
  }

  /** A new, empty conversation; it is kept when it is saved. */
  createNewConversation(mcpServers?: McpServers): Conversation<Time> {
    return createConversation(this.readOptions, this.context.environment.clock.now(), mcpServers);
  }

  /** Deletes a message, and what followed it follows what it followed; with `andAfter` all that follow it go, in every branch. */
  deleteMessage(conversationId: string, messageId: string, options?: { andAfter?: boolean }): Promise<void> {
    return this.write(conversationId, (conversations) =>
      conversations.deleteMessage(conversationId, messageId, options),
    );
  }

  updateConversation(id: string, updates: ConversationUpdates): Promise<void> {
    const copy = { ...updates };
    return this.write(id, (conversations) => conversations.update(id, copy));
  }

  /** Of the conversations on this device whose title or text is found, the place where it is found best. See `liveSearch()`. */
  async search(text: string, { limit = 50 }: { limit?: number } = {}): Promise<SearchResult[]> {
    return (await this.loadSearch()).searchDevice(text, { limit, perConversation: 1 });
  }

  /** The conversation opened last, on this device or, where it never opened one, at the server. */
  async getCurrentConversationId(): Promise<string | null> {
    const { store } = await this.opening;
    const here = await store.database.run('readonly', (tx) => readState(tx, 'current'));
    if (here !== undefined || !store.mayAsk()) return here ?? null;
    const { api } = await store.engine.get();
    const { body } = await api.call<SessionResponse>('GET', '/session', { ownership: await api.owner() });
    return body.currentConversationId ?? null;
  }

  async setCurrentConversationId(id: string | null): Promise<void> {
    const { store } = await this.opening;
    await store.database.run('readwrite', (tx) => writeState(tx, 'current', id));
  }

  /** Refused writes and losing sides of conflicts, newest first. */
  async refusedWrites(): Promise<RefusedWrite[]> {
    const { store } = await this.opening;
    const refused = await store.database.run('readonly', (tx) => tx.list('refused', null, null, { reverse: true }));
    return refused as StoredRefusal[];
  }

  async discardRefused(key: number): Promise<void> {
    const { store } = await this.opening;
    await store.database.run('readwrite', (tx) => tx.delete('refused', key));
    await store.count();
  }

  /** How many conversations this device holds: whether there is something to ask about before `redeemLinkCode()`. */
  async countLocalConversations(): Promise<number> {
    const { store } = await this.opening;
    return (await store.database.run('readonly', listConversations)).length;
  }

  /** A frontend reads: from the device alone, where the server is not to be had. */
  async #reading() {
    const opened = await this.opening;
    if (opened.store.status.isWithoutServer) opened.store.bus.emit('used-without-server', 'read');
    return opened;
  }
}

/** The conversation store of a chat frontend. */
export type ConversationStore<Time = string> = HybridConversationStore<Time>;

/** Makes the conversation store of a chat frontend, and opens it. */
export function createConversationStore<Time = string>(options: StoreOptions<Time> = {}): ConversationStore<Time> {
  return new HybridConversationStore(options);
}
