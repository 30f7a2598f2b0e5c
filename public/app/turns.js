/** The turns of a conversation: a message and its reply, written again, or edited and written again. */

import { DEMO, countTokens, demoReplyTo, stream } from './demo-reply.js';
import { newId } from './ids.js';
import { store } from './store.js';

/** How often a growing reply is saved, in ms. */
const SAVE_EVERY = 250;

export class Turns {
  /** What is being written: by conversation, the message and how to stop it. */
  #writing = new Map();
  #onGrow;
  #onEnd;

  /** `onGrow(conversationId, message)` with each word, `onEnd(conversationId, message)` when it is complete. */
  constructor({ onGrow, onEnd }) {
    this.#onGrow = onGrow;
    this.#onEnd = onEnd;
  }

  /** The reply that this tab is writing in a conversation, as far as it is. */
  writingIn(conversationId) {
    return this.#writing.get(conversationId)?.message ?? null;
  }

  stop(conversationId) {
    this.#writing.get(conversationId)?.controller.abort();
  }

  /** Adds a message, to a new conversation if there is none, and gives the conversation's id. */
  async send(conversationId, content) {
    /** @type {import('/conversation-store.js').MessageInput} */
    const message = { id: newId(), type: 'user', content, timestamp: new Date().toISOString(), editable: true };
    const id = conversationId ?? (await this.#begin(message));
    if (conversationId) await store.addMessage(id, message);
    this.#reply(id, content);
    return id;
  }

  async #begin(message) {
    const conversation = store.createNewConversation();
    const title = store.generateTitle([message]);
    await store.saveConversation({ ...conversation, title, messages: [message] });
    return conversation.id;
  }

  /** Replaces a reply and what follows it by another reply. */
  async regenerate(conversationId, replyId, question) {
    this.stop(conversationId);
    await store.deleteMessage(conversationId, replyId, { andAfter: true });
    this.#reply(conversationId, question);
  }

  /** Changes a message and replaces all that follows it by a reply. */
  async edit(conversationId, messageId, content, followingId) {
    this.stop(conversationId);
    await store.updateMessage(conversationId, messageId, { content });
    if (followingId) await store.deleteMessage(conversationId, followingId, { andAfter: true });
    this.#reply(conversationId, content);
  }

  #reply(conversationId, question) {
    this.#write(conversationId, question).catch((error) => {
      // The message may have been deleted while it was being written: then there is nothing to go on with.
      const isGone = ['conversation_deleted', 'conversation_not_found', 'message_not_found'].includes(error.code);
      if (!isGone) throw error;
    });
  }

  async #write(conversationId, question) {
    const controller = new AbortController();
    /** @type {import('/conversation-store.js').MessageInput & { model: string }} */
    const message = {
      id: newId(),
      type: 'assistant',
      content: '',
      timestamp: new Date().toISOString(),
      streaming: true,
      model: DEMO,
    };
    const entry = { message, controller };
    this.#writing.set(conversationId, entry);
    try {
      await store.addMessage(conversationId, message);
      let savedAt = Date.now();
      for await (const content of stream(demoReplyTo(question), controller.signal)) {
        message.content = content;
        this.#onGrow(conversationId, message);
        if (Date.now() - savedAt < SAVE_EVERY) continue;
        savedAt = Date.now();
        await store.updateMessage(conversationId, message.id, { content });
      }
      message.streaming = false;
      message.tokens = countTokens(question, message.content);
      await store.updateMessage(conversationId, message.id, {
        content: message.content,
        streaming: false,
        tokens: message.tokens,
      });
    } finally {
      if (this.#writing.get(conversationId) === entry) this.#writing.delete(conversationId);
      this.#onEnd(conversationId, message);
    }
  }
}
