import { readEvents } from './events.js';
import { StoreError } from './errors.js';

/** A tab hidden for less than this, ms, goes on listening: looking something up does not cost a new stream. */
export const GRACE = 60_000;
/** Looking again costs commands: not more often than this, ms, however often the tab is switched. */
const SHORTEST_PAUSE = 30_000;
/** A server that streams sends its first event at once. */
const FIRST_EVENT = 10_000;
/** A stream that ends sooner than this, ms, is not followed by the next one at once. */
const BRIEF = 10_000;
/** Changes that have to be asked for are asked for together. */
const GATHER = 1_000;
const LONGEST_BACKOFF = 300_000;
/** Where the user has as many streams as one may have, and the server does not say when to come back, ms. */
const CROWDED_PAUSE = 60_000;
/** Where storage is switched off, or nobody is signed in, ms. */
const REFUSED_BACKOFF = 600_000;
const REFUSALS = new Set(['storage_disabled', 'signed_out']);

/**
 * Hears of other devices' changes: by a stream where that is possible, else by asking, less and less often while
 * nothing happens, and not at all in a hidden tab. A stream costs one command more than asking once and lasts for
 * minutes, so that asking is what is left where streams do not get through.
 */
export class Live {
  #api;
  #changes;
  #company;
  #clock;
  #page;
  #tell;
  #settled;
  #isAllowed;
  #isActive = false;
  /** @type {Promise<void> | null} */
  #running = null;
  #mode = 'off';
  /** From when on a stream may get through, ms: until it is tried, or for good where that is infinite. */
  #streamsFrom = -Infinity;
  #quiet = 0;
  #failures = 0;
  #isRefused = false;
  #isBrief = false;
  #lastContact = -Infinity;
  /** @type {number | null} */
  #hiddenAt = null;
  /** @type {(() => void) | null} */
  #sleeper = null;
  /** @type {(() => void) | null} */
  #abort = null;
  #gathering = null;

  /**
   * `tell(mode, error)` hears of the mode and of failures; `settled()` resolves when no write is on its way;
   * `isAllowed()`: whether there is a user to listen for.
   */
  constructor({ api, changes, company, clock, page, tell, settled, isAllowed }) {
    this.#api = api;
    this.#changes = changes;
    this.#company = company;
    this.#clock = clock;
    this.#page = page;
    this.#tell = tell;
    this.#settled = settled;
    this.#isAllowed = isAllowed;
  }

  get mode() {
    return this.#mode;
  }

