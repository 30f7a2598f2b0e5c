import { StoreError } from './errors.js';
import { shownBetween } from './records.js';
import { newUuid } from './text.js';
import { wipe } from './adopting.js';

/** Devices and users: who this device is, and whose what is on it. */
export class Account {
  #core;

  constructor(core) {
    this.#core = core;
  }

  async createLinkCode() {
    const { body } = await this.#core.api.call('POST', '/session', { body: { action: 'link' } });
    await this.#core.company.note();
    // Whoever enters it may be at work at once.
    this.#core.live.reconsider();
    return body;
  }

  /** Becomes the user whose code it is; what is here goes along, or is removed. */
  async redeemLinkCode(code, { keepLocal = true } = {}) {
    const core = this.#core;
    if (core.session.isOfProvider) throw new StoreError('use_provider', 'This user signs in at the auth provider.');
    return core.exclusively(async () => {
      // Before anything changes: what only the server has of the user before could not be had afterwards.
      if (keepLocal && core.session.stored?.token) await this.#fetchAll();
      const options = { body: { action: 'redeem', code }, isPublic: true };
      const { body } = await core.api.call('POST', '/session', options);
      if (!keepLocal) await core.database.run('readwrite', wipe);
      await core.session.become(body);
      await core.company.note();
      core.announceUser();
      const { length: kept } = await core.localConversations();
      return { userId: body.userId, kept };
    });
  }

  /** Brings all messages of all conversations here. */
  async #fetchAll() {
    const { changes, reader } = this.#core;
    await changes.ask();
    for (const { id } of await this.#core.localConversations()) {
      const record = await reader.follow(id);
      if (!record.onServer) continue;
      // -Infinity: as far back as there is anything.
      await reader.refresh(id, -Infinity);
    }
  }

  async signOutEverywhere() {
    const { body } = await this.#core.api.call('POST', '/session', { body: { action: 'signOutEverywhere' } });
    this.#core.session.keep(body);
  }

  async startNewSession() {
    const core = this.#core;
    await core.exclusively(async () => {
      const { body } = await core.api.call('POST', '/session', { isPublic: true });
      await core.session.become(body);
      core.announceUser();
    });
  }

  /** Deletes everything of the user: at the server first, so that nothing is left there that nobody can reach. */
  async eraseEverything() {
    const core = this.#core;
    // What is at the server could not be reached any more.
    if (core.session.stored?.isSignedOut)
      throw new StoreError('signed_out', 'This session was ended from another device.');
    await core.exclusively(async () => {
      if (core.session.exists) await this.#eraseAtServer();
      const ids = (await core.localConversations()).map(({ id }) => id);
      await core.database.run('readwrite', wipe);
      core.forgetOldData();
      core.session.forget();
      for (const id of ids) core.changed(id, { changed: true, deleted: true }, 'tab');
      core.announceUser();
    });
  }

  async #eraseAtServer() {
    let total;
    for (;;) {
      const { body } = await this.#core.api.call('DELETE', '/user');
      if (body.erased) return;
      total ??= body.remaining;
      this.#core.emitter.emit('progress', { task: 'erase', done: total - body.remaining, total });
    }
  }

  /**
   * Takes what the anonymous user of this device has into the account: at the server, and what has not got there yet,
   * from here. `anonymous` is the core of that user's store.
   */
  async claimAnonymous(anonymous) {
    const core = this.#core;
    const token = anonymous.session.stored?.token;
    if (token) await anonymous.flush();
    const conversations = await anonymous.localConversations();
    if (token) await this.#claimAtServer(token);
    else await core.exclusively(() => this.#takeOver(anonymous, conversations));
    await anonymous.database.run('readwrite', async (tx) => {
      const unsent = await tx.list('outbox', null, null);
      if (token && unsent.length > 0)
        throw new StoreError('offline', 'Something was written meanwhile, and is not sent yet.');
      await wipe(tx);
    });
    anonymous.session.forget();
    await core.live.ask().catch(() => {});
    return { conversations: conversations.length };
  }

  async #claimAtServer(token) {
    const options = { body: { action: 'claim', token } };
    for (;;) {
      const { body } = await this.#core.api.call('POST', '/session', options);
      if (body.claimed) return;
    }
  }

  /** Copies records of the anonymous user that no server has seen; under another id where the account has one of the same. */
  async #takeOver(anonymous, conversations) {
    for (const record of conversations) {
      const [messages, entry] = await anonymous.database.run('readonly', async (tx) => [
        await tx.list('messages', 'order', shownBetween(record.id)),
        await tx.get('outbox', record.id),
      ]);
      await this.#core.database.run('readwrite', async (tx) => {
        const id = (await tx.get('conversations', record.id)) ? `conv-${newUuid()}` : record.id;
        await tx.put('conversations', { ...record, id });
        for (const message of messages) await tx.put('messages', { ...message, conversation: id });
        if (entry) await tx.put('outbox', { ...entry, conversation: id, request: null });
      });
    }
  }
}
