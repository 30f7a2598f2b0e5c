import { Api } from './api.js';
import { BULK, forgetBuried } from './records.js';
import { Changes } from './changes.js';
import { CircuitBreaker } from './breaker.js';
import { Company } from './company.js';
import { Emitter } from './emitter.js';
import { Flushing } from './flushing.js';
import { GRACE, Live } from './live.js';
import { Reader } from './reader.js';
import { Reports } from './reports.js';
import { Sender } from './sender.js';
import { Session } from './session.js';
import { StoreError } from './errors.js';
import { Tabs } from './tabs.js';
import { adopt } from './adopting.js';
import { begin as beginTenure, readTenure } from './tenure.js';
import { createMemoryDatabase } from './memory-database.js';
import { defaultEnvironment } from './environment.js';
import { forgetOldData } from './migration.js';
import { isBehind } from './planning.js';

/** Conversations that a tab keeps up to date: those it opened last. */
const KEPT_OPEN = 3;

/** Errors that say that the session counts no more. */
const SIGNED_OUT = new Set(['signed_out', 'invalid_token', 'missing_token']);

/** Puts the parts together and keeps them going: what the store is behind its interface. */
export class Core {
  emitter = new Emitter();
  // The parts that `open()` makes.
  /** @type {import('./environment.js').Database} */
  database;
  /** @type {Reader} */
  reader;
  /** @type {Company} */
  company;
  /** @type {Changes} */
  changes;
  /** @type {Sender} */
  sender;
  /** @type {Live} */
  live;
  /** @type {Tabs} */
  tabs;
  #options;
  #stopWatching;
  /** @type {{ pending: number, refused: number, error: { code: string } | null, hasSucceeded: boolean, live: string }} */
  #state = { pending: 0, refused: 0, error: null, hasSucceeded: false, live: 'off' };
  #lastStatus = '';
  #hiddenAt = null;
  #opened = [];
  #isClosed = false;
  /** @type {Flushing} */
  #flushing;

  /**
   * Hears of a portion that an import in the background has brought to the server.
   *
   * @type {((portion: { left: number, rejected: object[] }) => Promise<void>) | undefined}
   */
  onImported;

  constructor(options) {
    const { getToken, account = 'anonymous', api = '/api', environment } = options;
    if (getToken && !options.account) throw new TypeError('getToken needs an account: whose data this is');
    this.#options = options;
    this.account = account;
    this.environment = { ...defaultEnvironment(), ...environment };
    const { clock } = this.environment;
    this.clock = clock;
    this.breaker = new CircuitBreaker(clock);
    const begin = async (token) =>
      (await this.api.call('POST', '/session', token ? { token } : { isPublic: true })).body;
    const own = (user) => this.own(user);
    this.session = new Session({ environment: this.environment, getToken, account, begin, own });
    this.api = new Api({ base: api, environment: this.environment, breaker: this.breaker, session: this.session });
    this.reports = new Reports({ api: this.api, clock });
  }