  start() {
    this.#isActive = true;
    this.#failures = 0;
    this.#isRefused = false;
    this.#isBrief = false;
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
      this.#setMode('off');
    });
  }

  async stop() {
    this.#isActive = false;
    this.#abort?.();
    this.#wake();
    await this.#running;
  }

  /** The tab was shown or hidden, or the network came or went. */
  pageChanged() {
    if (this.#page.isVisible()) {
      if (this.#hiddenAt !== null) this.#quiet = 0;
      this.#hiddenAt = null;
      this.#wake();
    } else {
      this.#hiddenAt ??= this.#clock.now();
      this.#clock.setTimeout(() => this.#leaveIfHidden(), GRACE);
    }
  }

  #leaveIfHidden() {
    if (this.#hiddenAt === null || this.#clock.now() - this.#hiddenAt < GRACE) return;
    this.#abort?.();
    this.#wake();
  }

  /** The server answers, and there may be a user now. */
  reconsider() {
    this.#failures = 0;
    this.#wake();
  }

  /** A write was answered. Where it shows that nobody else has written, there is no need to ask for a while. */
  async written(answer, tenure) {
    if (this.#mode === 'stream') return;
    const isAll = await this.#changes.applyOwn(answer, tenure);
    if (isAll === true) this.#contacted();
    if (isAll === false) this.#askSoon();
  }

  /** Asks now. */
  async ask() {
    if (await this.#changes.ask()) await this.#noteCompany();
    this.#contacted();
  }

  async #run() {
    while (this.#isActive) {
      if (!this.#mayListen()) {
        this.#setMode('resting');
        await this.#sleep(null);
        continue;
      }
      const wait = this.#isStreamDue ? 0 : this.#lastContact + this.#pause() - this.#clock.now();
      if (wait > 0) {
        this.#setMode(this.#canStream ? 'resting' : 'polling');
        await this.#sleep(Math.min(wait, this.#untilStreams()));
      } else {
        await this.#listenOnce();
      }
    }
  }

  get #canStream() {
    return this.#clock.now() >= this.#streamsFrom;
  }

  #mayListen() {
    const isSeen = this.#hiddenAt === null || this.#clock.now() - this.#hiddenAt < GRACE;
    return isSeen && this.#page.isOnline() && this.#isAllowed();
  }

  /** There were too many streams, and by now the server may take one more. */
  get #isStreamDue() {
    return this.#streamsFrom !== -Infinity && this.#canStream;
  }

  /** How long until streams are tried again, ms; where they are not given up, there is nothing to wait for. */
  #untilStreams() {
    return this.#canStream ? Infinity : this.#streamsFrom - this.#clock.now();
  }

  #pause() {
    if (this.#failures > 0 && this.#isRefused) return REFUSED_BACKOFF;
    if (this.#failures > 0) return Math.min(LONGEST_BACKOFF, 5_000 * 2 ** (this.#failures - 1));
    if (this.#isBrief) return BRIEF;
    if (this.#quiet === 0) return this.#canStream && this.#company.isNear ? 0 : SHORTEST_PAUSE;
    const rounds = this.#quiet - 1;
    return this.#canStream ? this.#company.pauseBetweenStreams(rounds) : this.#company.pauseBetweenPolls(rounds);
  }

  async #listenOnce() {
    const before = this.#quiet;
    const began = this.#clock.now();
    this.#quiet += 1;
    try {
      if (this.#canStream) await this.#stream();
      else await this.ask();
      this.#failures = 0;
    } catch (error) {
      this.#failed(error, before);
    }
    this.#isBrief = this.#canStream && this.#clock.now() - began < BRIEF;
    this.#contacted();
  }

  #failed(error, quiet) {
    if (error.code === 'no_stream' || error.code === 'too_many_streams') {
      const pause = error.code === 'no_stream' ? Infinity : (error.retryAfter ?? CROWDED_PAUSE);
      this.#streamsFrom = this.#clock.now() + pause;
      this.#quiet = quiet;
      return;
    }
    this.#failures += 1;
    this.#isRefused = REFUSALS.has(error.code);
    this.#tell(this.#mode, error);
  }

  #contacted() {
    this.#lastContact = this.#clock.now();
  }

  async #stream() {
    const controller = new AbortController();
    this.#abort = () => controller.abort();
    this.#streamsFrom = -Infinity;
    let hasBegun = false;
    let isLate = false;
    const timer = this.#clock.setTimeout(() => {
      isLate = !hasBegun;
      if (isLate) controller.abort();
    }, FIRST_EVENT);
    try {
      const { cursor, tenure } = await this.#changes.place();
      const query = cursor ? `?${new URLSearchParams({ cursor })}` : '';
      const headers = { Accept: 'text/event-stream' };
      const response = await this.#api.open('GET', `/sync${query}`, { headers, signal: controller.signal, tenure });
      if (!response.headers.get('Content-Type')?.startsWith('text/event-stream')) throw notTheService();
      if (!response.body?.getReader) throw new StoreError('no_stream', 'This browser cannot read streams.');
      for await (const event of readEvents(response, this.#clock, this.#abort)) {
        hasBegun = true;
        this.#setMode('stream');
        if (event.name === 'reconnect') return;
        await this.#receive(event, tenure);
      }
    } catch (error) {
      // Something on the way gathers what should flow.
      if (isLate) throw new StoreError('no_stream', 'Nothing came through the stream.');
      if (error instanceof StoreError && !hasBegun) throw error;
    } finally {
      this.#clock.clearTimeout(timer);
      this.#abort = null;
    }
  }

  async #receive({ name, id, data }, tenure) {
    // A write on its way would look like somebody else's until it is answered.
    await this.#settled();
    if (name === 'sync') {
      if (await this.#changes.apply(data, tenure)) await this.#noteCompany();
    } else if (name === 'erase') {
      await this.#changes.erase(tenure);
    } else if (name === 'change') {
      const { isEnough, isForeign } = await this.#changes.applyOne(data, id, Boolean(this.#gathering), tenure);
      if (!isEnough) this.#askSoon();
      if (isForeign) await this.#noteCompany();
    }
  }

  #askSoon() {
    this.#gathering ??= this.#clock.setTimeout(async () => {
      this.#gathering = null;
      // Where it fails, the cursor has not moved, and the next stream tells it again.
      await this.ask().catch(() => {});
    }, GATHER);
  }

  async #noteCompany() {
    this.#quiet = 0;
    await this.#company.note();
    this.#wake();
  }

  #setMode(mode) {
    if (this.#mode === mode) return;
    this.#mode = mode;
    this.#tell(mode, null);
  }

  /**
   * Until somebody wakes it, or for so long.
   *
   * @returns {Promise<void>}
   */
  #sleep(ms) {
    return new Promise((resolve) => {
      const timer = ms === null ? null : this.#clock.setTimeout(() => this.#wake(), ms);
      this.#sleeper = () => {
        if (timer !== null) this.#clock.clearTimeout(timer);
        resolve();
      };
    });
  }

  #wake() {
    this.#sleeper?.();
    this.#sleeper = null;
  }
}

function notTheService() {
  return new StoreError('offline', 'What answered is not this service.');
}
