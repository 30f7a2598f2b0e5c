/** The turns of a conversation: a message and its reply, written again, or edited and written again. */

import { DEMO, countTokens, demoReplyTo, stream } from './demo-reply.js';
import { newId } from './ids.js';
import { textOf } from './message-parts.js';
import { store } from './store.js';
import { StoreError } from '/conversation-store.js';

/** How often a reply being written is saved, in ms. */
const SAVE_EVERY = 250;

export class Turns {
  /** What is being written: by conversation, the message and how to stop it. */
  #writing = new Map();
  /** The conversations in which something begins; null is the one that is not begun yet. */
  #busy = new Set();
  #onGrow;
  #onChange;
  #onEnd;
  #onFail;

  /**
   * `onGrow(conversationId, message)` with each word, `onChange()` when the state of a conversation may be another one,
   * `onEnd(conversationId, message)` when a reply is complete, `onFail(error)` when a message is saved and its reply cannot be, or
   * the rest of it.
   */
  constructor({ onGrow, onChange, onEnd, onFail }) {
    this.#onGrow = onGrow;
    this.#onChange = onChange;
    this.#onEnd = onEnd;
    this.#onFail = onFail;
  }

  /**
   * What this tab does in a conversation: `writing` a reply; `busy` with what comes before that, or with another branch;
   * or it is `idle`.
   */
  stateOf(conversationId) {
    if (this.#writing.has(conversationId)) return 'writing';
    return this.#busy.has(conversationId) ? 'busy' : 'idle';
  }

  /** The reply that this tab is writing in a conversation, as far as it is. */
  writingIn(conversationId) {
    return this.#writing.get(conversationId)?.message ?? null;
  }

  /** Ends what is being written in a conversation. Resolves when it is saved as far as it got. */
  async stop(conversationId) {
    const entry = this.#writing.get(conversationId);
    entry?.controller.abort();
    await entry?.done;
  }

  /**
   * Adds a message, to a new conversation if there is none, and gives the conversation's id. As all that follows, it is not done
   * where this tab is busy in that conversation already, by a second click above all: then it gives null.
   */
  send(conversationId, content) {
    return this.#alone(conversationId, async () => {
      /** @type {import('/conversation-store.js').MessageInput} */
      const message = { id: newId(), type: 'user', content, timestamp: new Date().toISOString(), editable: true };
      const id = conversationId ?? (await this.#begin(message));
      if (conversationId) await store.addMessage(id, message);
      await this.#replyTo(id, message.id, content);
      return id;
    });
  }

  async #begin(message) {
    const conversation = store.createNewConversation();
    const title = store.generateTitle([message]);
    await store.saveConversation({ ...conversation, title, messages: [message] });
    return conversation.id;
  }

  /** Writes another reply of a conversation to the same message, and gives its id; those that there are stay as its versions. */
  regenerate({ id, messages }, reply) {
    return this.#alone(id, async () => {
      await this.stop(id);
      const before = messages.slice(0, indexOf(messages, reply.id));
      const question = before.findLast((message) => message.type === 'user');
      const version = (reply.siblingIds?.length ?? 1) + 1;
      return this.#reply(id, before.at(-1).id, textOf(question), version);
    });
  }

  /**
   * Writes a message of a conversation anew, behind the one before it, and a reply to it; what there was stays as another version.
   * Gives the id of the new one.
   */
  edit(conversation, { id: original, siblingIds: __, editedAt: ___, ...message }, content) {
    const { id } = conversation;
    return this.#alone(id, async () => {
      await this.stop(id);
      const parentId = await idBefore(conversation, original);
      /** @type {import('/conversation-store.js').MessageInput} */
      const edited = { ...message, type: 'user', id: newId(), content, timestamp: new Date().toISOString(), parentId };
      await store.addMessage(id, edited);
      await this.#replyTo(id, edited.id, content);
      return edited.id;
    });
  }

  /** Shows the branch of a conversation with this message, and gives the message's id. Nothing is written meanwhile: it would end up there. */
  switchTo(conversationId, messageId) {
    return this.#alone(conversationId, async () => {
      await this.stop(conversationId);
      await store.switchBranch(conversationId, messageId);
      return messageId;
    });
  }

  async #alone(conversationId, work) {
    if (this.#busy.has(conversationId)) return null;
    this.#busy.add(conversationId);
    this.#onChange();
    try {
      return await work();
    } finally {
      this.#busy.delete(conversationId);
      this.#onChange();
    }
  }

  /** Begins a reply to a message that is saved: where that fails, the message is not to be sent again. */
  async #replyTo(conversationId, messageId, content) {
    try {
      await this.#reply(conversationId, messageId, content);
    } catch (error) {
      this.#onFail(error);
    }
  }

  /** Begins a reply behind a message. Resolves with its id when that is saved; the rest of it comes word by word. */
  async #reply(conversationId, parentId, question, version = 1) {
    const entry = { message: replyMessage(parentId), controller: new AbortController(), done: Promise.resolve() };
    const { message } = entry;
    this.#writing.set(conversationId, entry);
    this.#onChange();
    try {
      await store.addMessage(conversationId, message);
    } catch (error) {
      this.#end(conversationId, entry);
      throw error;
    }
    entry.done = this.#grow(conversationId, entry, question, version);
    return message.id;
  }

  async #grow(conversationId, entry, question, version) {
    try {
      await this.#write(conversationId, entry, question, version);
    } catch (error) {
      // The message may have been deleted while it was being written: then there is nothing to go on with.
      const isGone = ['conversation_deleted', 'conversation_not_found', 'message_not_found'].includes(error.code);
      if (!isGone) this.#onFail(error);
    } finally {
      this.#end(conversationId, entry);
    }
  }

  async #write(conversationId, { message, controller }, question, version) {
    let savedAt = Date.now();
    for await (const content of stream(demoReplyTo(question, version), controller.signal)) {
      message.content = content;
      this.#onGrow(conversationId, message);
      if (Date.now() - savedAt < SAVE_EVERY) continue;
      savedAt = Date.now();
      await store.updateMessage(conversationId, message.id, { content });
    }
    message.streaming = false;
    message.tokens = countTokens(question, message.content);
    const { content, streaming, tokens } = message;
    await store.updateMessage(conversationId, message.id, { content, streaming, tokens });
  }

  #end(conversationId, entry) {
    if (this.#writing.get(conversationId) === entry) this.#writing.delete(conversationId);
    this.#onChange();
    this.#onEnd(conversationId, entry.message);
  }
}

/**
 * Names what it follows: by the time it is saved, that need not be the last message any more.
 *
 * @returns {import('/conversation-store.js').MessageInput & { model: string }}
 */
function replyMessage(parentId) {
  const timestamp = new Date().toISOString();
  return { id: newId(), parentId, type: 'assistant', content: '', timestamp, streaming: true, model: DEMO };
}

/**
 * The id of the message before another one of a conversation, which is read as far back as that takes; null where there is none.
 * Rejects where it cannot be known: what is written would stand before all that there is.
 */
async function idBefore(conversation, messageId) {
  let { messages, hasOlder } = conversation;
  while (messages[0]?.id === messageId && hasOlder) {
    const older = await store.loadOlder({ ...conversation, messages });
    if (older.messages.length === messages.length) throw new StoreError('offline', 'Older messages cannot be read.');
    ({ messages, hasOlder } = older);
  }
  return messages[indexOf(messages, messageId) - 1]?.id ?? null;
}

function indexOf(messages, messageId) {
  const at = messages.findIndex((message) => message.id === messageId);
  if (at < 0) throw new StoreError('message_not_found', 'This message is not there any more.');
  return at;
}