  /** Opens the local data; from then on the parts that need it are there. */
  async open() {
    const { openDatabase, page, locks, openChannel } = this.environment;
    this.database = await openDatabase(`conversation-store-${this.account}`).catch(() => createMemoryDatabase());
    const parts = { database: this.database, api: this.api, clock: this.clock };
    const tell = (id, result, source) => this.changed(id, result, source);
    this.reader = new Reader({ ...parts, tell });
    this.company = new Company(parts);
    await this.company.load();
    await this.database.run('readwrite', (tx) => forgetBuried(tx, this.clock.now()));
    // Another tab may be waiting for the server with the session's lock; what is here need not.
    this.session.reconcile().catch(() => {});
    this.changes = new Changes({ ...parts, tell });
    this.sender = new Sender({
      ...parts,
      reader: this.reader,
      random: this.environment.random,
      tell: this.#senderTells(),
      isEager: () => this.company.isNear,
      inTurn: (work) => this.inTurn('shared', work),
    });
    this.live = new Live({
      ...parts,
      changes: this.changes,
      company: this.company,
      page,
      settled: () => this.sender.settled(),
      isAllowed: () => this.session.exists,
      tell: (mode, error) => this.#liveTells(mode, error),
    });
    this.tabs = new Tabs({
      locks,
      openChannel,
      name: `conversation-store-${this.account}`,
      onLead: () => this.#lead(),
      onLeave: () => this.#leave(),
      onMessage: (message) => this.#hear(message),
    });
    this.#flushing = new Flushing({
      tabs: this.tabs,
      sender: this.sender,
      clock: this.clock,
      random: this.environment.random,
    });
    this.#stopWatching = page.watch((event) => this.#pageChanged(event));
    await this.#count();
    this.tabs.post({ type: 'hello' });
    this.#decideToLead();
  }

  async close() {
    this.#isClosed = true;
    this.#stopWatching?.();
    await this.tabs?.close();
    this.database?.close();
  }

  get isEnabled() {
    return this.#options.enabled !== false;
  }

  /** Whether there is any point in asking the server now. */
  get mayAsk() {
    const { page } = this.environment;
    return (
      this.isEnabled &&
      this.session.exists &&
      page.isOnline() &&
      this.breaker.wait === 0 &&
      !['local', 'signed-out'].includes(this.status.mode)
    );
  }

  get status() {
    const { pending, refused, error, live } = this.#state;
    return {
      mode: this.#mode(),
      pending,
      problem: error?.code ?? null,
      live,
      leader: this.tabs?.isLeading ?? false,
      userId: this.session.stored?.userId ?? null,
      storage: this.database?.kind ?? 'indexeddb',
      refused,
    };
  }

  #mode() {
    const { error, pending, hasSucceeded } = this.#state;
    if (!this.isEnabled || !this.environment.locks || error?.code === 'storage_disabled') return 'local';
    if (SIGNED_OUT.has(error?.code ?? '') || this.session.stored?.isSignedOut) return 'signed-out';
    if (error?.code === 'account_mismatch') return 'local';
    if (error || !this.environment.page.isOnline()) return 'offline';
    if (pending > 0) return 'sending';
    return hasSucceeded || !this.session.exists ? 'synced' : 'starting';
  }

  /** This tab, or what the server told it, has changed a conversation: everybody concerned hears of it. */
  changed(id, { changed, deleted, conflicts = [], movedFrom, copy }, source) {
    if (changed) {
      const change = {
        changed: [...(deleted ? [] : [id]), ...(copy ? [copy] : [])],
        deleted: [...(deleted ? [id] : []), ...(movedFrom ? [movedFrom] : [])],
      };
      this.emitter.emit('change', { ...change, source });
      this.tabs.post({ type: 'change', ...change, source });
      if (source === 'server') this.#refreshOpened(change.changed);
    }
    for (const conflict of conflicts) this.#conflict(conflict);
  }

  /** After a change made in this tab: it is to be sent. */
  async saved(id, result) {
    this.changed(id, result, 'tab');
    if (!result.changed) return;
    if (['offline', 'local'].includes(this.status.mode)) this.reports.countWrite();
    // How much waits is counted in a moment; until then nothing may look as if it had been sent.
    this.#note({ pending: Math.max(1, this.#state.pending) });
    await this.wake();
  }

  /** Conversations that came in by another way than a save. */
  announce(ids) {
    if (ids.length === 0) return;
    this.emitter.emit('change', { changed: ids, deleted: [], source: 'tab' });
    this.tabs.post({ type: 'change', changed: ids, deleted: [], source: 'tab' });
  }

  /** Something waits to be sent. */
  async wake() {
    await this.#count();
    this.#decideToLead();
    if (this.tabs.isLeading) this.sender.wake();
    else this.tabs.post({ type: 'outbox' });
  }

  /** A frontend reads: from here alone, where the server is not to be had. */
  noteRead() {
    if (['offline', 'local'].includes(this.status.mode)) this.reports.countRead();
  }

  /** Records of the conversations here, last changed first. */
  async localConversations() {
    const records = await this.database.run('readonly', (tx) => tx.list('conversations', null, null));
    return records.filter(({ deleted }) => !deleted).sort((a, b) => b.updatedAt - a.updatedAt);
  }

  forgetOldData() {
    forgetOldData(this.environment);
  }

  /** Conversations that a frontend has on the screen are refreshed when they change elsewhere. */
  noteOpened(id) {
    this.#opened = [id, ...this.#opened.filter((other) => other !== id)].slice(0, KEPT_OPEN);
  }

  async #refreshOpened(ids) {
    for (const id of ids.filter((changed) => this.#opened.includes(changed))) {
      const refresh = async () => {
        const record = await this.database.run('readonly', (tx) => tx.get('conversations', id));
        if (record?.onServer && record.held && isBehind(record)) await this.reader.refresh(id);
      };
      const { locks } = this.environment;
      const work = locks ? locks.request(`conversation-store-${this.account} ${id}`, refresh) : refresh();
      await work.catch(() => {});
    }
  }

  #conflict({ refused, ...conflict }) {
    this.reports.countConflict();
    this.#emitEverywhere('conflict', conflict);
    if (refused) this.#tellRefused([refused]);
  }

  #emitEverywhere(name, event) {
    this.emitter.emit(name, event);
    this.tabs.post({ type: 'event', name, event });
  }

  async #tellRefused(kept) {
    for (const refused of kept) this.#emitEverywhere('refused', refused);
    if (kept.length > 0) await this.#count();
  }

  #senderTells() {
    return {
      changed: (id, result) => {
        this.changes.noteThere(id);
        this.changed(id, result, 'server');
      },
      stepped: () => this.#count(),
      refused: (kept) => this.#tellRefused(kept),
      answered: (answer, tenure) => this.live.written(answer, tenure),
      imported: ({ left, rejected, ids }) => this.#imported({ left, rejected, ids }),
      succeeded: () => {
        this.#note({ error: null, hasSucceeded: true });
        this.live.reconsider();
      },
      failed: (error) => this.#failed(error),
    };
  }

  #failed(error) {
    this.reports.countError(error.code);
    this.#note({ error: { code: error.code ?? 'internal_error' } });
  }

  async #imported({ left, rejected, ids }) {
    for (const id of ids) this.changes.noteThere(id);
    this.emitter.emit('change', { changed: ids, deleted: [], source: 'server' });
    this.tabs.post({ type: 'change', changed: ids, deleted: [], source: 'server' });
    await this.onImported?.({ left, rejected });
    await this.#count();
  }

  #liveTells(live, error) {
    if (error) this.#failed(error);
    else if (live === 'stream' || live === 'polling') this.#note({ live, error: null, hasSucceeded: true });
    else this.#note({ live });
  }

  /** How much waits, for the status. */
  async #count() {
    const { pending, refused } = await this.database.run('readonly', async (tx) => ({
      pending: (await tx.list('outbox', null, null)).filter(({ conversation }) => conversation !== BULK).length,
      refused: (await tx.list('refused', null, null)).length,
    }));
    this.#note({ pending, refused });
  }

  #note(state) {
    Object.assign(this.#state, state);
    const { status } = this;
    const text = JSON.stringify(status);
    if (text === this.#lastStatus) return;
    this.#lastStatus = text;
    this.emitter.emit('status', status);
    if (this.tabs?.isLeading) this.tabs.post({ type: 'status', state: this.#state });
    if (state.pending === 0) this.#decideToLead();
  }

  recount() {
    return this.#count();
  }

  // Tabs.

  /** A tab that is seen leads, and one with something to send; others leave it to those. */
  #decideToLead() {
    const isSeen = this.#hiddenAt === null || this.clock.now() - this.#hiddenAt < GRACE;
    const isWanted = !this.#isClosed && this.isEnabled && (isSeen || this.#state.pending > 0);
    this.tabs.want(isWanted);
  }

  #lead() {
    this.sender.start();
    this.#flushing.lead();
    this.live.start();
    this.#note({});
  }

  async #leave() {
    await Promise.all([this.sender.stop(), this.live.stop()]);
    this.#note({ live: 'off' });
  }

  /**
   * Stops what goes on while `work` exchanges the user or all data, and begins anew with what there is then. No tab has a
   * write on its way meanwhile: after an erasure it would bring back what was erased.
   */
  async exclusively(work) {
    await this.#leave();
    try {
      return await this.inTurn('exclusive', work);
    } finally {
      if (this.tabs.isLeading) this.#lead();
      await this.#count();
    }
  }

  /** Runs `work` while no user is exchanged (`shared`), or while nothing else is done meanwhile (`exclusive`), in any tab. */
  inTurn(mode, work) {
    const { locks } = this.environment;
    return locks ? locks.request(`conversation-store-${this.account} turn`, { mode }, work) : work();
  }

  /**
   * What is here belongs to this user from now on. It goes along with an anonymous user to the next; another account's is
   * never sent.
   */
  async own(user) {
    await this.database.run('readwrite', async (tx) => {
      const tenure = await readTenure(tx);
      if (tenure.user === user) return;
      if (tenure.user && this.session.isOfProvider) {
        throw new StoreError('account_mismatch', 'What is on this device belongs to another account.');
      }
      if (tenure.user) await adopt(tx, user, this.clock.now());
      else await beginTenure(tx, tenure, user);
    });
  }

  #hear(message) {
    if (this.#isClosed) return;
    if (message.type === 'change') this.#hearChange(message);
    if (message.type === 'event') this.emitter.emit(message.name, message.event);
    if (message.type === 'status' && !this.tabs.isLeading) this.#note({ ...message.state });
    if (message.type === 'outbox' && this.tabs.isLeading) this.#count().then(() => this.sender.wake());
    if (message.type === 'hello' && this.tabs.isLeading) this.tabs.post({ type: 'status', state: this.#state });
    this.#flushing.hear(message);
    if (message.type === 'user' && this.tabs.isLeading) this.exclusively(async () => {});
  }

  #hearChange({ changed, deleted, source }) {
    this.emitter.emit('change', { changed, deleted, source: source === 'server' ? 'server' : 'other-tab' });
    if (source === 'server') this.#refreshOpened(changed);
  }

  #pageChanged(event) {
    const isVisible = this.environment.page.isVisible();
    if (isVisible) this.#hiddenAt = null;
    else if (this.#hiddenAt === null) {
      this.#hiddenAt = this.clock.now();
      this.clock.setTimeout(() => this.#decideToLead(), GRACE);
    }
    this.#decideToLead();
    if (event === 'online' && this.environment.page.isOnline()) this.breaker.reset();
    if (this.tabs.isLeading) {
      if (event === 'leaving') this.sender.flush().catch(() => {});
      else this.sender.retryNow();
    }
    this.live.pageChanged();
    if (event === 'leaving') this.reports.send();
    this.#note({});
  }

  // Sending.

  async flush() {
    if (!this.isEnabled) throw new StoreError('disabled', 'The server is switched off.');
    if (this.tabs.isLeading) return this.sender.flush();
    if (this.#state.pending === 0) await this.#count();
    if (this.#state.pending === 0) return undefined;
    return this.#flushing.ask();
  }

  /** The user, or all data, has changed: other tabs begin anew too. */
  announceUser() {
    this.tabs.post({ type: 'user' });
    this.live.pageChanged();
  }
}
