/** Reads and writes a conversation's local messages in the form of the AI SDK. */

import type { UIMessage } from 'ai';
import { StoreError } from '../../errors.js';
import type { Conversation, ConversationInput, MessageInput, MessagePlace } from '../../types.js';
import { fieldsOf, type MessageStatus, type StoredMessage, toUIMessage } from '../messages.js';
import { ChatUser } from './chat-user.js';

/** What is asked of the store of the page. */
export interface DeviceStore {
  getConversation(id: string): Promise<Conversation<unknown> | null>;
  saveConversation(conversation: ConversationInput): Promise<void>;
  addMessage(conversationId: string, message: MessageInput, place?: MessagePlace): Promise<void>;
  sync(): Promise<void>;
  checkUser(): Promise<void>;
}

/** One conversation of the device, as a chat of the AI SDK, while the user is here under whom it was opened. */
export class DeviceChat<M extends UIMessage> {
  readonly store: DeviceStore;
  readonly id: string;
  readonly user: ChatUser;
  /** A message of the device → as the AI SDK knows it. */
  readonly #messages = new WeakMap<object, M>();
  #isThere = false;

  constructor(store: DeviceStore, id: string, user = new ChatUser()) {
    this.store = store;
    this.id = id;
    this.user = user;
  }

  /** By what the page knows the chat: another user's with the same conversation is another one. */
  get key(): string {
    return `${this.id} ${this.user.number}`;
  }

  /** Rejects with `user_changed` where another user is here by now. */
  async expectUser(): Promise<void> {
    await this.store.checkUser();
    this.user.signal.throwIfAborted();
  }

  /** What is the same as before is the very same object. */
  messagesOf({ messages }: Conversation<unknown>): M[] {
    return messages.map((stored) => {
      const known = this.#messages.get(stored);
      if (known) return known;
      const message = toUIMessage<M>(stored as unknown as StoredMessage);
      this.#messages.set(stored, message);
      return message;
    });
  }

  /** Writes a message, or what is different in it; resolves when it is safe on the device. */
  async save(message: M, parentId: string | null, status: MessageStatus): Promise<void> {
    const input = { id: message.id, ...fieldsOf(message, status) } as MessageInput;
    // Another tab or device may have deleted it. A question is asked all the same; an answer brings nothing back.
    const isQuestion = message.role === 'user';
    if (isQuestion || !this.#isThere) this.#isThere = await this.isThere();
    await this.expectUser();
    if (this.#isThere) await this.#add(input, parentId);
    else await this.store.saveConversation({ id: this.id, messages: [input] });
    this.#isThere = true;
  }

  /** Whether the device has the conversation. */
  async isThere(): Promise<boolean> {
    return (await this.store.getConversation(this.id)) !== null;
  }

  /** What it follows may be where this device cannot find it: then it stands at the end. */
  async #add(message: MessageInput, parentId: string | null): Promise<void> {
    try {
      await this.store.addMessage(this.id, message, { parentId });
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'message_not_found') throw error;
      await this.store.addMessage(this.id, message);
    }
  }
}
