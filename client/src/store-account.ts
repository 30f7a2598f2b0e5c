/** The store's methods for what belongs to the user: sessions, codes, import and export, shares, the trash. */

import { StoreError } from './errors.js';
import { load } from './load.js';
import { StoreCore } from './store-core.js';
import type {
  ConversationInput,
  ExpiringPage,
  ForkedShare,
  ImportFileOptions,
  ImportFileReport,
  ImportReport,
  MigrationReport,
  PageOptions,
  PermanentDeletionOptions,
  ReadToken,
  RecoveryCode,
  Share,
  SharedConversation,
  Statistics,
  TimeInput,
  TrashPage,
} from './types.js';

/**
 * What belongs to the user rather than to one conversation: codes and sessions, everything in and out, shares, the trash. Most
 * of it asks the server.
 */
export abstract class AccountStore<Time = string> extends StoreCore<Time> {
  /**
   * The header that tells the frontend's own server who asks, with a token that is valid now; begins a session where there is
   * none. For requests to the page's own origin only: with the token, all that is the user's can be read and written. A page that
   * listens for `user-changed` hears of another user before this gives that user's token.
   */
  async authorization(): Promise<{ Authorization: string }> {
    const { store } = await this.opening;
    if (!store.isEnabled) throw new StoreError('disabled', 'The server is switched off.');
    return (await store.engine.get()).authorization();
  }

  /** A code of 8 characters by which another device becomes this user, once, within 10 minutes. */
  async createLinkCode(): Promise<{ code: string; expiresAt: string }> {
    const { account, store } = await this.#account();
    return account.createLinkCode(store);
  }

  /**
   * Becomes the user whose code it is. With `keepLocal` (the default) the conversations of this device's user so far
   * go along; without, they are removed from this device: ask before. Rejects with `wrong_code`.
   */
  async redeemLinkCode(code: string, options?: { keepLocal?: boolean }): Promise<{ userId: string; kept: number }> {
    const { account, store } = await this.#account();
    return account.becomeUserOf(store, 'redeem', code, options);
  }

  /**
   * A code that brings this anonymous user back on a browser that has lost it; the code before ends. Nobody can tell it
   * again: it is to be written down or printed. `getStatistics()` says whether there is one, and since when.
   */
  async createRecoveryCode(): Promise<RecoveryCode> {
    const { account, store } = await this.#account();
    return account.createRecoveryCode(store);
  }

  /**
   * A token by which an agent reads this user's conversations, and does nothing else; the token before ends. Nobody can tell it
   * again. `getStatistics()` says whether there is one, and since when.
   */
  async createReadToken(): Promise<ReadToken> {
    const { account, store } = await this.#account();
    return account.createReadToken(store);
  }

  /** Ends that token, if there is one. */
  async revokeReadToken(): Promise<void> {
    const { account, store } = await this.#account();
    await account.revokeReadToken(store);
  }

  /**
   * Becomes the user whose recovery code it is, as `redeemLinkCode()` does. Rejects with `wrong_code`, and with
   * `invalid_field` where the code is mistyped.
   */
  async recover(code: string, options?: { keepLocal?: boolean }): Promise<{ userId: string; kept: number }> {
    const { account, store } = await this.#account();
    return account.becomeUserOf(store, 'recover', code, options);
  }

  /** Ends the recovery code, if there is one. */
  async revokeRecoveryCode(): Promise<void> {
    const { account, store } = await this.#account();
    await account.revokeRecoveryCode(store);
  }

  /** Ends the session of all other devices. */
  async signOutEverywhere(): Promise<void> {
    const { account, store } = await this.#account();
    await account.signOutEverywhere(store);
  }

  /** For a device that was signed out: a new anonymous user, to whom what is on this device is sent. */
  async startNewSession(): Promise<void> {
    const { account, store } = await this.#account();
    await account.startNewSession(store);
  }

  /** With `getToken`: takes what the anonymous user of this device has into the account, once. */
  async claimAnonymous(): Promise<{ conversations: number }> {
    const { account, store } = await this.#account();
    return account.claimAnonymous(store);
  }

  /**
   * Deletes everything of the user, at the server, on this device, and on others that listen just then. A device that does
   * not keeps what it has; nothing of it goes to the server again unless something is written to it there.
   */
  async eraseEverything(): Promise<void> {
    const { account, store } = await this.#account();
    await account.eraseEverything(store);
  }

  /** Everything at the server, as lines of JSON that `importData()` takes back. */
  async exportAll(): Promise<Blob> {
    const { transfer, store } = await this.#transfer();
    return transfer.exportAll(store);
  }

  async exportConversation(id: string, format: 'json' | 'markdown' | 'ndjson' = 'json'): Promise<Blob> {
    const { transfer, store } = await this.#transfer();
    return transfer.exportConversation(store, id, format);
  }

