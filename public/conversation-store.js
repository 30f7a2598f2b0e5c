/**
 * conversation-store in the browser: the conversations of a chat frontend, kept on the device and on the server.
 * What each method promises stands in conversation-store.d.ts.
 */

import { Account } from './conversation-store/account.js';
import { Conversations } from './conversation-store/conversations.js';
import { Core } from './conversation-store/core.js';
import { Migration } from './conversation-store/migration.js';
import { exportAll, exportConversation, importData } from './conversation-store/transfer.js';
import { generateTitle, isoOf, millisecondsOf } from './conversation-store/text.js';
import { readState, writeState } from './conversation-store/records.js';
import { search } from './conversation-store/search.js';

export { StoreError } from './conversation-store/errors.js';
export { createMemoryDatabase } from './conversation-store/memory-database.js';
export { openIndexedDatabase } from './conversation-store/indexed-database.js';

const CURRENT = 'current';

export class HybridConversationStore {
  #core;
  #options;
  #conversations;
  #account;
  #migration;

  constructor(options = {}) {
    this.#options = options;
    this.#core = new Core(options);
    this.#conversations = new Conversations(this.#core, options);
    this.#account = new Account(this.#core);
    this.#migration = new Migration(this.#core);
    this.ready = this.#open();
    // Callers that wait for it hear of a failure; nobody has to.
    this.ready.catch(() => {});
  }

  async #open() {
    await this.#core.open();
    // The old data is nobody's account's.
    if (this.#options.migrate !== false && !this.#options.getToken) await this.#migration.start();
  }

  get status() {
    return this.#core.status;
  }

  async getAllConversations(options) {
    await this.ready;
    this.#core.noteRead();
    return this.#conversations.list(options);
  }

  async getConversation(id) {
    await this.ready;
    this.#core.noteRead();
    const conversation = await this.#conversations.get(id);
    if (conversation) this.#core.noteOpened(conversation.id);
    return conversation;
  }

  async loadOlder(conversation) {
    await this.ready;
    return this.#conversations.loadOlder(conversation);
  }

  async saveConversation(conversation) {
    // Copied before anything is awaited: the caller may go on changing it.
    const copy = { ...conversation, messages: conversation.messages?.map((message) => ({ ...message })) };
    await this.ready;
    await this.#conversations.save(copy);
  }

  async deleteConversation(id) {
    await this.ready;
    await this.#conversations.delete(id);
  }

  async addMessage(conversationId, message) {
    const copy = { ...message };
    await this.ready;
    await this.#conversations.addMessage(conversationId, copy);
  }

  async updateMessage(conversationId, messageId, updates) {
    const copy = { ...updates };
    await this.ready;
    await this.#conversations.updateMessage(conversationId, messageId, copy);
  }

  generateTitle(messages) {
    return generateTitle(messages);
  }

  createNewConversation(mcpServers) {
    return this.#conversations.createNew(mcpServers);
  }

  async deleteMessage(conversationId, messageId, options) {
    await this.ready;
    await this.#conversations.deleteMessage(conversationId, messageId, options);
  }

  async updateConversation(id, updates) {
    const copy = { ...updates };
    await this.ready;
    await this.#conversations.update(id, copy);
  }

  async search(text, { limit = 50 } = {}) {
    await this.ready;
    return search(this.#core.database, text, limit);
  }

  async getCurrentConversationId() {
    await this.ready;
    const here = await this.#core.database.run('readonly', (tx) => readState(tx, CURRENT));
    if (here !== undefined || !this.#core.mayAsk) return here ?? null;
    const { body } = await this.#core.api.call('GET', '/session');
    return body.currentConversationId;
  }

  async setCurrentConversationId(id) {
    await this.ready;
    await this.#core.database.run('readwrite', (tx) => writeState(tx, CURRENT, id));
  }

  on(name, listener) {
    return this.#core.emitter.on(name, listener);
  }

  async flush() {
    await this.ready;
    await this.#core.flush();
  }

  async sync() {
    await this.ready;
    await this.#core.live.ask();
  }

  async refusedWrites() {
    await this.ready;
    return this.#core.database.run('readonly', (tx) => tx.list('refused', null, null, { reverse: true }));
  }

  async discardRefused(key) {
    await this.ready;
    await this.#core.database.run('readwrite', (tx) => tx.delete('refused', key));
    await this.#core.recount();
  }

  async close() {
    await this.ready.catch(() => {});
    await this.#core.close();
  }

  async createLinkCode() {
    await this.ready;
    return this.#account.createLinkCode();
  }

  async redeemLinkCode(code, options) {
    await this.ready;
    return this.#account.redeemLinkCode(code, options);
  }

  async countLocalConversations() {
    await this.ready;
    return (await this.#core.localConversations()).length;
  }

  async signOutEverywhere() {
    await this.ready;
    await this.#account.signOutEverywhere();
  }

  async startNewSession() {
    await this.ready;
    await this.#account.startNewSession();
  }

  async claimAnonymous() {
    await this.ready;
    const { getToken, account, ...options } = this.#options;
    const anonymous = new Core(options);
    await anonymous.open();
    try {
      return await this.#account.claimAnonymous(anonymous);
    } finally {
      await anonymous.close();
    }
  }

  async eraseEverything() {
    await this.ready;
    await this.#account.eraseEverything();
  }

  async exportAll() {
    await this.ready;
    return exportAll(this.#core);
  }

  async exportConversation(id, format = 'json') {
    await this.ready;
    return exportConversation(this.#core, id, format);
  }

  async importData(data) {
    await this.ready;
    return importData(this.#core, data);
  }

  async migrate() {
    await this.ready;
    return this.#migration.run();
  }

  async undoMigration() {
    await this.ready;
    return this.#migration.undo();
  }

  async removeOldData() {
    await this.ready;
    await this.#migration.removeOldData();
  }

  async createShare(conversationId, /** @type {{ expiresAt?: unknown }} */ { expiresAt } = {}) {
    await this.flush();
    const expires = expiresAt === undefined ? {} : { expiresAt: isoOf(millisecondsOf(expiresAt)) };
    return this.#call('POST', '/shares', { body: { conversationId, ...expires } });
  }

  async listShares() {
    return (await this.#call('GET', '/shares')).data;
  }

  readShare(id, /** @type {{ cursor?: string }} */ { cursor } = {}) {
    const query = new URLSearchParams({ id, ...(cursor && { cursor }) });
    return this.#call('GET', `/shares?${query}`, { isPublic: true });
  }

  async forkShare(id) {
    const body = { forkOf: { shareId: id } };
    const { id: conversationId, title, messageCount } = await this.#call('POST', '/conversations', { body });
    return { id: conversationId, title, messageCount };
  }

  async deleteShare(id) {
    await this.#call('DELETE', `/shares?${new URLSearchParams({ id })}`);
  }

  getStatistics() {
    return this.#call('GET', '/user');
  }

  async #call(method, path, options) {
    await this.ready;
    return (await this.#core.api.call(method, path, options)).body;
  }
}