  /**
   * Imports an export, the value of the old localStorage key, or `{"conversations":[...]}`, of any size. Where the server
   * is away or switched off, to this device, and from there to the server later.
   */
  async importData(data: string | Blob | readonly ConversationInput[]): Promise<ImportReport> {
    const { transfer, store } = await this.#transfer();
    return transfer.importData(store, data);
  }

  /**
   * Imports a file of another system as it is, or one of the service's own, of any size: sessions of Claude Code, exports of
   * claude.ai, ChatGPT, LibreChat and Open WebUI, `UIMessage[]`; also those in a ZIP archive. The server converts it, so it rejects
   * with `offline` without it. The same file again changes nothing but for what is new in it.
   */
  async importFile(file: Blob, options?: ImportFileOptions): Promise<ImportFileReport> {
    const [{ store }, { importFile }] = await Promise.all([this.opening, load(() => import('./import-file/index.js'))]);
    return importFile(store, file, options);
  }

  /** Imports the old localStorage data: on start by itself, unless `migrate: false`. */
  async migrate(): Promise<MigrationReport> {
    return (await this.#migration()).run();
  }

  /** Writes what there is now back into the old key, in its form, and forgets that it was migrated. */
  async undoMigration(): Promise<{ conversations: number }> {
    return (await this.#migration()).undo();
  }

  /** Deletes the old key, once all of it is at the server; until then rejects with `not_migrated`. */
  async removeOldData(): Promise<void> {
    await (await this.#migration()).removeOldData();
  }

  async createShare(conversationId: string, { expiresAt }: { expiresAt?: TimeInput } = {}): Promise<Share> {
    const { shares, store } = await this.#shares();
    return shares.createShare(store, conversationId, expiresAt);
  }

  async listShares(): Promise<Share[]> {
    const { shares, store } = await this.#shares();
    return shares.listShares(store);
  }

  /** A share of anybody's; needs no user. */
  async readShare(id: string, { cursor }: { cursor?: string } = {}): Promise<SharedConversation> {
    const { shares, store } = await this.#shares();
    return shares.readShare(store, id, cursor);
  }

  /** Makes a conversation of the user's own of a share of anybody's. It is at the server; the next sync brings it here. */
  async forkShare(id: string): Promise<ForkedShare> {
    const { shares, store } = await this.#shares();
    return shares.forkShare(store, id);
  }

  async deleteShare(id: string): Promise<void> {
    const { shares, store } = await this.#shares();
    await shares.deleteShare(store, id);
  }

  /** A page of what is in the trash, last deleted first. */
  async listTrash(options?: PageOptions): Promise<TrashPage> {
    const { trash, store } = await this.#trash();
    return trash.listTrash(store, options);
  }

  /** Takes a conversation out of the trash. It is in the list at once, on this device. */
  async restoreConversation(id: string): Promise<void> {
    const { trash, store } = await this.#trash();
    await trash.restoreConversation(store, id);
  }

  /**
   * Deletes a conversation for good, whether it is in the trash or not; with the `deletedAt` of an entry of the trash only that:
   * rejects with `conversation_not_found` where the conversation was restored since.
   */
  async deletePermanently(id: string, options?: PermanentDeletionOptions): Promise<void> {
    const { trash, store } = await this.#trash();
    await trash.deletePermanently(store, id, options);
  }

  /** Deletes for good what is in the trash. */
  async emptyTrash(): Promise<void> {
    const { trash, store } = await this.#trash();
    await trash.emptyTrash(store);
  }

  /**
   * A page of the conversations that expire within so many days (14, at most 365), last changed first. To keep one,
   * `updateConversation(id, { keep: true })`.
   */
  async listExpiring(options?: PageOptions & { days?: number }): Promise<ExpiringPage> {
    const { trash, store } = await this.#trash();
    return trash.listExpiring(store, options);
  }

  /** How many days the user's conversations live without being used; null is for ever, as far as the server allows. */
  async setConversationTtl(days: number | null): Promise<Statistics> {
    const { trash, store } = await this.#trash();
    return trash.setConversationTtl(store, days);
  }

  async getStatistics(): Promise<Statistics> {
    const { store } = await this.opening;
    const { api } = await store.engine.get();
    return (await api.call<Statistics>('GET', '/user', { ownership: await api.owner() })).body;
  }

  // What few pages need is loaded when it is used.

  async #account() {
    const [{ store }, account] = await Promise.all([this.opening, load(() => import('./account.js'))]);
    return { account, store };
  }

  async #transfer() {
    const [{ store }, transfer] = await Promise.all([this.opening, load(() => import('./transfer.js'))]);
    return { transfer, store };
  }

  async #shares() {
    const [{ store }, shares] = await Promise.all([this.opening, load(() => import('./shares.js'))]);
    return { shares, store };
  }

  async #trash() {
    const [{ store }, trash] = await Promise.all([this.opening, load(() => import('./trash.js'))]);
    return { trash, store };
  }

  async #migration() {
    const [{ store }, { Migration }] = await Promise.all([this.opening, load(() => import('./migration.js'))]);
    return new Migration(store);
  }
}
